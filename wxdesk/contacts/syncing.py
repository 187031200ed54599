"""Changes that WeChat must be told: claimed for a while, told, settled with what it answered.

Only one worker at a time tells about a customer: an agent's change meanwhile does not end the
lease, it is told right after. So the last thing that WeChat hears is what the row says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.commit_steps import FOLLOW_CONTACTS, PROMISES
from wxdesk.contacts.changes import OUTGOING_STATES, announce
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.refusals import is_about_account
from wxdesk.contacts.rules import SyncState, TagState
from wxdesk.contacts.schedule import LEASE, MOST_ATTEMPTS, again_at
from wxdesk.plumbing.db import hold
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.plumbing.unit_of_work import UnitOfWork

LONGEST_REASON = 500


class What(StrEnum):
    REMARK = "remark"
    BLACKLIST = "blacklist"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to tell; `is_on`: the tag is added, the customer is blacklisted."""

    contact_id: int
    openid: str
    what: What
    remark: str = ""
    is_on: bool = True
    tag_id: int = 0
    tag_name: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """Changes that are ours until `until`."""

    until: datetime
    contact_ids: tuple[int, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What WeChat answered; `error` is None when it took the change."""

    change: Change
    error: DeliveryError | None = None


def claim_changes(uow: UnitOfWork, account_id: int, limit: int) -> Claim:
    """Take up to `limit` customers with changes; nobody else tells theirs until the lease ends."""
    contacts = uow.session.scalars(
        select(Contact)
        .where(Contact.account_id == account_id, Contact.sync_due_at <= uow.now)
        .order_by(Contact.sync_due_at, Contact.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    until = uow.now + LEASE
    for contact in contacts:
        contact.sync_due_at = until
    openids = {contact.id: contact.openid for contact in contacts}
    changes = [*_tag_changes(uow.session, openids), *_own_changes(contacts)]
    return Claim(until, tuple(openids), tuple(changes))


def settle_changes(uow: UnitOfWork, claim: Claim, outcomes: Iterable[Outcome]) -> None:
    """Note what WeChat took and refused; what is left is told again later, or given up."""
    settled = _Settled(uow, claim)
    for outcome in outcomes:
        settled.apply(outcome)
    settled.close()


def _own_changes(contacts: Iterable[Contact]) -> list[Change]:
    found = []
    for it in contacts:
        if it.remark_state is SyncState.PENDING:
            found.append(Change(it.id, it.openid, What.REMARK, remark=it.remark))
        if it.blacklist_state is SyncState.PENDING:
            found.append(Change(it.id, it.openid, What.BLACKLIST, is_on=it.is_blacklisted))
    return found


def _tag_changes(session: Session, openids: dict[int, str]) -> list[Change]:
    """Those taken away first: WeChat counts to 20."""
    rows = session.execute(
        select(ContactTag.contact_id, ContactTag.state, Tag.id, Tag.name)
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(ContactTag.contact_id.in_(sorted(openids)), ContactTag.state.in_(OUTGOING_STATES))
        .order_by(ContactTag.state.desc(), Tag.id, ContactTag.contact_id)
    )
    return [
        Change(
            contact_id,
            openids[contact_id],
            What.TAG,
            is_on=state is TagState.ADDING,
            tag_id=tag_id,
            tag_name=name,
        )
        for contact_id, state, tag_id, name in rows
    ]


class _Settled:
    """The customers of one claim, locked, and what becomes of each."""

    def __init__(self, uow: UnitOfWork, claim: Claim) -> None:
        self._uow = uow
        self._claim = claim
        ids = sorted(claim.contact_ids)
        self._contacts = {
            contact.id: contact
            for contact in uow.session.scalars(
                select(Contact)
                .where(Contact.id.in_(ids), Contact.forgotten_at.is_(None))
                .order_by(Contact.id)
                .with_for_update(key_share=True)
                .execution_options(populate_existing=True)
            )
        }
        hold(uow.session, PROMISES, is_shared=True)  # whoever removes a tag holds it alone
        self._tags = {
            (row.contact_id, row.tag_id): row
            for row in uow.session.scalars(
                select(ContactTag)
                .where(ContactTag.contact_id.in_(sorted(self._contacts)))
                .execution_options(populate_existing=True)
            )
        }
        self._errors: dict[int, DeliveryError] = {}
        self._refused: set[int] = set()

    def apply(self, outcome: Outcome) -> None:
        change, error = outcome.change, outcome.error
        contact = self._contacts.get(change.contact_id)
        if contact is None:
            return
        if error is not None and (is_about_account(error) or not error.is_permanent):
            self._errors[contact.id] = error
            return
        if error is None:
            contact.synced_at = self._uow.now
        else:
            self._refused.add(contact.id)
            contact.sync_error = str(error)[:LONGEST_REASON]
        if change.what is What.REMARK:
            _settle_remark(contact, change, error)
        elif change.what is What.BLACKLIST:
            _settle_blacklist(contact, change, error)
        else:
            self._settle_tag(contact, change, error)

    def close(self) -> None:
        """Say for each customer when the rest is told; None when there is none."""
        self._uow.session.flush()
        for contact in self._contacts.values():
            if contact.sync_due_at == self._claim.until:  # else the lease has ended
                self._schedule(contact)
            announce(self._uow, contact)

    def _settle_tag(self, contact: Contact, change: Change, error: DeliveryError | None) -> None:
        """A row that an agent changed meanwhile stays as it is, and is told right after."""
        row = self._tags.get((contact.id, change.tag_id))
        told = TagState.ADDING if change.is_on else TagState.REMOVING
        if row is None or row.state is not told:
            return
        if error is not None:
            _refuse_tag(self._uow, contact, row)
        elif change.is_on:
            row.state, row.error = TagState.SYNCED, None
        else:
            self._uow.session.delete(self._tags.pop((contact.id, change.tag_id)))

    def _schedule(self, contact: Contact) -> None:
        rows = [row for (contact_id, _), row in self._tags.items() if contact_id == contact.id]
        error = self._errors.get(contact.id)
        if not _is_pending(contact, rows):
            contact.sync_due_at, contact.sync_attempts = None, 0
            if contact.id not in self._refused:
                contact.sync_error = None
            return
        if error is None:  # there was no time for it
            contact.sync_due_at = self._uow.now
            return
        contact.sync_error = str(error)[:LONGEST_REASON]
        contact.sync_attempts += 0 if error.is_uncounted else 1
        if contact.sync_attempts >= MOST_ATTEMPTS:
            _give_up(self._uow, contact, rows)
        else:
            contact.sync_due_at = again_at(error, contact.sync_attempts, self._uow.now)


def _settle_remark(contact: Contact, change: Change, error: DeliveryError | None) -> None:
    if contact.remark == change.remark:  # else an agent changed it meanwhile
        contact.remark_state = SyncState.SYNCED if error is None else SyncState.FAILED


def _settle_blacklist(contact: Contact, change: Change, error: DeliveryError | None) -> None:
    """What WeChat refused is shown as it is there, with the reason."""
    if contact.is_blacklisted is not change.is_on:
        return
    if error is None:
        contact.blacklist_state = SyncState.SYNCED
    else:
        contact.is_blacklisted = not change.is_on
        contact.blacklist_state = SyncState.FAILED


def _is_pending(contact: Contact, rows: Iterable[ContactTag]) -> bool:
    states = (contact.remark_state, contact.blacklist_state)
    return SyncState.PENDING in states or any(row.state in OUTGOING_STATES for row in rows)


def _refuse_tag(uow: UnitOfWork, contact: Contact, row: ContactTag) -> None:
    """One that WeChat did not take away is there again, so a promise may ask for it."""
    if row.state is TagState.REMOVING:
        row.state = TagState.SYNCED
        uow.before_commit(FOLLOW_CONTACTS, contact.id)
    else:
        row.state = TagState.FAILED
    row.error = contact.sync_error


def _give_up(uow: UnitOfWork, contact: Contact, rows: Iterable[ContactTag]) -> None:
    """Tried for two days: it stays here, marked, until an agent changes it again."""
    contact.sync_due_at = None
    if contact.remark_state is SyncState.PENDING:
        contact.remark_state = SyncState.FAILED
    if contact.blacklist_state is SyncState.PENDING:
        contact.is_blacklisted = not contact.is_blacklisted
        contact.blacklist_state = SyncState.FAILED
    for row in rows:
        if row.state in OUTGOING_STATES:
            _refuse_tag(uow, contact, row)
