"""What changes about customers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from wxdesk.contacts import windows
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.db import insert_rows
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
                "profile_due_at": uow.now,
            }
            for account_id, openid in missing
        ]
        insert_rows(uow.session, Contact, rows, passes_known=True)
        found |= _find(uow, set(missing))
    return found


def note_following(
    uow: UnitOfWork,
    contact: Contact,
    acted_at: datetime,
    *,
    is_following: bool,
    forget_after: timedelta,
) -> None:
    """Follow or unfollow; one that is recorded after a later act of the customer is old news."""
    if acted_at < contact.last_seen_at:
        return
    contact.is_following = is_following
    contact.profile_due_at = acted_at
    if is_following:
        contact.followed_at = acted_at
        contact.unfollowed_at = contact.forget_at = None
    else:
        contact.last_seen_at = contact.unfollowed_at = acted_at
        contact.forget_at = acted_at + forget_after
        contact.window_closes_at, contact.window_remaining = None, 0
        windows.close(uow, contact, acted_at)


def note_presence(contact: Contact, acted_at: datetime) -> None:
    """The customer did something; who comes back after having left is not forgotten."""
    contact.last_seen_at = max(contact.last_seen_at, acted_at)
    if contact.unfollowed_at is not None and acted_at > contact.unfollowed_at:
        contact.unfollowed_at = contact.forget_at = None
        contact.profile_due_at = acted_at


def get_locked(uow: UnitOfWork, contact_id: int) -> Contact:
    """A customer, locked until the commit."""
    return uow.session.get_one(
        Contact, contact_id, with_for_update={"key_share": True}, populate_existing=True
    )


def _find(uow: UnitOfWork, keys: set[Key]) -> dict[Key, Contact]:
    rows = uow.session.scalars(
        select(Contact)
        .where(  # not pairs: SQLite would read all customers for them
            Contact.openid.in_(sorted({openid for _, openid in keys})),
            Contact.account_id.in_(sorted({account_id for account_id, _ in keys})),
        )
        .order_by(Contact.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {(contact.account_id, contact.openid): contact for contact in rows}
    return {key: found[key] for key in keys & found.keys()}
