"""Who is reached by a broadcast, and how much of WeChat's limits is left for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import AccountType
from wxdesk.broadcasts.models import Broadcast
from wxdesk.broadcasts.rules import (
    MASS_A_MONTH,
    TEMPLATES_A_DAY,
    Audience,
    BroadcastKind,
    BroadcastState,
    Counted,
    Limit,
    day_of,
    mass_limit,
    month_of,
)
from wxdesk.broadcasts.stored import audience_from
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.queries import has_unfollowed
from wxdesk.contacts.rules import TagState
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction
from wxdesk.outbound.contents import OutgoingKind

MOST_COUNTED = 200  # mass sends of one month
NOT_SENT = (BroadcastState.DRAFT, BroadcastState.CANCELLED, BroadcastState.FAILED)


def belongs(account_id: int, audience: Audience) -> ColumnElement[bool]:
    """A condition on contacts: the account's, with the tag if there is one, reachable or not."""
    return _ever_belonged(account_id, audience) & Contact.forgotten_at.is_(None)


def _ever_belonged(account_id: int, audience: Audience) -> ColumnElement[bool]:
    """Also those whose data was removed when they left; of a tag none of these is known."""
    mine = Contact.account_id == account_id
    if audience.tag_id is None:
        return mine
    tagged = select(ContactTag.contact_id).where(
        ContactTag.tag_id == audience.tag_id, ContactTag.state != TagState.REMOVING
    )
    return mine & Contact.id.in_(tagged)


def is_reachable() -> ColumnElement[bool]:
    return Contact.is_following & ~Contact.is_blacklisted & Contact.forgotten_at.is_(None)


def next_people(
    session: Session, account_id: int, audience: Audience, after_id: int, limit: int
) -> Sequence[int]:
    """Ids of those who can be reached, in order."""
    return session.scalars(
        select(Contact.id)
        .where(belongs(account_id, audience), is_reachable(), Contact.id > after_id)
        .order_by(Contact.id)
        .limit(limit)
    ).all()


def count(
    session: Session,
    account: Account,
    kind: BroadcastKind,
    audience: Audience,
    at: datetime,
    but_id: int | None = None,
) -> Counted:
    """The dry run: whom it would reach if it were sent at that time. Writes nothing.

    `but_id`: the broadcast itself, when it is planned already.
    """
    people, blacklisted, unfollowed = session.execute(
        select(
            func.coalesce(func.sum(case((is_reachable(), 1), else_=0)), 0),
            func.coalesce(
                func.sum(case((Contact.is_following & Contact.is_blacklisted, 1), else_=0)), 0
            ),
            func.coalesce(func.sum(case((has_unfollowed(), 1), else_=0)), 0),
        ).where(_ever_belonged(account.id, audience))
    ).one()
    is_limited = kind is BroadcastKind.MASS and account.account_type is AccountType.SERVICE
    tag = session.get(Tag, audience.tag_id) if audience.tag_id is not None else None
    return Counted(
        people=int(people),
        blacklisted=int(blacklisted),
        unfollowed=int(unfollowed),
        left=_left(session, account.id, audience, at, but_id) if is_limited else {},
        wechat_count=tag.count if tag is not None else None,
    )


def limit_of(
    session: Session,
    account: Account,
    kind: BroadcastKind,
    at: datetime,
    but_id: int | None = None,
) -> Limit | None:
    """What the account's day allows, and what is used or planned of it; None where there is none.

    Counted from what this desk sends; `but_id`: a broadcast that does not count against itself.
    """
    begin, end = day_of(at)
    if kind is BroadcastKind.SUBSCRIPTION:
        return None
    if kind is BroadcastKind.TEMPLATE:
        return Limit(_templates_sent(session, account.id, begin, end), TEMPLATES_A_DAY)
    sent = session.scalar(
        select(func.count())
        .select_from(Broadcast)
        .where(*_mass_sends(account.id, begin, end, but_id))
    )
    return Limit(sent or 0, mass_limit(account.account_type))


def _templates_sent(session: Session, account_id: int, begin: datetime, end: datetime) -> int:
    """By the messages' own times: an index of all messages by time."""
    found = session.scalar(
        select(func.count()).where(
            Message.received_at >= begin,
            Message.received_at < end,
            Message.account_id == account_id,
            Message.direction == Direction.OUTGOING,
            Message.kind == OutgoingKind.TEMPLATE,
        )
    )
    return found or 0


def _mass_sends(
    account_id: int, begin: datetime, end: datetime, but_id: int | None
) -> tuple[ColumnElement[bool], ...]:
    return (
        Broadcast.id != (but_id or 0),
        Broadcast.account_id == account_id,
        Broadcast.kind == BroadcastKind.MASS,
        Broadcast.state.not_in(NOT_SENT),
        _leaves_at() >= begin,
        _leaves_at() < end,
    )


def _leaves_at() -> ColumnElement[datetime]:
    """What WeChat has refused for now leaves at its next try."""
    return func.coalesce(Broadcast.sent_at, Broadcast.look_at, Broadcast.send_at)


def _left(
    session: Session, account_id: int, audience: Audience, at: datetime, but_id: int | None
) -> dict[int, int]:
    """By mass sends left this month the number of people; by the tags that they have now."""
    begin, end = month_of(at)
    sent = session.execute(
        select(Broadcast.audience, _leaves_at())
        .where(*_mass_sends(account_id, begin, end, but_id))
        .order_by(Broadcast.id.desc())
        .limit(MOST_COUNTED)
    ).all()
    used: ColumnElement[int] = literal(0)
    for stored, sent_at in sent:
        used = used + _got(audience_from(stored), sent_at)
    left = case((used >= MASS_A_MONTH, 0), else_=MASS_A_MONTH - used)
    each = (
        select(left.label("left")).where(belongs(account_id, audience), is_reachable()).subquery()
    )
    rows = session.execute(select(each.c.left, func.count()).group_by(each.c.left))
    return {int(number): people for number, people in rows}


def _got(audience: Audience, sent_at: datetime) -> ColumnElement[int]:
    """1 if the contact was among those of an earlier mass send."""
    was_there = Contact.followed_at.is_(None) | (Contact.followed_at <= sent_at)
    if audience.tag_id is None:
        return case((was_there, 1), else_=0)
    tagged = (
        select(ContactTag.contact_id)
        .where(ContactTag.contact_id == Contact.id, ContactTag.tag_id == audience.tag_id)
        .exists()
    )
    return case((was_there & tagged, 1), else_=0)
