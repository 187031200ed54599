"""Customers, their tags and their other accounts, as pages, API and other packages see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import Capability, capabilities
from wxdesk.contacts.inputs import MOST_TAGS_OF_ACCOUNT
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.rules import TagState
from wxdesk.plumbing.db import one_of
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_LINKED = 20
MOST_ACCOUNTS = 1_000
TAGS = (
    select(ContactTag.contact_id, Tag.id, Tag.name, ContactTag.state, ContactTag.error)
    .join(Tag, Tag.id == ContactTag.tag_id)
    .where(one_of(ContactTag.contact_id), ContactTag.state != TagState.REMOVING)
    .order_by(Tag.name)
)


@dataclass(frozen=True, slots=True)
class TagView:
    """A customer's tag; `error` says why WeChat refused it."""

    id: int
    name: str
    state: TagState
    error: str | None


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag of an account; `count` is WeChat's number of customers, ours for one it lacks."""

    id: int
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class LinkedContact:
    """The same person as a customer of another account."""

    contact_id: int
    remark: str
    account: str
    account_name: str


@dataclass(frozen=True, slots=True)
class AccountOfContact:
    """`may_sync`: WeChat tells and takes remarks, tags and blacklist of this account."""

    slug: str
    name: str
    may_sync: bool


def get_contact(session: Session, contact_id: int) -> Contact:
    """One customer; NotFoundError if there is none."""
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise no_such_contact(contact_id)
    return contact


def no_such_contact(contact_id: int) -> NotFoundError:
    return NotFoundError(say("there is no customer %(id)d", id=contact_id))


def list_contact_tags(
    session: Session, contact_ids: Iterable[int]
) -> dict[int, tuple[TagView, ...]]:
    """By customer the tags by name, without those that are being taken away."""
    rows = session.execute(TAGS, {"ids": list(contact_ids)})
    found: dict[int, tuple[TagView, ...]] = {}
    for contact_id, tag_id, name, state, error in rows:
        found[contact_id] = (*found.get(contact_id, ()), TagView(tag_id, name, state, error))
    return found


def list_linked(
    session: Session, contacts: Sequence[Contact]
) -> dict[int, tuple[LinkedContact, ...]]:
    """By customer the same person's other accounts (at most 20), the last seen first."""
    wanted = {contact.unionid for contact in contacts if contact.unionid}
    if not wanted:
        return {}
    rank = func.row_number().over(
        partition_by=Contact.unionid, order_by=(Contact.last_seen_at.desc(), Contact.id)
    )
    ranked = (
        select(Contact.id, Contact.unionid, Contact.remark, Contact.account_id, rank.label("rank"))
        .where(Contact.unionid.in_(sorted(wanted)))
        .subquery()
    )
    rows = session.execute(
        select(ranked.c.unionid, ranked.c.id, ranked.c.remark, Account.slug, Account.name)
        .join(Account, Account.id == ranked.c.account_id)
        .where(ranked.c.rank <= MOST_LINKED + 1)
        .order_by(ranked.c.rank)
    )
    people: dict[str, list[LinkedContact]] = {}
    for unionid, *values in rows:
        people.setdefault(unionid, []).append(LinkedContact(*values))
    return {
        contact.id: tuple(_others(people.get(contact.unionid or "", []), contact.id))
        for contact in contacts
    }


def list_accounts_of(session: Session, contacts: Sequence[Contact]) -> dict[int, AccountOfContact]:
    """By account id the accounts of these customers; those of a list are in the session already."""
    accounts = [session.get_one(Account, number) for number in {it.account_id for it in contacts}]
    return {
        it.id: AccountOfContact(
            it.slug,
            it.name,
            Capability.USERS in capabilities(it.account_type, is_verified=it.is_verified),
        )
        for it in accounts
    }


def has_unfollowed() -> ColumnElement[bool]:
    """The customer has left, also if their data was removed for that; not if they asked for it."""
    has_left = Contact.unfollowed_at.is_not(None) | Contact.forgotten_at.is_(None)
    return ~Contact.is_following & has_left


def list_tags(session: Session, account_id: int) -> list[TagCount]:
    """The tags of an account by name (at most 100)."""
    ours = (
        select(func.count())
        .where(ContactTag.tag_id == Tag.id, ContactTag.state != TagState.REMOVING)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Tag.id, Tag.name, Tag.wechat_tag_id, Tag.count, ours)
        .where(Tag.account_id == account_id)
        .order_by(Tag.name)
        .limit(MOST_TAGS_OF_ACCOUNT)
    )
    return [
        TagCount(tag_id, name, count if wechat_tag_id is not None else own)
        for tag_id, name, wechat_tag_id, count, own in rows
    ]


def accounts_to_ask(session: Session, now: datetime) -> list[int]:
    """Ids of the accounts that may ask about customers, and have some whose turn it is."""
    return _accounts_with(session, Contact.profile_due_at <= now)


def accounts_to_tell(session: Session, now: datetime) -> list[int]:
    """Ids of the accounts with changes that WeChat does not know."""
    return _accounts_with(session, Contact.sync_due_at <= now)


def accounts_with_users(session: Session) -> list[int]:
    """Ids of the accounts that may ask about customers."""
    return _accounts_with(session, Contact.id.is_not(None))


def known_tag_ids(session: Session, account_id: int) -> dict[int, int]:
    """WeChat's tag id to ours, of those that both have."""
    rows = session.execute(
        select(Tag.wechat_tag_id, Tag.id).where(
            Tag.account_id == account_id, Tag.wechat_tag_id.is_not(None)
        )
    )
    return {theirs: ours for theirs, ours in rows if theirs is not None}


def _accounts_with(session: Session, condition: object) -> list[int]:
    has_some = select(Contact.id).where(Contact.account_id == Account.id, condition).exists()  # type: ignore[arg-type]
    rows = session.execute(
        select(Account.id, Account.account_type, Account.is_verified)
        .where(has_some)
        .order_by(Account.id)
        .limit(MOST_ACCOUNTS)
    )
    return [
        account_id
        for account_id, kind, is_verified in rows
        if Capability.USERS in capabilities(kind, is_verified=is_verified)
    ]


def _others(people: list[LinkedContact], contact_id: int) -> list[LinkedContact]:
    return [person for person in people if person.contact_id != contact_id][:MOST_LINKED]
