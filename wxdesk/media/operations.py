"""What changes about files: expected, attached, sent, uploaded, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update

from wxdesk.background_jobs import FETCH_FILES, PRUNE_FILES
from wxdesk.conversations.models import Message
from wxdesk.media.examining import Examined
from wxdesk.media.leftovers import note_unneeded
from wxdesk.media.models import Attachment
from wxdesk.media.queries import FileView, view_of
from wxdesk.media.rules import UNSENT_KEPT, FileKind, FileRole, FileState
from wxdesk.media.storing import Names, names_of
from wxdesk.media.uploads import NewUpload, stored_name
from wxdesk.plumbing.errors import ConflictError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file that a recorded message names; `created_at` is when WeChat's three days began."""

    account_id: int
    message_id: int
    kind: FileKind
    role: FileRole
    media_id: str | None
    created_at: datetime
    source_url: str | None = None


def expect_files(uow: UnitOfWork, wanted: Sequence[WantedFile]) -> None:
    """Have these fetched soon: one statement and one doorbell for all of them."""
    if not wanted:
        return
    rows = [
        {
            "account_id": each.account_id,
            "message_id": each.message_id,
            "role": each.role,
            "kind": each.kind,
            "state": FileState.WAITING,
            "media_id": each.media_id or None,
            "source_url": each.source_url or None,
            "attempts": 0,
            "is_kept": False,
            "next_attempt_at": uow.now,
            "created_at": each.created_at,
        }
        for each in wanted
    ]
    uow.session.execute(insert(Attachment.__table__), rows)  # type: ignore[arg-type]
    uow.ring(FETCH_FILES)


def add_attachment(uow: UnitOfWork, upload: NewUpload, found: Examined) -> Attachment:
    """The row of an upload whose contents are in the store."""
    row = Attachment(
        account_id=upload.account_id,
        message_id=None,
        role=FileRole.CONTENT,
        state=FileState.READY,
        attempts=0,
        next_attempt_at=uow.now,
        attached_by_id=upload.agent_id,
        created_at=uow.now,
        file_name=stored_name(upload.file_name, found),
        **columns_of(found, names_of(found)),
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def columns_of(found: Examined, names: Names) -> dict[str, object]:
    """The columns that follow from a file's content."""
    return {
        "kind": found.kind,
        "content_type": found.content_type,
        "size_bytes": found.size_bytes,
        "sha256": names.sha256,
        "playable_sha256": names.playable,
        "thumbnail_sha256": names.thumbnail,
        "width": found.width,
        "height": found.height,
        "duration_seconds": found.duration_seconds,
        "waveform": {"peaks": list(found.waveform)} if found.waveform else None,
        "error_code": found.error_code,
        "last_error": found.error,
    }


def bind(uow: UnitOfWork, attachment_id: int, message_id: int, agent_id: int) -> FileView:
    """Make the attachment part of a message, once.

    ConflictError when it is part of one already, or of another agent or official account.
    """
    account_id = select(Message.account_id).where(Message.id == message_id).scalar_subquery()
    bound = uow.session.execute(
        update(Attachment)
        .where(
            Attachment.id == attachment_id,
            Attachment.message_id.is_(None),
            Attachment.attached_by_id == agent_id,
            Attachment.account_id == account_id,
        )
        .values(message_id=message_id)
        .execution_options(synchronize_session=False)
    )
    row = uow.session.get(Attachment, attachment_id, populate_existing=True)
    if row is None:
        raise NotFoundError(say("there is no such file, or it is not ready yet"))
    if bound.rowcount != 1:  # type: ignore[attr-defined]
        raise ConflictError(say("this file belongs to another message; attach it again"))
    return view_of(row)


def unbind(uow: UnitOfWork, message_ids: Iterable[int]) -> None:
    """The files of answers that were taken back belong to no message: they can be sent again."""
    uow.session.execute(
        update(Attachment)
        .where(Attachment.message_id.in_(sorted(message_ids)))
        .values(message_id=None)
        .execution_options(synchronize_session=False)
    )


def note_uploaded(uow: UnitOfWork, attachment_id: int, media_id: str, at: datetime) -> None:
    """WeChat has a copy from now on, for three days."""
    _set_upload(uow, attachment_id, media_id, at)


def forget_upload(uow: UnitOfWork, attachment_id: int) -> None:
    """WeChat does not know its copy any more: the next delivery uploads the file again."""
    _set_upload(uow, attachment_id, None, None)


def _set_upload(
    uow: UnitOfWork, attachment_id: int, media_id: str | None, at: datetime | None
) -> None:
    uow.session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id)
        .values(uploaded_media_id=media_id, uploaded_at=at)
        .execution_options(synchronize_session=False)
    )


def delete_files(
    uow: UnitOfWork, *, message_ids: Iterable[int] = (), attachment_ids: Iterable[int] = ()
) -> None:
    """Remove these files; contents that no other row names leave the store after the commit.

    A file that a rule answers with stays, and is part of no message any more.
    """
    for column, ids in ((Attachment.message_id, message_ids), (Attachment.id, attachment_ids)):
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), MOST_AT_ONCE):
            some = column.in_(wanted[start : start + MOST_AT_ONCE])
            _delete_where(uow, some, Attachment.is_kept.is_(False))
            uow.session.execute(
                update(Attachment)
                .where(some, Attachment.is_kept)
                .values(message_id=None)
                .execution_options(synchronize_session=False)
            )


def delete_unsent(uow: UnitOfWork) -> None:
    """Remove uploads that nobody has sent within a day (at most 500 a call)."""
    unsent = (Attachment.message_id.is_(None), Attachment.is_kept.is_(False))
    ids = uow.session.scalars(
        select(Attachment.id)
        .where(*unsent, Attachment.created_at < uow.now - UNSENT_KEPT)
        .order_by(Attachment.created_at)
        .limit(MOST_AT_ONCE)
    ).all()
    if ids:
        _delete_where(uow, Attachment.id.in_(ids), *unsent)


def _delete_where(uow: UnitOfWork, *conditions: ColumnElement[bool]) -> None:
    """Rows that are locked first, so that what they name is what is deleted with them."""
    columns = (Attachment.sha256, Attachment.playable_sha256, Attachment.thumbnail_sha256)
    query = select(Attachment.id, *columns).where(*conditions).with_for_update()
    rows = uow.session.execute(query).all()
    if not rows:
        return
    uow.session.execute(
        delete(Attachment)
        .where(Attachment.id.in_([row[0] for row in rows]))
        .execution_options(synchronize_session=False)
    )
    note_unneeded(uow, (name for row in rows for name in row[1:] if name))
    uow.ring(PRUNE_FILES)
