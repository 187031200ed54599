"""What changes about customers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, tuple_

from wxdesk.contacts.models import Contact
from wxdesk.contacts.rules import window_after
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.db import insert_new
from wxdesk.plumbing.unit_of_work import UnitOfWork

Key = tuple[int, str]


def ensure_contacts(uow: UnitOfWork, keys: Iterable[Key]) -> dict[Key, Contact]:
    """The contacts of these (account id, openid), locked, made where they are missing."""
    wanted = set(keys)
    found = _find(uow, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        rows = [
            {
                "account_id": account_id,
                "openid": openid,
                "first_seen_at": uow.now,
                "last_seen_at": EPOCH,
            }
            for account_id, openid in missing
        ]
        uow.session.execute(insert_new(uow.session, Contact), rows)
        found |= _find(uow, set(missing))
    return found


def note_act(contact: Contact, acted_at: datetime, *, is_message: bool) -> None:
    """Open or renew the reply window by what the customer did."""
    window = window_after(contact.window, acted_at, is_message=is_message)
    contact.window_closes_at = window.closes_at
    contact.window_remaining = window.remaining


def note_following(contact: Contact, acted_at: datetime, *, is_following: bool) -> None:
    """Follow or unfollow; one that is recorded after a later act of the customer is old news."""
    if acted_at < contact.last_seen_at:
        return
    contact.is_following = is_following
    if not is_following:
        contact.window_closes_at, contact.window_remaining = None, 0


def get_locked(uow: UnitOfWork, contact_id: int) -> Contact:
    """A customer, locked until the commit."""
    return uow.session.get_one(
        Contact, contact_id, with_for_update={"key_share": True}, populate_existing=True
    )


def spend(contact: Contact) -> None:
    """Count one message that WeChat accepted, or may have accepted."""
    contact.window_remaining = max(0, contact.window_remaining - 1)


def _find(uow: UnitOfWork, keys: set[Key]) -> dict[Key, Contact]:
    rows = uow.session.scalars(
        select(Contact)
        .where(tuple_(Contact.account_id, Contact.openid).in_(sorted(keys)))
        .order_by(Contact.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {(contact.account_id, contact.openid): contact for contact in rows}
