"""An attachment on its way to WeChat: the media id that a message names."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.media.operations import forget_upload, note_uploaded
from wxdesk.media.pictures import NotAPictureError, thumb_of
from wxdesk.media.posters import poster
from wxdesk.media.queries import Uploadable, get_uploadable
from wxdesk.media.rules import UPLOAD_GOOD_FOR, FileKind
from wxdesk.media.store import store_at
from wxdesk.media.uploads import MEDIA_KINDS
from wxdesk.plumbing.errors import DeliveryError, NotFoundError, UnavailableError
from wxdesk.runtime import Runtime
from wxdesk.wechat.client import Client
from wxdesk.wechat.limits import MediaKind
from wxdesk.wechat.media_calls import Uploaded
from wxdesk.words import say

__all__ = ["forget_upload", "media_id_for"]

logger = logging.getLogger(__name__)


def media_id_for(
    runtime: Runtime,
    client: Client,
    attachment_id: int,
    *,
    as_thumb: bool = False,
    good_for: timedelta = UPLOAD_GOOD_FOR,
) -> str:
    """The attachment's media id at WeChat: one younger than `good_for`, else a new one.

    `as_thumb` makes a small JPEG (of a video a play mark), uploaded each time. Raises DeliveryError
    only. Called outside of transactions. Two processes at once upload twice, which does no harm.
    """
    wanted = _find(runtime, attachment_id)
    if as_thumb:
        is_video = wanted.kind is FileKind.VIDEO
        thumb = poster() if is_video else _thumb(wanted, _contents(runtime, wanted))
        return client.upload(MediaKind.THUMB, "thumb.jpg", thumb, "image/jpeg").media_id
    good_since = runtime.clock() - good_for
    if wanted.uploaded_media_id and wanted.uploaded_at and wanted.uploaded_at > good_since:
        return wanted.uploaded_media_id
    kind = MEDIA_KINDS.get(wanted.kind)
    if kind is None:
        raise DeliveryError(
            say("WeChat does not take this kind of file"), code="40004", is_permanent=True
        )
    data = _contents(runtime, wanted)
    uploaded = client.upload(kind, wanted.file_name, data, wanted.content_type)
    _note(runtime, wanted.id, uploaded)
    return uploaded.media_id


def _find(runtime: Runtime, attachment_id: int) -> Uploadable:
    try:
        with runtime.reading() as session:
            return get_uploadable(session, attachment_id)
    except NotFoundError as error:
        raise _missing() from error


def _contents(runtime: Runtime, wanted: Uploadable) -> bytes:
    try:
        with store_at(runtime.settings.media_url).open(wanted.sha256).file as file:
            return file.read()
    except NotFoundError as error:
        logger.error("the content of file %d is missing in the store", wanted.id)  # noqa: TRY400
        raise _missing() from error
    except (UnavailableError, OSError) as error:
        raise DeliveryError(say("the media store can't be used now"), code="store") from error


def _thumb(wanted: Uploadable, data: bytes) -> bytes:
    try:
        return thumb_of(data, wanted.content_type)
    except (NotAPictureError, KeyError) as error:
        raise DeliveryError(
            say("no small picture can be made of this file"), code="40009", is_permanent=True
        ) from error


def _note(runtime: Runtime, attachment_id: int, uploaded: Uploaded) -> None:
    """For the next time; this message goes out whether or not it can be noted."""
    try:
        with runtime.unit_of_work() as uow:
            note_uploaded(uow, attachment_id, uploaded.media_id, uploaded.uploaded_at)
    except (OperationalError, TimeoutError) as error:
        logger.warning("upload of file %d not noted: %s", attachment_id, type(error).__name__)


def _missing() -> DeliveryError:
    return DeliveryError(
        say("the attached file is no longer there"), code="file_gone", is_permanent=True
    )
