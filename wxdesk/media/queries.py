"""Files as the thread, the media addresses and the delivery see them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.media.models import Attachment
from wxdesk.media.rules import CLAIM_LASTS, FileKind, FileRole, FileState, may_retry
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_ACCOUNTS = 1_000
MP3 = "audio/mpeg"
JPEG = "image/jpeg"


@dataclass(frozen=True, slots=True)
class FileView:
    """One file. `error_*` may be set on a ready file too: a voice that can't be played."""

    id: int
    message_id: int | None
    role: FileRole
    state: FileState
    kind: FileKind
    content_type: str | None
    size_bytes: int | None
    file_name: str | None
    width: int | None
    height: int | None
    duration_seconds: float | None
    waveform: tuple[int, ...] | None
    is_playable: bool
    has_thumbnail: bool
    error_code: str | None
    error: str | None
    may_retry: bool
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What to send to a browser for one address of a file."""

    sha256: str
    content_type: str
    kind: FileKind
    file_name: str


@dataclass(frozen=True, slots=True)
class Uploadable:
    """What WeChat needs of an attachment, and the copy that it has already."""

    id: int
    kind: FileKind
    sha256: str
    content_type: str
    file_name: str
    uploaded_media_id: str | None
    uploaded_at: datetime | None


def list_files(session: Session, message_ids: Sequence[int]) -> dict[int, list[FileView]]:
    """The files of each of these messages that has any, in the order in which it named them."""
    found: dict[int, list[FileView]] = {}
    if not message_ids:
        return found
    rows = session.scalars(
        select(Attachment)
        .where(Attachment.message_id.in_(message_ids))
        .order_by(Attachment.message_id, Attachment.id)
    )
    for row in rows:
        if row.message_id is not None:
            found.setdefault(row.message_id, []).append(view_of(row))
    return found


def list_files_by_id(session: Session, ids: Collection[int]) -> dict[int, FileView]:
    """Those of these files that exist, by id."""
    if not ids:
        return {}
    rows = session.scalars(select(Attachment).where(Attachment.id.in_(sorted(ids))))
    return {row.id: view_of(row) for row in rows}


def get_file(session: Session, attachment_id: int) -> FileView:
    """NotFoundError if there is none."""
    return view_of(_get(session, attachment_id))


def get_contents(session: Session, attachment_id: int) -> Contents:
    """The file itself; NotFoundError while it is not ready."""
    row = _get_ready(session, attachment_id)
    return Contents(str(row.sha256), str(row.content_type), row.kind, row.file_name or "")


def get_playable(session: Session, attachment_id: int) -> Contents:
    """What a browser can play: the MP3 of a voice, an MP4; else NotFoundError."""
    row = _get_ready(session, attachment_id)
    if row.playable_sha256:
        return Contents(row.playable_sha256, MP3, FileKind.VOICE, "")
    if not _is_playable(row):
        raise _not_found()
    return Contents(str(row.sha256), str(row.content_type), row.kind, row.file_name or "")


def get_thumbnail(session: Session, attachment_id: int) -> Contents:
    """The small copy of a picture; NotFoundError when there is none."""
    row = _get_ready(session, attachment_id)
    if not row.thumbnail_sha256:
        raise _not_found()
    return Contents(row.thumbnail_sha256, JPEG, FileKind.IMAGE, "")


def get_uploadable(session: Session, attachment_id: int) -> Uploadable:
    """A ready attachment; NotFoundError when it is gone."""
    row = _get_ready(session, attachment_id)
    return Uploadable(
        id=row.id,
        kind=row.kind,
        sha256=str(row.sha256),
        content_type=str(row.content_type),
        file_name=row.file_name or "",
        uploaded_media_id=row.uploaded_media_id,
        uploaded_at=row.uploaded_at,
    )


def list_due_accounts(session: Session, now: datetime) -> list[int]:
    """Accounts with files to fetch now, the one that waits longest first (at most 1,000)."""
    longest = func.min(Attachment.next_attempt_at)
    query = (
        select(Attachment.account_id)
        .where(Attachment.state == FileState.WAITING, Attachment.next_attempt_at <= now)
        .group_by(Attachment.account_id)
        .order_by(longest, Attachment.account_id)
        .limit(MOST_ACCOUNTS)
    )
    return list(session.scalars(query))


def has_abandoned(session: Session, now: datetime) -> bool:
    """Whether a process that was fetching has ended without saying how."""
    query = (
        select(Attachment.id)
        .where(Attachment.state == FileState.FETCHING, Attachment.claimed_at < now - CLAIM_LASTS)
        .limit(1)
    )
    return session.scalar(query) is not None


def view_of(row: Attachment) -> FileView:
    is_ready = row.state is FileState.READY
    peaks = (row.waveform or {}).get("peaks")
    return FileView(
        id=row.id,
        message_id=row.message_id,
        role=row.role,
        state=row.state,
        kind=row.kind,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        file_name=row.file_name,
        width=row.width,
        height=row.height,
        duration_seconds=row.duration_seconds,
        waveform=tuple(peaks) if peaks else None,
        is_playable=is_ready and _is_playable(row),
        has_thumbnail=is_ready and row.thumbnail_sha256 is not None,
        error_code=row.error_code,
        error=row.last_error,
        may_retry=may_retry(row.state, row.attempts, row.error_code),
        next_attempt_at=row.next_attempt_at if row.state is FileState.WAITING else None,
    )


def _is_playable(row: Attachment) -> bool:
    return row.playable_sha256 is not None or row.content_type in (MP3, "video/mp4")


def _get(session: Session, attachment_id: int) -> Attachment:
    row = session.get(Attachment, attachment_id)
    if row is None:
        raise _not_found()
    return row


def _get_ready(session: Session, attachment_id: int) -> Attachment:
    row = _get(session, attachment_id)
    if row.state is not FileState.READY or row.sha256 is None:
        raise _not_found()
    return row


def _not_found() -> NotFoundError:
    return NotFoundError(say("there is no such file, or it is not ready yet"))
