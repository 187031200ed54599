"""Files for browsers: for people with log-in only, and so that none can do any harm.

Only what was seen to be a picture, an MP3 or an MP4 is shown; all else is a download. Nothing is
ever run: no sniffing, a sandbox, no scripts (docs/operations.md#media).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, abort, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from wxdesk.agents.access import requires
from wxdesk.media.content import INLINE, SUFFIXES, UNKNOWN
from wxdesk.media.queries import Contents, get_contents, get_playable, get_thumbnail
from wxdesk.media.rules import FileKind
from wxdesk.media.store import Opened, store_at
from wxdesk.plumbing.errors import NotFoundError, UnavailableError
from wxdesk.runtime import current
from wxdesk.wechat.media_calls import safe_name

logger = logging.getLogger(__name__)

bp = Blueprint("media", __name__, url_prefix="/media")

FRESH_SECONDS = 600
CSP = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'"
)


@bp.get("/<int:file_id>")
@requires("conversations.read")
def content(file_id: int) -> Response:
    """The file itself."""
    return _send(file_id, get_contents)


@bp.get("/<int:file_id>/play")
@requires("conversations.read")
def play(file_id: int) -> Response:
    """A voice as MP3, a video as it is."""
    return _send(file_id, get_playable)


@bp.get("/<int:file_id>/thumbnail")
@requires("conversations.read")
def thumbnail(file_id: int) -> Response:
    """A picture, at most 480 pixels wide and high."""
    return _send(file_id, get_thumbnail)


def _send(file_id: int, find: Callable[[Session, int], Contents]) -> Response:
    """The contents, or the part that Range asks for; 304 when the browser has them."""
    runtime = current()
    with runtime.reading() as session:
        wanted = find(session, file_id)
    try:
        opened = store_at(runtime.settings.media_url).open(wanted.sha256)
    except UnavailableError:
        abort(503)
    except NotFoundError:
        logger.error("the content of file %d is missing in the store", file_id)  # noqa: TRY400
        raise
    response = Response(wrap_file(request.environ, opened.file), direct_passthrough=True)
    response.content_length = opened.size
    response.call_on_close(opened.file.close)
    response.set_etag(wanted.sha256)
    _label(response, wanted, file_id)
    return _conditional(response, opened)


def _conditional(response: Response, opened: Opened) -> Response:
    """Where nothing of the body is sent nobody else closes the file."""
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=opened.size)
    except RequestedRangeNotSatisfiable:
        opened.file.close()
        raise
    if response.status_code == HTTPStatus.NOT_MODIFIED or request.method == "HEAD":
        opened.file.close()
    return response


def _label(response: Response, wanted: Contents, file_id: int) -> None:
    is_shown = wanted.kind is not FileKind.FILE and wanted.content_type in INLINE
    headers = response.headers
    headers["Content-Type"] = wanted.content_type if is_shown else UNKNOWN
    plain_name = f"file-{file_id}{SUFFIXES.get(wanted.content_type, '')}"
    headers["Content-Disposition"] = _disposition(
        "inline" if is_shown else "attachment", safe_name(wanted.file_name) or plain_name
    )
    headers["Content-Security-Policy"] = CSP
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cache-Control"] = f"private, max-age={FRESH_SECONDS}, must-revalidate"


def _disposition(kind: str, name: str) -> str:
    """With a name of plain letters for old browsers, and the whole one in UTF-8 (RFC 6266)."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").strip(". ") or "file"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
