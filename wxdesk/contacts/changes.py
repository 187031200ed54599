"""What agents change about a customer: remark, tags, blacklist. WeChat is told by a job.

The change and "WeChat must be told" are one transaction; `contacts/jobs.py` does the telling.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from wxdesk.audit.operations import note
from wxdesk.commit_steps import FOLLOW_CONTACTS, PROMISES
from wxdesk.contacts.inputs import (
    MOST_TAGS_OF_ACCOUNT,
    cleaned,
    cleaned_names,
    remark_problem,
    tags_problem,
)
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.queries import no_such_contact
from wxdesk.contacts.rules import SyncState, TagState
from wxdesk.contacts.schedule import LEASE
from wxdesk.plumbing.db import hold, insert_new
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

OUTGOING_STATES = (TagState.ADDING, TagState.REMOVING)


def change_remark(uow: UnitOfWork, contact_id: int, text: str) -> Contact:
    """Give the customer a name that WeChat shows too; "" takes it away."""
    remark = cleaned(text)
    if problem := remark_problem(remark):
        raise InvalidInputError("remark", problem)
    contact = get_changeable(uow, contact_id)
    if remark != contact.remark or contact.remark_state is SyncState.FAILED:
        contact.remark, contact.remark_state = remark, SyncState.PENDING
        _must_tell(uow, contact)
    return contact


def change_blacklist(
    uow: UnitOfWork, contact_id: int, *, is_blacklisted: bool, actor_id: int | None = None
) -> Contact:
    """Put the customer on the account's blacklist, or take them off; noted in the audit log."""
    contact = get_changeable(uow, contact_id)
    if is_blacklisted != contact.is_blacklisted:
        contact.is_blacklisted, contact.blacklist_state = is_blacklisted, SyncState.PENDING
        action = "contact.blacklisted" if is_blacklisted else "contact.unblacklisted"
        note(uow, action, f"contact:{contact.id}", actor_id=actor_id)
        _must_tell(uow, contact)
    return contact


def change_tags(uow: UnitOfWork, contact_id: int, names: Sequence[str]) -> Contact:
    """The customer has these tags and no others; new ones are made. InvalidInputError `tags`."""
    wanted = cleaned_names(names)
    if problem := tags_problem(wanted):
        raise InvalidInputError("tags", problem)
    contact = get_changeable(uow, contact_id)
    hold(uow.session, PROMISES, is_shared=True)  # whoever removes a tag holds it alone
    ids = set(_ensure_tags(uow, contact.account_id, wanted).values())
    has = {row.tag_id: row for row in _tags_of(uow, contact.id)}
    changed = [_want(row) for tag_id, row in has.items() if tag_id in ids]
    changed += [_unwant(uow, row) for tag_id, row in has.items() if tag_id not in ids]
    missing = sorted(ids - has.keys())
    uow.session.add_all(
        ContactTag(contact_id=contact.id, tag_id=tag_id, state=TagState.ADDING)
        for tag_id in missing
    )
    if missing or any(changed):
        contact.is_indexed = False
        uow.before_commit(FOLLOW_CONTACTS, contact.id)
        _must_tell(uow, contact)
    return contact


def get_changeable(uow: UnitOfWork, contact_id: int) -> Contact:
    """A customer, locked; NotFoundError, and ConflictError once their data was removed."""
    contact = uow.session.get(
        Contact, contact_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if contact is None:
        raise no_such_contact(contact_id)
    if contact.forgotten_at is not None:
        raise ConflictError(say("this customer's data was removed"))
    return contact


def announce(uow: UnitOfWork, contact: Contact) -> None:
    """Whoever looks at the customer, or at a list with their name, fetches again."""
    uow.announce(f"contact:{contact.id}", "inbox")


def _must_tell(uow: UnitOfWork, contact: Contact) -> None:
    """At once, or right after what is being told now: such a lease must not be cut short."""
    contact.sync_attempts, contact.sync_error = 0, None
    due_at = contact.sync_due_at
    if due_at is None or due_at > uow.now + LEASE:
        contact.sync_due_at = uow.now
    announce(uow, contact)


def _ensure_tags(uow: UnitOfWork, account_id: int, names: Sequence[str]) -> dict[str, int]:
    """Name to id; made where they are missing, as long as WeChat takes so many."""
    found = _find_tags(uow, account_id, names)
    missing = [name for name in names if name not in found]
    if not missing:
        return found
    count = uow.session.scalar(select(func.count()).where(Tag.account_id == account_id)) or 0
    if count + len(missing) > MOST_TAGS_OF_ACCOUNT:
        raise InvalidInputError(
            "tags", say("an account has at most %(most)d tags", most=MOST_TAGS_OF_ACCOUNT)
        )
    rows = [{"account_id": account_id, "name": name} for name in missing]
    uow.session.execute(insert_new(uow.session, Tag), rows)
    return _find_tags(uow, account_id, names)


def _find_tags(uow: UnitOfWork, account_id: int, names: Sequence[str]) -> dict[str, int]:
    rows = uow.session.execute(
        select(Tag.name, Tag.id).where(Tag.account_id == account_id, Tag.name.in_(names))
    )
    return dict(rows.all())


def _tags_of(uow: UnitOfWork, contact_id: int) -> Sequence[ContactTag]:
    return uow.session.scalars(
        select(ContactTag)
        .where(ContactTag.contact_id == contact_id)
        .execution_options(populate_existing=True)
    ).all()


def _want(row: ContactTag) -> bool:
    if row.state in (TagState.SYNCED, TagState.ADDING):
        return False
    row.state, row.error = TagState.ADDING, None
    return True


def _unwant(uow: UnitOfWork, row: ContactTag) -> bool:
    """True when WeChat must be told: it does not know a tag that it has refused."""
    if row.state is TagState.FAILED:
        uow.session.delete(row)
        return True
    if row.state is TagState.REMOVING:
        return False
    row.state, row.error = TagState.REMOVING, None
    return True
