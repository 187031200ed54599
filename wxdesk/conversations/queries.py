"""Conversations and messages as pages, API and other packages see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.filters import ConversationFilter, Order
from wxdesk.conversations.lists import find_page, key_columns, keys_in_order
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Standing, Status, standing_of
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_STANDINGS = 100_000
ROW: tuple[Any, ...] = (Conversation, Contact, Account, Agent, Message)


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation with the rows beside it."""

    conversation: Conversation
    contact: Contact
    account: Account
    assignee: Agent | None
    last_message: Message | None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Rows in order; `next_key` is the key of the last one when more follow."""

    rows: list[ConversationRow]
    next_key: tuple[Any, ...] | None


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
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[ConversationRow]:
    """At most `limit` conversations that come after the key `after` (see `page_of`)."""
    return page_of(session, wanted, order, after, limit).rows


def page_of(
    session: Session,
    wanted: ConversationFilter,
    order: Order,
    after: tuple[Any, ...] | None,
    limit: int,
) -> ConversationPage:
    """At most `limit` conversations after the key `after`, read in one statement."""
    found = find_page(session, wanted, order, after, limit + 1)
    keys = keys_in_order(found, order)
    query = (
        select(*ROW, *key_columns(found))
        .select_from(found)
        .join(Conversation, Conversation.id == found.c.id)
    )
    rows = session.execute(_beside(query).order_by(*keys)).all()
    last = tuple(rows[limit - 1][5:]) if len(rows) > limit else None
    return ConversationPage([ConversationRow(*row[:5]) for row in rows[:limit]], last)


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
    """Messages in the order of their ids, from the one after `after_id`.

    Internal lines only when their direction is asked for.
    """
    query = _messages().where(Message.id > after_id)
    if wanted.account_id is not None:
        query = query.where(Message.account_id == wanted.account_id)
    if wanted.openid is not None:
        query = query.where(Contact.openid == wanted.openid)
    if wanted.conversation_id is not None:
        query = query.where(Message.conversation_id == wanted.conversation_id)
    if wanted.direction is not None:
        query = query.where(Message.direction == wanted.direction)
    else:
        query = query.where(Message.direction != Direction.INTERNAL)
    return _message_rows(session, query.order_by(Message.id).limit(limit))


def list_thread(
    session: Session, contact_id: int, *, before: tuple[datetime, int] | None, limit: int
) -> list[MessageRow]:
    """The customer's whole history, the newest first, from the one before the key `before`."""
    query = _thread(contact_id)
    if before is not None:
        query = query.where(tuple_(Message.received_at, Message.id) < tuple_(*before))
    newest_first = query.order_by(Message.received_at.desc(), Message.id.desc())
    return _message_rows(session, newest_first.limit(limit))


def list_thread_after(
    session: Session, contact_id: int, *, after: tuple[datetime, int], limit: int
) -> list[MessageRow]:
    """The customer's history, the oldest first, from the one after the key `after`."""
    later = tuple_(Message.received_at, Message.id) > tuple_(*after)
    oldest_first = _thread(contact_id).where(later).order_by(Message.received_at, Message.id)
    return _message_rows(session, oldest_first.limit(limit))


def get_message(session: Session, message_id: int) -> MessageRow:
    """One message; NotFoundError if there is none."""
    row = session.execute(_messages().where(Message.id == message_id)).one_or_none()
    if row is None:
        raise NotFoundError(say("there is no message %(id)d", id=message_id))
    return MessageRow(*row)


def get_messages(session: Session, message_ids: Sequence[int]) -> list[MessageRow]:
    """These messages in the order given; those that are gone or taken back are left out."""
    query = _messages().where(Message.id.in_(message_ids), Message.undone_at.is_(None))
    found = {row.message.id: row for row in _message_rows(session, query)}
    return [found[message_id] for message_id in message_ids if message_id in found]


def list_newer(
    session: Session, contact_id: int, *, than_id: int, not_by: int, limit: int
) -> list[MessageRow]:
    """What the customer, a rule or a colleague wrote after a message: the send guard's question."""
    query = _messages().where(
        Message.contact_id == contact_id,
        Message.id > than_id,
        Message.kind != "event",
        Message.direction != Direction.INTERNAL,
        Message.undone_at.is_(None),
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


def _rows() -> Select[Any]:
    return _beside(select(*ROW))


def _beside(query: Select[Any]) -> Select[Any]:
    """Join the rows beside a conversation."""
    return (
        query.join(Contact, Contact.id == Conversation.contact_id)
        .join(Account, Account.id == Conversation.account_id)
        .outerjoin(Agent, Agent.id == Conversation.assignee_id)
        .outerjoin(Message, Message.id == Conversation.last_message_id)
    )


def _thread(contact_id: int) -> Select[Message, str, Contact]:
    """What was taken back before it left is in no thread."""
    return _messages().where(Message.contact_id == contact_id, Message.undone_at.is_(None))


def _messages() -> Select[Message, str, Contact]:
    return (
        select(Message, Account.slug, Contact)
        .join(Contact, Contact.id == Message.contact_id)
        .join(Account, Account.id == Message.account_id)
    )


def _message_rows(session: Session, query: Select[Message, str, Contact]) -> list[MessageRow]:
    return [MessageRow(*row) for row in session.execute(query)]
