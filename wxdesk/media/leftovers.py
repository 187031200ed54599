"""Contents in the store: noted before they are stored, deleted when no row names them.

Contents are shared (the same picture is stored once), and storing and deleting are done outside
of transactions. So: whoever stores says so here first and is safe for an hour; whoever deletes
claims the note first; a note that is being deleted sends the storing one away for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, exists, literal, or_, select, update

from wxdesk.media.models import Attachment, Leftover
from wxdesk.plumbing.db import UTCDateTime, insert_new
from wxdesk.plumbing.errors import UnavailableError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

STORING_LASTS = timedelta(hours=1)
DELETING_LASTS = timedelta(minutes=10)
CLAIMED_AT_ONCE = 10


def note_before_storing(uow: UnitOfWork, hashes: Iterable[str]) -> None:
    """Protect these contents from being deleted for the next hour.

    UnavailableError when one is being deleted at this moment: try again in a few seconds.
    """
    wanted = sorted(set(hashes))
    if _note(uow, wanted, uow.now + STORING_LASTS) != len(wanted):
        raise UnavailableError(say("the same file is being deleted; try again in a moment"))


def note_unneeded(uow: UnitOfWork, hashes: Iterable[str]) -> None:
    """Rows that named these contents are gone: look soon whether any other row does."""
    _note(uow, sorted(set(hashes)), uow.now)


def _note(uow: UnitOfWork, hashes: list[str], check_at: datetime) -> int:
    """Never earlier than a note says already; returns how many are not being deleted."""
    if not hashes:
        return 0
    rows = [{"sha256": each, "check_at": check_at, "is_deleting": False} for each in hashes]
    uow.session.execute(insert_new(uow.session, Leftover), rows)
    later = case(
        (Leftover.check_at > check_at, Leftover.check_at), else_=literal(check_at, UTCDateTime())
    )
    noted = uow.session.execute(
        update(Leftover)
        .where(Leftover.sha256.in_(hashes), Leftover.is_deleting.is_(False))
        .values(check_at=later)
        .execution_options(synchronize_session=False)
    )
    return int(noted.rowcount)  # type: ignore[attr-defined]


def claim_unneeded(uow: UnitOfWork) -> list[str] | None:
    """Take up to ten contents that no row names, to be deleted from the store now.

    None when no note is due. Notes of contents that are needed are dropped on the way, so each
    note is looked at once, and each transaction is short.
    """
    due = uow.session.scalars(
        select(Leftover.sha256)
        .where(Leftover.check_at <= uow.now)
        .order_by(Leftover.check_at)
        .limit(CLAIMED_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return None
    uow.session.execute(
        delete(Leftover)
        .where(Leftover.sha256.in_(due), Leftover.check_at <= uow.now, _is_needed())
        .execution_options(synchronize_session=False)
    )
    return list(
        uow.session.scalars(
            update(Leftover)
            .where(Leftover.sha256.in_(due), Leftover.check_at <= uow.now, ~_is_needed())
            .values(is_deleting=True, check_at=uow.now + DELETING_LASTS)
            .returning(Leftover.sha256)
            .execution_options(synchronize_session=False)
        )
    )


def note_deleted(uow: UnitOfWork, hashes: Iterable[str]) -> None:
    """These contents are out of the store."""
    uow.session.execute(
        delete(Leftover)
        .where(Leftover.sha256.in_(sorted(set(hashes))), Leftover.is_deleting)
        .execution_options(synchronize_session=False)
    )


def _is_needed() -> ColumnElement[bool]:
    """Three questions, each with its own index."""
    columns = (Attachment.sha256, Attachment.playable_sha256, Attachment.thumbnail_sha256)
    return or_(
        *(exists().where(column == Leftover.sha256).correlate(Leftover) for column in columns)
    )
