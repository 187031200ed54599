"""Who got the wrong answer, and how each of them stands now: one definition for every page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from wxdesk.accounts.facts import facts_of
from wxdesk.accounts.models import Account
from wxdesk.contacts.models import Contact
from wxdesk.contacts.queries import has_unfollowed
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.corrections.rules import Choice, Reach
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.triage.rules import Outcome

NOT_RECEIVED = (Delivery.FAILED, Delivery.WITHDRAWN, Delivery.QUEUED, Delivery.HELD)
NOT_ARRIVING = (Delivery.FAILED, Delivery.WITHDRAWN, Delivery.HELD)
STILL_TO_LEAVE = (Delivery.QUEUED, Delivery.HELD)


@dataclass(frozen=True, slots=True)
class Found:
    """What a choice would find: answers, people by how they can be reached, first and last.

    `leaving` are wrong answers that have not left yet: their senders should be stopped first.
    """

    answers: int
    people: int
    by_reach: dict[Reach, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    leaving: int = 0


def is_chosen(choice: Choice) -> ColumnElement[bool]:
    """Answers of the rules that the customers have received, or may have."""
    unsent = select(DeliveryRow.id).where(
        DeliveryRow.message_id == Message.id, DeliveryRow.state.in_(NOT_RECEIVED)
    )
    return and_(is_of(choice), ~unsent.exists())


def reach_of(now: datetime, wrong_message_id: Any, *, skips_helped: bool) -> ColumnElement[str]:
    """How a customer (a row of contacts, joined with accounts) stands at this moment."""
    conditions: list[tuple[ColumnElement[bool], Reach]] = [
        (has_unfollowed(), Reach.UNFOLLOWED),
        (
            or_(Contact.is_blacklisted, Contact.is_spam, Contact.forgotten_at.is_not(None)),
            Reach.BLOCKED,
        ),
    ]
    if skips_helped:
        conditions.append((_is_helped(wrong_message_id), Reach.HELPED))
    conditions += [
        (
            or_(Contact.window_closes_at.is_(None), Contact.window_closes_at <= now),
            Reach.WINDOW_CLOSED,
        ),
        (Contact.window_remaining <= Account.slots_for_people, Reach.QUOTA_GONE),
    ]
    whens = [(condition, literal(reach.value)) for condition, reach in conditions]
    return case(*whens, else_=literal(Reach.NOW.value))


def without_messages(reach: Reach, *, has_messages: bool) -> Reach:
    """An account that can't send messages answers when the customer writes next."""
    if has_messages or reach not in (Reach.NOW, Reach.QUOTA_GONE):
        return reach
    return Reach.WINDOW_CLOSED


def people_of(choice: Choice) -> Any:
    """One row a person: contact_id, wrong_message_id (the last), wrong_count, got_at."""
    return (
        select(
            Message.contact_id,
            func.max(Message.id).label("wrong_message_id"),
            func.count().label("wrong_count"),
            func.min(Message.received_at).label("got_at"),
        )
        .where(is_chosen(choice))
        .group_by(Message.contact_id)
    )


def look(session: Session, choice: Choice, now: datetime, *, skips_helped: bool) -> Found:
    """Count what a choice would find, without storing anything."""
    people = people_of(choice).subquery()
    reach = reach_of(now, people.c.wrong_message_id, skips_helped=skips_helped)
    rows = session.execute(
        select(reach, func.count(), func.sum(people.c.wrong_count))
        .select_from(people)
        .join(Contact, Contact.id == people.c.contact_id)
        .join(Account, Account.id == Contact.account_id)
        .group_by(reach)
    ).all()
    span = select(func.min(Message.received_at), func.max(Message.received_at))
    first_at, last_at = session.execute(span.where(is_chosen(choice))).one()
    has_messages = facts_of(session, [choice.account_id])[choice.account_id].has_messages
    by_reach: dict[Reach, int] = {}
    for name, count, _ in rows:
        shown = without_messages(Reach(name), has_messages=has_messages)
        by_reach[shown] = by_reach.get(shown, 0) + count
    return Found(
        answers=sum(int(row[2]) for row in rows),
        people=sum(row[1] for row in rows),
        by_reach=by_reach,
        first_at=first_at,
        last_at=last_at,
        leaving=_count_leaving(session, choice),
    )


def _count_leaving(session: Session, choice: Choice) -> int:
    query = (
        select(func.count())
        .select_from(Message)
        .join(DeliveryRow, DeliveryRow.message_id == Message.id)
        .where(is_of(choice), DeliveryRow.state.in_(STILL_TO_LEAVE))
    )
    return session.scalar(query) or 0


def is_of(choice: Choice) -> ColumnElement[bool]:
    """Answers of the rules, whether they have left or not."""
    conditions = [
        Message.sender_kind == SenderKind.RULE,
        Message.sender_id.in_(choice.rule_ids),
        Message.received_at >= choice.sent_from,
        Message.received_at < choice.sent_until,
        Message.account_id == choice.account_id,
        Message.undone_at.is_(None),
    ]
    if choice.versions:
        conditions.append(Message.rule_version.in_(choice.versions))
    if choice.outcomes:
        named = Message.outcome.in_(choice.outcomes)
        is_old = Outcome.DEFAULT in choice.outcomes  # of before outcomes were noted
        conditions.append(or_(named, Message.outcome.is_(None)) if is_old else named)
    return and_(*conditions)


def _is_helped(wrong_message_id: Any) -> ColumnElement[bool]:
    """A person has answered the customer after the wrong answer, and it arrived, or will.

    Notes have no delivery.
    """
    answer = aliased(Message)
    return (
        select(answer.id)
        .join(DeliveryRow, DeliveryRow.message_id == answer.id)
        .where(
            answer.contact_id == Contact.id,
            answer.id > wrong_message_id,
            answer.sender_kind == SenderKind.AGENT,
            answer.undone_at.is_(None),
            DeliveryRow.state.not_in(NOT_ARRIVING),
        )
        .exists()
    )
