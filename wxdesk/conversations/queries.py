"""Conversations and messages as pages, API and other packages see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Standing, Status, standing_of
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_STANDINGS = 100_000


class Order(StrEnum):
    """`deadline` is the inbox: windows about to close, then first deadline, then oldest."""

    DEADLINE = "deadline"
    WAITING = "waiting"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """What to list; None means any. `assignee_id` 0 means nobody."""

    status: Status | None = None
    assignee_id: int | None = None
    account_id: int | None = None
    openid: str | None = None
    is_breached: bool | None = None


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation with the rows beside it."""

    conversation: Conversation
    contact: Contact
    account: Account
    assignee: Agent | None
    last_message: Message | None


@dataclass(frozen=True, slots=True)
class MessageFilter:
    account_id: int | None = None
    openid: str | None = None
    conversation_id: int | None = None
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message with its official account's slug and its customer's openid."""

    message: Message
    account: str
    contact: Contact


def list_conversations(
    session: Session,
    wanted: ConversationFilter,
    order: Order,
    after: tuple[object, ...] | None,
    limit: int,
) -> list[ConversationRow]:
    """At most `limit` conversations that come after the key `after` (see `order_key`)."""
    query = _rows().where(*_conditions(wanted))
    columns = _order_columns(order)
    if after is not None:
        if order is Order.NEWEST:
            query = query.where(tuple_(*columns) < tuple_(*after))
        else:
            query = query.where(tuple_(*columns) > tuple_(*after))
    if order is Order.NEWEST:
        query = query.order_by(*(column.desc() for column in columns))
    else:
        query = query.order_by(*columns)
    return [ConversationRow(*row) for row in session.execute(query.limit(limit))]


def order_key(row: ConversationRow, order: Order) -> tuple[object, ...]:
    """What places this row in that order; the cursor of the next page."""
    it = row.conversation
    if order is Order.NEWEST:
        return (it.last_message_at, it.id)
    if order is Order.WAITING:
        return (it.queued_at, it.id)
    return (it.urgency_rank, it.urgent_at, it.queued_at, it.id)


def get_conversation(session: Session, conversation_id: int) -> ConversationRow:
    """One conversation; NotFoundError if there is none."""
    row = session.execute(_rows().where(Conversation.id == conversation_id)).one_or_none()
    if row is None:
        raise NotFoundError(say("there is no conversation %(id)d", id=conversation_id))
    return ConversationRow(*row)


def account_of(session: Session, conversation_id: int) -> int:
    """The official account of a conversation; NotFoundError if there is none."""
    account_id = session.scalar(
        select(Conversation.account_id).where(Conversation.id == conversation_id)
    )
    if account_id is None:
        raise NotFoundError(say("there is no conversation %(id)d", id=conversation_id))
    return account_id


def list_messages(
    session: Session, wanted: MessageFilter, *, after_id: int, limit: int
) -> list[MessageRow]:
    """Messages in the order of their ids, from the one after `after_id`."""
    query = _messages().where(Message.id > after_id)
    if wanted.account_id is not None:
        query = query.where(Message.account_id == wanted.account_id)
    if wanted.openid is not None:
        query = query.where(Contact.openid == wanted.openid)
    if wanted.conversation_id is not None:
        query = query.where(Message.conversation_id == wanted.conversation_id)
    if wanted.direction is not None:
        query = query.where(Message.direction == wanted.direction)
    return _message_rows(session, query.order_by(Message.id).limit(limit))


def list_thread(
    session: Session, contact_id: int, *, before: tuple[datetime, int] | None, limit: int
) -> list[MessageRow]:
    """The customer's whole history, the newest first, from the one before the key `before`."""
    query = _messages().where(Message.contact_id == contact_id)
    if before is not None:
        query = query.where(tuple_(Message.received_at, Message.id) < tuple_(*before))
    newest_first = query.order_by(Message.received_at.desc(), Message.id.desc())
    return _message_rows(session, newest_first.limit(limit))


def list_newer(
    session: Session, contact_id: int, *, than_id: int, not_by: int, limit: int
) -> list[MessageRow]:
    """What the customer, a rule or a colleague wrote after a message: the send guard's question."""
    query = _messages().where(
        Message.contact_id == contact_id,
        Message.id > than_id,
        Message.kind != "event",
        Message.sender_id.is_distinct_from(not_by) | (Message.sender_kind != "agent"),
    )
    return _message_rows(session, query.order_by(Message.id).limit(limit))


def last_message_id(session: Session, contact_id: int) -> int:
    """The highest message id of a customer's thread, 0 when there is none."""
    query = select(func.max(Message.id)).where(Message.contact_id == contact_id)
    return session.scalar(query) or 0


def find_standing(session: Session, account_id: int, openid: str) -> Standing:
    """The database's answer to what conversations/standings.py keeps in Redis."""
    row = session.execute(
        select(Conversation.status, Conversation.assignee_id, Conversation.is_breached)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(
            Contact.account_id == account_id,
            Contact.openid == openid,
            Conversation.status != Status.RESOLVED,
        )
    ).first()
    if row is None:
        return Standing.NEW
    return standing_of(row[0], is_assigned=row[1] is not None, is_overdue=row[2])


def list_standings(session: Session, account_id: int) -> dict[str, Standing]:
    """Openid to standing of all customers who are attended or overdue (at most 100,000)."""
    rows = session.execute(
        select(
            Contact.openid, Conversation.status, Conversation.assignee_id, Conversation.is_breached
        )
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(
            Conversation.account_id == account_id,
            Conversation.status != Status.RESOLVED,
            Conversation.assignee_id.is_not(None) | Conversation.is_breached,
        )
        .limit(MOST_STANDINGS)
    )
    return {
        openid: standing_of(status, is_assigned=assignee_id is not None, is_overdue=is_breached)
        for openid, status, assignee_id, is_breached in rows
    }


def open_conversation_ids(session: Session, contact_ids: set[int]) -> list[int]:
    """Ids of the unresolved conversations of these customers."""
    return list(
        session.scalars(
            select(Conversation.id).where(
                Conversation.contact_id.in_(sorted(contact_ids)),
                Conversation.status != Status.RESOLVED,
            )
        )
    )


def _rows() -> Select[Conversation, Contact, Account, Agent, Message]:
    return (
        select(Conversation, Contact, Account, Agent, Message)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Account, Account.id == Conversation.account_id)
        .outerjoin(Agent, Agent.id == Conversation.assignee_id)
        .outerjoin(Message, Message.id == Conversation.last_message_id)
    )


def _conditions(wanted: ConversationFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        found.append(Conversation.status == wanted.status)
    if wanted.assignee_id == 0:
        found.append(Conversation.assignee_id.is_(None))
    elif wanted.assignee_id is not None:
        found.append(Conversation.assignee_id == wanted.assignee_id)
    if wanted.account_id is not None:
        found.append(Conversation.account_id == wanted.account_id)
    if wanted.openid is not None:
        found.append(Contact.openid == wanted.openid)
    if wanted.is_breached is not None:
        found.append(Conversation.is_breached == wanted.is_breached)
    return found


def _order_columns(order: Order) -> tuple[ColumnElement[object], ...]:
    columns: dict[Order, tuple[object, ...]] = {
        Order.DEADLINE: (
            Conversation.urgency_rank,
            Conversation.urgent_at,
            Conversation.queued_at,
            Conversation.id,
        ),
        Order.WAITING: (Conversation.queued_at, Conversation.id),
        Order.NEWEST: (Conversation.last_message_at, Conversation.id),
    }
    return columns[order]  # type: ignore[return-value]


def _messages() -> Select[Message, str, Contact]:
    return (
        select(Message, Account.slug, Contact)
        .join(Contact, Contact.id == Message.contact_id)
        .join(Account, Account.id == Message.account_id)
    )


def _message_rows(session: Session, query: Select[Message, str, Contact]) -> list[MessageRow]:
    return [MessageRow(*row) for row in session.execute(query)]
