"""The account's blacklist as WeChat has it: changes made in its console appear here.

Agents' changes come first, as in contacts/profiles.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from wxdesk.contacts.changes import announce
from wxdesk.contacts.models import Contact
from wxdesk.contacts.rules import SyncState
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.client import Client

MOST_PAGES = 20  # of 10,000 each
CHUNK = 500


def fetch_blocked(client: Client, is_time_up: Callable[[], bool]) -> list[str] | None:
    """All openids on the list; None when it is too long to be read in one go. No database."""
    found: list[str] = []
    after = ""
    for _ in range(MOST_PAGES):
        openids, after = client.list_blocked(after)
        found += openids
        if not after:
            return found
        if is_time_up():
            return None
    return None


def note_blocked(
    uow: UnitOfWork, account_id: int, openids: Sequence[str], asked_at: datetime
) -> None:
    """These customers (at most 500) are on WeChat's list."""
    rows = _locked(uow, account_id, Contact.openid.in_(openids))
    _set(uow, rows, asked_at, is_blacklisted=True)


def note_unblocked(
    uow: UnitOfWork, account_id: int, blocked: frozenset[str], asked_at: datetime, after_id: int
) -> int | None:
    """Whoever is blacklisted here and not there was taken off there.

    Looks at 500 customers from the one after `after_id`; gives the last one's id, None at the end.
    """
    rows = _locked(uow, account_id, Contact.is_blacklisted, Contact.id > after_id)
    freed = [row for row in rows if row.openid not in blocked]
    _set(uow, freed, asked_at, is_blacklisted=False)
    return rows[-1].id if len(rows) == CHUNK else None


def _locked(
    uow: UnitOfWork, account_id: int, *conditions: ColumnElement[bool] | InstrumentedAttribute[bool]
) -> Sequence[Contact]:
    return uow.session.scalars(
        select(Contact)
        .where(Contact.account_id == account_id, *conditions)
        .order_by(Contact.id)
        .limit(CHUNK)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()


def _is_news(contact: Contact, asked_at: datetime) -> bool:
    """Nobody changed it here, and WeChat was told nothing, since it was asked."""
    if contact.forgotten_at is not None or contact.sync_due_at is not None:
        return False
    return contact.synced_at is None or contact.synced_at < asked_at


def _set(
    uow: UnitOfWork, contacts: Iterable[Contact], asked_at: datetime, *, is_blacklisted: bool
) -> None:
    for contact in contacts:
        if contact.is_blacklisted is not is_blacklisted and _is_news(contact, asked_at):
            contact.is_blacklisted = is_blacklisted
            contact.blacklist_state = SyncState.SYNCED
            announce(uow, contact)
