"""The JSON door to files: attach one to a message that is being written, fetch one again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, jsonify, request

from wxdesk.agents.access import person, requires
from wxdesk.conversations.queries import get_conversation
from wxdesk.media.fetching import fetch_again
from wxdesk.media.leftovers import note_before_storing
from wxdesk.media.operations import add_attachment
from wxdesk.media.queries import FileView, view_of
from wxdesk.media.shapes import file_json
from wxdesk.media.store import store_at
from wxdesk.media.storing import names_of, put_all
from wxdesk.media.uploads import NewUpload, prepared
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.runtime import Runtime, current
from wxdesk.words import say

bp = Blueprint("media_api", __name__, url_prefix="/api/v1")

LARGEST_UPLOAD = 11 * 1024 * 1024


View = TypeVar("View", bound=Callable[..., Any])


def takes_files(view: View) -> View:
    """Mark an endpoint that takes a file (outermost but for its route)."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


@bp.before_app_request
def _let_files_in() -> None:
    """Before anything reads the body: the rest of the site takes at most 1 MB."""
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "takes_files", False):
        request.max_content_length = LARGEST_UPLOAD


@bp.post("/conversations/<int:conversation_id>/attachments")
@takes_files
@requires("conversations.reply")
def attach(conversation_id: int) -> tuple[Response, int]:
    """Multipart with one `file`; answers 201 with the file, to be named by a message."""
    runtime = current()
    with runtime.reading() as session:
        account_id = get_conversation(session, conversation_id).conversation.account_id
    file = request.files.get("file")
    if file is None:
        raise InvalidInputError("file", say("a file is needed (multipart/form-data)"))
    upload = NewUpload(account_id, person().id, file.filename or "", file.stream.read())
    return jsonify(file_json(keep_upload(runtime, upload))), 201


@bp.post("/attachments/<int:file_id>/retry")
@requires("conversations.reply")
def retry(file_id: int) -> Response:
    """Fetch a customer's file again; 409 when that could change nothing."""
    with current().unit_of_work() as uow:
        view = fetch_again(uow, file_id)
    return jsonify(file_json(view))


def keep_upload(runtime: Runtime, upload: NewUpload) -> FileView:
    """Looked at and stored between two transactions, never inside of one."""
    with prepared(upload) as found:
        with runtime.unit_of_work() as uow:
            note_before_storing(uow, names_of(found).all)
        put_all(store_at(runtime.settings.media_url), found)
        with runtime.unit_of_work() as uow:
            return view_of(add_attachment(uow, upload, found))
