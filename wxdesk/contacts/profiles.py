"""What WeChat says of its customers: claimed for a while, asked by a job, stored with row locks.

Agents' changes come first: as long as WeChat was not told of one, or was told after it was asked,
its remark, tags and blacklist are old news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from wxdesk.commit_steps import FOLLOW_CONTACTS, PROMISES
from wxdesk.contacts.changes import announce
from wxdesk.contacts.models import Contact, ContactTag
from wxdesk.contacts.operations import note_following
from wxdesk.contacts.queries import known_tag_ids
from wxdesk.contacts.refusals import is_about_account
from wxdesk.contacts.rules import SyncState, TagState
from wxdesk.contacts.schedule import LEASE, SOON, again_at, next_refresh
from wxdesk.contacts.sources import qr_scene_of
from wxdesk.plumbing.db import hold
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.client import Client
from wxdesk.wechat.user_calls import UserInfo
from wxdesk.words import say

CLOCKS_DIFFER = timedelta(seconds=2)  # WeChat's times have whole seconds
LONGEST_REASON = 500
LONGEST_REMARK = 60
LONGEST_ID = 64
LONGEST_SCENE = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """A customer whom WeChat is asked about; nobody else asks until `until`."""

    contact_id: int
    openid: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Answers:
    """By openid what WeChat said, and what it refused; `asked_at` is before the call."""

    asked_at: datetime
    infos: dict[str, UserInfo] = field(default_factory=dict)
    refused: dict[str, DeliveryError] = field(default_factory=dict)

    @property
    def tag_ids(self) -> set[int]:
        return {tag_id for info in self.infos.values() for tag_id in info.tag_ids}


def claim_due(uow: UnitOfWork, account_id: int, limit: int) -> list[Asked]:
    """Take up to `limit` customers of the account whose turn it is, the longest due first."""
    contacts = uow.session.scalars(
        select(Contact)
        .where(Contact.account_id == account_id, Contact.profile_due_at <= uow.now)
        .order_by(Contact.profile_due_at, Contact.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    until = uow.now + LEASE
    for contact in contacts:
        contact.profile_due_at = until
    return [Asked(contact.id, contact.openid, until) for contact in contacts]


def ask(client: Client, asked: Sequence[Asked], answers: Answers) -> None:
    """Ask about all in one call. No database.

    One customer that WeChat refuses must not spoil the call for the others: it is halved until
    the one is alone. Raises DeliveryError when the account's calls are refused.
    """
    try:
        infos = client.users_info([one.openid for one in asked])
    except DeliveryError as error:
        if is_about_account(error):
            raise
        if len(asked) == 1:
            answers.refused[asked[0].openid] = error
            return
        middle = len(asked) // 2
        ask(client, asked[:middle], answers)
        ask(client, asked[middle:], answers)
        return
    answers.infos.update((info.openid, info) for info in infos)


def store_answers(
    uow: UnitOfWork, asked: Sequence[Asked], answers: Answers, forget_after: timedelta
) -> None:
    """Store what WeChat said of each; whom it refused, or left out, is asked again later.

    What it said before a customer fell due again, or took their permission back, is old news.
    """
    contacts = _locked(uow, asked)
    tags = _TagsOfContacts(uow, contacts.values())
    for one in asked:
        contact = contacts.get(one.contact_id)
        if contact is None or contact.profile_due_at != one.until:  # forgotten, or not ours now
            continue
        contact.profile_due_at = next_refresh(contact.id, uow.now)
        info = answers.infos.get(one.openid)
        if info is None:
            _postpone(uow, contact, answers.refused.get(one.openid) or _left_out())
            continue
        before = _seen(contact)
        contact.profile_at, contact.profile_attempts, contact.profile_error = uow.now, 0, None
        if info.is_following:
            has_new_tags = _store(contact, info, answers.asked_at, tags)
        else:
            has_new_tags = False
            _not_following(uow, contact, answers.asked_at, forget_after)
        if has_new_tags or _seen(contact) != before:
            announce(uow, contact)


def postpone(uow: UnitOfWork, asked: Sequence[Asked], error: DeliveryError) -> None:
    """The account's calls are refused: ask about these again later."""
    contacts = _locked(uow, asked)
    for one in asked:
        contact = contacts.get(one.contact_id)
        if contact is not None and contact.profile_due_at == one.until:
            _postpone(uow, contact, error)


def _locked(uow: UnitOfWork, asked: Iterable[Asked]) -> dict[int, Contact]:
    ids = sorted(one.contact_id for one in asked)
    rows = uow.session.scalars(
        select(Contact)
        .where(Contact.id.in_(ids), Contact.forgotten_at.is_(None))
        .order_by(Contact.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {contact.id: contact for contact in rows}


def _postpone(uow: UnitOfWork, contact: Contact, error: DeliveryError) -> None:
    """A customer that WeChat does not know is asked about next week."""
    contact.profile_error = str(error)[:LONGEST_REASON]
    contact.profile_attempts += 0 if error.is_uncounted else 1
    if is_about_account(error):
        contact.profile_due_at = again_at(error, contact.profile_attempts, uow.now)


def _left_out() -> DeliveryError:
    return DeliveryError(say("WeChat said nothing about this customer"), code="left_out")


def _seen(contact: Contact) -> tuple[object, ...]:
    return (
        contact.remark,
        contact.is_following,
        contact.unionid,
        contact.followed_at,
        contact.follow_scene,
        contact.qr_scene,
    )


def _store(contact: Contact, info: UserInfo, asked_at: datetime, tags: _TagsOfContacts) -> bool:
    """True when the customer's tags changed."""
    contact.unionid = info.unionid[:LONGEST_ID] or None
    contact.follow_scene = info.subscribe_scene[:LONGEST_SCENE]
    contact.qr_scene = qr_scene_of(info.qr_scene, info.qr_scene_str)[:LONGEST_ID]
    _came_back(contact, info)
    if info.followed_at is not None and contact.unfollowed_at is None:
        contact.followed_at = info.followed_at
    has_untold = contact.sync_due_at is not None
    if has_untold or (contact.synced_at is not None and contact.synced_at >= asked_at):
        return False
    if contact.remark_state is SyncState.SYNCED:
        contact.remark = info.remark[:LONGEST_REMARK]
    has_changed = tags.store(contact.id, info.tag_ids)
    if has_changed:
        contact.is_indexed = False
    return has_changed


def _came_back(contact: Contact, info: UserInfo) -> None:
    """Only a later date of following undoes an unfollowing: WeChat may lag behind its own push."""
    left_at = contact.unfollowed_at
    if left_at is None:
        contact.is_following = True
    elif info.followed_at is not None and info.followed_at > left_at:
        contact.is_following = True
        contact.unfollowed_at = contact.forget_at = None


def _not_following(
    uow: UnitOfWork, contact: Contact, asked_at: datetime, forget_after: timedelta
) -> None:
    """The push of an unfollowing was lost, or the customer has never followed.

    People can write without following: whoever may still be answered is asked about again when
    that is over, and is taken for gone only then.
    """
    if contact.window_closes_at is not None and contact.window_closes_at > uow.now:
        contact.is_following = False
        contact.profile_due_at = contact.window_closes_at
        return
    if contact.unfollowed_at is not None:
        contact.is_following = False
        return
    acted_at = asked_at - CLOCKS_DIFFER
    note_following(uow, contact, acted_at, is_following=False, forget_after=forget_after)
    has_left = contact.unfollowed_at is not None  # else the customer has acted since
    contact.profile_due_at = next_refresh(contact.id, uow.now) if has_left else uow.now + SOON


class _TagsOfContacts:
    """The tags of some customers, read in two queries, and made equal to WeChat's."""

    def __init__(self, uow: UnitOfWork, contacts: Iterable[Contact]) -> None:
        self._uow = uow
        found = list(contacts)
        hold(uow.session, PROMISES, is_shared=True)  # whoever removes a tag holds it alone
        self._ids: Mapping[int, int] = (
            known_tag_ids(uow.session, found[0].account_id) if found else {}
        )
        rows = uow.session.scalars(
            select(ContactTag)
            .where(ContactTag.contact_id.in_(sorted(contact.id for contact in found)))
            .execution_options(populate_existing=True)
        )
        self._rows: dict[int, list[ContactTag]] = {}
        for row in rows:
            self._rows.setdefault(row.contact_id, []).append(row)

    def store(self, contact_id: int, wechat_tag_ids: Iterable[int]) -> bool:
        """True when anything changed. A tag that WeChat refused stays, marked as it is."""
        there = {self._ids[tag_id] for tag_id in wechat_tag_ids if tag_id in self._ids}
        rows = self._rows.get(contact_id, [])
        has_changed = False
        for row in rows:
            if row.tag_id in there and row.state is not TagState.SYNCED:
                row.state, row.error = TagState.SYNCED, None
                has_changed = True
            elif row.tag_id not in there and row.state is TagState.SYNCED:
                self._uow.session.delete(row)
                has_changed = True
        missing = sorted(there - {row.tag_id for row in rows})
        self._uow.session.add_all(
            ContactTag(contact_id=contact_id, tag_id=tag_id, state=TagState.SYNCED)
            for tag_id in missing
        )
        if has_changed or missing:
            self._uow.before_commit(FOLLOW_CONTACTS, contact_id)
        return has_changed or bool(missing)
