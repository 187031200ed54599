"""Customers are asked how the service was: at most once an end, inside the reply window.

A question is a menu message of the desk itself. It never takes one of the window's answers that
are kept for people, changes nothing about the conversation, and meets no clock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxdesk.accounts.facts import facts_of
from wxdesk.accounts.models import Account
from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import get_locked as get_locked_contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import get_locked
from wxdesk.conversations.rules import Direction, Line, SenderKind, Status
from wxdesk.conversations.timeline import Activity
from wxdesk.outbound.contents import OutgoingKind, summary_of
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import LONGEST_OWN_WAIT, Delivery, Via
from wxdesk.plumbing.db import insert_new, write_in_order
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import (
    ASK_AFTER,
    ASK_UNTIL,
    NOT_AGAIN_WITHIN,
    RatingState,
    may_be_asked_now,
    question_fields,
)

ON_THEIR_WAY = (Delivery.QUEUED, Delivery.SENDING)
MOST_LINES = 50


def accounts_that_ask(session: Session) -> list[int]:
    """Accounts whose customers are asked, and that may send messages."""
    ids = session.scalars(select(Account.id).where(Account.asks_rating)).all()
    facts = facts_of(session, ids)
    return [account_id for account_id in ids if facts[account_id].has_messages]


def list_due(
    session: Session,
    account_ids: Collection[int],
    now: datetime,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[tuple[datetime, int]]:
    """When, and the ids of conversations that ended 30 s to 30 min ago and may be asked about.

    In this order, from the one after `after`.
    """
    account_id = (
        Conversation.account_id + 0
    )  # found by the time: SQLite would go through all of an account
    key = (Conversation.resolved_at, Conversation.id)
    query = (
        select(*key)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Account, Account.id == account_id)
        .where(
            Conversation.resolved_at.between(now - ASK_UNTIL, now - ASK_AFTER),
            account_id.in_(sorted(account_ids)),
            *_is_askable(now),
            ~_has_rating(SatisfactionRating.resolved_at == Conversation.resolved_at),
            ~_asked_lately(Conversation.contact_id, now),
        )
        .order_by(*key)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return [(at, each) for at, each in session.execute(query) if at is not None]


def ask(uow: UnitOfWork, conversation_id: int) -> bool:
    """Queue the question about the conversation's end, once; False when it must not be asked."""
    contact_id = uow.session.scalar(
        select(Conversation.contact_id).where(Conversation.id == conversation_id)
    )
    if contact_id is None:
        return False
    contact = get_locked_contact(uow, contact_id)
    conversation, _ = get_locked(uow, conversation_id)
    if not _may_ask(uow, conversation, contact):
        return False
    rating = _new_rating(uow, conversation)
    if rating is None:
        return False
    fields = question_fields(rating.id)
    text = summary_of(OutgoingKind.MENU, fields)
    message = send(uow, conversation, OutgoingKind.MENU, text, fields, is_bulk=True)
    rating.message_id = message.id
    return True


def send(
    uow: UnitOfWork,
    conversation: Conversation,
    kind: OutgoingKind,
    text: str,
    fields: dict[str, object] | None = None,
    *,
    is_bulk: bool = False,
) -> Message:
    """A message of the desk itself, on its way; the conversation stays as it is.

    `is_bulk`: behind every answer, for a thousand conversations may be resolved at once.
    """
    message = Message(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        direction=Direction.OUTGOING,
        kind=kind,
        text=text,
        payload=fields,
        sender_kind=SenderKind.SYSTEM,
        created_at=uow.now,
        received_at=uow.now,
    )
    write_in_order(uow.session, Message.__tablename__)
    uow.session.add(message)
    uow.session.flush()
    queue_delivery(uow, message, is_bulk=is_bulk)
    seen(uow, conversation)
    return message


def seen(uow: UnitOfWork, conversation: Conversation) -> None:
    """Agents who look at it fetch again; its place and its customer's standing stay."""
    conversation.version += 1
    uow.announce("inbox", f"conversation:{conversation.id}")


def window_allows(uow: UnitOfWork, contact: Contact) -> bool:
    """Inside the reply window, with more left than what is kept for people."""
    if contact.is_blacklisted or contact.forgotten_at is not None:
        return False
    facts = facts_of(uow.session, [contact.account_id])[contact.account_id]
    on_their_way = uow.session.scalar(
        select(func.count())
        .select_from(DeliveryRow)
        .where(
            DeliveryRow.contact_id == contact.id,
            DeliveryRow.state.in_(ON_THEIR_WAY),
            DeliveryRow.via == Via.CUSTOMER_SERVICE,
        )
    )
    return facts.has_messages and may_be_asked_now(
        is_open=contact.window_closes_at is not None and contact.window_closes_at > uow.now,
        left=contact.window_remaining - (on_their_way or 0),
        slots_for_people=facts.slots_for_people,
    )


def has_open_conversation(uow: UnitOfWork, contact_id: int) -> bool:
    """Somebody serves the customer, or will."""
    query = select(Conversation.id).where(
        Conversation.contact_id == contact_id, Conversation.status != Status.RESOLVED
    )
    return uow.session.scalar(query.limit(1)) is not None


def take_back_late(uow: UnitOfWork) -> None:
    """A question that could not leave before the customer wrote again does not leave any more.

    Nor one that stood behind others' answers for longer than a question makes sense.
    """
    is_served = exists().where(
        Conversation.contact_id == SatisfactionRating.contact_id,
        Conversation.status != Status.RESOLVED,
    )
    waiting = select(SatisfactionRating.message_id).where(
        SatisfactionRating.state == RatingState.ASKED,
        SatisfactionRating.asked_at > uow.now - NOT_AGAIN_WITHIN,
        or_(is_served, SatisfactionRating.asked_at <= uow.now - LONGEST_OWN_WAIT),
    )
    uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.message_id.in_(waiting), DeliveryRow.state == Delivery.QUEUED)
        .values(state=Delivery.WITHDRAWN, settled_at=uow.now)
        .execution_options(synchronize_session=False)
    )


def note_unsent(uow: UnitOfWork) -> None:
    """Who never got the question was not asked, and may be asked at the next end."""
    lost = select(DeliveryRow.message_id).where(
        DeliveryRow.message_id == SatisfactionRating.message_id,
        DeliveryRow.state.in_([Delivery.FAILED, Delivery.WITHDRAWN]),
    )
    uow.session.execute(
        update(SatisfactionRating)
        .where(
            SatisfactionRating.state == RatingState.ASKED,
            SatisfactionRating.asked_at > uow.now - NOT_AGAIN_WITHIN,
            lost.exists(),
        )
        .values(state=RatingState.UNSENT)
        .execution_options(synchronize_session=False)
    )


def _may_ask(uow: UnitOfWork, conversation: Conversation, contact: Contact) -> bool:
    ended_at = conversation.resolved_at
    if ended_at is None or not ASK_AFTER <= uow.now - ended_at <= ASK_UNTIL:
        return False
    lately = select(_asked_lately(contact.id, uow.now))
    return (
        _is_plain_end(conversation, contact)
        and not uow.session.scalar(lately)
        and _was_served(uow, conversation, ended_at)
        and not has_open_conversation(uow, contact.id)
        and window_allows(uow, contact)
    )


def _is_plain_end(conversation: Conversation, contact: Contact) -> bool:
    is_spam = conversation.is_spam or contact.is_spam
    return (
        conversation.status is Status.RESOLVED
        and conversation.merged_into_id is None
        and not is_spam
    )


def _new_rating(uow: UnitOfWork, conversation: Conversation) -> SatisfactionRating | None:
    """None when this end was asked about already."""
    row = {
        "account_id": conversation.account_id,
        "contact_id": conversation.contact_id,
        "conversation_id": conversation.id,
        "resolved_at": conversation.resolved_at,
        "agent_id": conversation.assignee_id or _last_agent(uow, conversation.id),
        "team_id": conversation.team_id,
        "state": RatingState.ASKED,
        "asked_at": uow.now,
    }
    made = insert_new(uow.session, SatisfactionRating).returning(SatisfactionRating.id)
    rating_id = uow.session.execute(made, row).scalar()
    return uow.session.get(SatisfactionRating, rating_id) if rating_id is not None else None


def _was_served(uow: UnitOfWork, conversation: Conversation, ended_at: datetime) -> bool:
    """A person has answered since the conversation began, or began again."""
    if conversation.first_response_met_at is not None:
        return True
    sent = (
        select(Message.id)
        .join(DeliveryRow, DeliveryRow.message_id == Message.id)
        .where(
            Message.conversation_id == conversation.id,
            Message.sender_kind == SenderKind.AGENT,
            Message.received_at > _began_at(uow, conversation, ended_at),
            DeliveryRow.state == Delivery.SENT,
        )
        .limit(1)
    )
    return uow.session.scalar(sent) is not None


def _began_at(uow: UnitOfWork, conversation: Conversation, ended_at: datetime) -> datetime:
    lines = uow.session.execute(
        select(Message.payload, Message.received_at)
        .where(
            Message.conversation_id == conversation.id,
            Message.kind == Line.ACTIVITY,
            Message.received_at < ended_at,
        )
        .order_by(Message.received_at.desc())
        .limit(MOST_LINES)
    )
    ends = [at for payload, at in lines if (payload or {}).get("action") == Activity.RESOLVED]
    return ends[0] if ends else conversation.opened_at


def _last_agent(uow: UnitOfWork, conversation_id: int) -> int | None:
    query = (
        select(Message.sender_id)
        .where(
            Message.conversation_id == conversation_id,
            Message.sender_kind == SenderKind.AGENT,
            Message.direction == Direction.OUTGOING,
        )
        .order_by(Message.received_at.desc())
        .limit(1)
    )
    return uow.session.scalar(query)


def _is_askable(now: datetime) -> list[ColumnElement[bool]]:
    answered = select(Message.id).where(
        Message.conversation_id == Conversation.id, Message.sender_kind == SenderKind.AGENT
    )
    return [
        ~Conversation.is_spam,
        Conversation.merged_into_id.is_(None),
        ~Contact.is_spam,
        ~Contact.is_blacklisted,
        Contact.window_closes_at > now,
        Contact.window_remaining > Account.slots_for_people,
        answered.exists(),
    ]


def _has_rating(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    query = select(SatisfactionRating.id).where(
        SatisfactionRating.conversation_id == Conversation.id, condition
    )
    return query.exists()


def _asked_lately(
    contact_id: InstrumentedAttribute[int] | int, now: datetime
) -> ColumnElement[bool]:
    query = select(SatisfactionRating.id).where(
        SatisfactionRating.contact_id == contact_id,
        SatisfactionRating.state != RatingState.UNSENT,
        SatisfactionRating.asked_at > now - NOT_AGAIN_WITHIN,
    )
    return query.exists()
