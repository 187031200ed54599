"""The reply-window ledger: opened by acts, spent by sends, corrected by WeChat.

Every change is made in the transaction of its cause, with the customer's row locked; the state on
that row follows from the latest entry of each kind (a message, and all other acts).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact, ReplyWindow
from wxdesk.contacts.rules import Act, Window, best_of, window_after, window_of
from wxdesk.plumbing.db import insert_rows, one_of
from wxdesk.plumbing.unit_of_work import UnitOfWork

LATE = "45015"
SPENT = "45047"
LEFT = "left"
KEPT = timedelta(days=31)
NEWEST = (
    select(func.max(ReplyWindow.id))
    .where(one_of(ReplyWindow.contact_id))
    .group_by(ReplyWindow.contact_id, ReplyWindow.act == Act.MESSAGE)
)
LATEST = select(ReplyWindow).where(ReplyWindow.id.in_(NEWEST))


@dataclass(frozen=True, slots=True)
class Opening:
    """An act of a customer; `used` messages left at once (a passive reply that counts)."""

    contact: Contact
    act: Act
    acted_at: datetime
    message_id: int | None
    used: int = 0


def open_windows(uow: UnitOfWork, openings: Iterable[Opening]) -> None:
    """Enter acts, in their order; of each customer and kind the last one counts, and is kept."""
    last: dict[tuple[int, bool], Opening] = {}
    states: dict[int, tuple[Contact, Window | None]] = {}
    for opening in openings:
        contact, is_message = opening.contact, opening.act is Act.MESSAGE
        _, before = states.get(contact.id) or (contact, contact.window)
        opened = window_of(opening.act, opening.acted_at, opening.used)
        window = window_after(before, opened, is_message=is_message)
        states[contact.id] = (contact, window)
        if window is opened or not is_message:
            last[contact.id, is_message] = opening
    for contact, state in states.values():
        if state is not None:
            contact.window_closes_at, contact.window_remaining = state.closes_at, state.remaining
    if last:
        insert_rows(uow.session, ReplyWindow, [_entry(opening) for opening in last.values()])


def spend(uow: UnitOfWork, contact: Contact) -> None:
    """Count one message that WeChat accepted, or may have accepted, on every open window."""
    for entry in latest(uow.session, [contact.id]).get(contact.id, ()):
        if entry.closes_at > uow.now:
            entry.used += 1
    _derive(uow, contact)


def correct(uow: UnitOfWork, contact: Contact, code: str, *, before: datetime) -> None:
    """WeChat refused with 45015 (closed) or 45047 (spent) what was sent at `before`.

    The ledger says so from now on; a window that was opened since is another one.
    """
    for entry in latest(uow.session, [contact.id]).get(contact.id, ()):
        if entry.closes_at > uow.now and entry.opened_at <= before:
            entry.used = max(entry.used, entry.quota)
            entry.closed_by, entry.corrected_at = code, uow.now
            if code == LATE:
                entry.closes_at = uow.now
    _derive(uow, contact)


def close(uow: UnitOfWork, contact: Contact, left_at: datetime) -> None:
    """The customer has left: nothing that was opened before counts any more."""
    uow.session.execute(
        update(ReplyWindow)
        .where(
            ReplyWindow.contact_id == contact.id,
            ReplyWindow.closes_at > left_at,
            ReplyWindow.opened_at <= left_at,
        )
        .values(closes_at=left_at, closed_by=LEFT)
        .execution_options(synchronize_session=False)
    )


def prune(uow: UnitOfWork, limit: int) -> int:
    """Remove entries that ended more than a month ago; returns how many."""
    old = (
        select(ReplyWindow.id)
        .where(ReplyWindow.closes_at < uow.now - KEPT)
        .order_by(ReplyWindow.closes_at)
        .limit(limit)
    )
    removed = uow.session.execute(
        delete(ReplyWindow)
        .where(ReplyWindow.id.in_(old.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )
    return int(removed.rowcount)  # type: ignore[attr-defined]


def latest(session: Session, contact_ids: Iterable[int]) -> dict[int, list[ReplyWindow]]:
    """By contact the latest entry of each kind: at most two, the message's first."""
    found: dict[int, list[ReplyWindow]] = {}
    for entry in session.scalars(LATEST, {"ids": list(contact_ids)}):
        found.setdefault(entry.contact_id, []).append(entry)
    for entries in found.values():
        entries.sort(key=lambda entry: entry.act is not Act.MESSAGE)
    return found


def counting(entries: Iterable[ReplyWindow], now: datetime) -> ReplyWindow | None:
    """The entry that the customer's state follows from; the last closed one if none is open."""
    rated = [(entry.closes_at > now, entry.used < entry.quota, entry) for entry in entries]
    best = max(rated, key=lambda one: (one[0], one[1], one[2].closes_at), default=None)
    return best[2] if best else None


def _entry(opening: Opening) -> dict[str, object]:
    window = window_of(opening.act, opening.acted_at)
    return {
        "contact_id": opening.contact.id,
        "act": opening.act,
        "message_id": opening.message_id,
        "opened_at": opening.acted_at,
        "closes_at": window.closes_at,
        "quota": window.remaining,
        "used": opening.used,
    }


def _derive(uow: UnitOfWork, contact: Contact) -> None:
    uow.session.flush()
    entries = latest(uow.session, [contact.id]).get(contact.id, ())
    windows = [Window(entry.closes_at, max(0, entry.quota - entry.used)) for entry in entries]
    window = best_of(windows, uow.now)
    if window is None:
        contact.window_remaining = 0
        contact.window_closes_at = max((one.closes_at for one in windows), default=None)
    else:
        contact.window_closes_at, contact.window_remaining = window.closes_at, window.remaining
