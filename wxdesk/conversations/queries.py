"""Conversations and messages as pages, API and other packages see them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select, tuple_
from sqlalchemy.orm import Session, load_only

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.filters import ConversationFilter, Order
from wxdesk.conversations.lists import MOST, find_keys
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind, Standing, Status, standing_of
from wxdesk.plumbing.db import one_of
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_STANDINGS = 100_000
ROWS: Select[Conversation, Contact, Account, Agent, Message] = (
    select(Conversation, Contact, Account, Agent, Message)
    .join(Contact, Contact.id == Conversation.contact_id)
    .join(Account, Account.id == Conversation.account_id)
    .outerjoin(Agent, Agent.id == Conversation.assignee_id)
    .outerjoin(Message, Message.id == Conversation.last_message_id)
    .where(one_of(Conversation.id))
    .options(
        load_only(
            Account.slug,
            Account.name,
            Account.account_type,
            Account.is_verified,
            Account.messages_refused_at,
            Account.is_passive_counted,
            Account.slots_for_people,
        ),
        load_only(Agent.name),
    )
)

MESSAGES: Select[Message, str, Contact] = (
    select(Message, Account.slug, Contact)
    .join(Contact, Contact.id == Message.contact_id)
    .join(Account, Account.id == Message.account_id)
)
ONE_MESSAGE = MESSAGES.where(Message.id == bindparam("id"))
TO_MANY = ("correction", "broadcast")  # sent at any time: nobody wrote to this customer
# What was taken back before it left is in no thread.
THREAD = MESSAGES.where(Message.contact_id == bindparam("contact_id"), Message.undone_at.is_(None))
NEWEST_FIRST = THREAD.order_by(Message.received_at.desc(), Message.id.desc()).limit(MOST)
NEWER = (
    THREAD.where(
        Message.id > bindparam("than_id"),
        Message.kind != "event",
        Message.direction != Direction.INTERNAL,
        Message.sender_id.is_distinct_from(bindparam("not_by"))
        | (Message.sender_kind != SenderKind.AGENT),
        Message.source.is_(None) | Message.source.not_in(TO_MANY),
    )
    .order_by(Message.id)
    .limit(MOST)
)
CONTACT_ID = select(Conversation.contact_id).where(Conversation.id == bindparam("id"))
LAST_MESSAGE_ID = select(func.max(Message.id)).where(Message.contact_id == bindparam("contact_id"))


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
    """Ids in order, rows of those that were not known; `next_key`: of the last, if more follow."""

    ids: list[int]
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


def page_of(
    session: Session,
    wanted: ConversationFilter,
    order: Order,
    after: tuple[Any, ...] | None,
    limit: int,
    known: Container[int] = (),
) -> ConversationPage:
    """At most `limit` conversations after the key `after`; of those `known` only the ids."""
    found = find_keys(session, wanted, order, after, limit + 1)
    next_key = found[limit - 1][1:] if len(found) > limit else None
    ids = [key[0] for key in found[:limit]]
    rows = rows_of(session, [one for one in ids if one not in known])
    return ConversationPage(
        [one for one in ids if one in rows or one in known], list(rows.values()), next_key
    )


def rows_of(session: Session, conversation_ids: Sequence[int]) -> dict[int, ConversationRow]:
    """By id, in the order that is given."""
    if not conversation_ids:
        return {}
    rows = session.execute(ROWS, {"ids": conversation_ids})
    found = {row[0].id: ConversationRow(*row) for row in rows}
    return {one: found[one] for one in conversation_ids if one in found}


def get_conversation(session: Session, conversation_id: int) -> ConversationRow:
    """One conversation; NotFoundError if there is none."""
    row = rows_of(session, [conversation_id]).get(conversation_id)
    if row is None:
        raise no_such_conversation(conversation_id)
    return row


def no_such_conversation(conversation_id: int) -> NotFoundError:
    return NotFoundError(say("there is no conversation %(id)d", id=conversation_id))


def contact_id_of(session: Session, conversation_id: int) -> int:
    """The customer of a conversation; NotFoundError if there is none."""
    contact_id = session.scalar(CONTACT_ID, {"id": conversation_id})
    if contact_id is None:
        raise no_such_conversation(conversation_id)
    return contact_id


def account_of(session: Session, conversation_id: int) -> int:
    """The official account of a conversation; NotFoundError if there is none."""
    account_id = session.scalar(
        select(Conversation.account_id).where(Conversation.id == conversation_id)
    )
    if account_id is None:
        raise no_such_conversation(conversation_id)
    return account_id


def list_messages(
    session: Session, wanted: MessageFilter, *, after_id: int, limit: int
) -> list[MessageRow]:
    """Messages in the order of their ids, from the one after `after_id`.

    Internal lines only when their direction is asked for.
    """
    query = MESSAGES.where(Message.id > after_id)
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
    query = NEWEST_FIRST
    if before is not None:
        query = query.where(tuple_(Message.received_at, Message.id) < tuple_(*before))
    return _message_rows(session, query, contact_id=contact_id, most=limit)


def list_thread_after(
    session: Session, contact_id: int, *, after: tuple[datetime, int], limit: int
) -> list[MessageRow]:
    """The customer's history, the oldest first, from the one after the key `after`."""
    later = tuple_(Message.received_at, Message.id) > tuple_(*after)
    oldest_first = THREAD.where(later).order_by(Message.received_at, Message.id)
    return _message_rows(session, oldest_first.limit(limit), contact_id=contact_id)


def get_message(session: Session, message_id: int) -> MessageRow:
    """One message; NotFoundError if there is none."""
    row = session.execute(ONE_MESSAGE, {"id": message_id}).one_or_none()
    if row is None:
        raise NotFoundError(say("there is no message %(id)d", id=message_id))
    return MessageRow(*row)


def get_messages(session: Session, message_ids: Sequence[int]) -> list[MessageRow]:
    """These messages in the order given; those that are gone or taken back are left out."""
    query = MESSAGES.where(Message.id.in_(message_ids), Message.undone_at.is_(None))
    found = {row.message.id: row for row in _message_rows(session, query)}
    return [found[message_id] for message_id in message_ids if message_id in found]


def list_newer(
    session: Session, contact_id: int, *, than_id: int, not_by: int, limit: int
) -> list[MessageRow]:
    """What the customer, a rule or a colleague wrote after a message: the send guard's question."""
    values = {"contact_id": contact_id, "than_id": than_id, "not_by": not_by, "most": limit}
    return _message_rows(session, NEWER, **values)


def last_message_id(session: Session, contact_id: int) -> int:
    """The highest message id of a customer's thread, 0 when there is none."""
    return session.scalar(LAST_MESSAGE_ID, {"contact_id": contact_id}) or 0


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


def _message_rows(
    session: Session, query: Select[Message, str, Contact], **values: int
) -> list[MessageRow]:
    return [MessageRow(*row) for row in session.execute(query, values)]
