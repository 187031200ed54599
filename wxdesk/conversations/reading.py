"""What an agent has read, and where colleagues named them in a note."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, SQLColumnExpression, bindparam, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Mention, Message, ReadMark
from wxdesk.conversations.queries import no_such_conversation
from wxdesk.plumbing.db import upsert
from wxdesk.plumbing.unit_of_work import UnitOfWork


def _unseen(
    conversation_id: int | SQLColumnExpression[int], agent_id: int | SQLColumnExpression[int]
) -> tuple[ColumnElement[bool], ...]:
    """The mentions of an agent in a conversation who has not seen them."""
    return (
        Mention.conversation_id == conversation_id,
        Mention.agent_id == agent_id,
        Mention.seen_at.is_(None),
    )


LAST_ID = select(func.max(Message.id)).where(Message.contact_id == Conversation.contact_id)
MARKED_ID = select(ReadMark.message_id).where(
    ReadMark.agent_id == bindparam("agent_id"), ReadMark.contact_id == Conversation.contact_id
)
REACHED = select(
    Conversation.contact_id,
    func.coalesce(LAST_ID.scalar_subquery(), 0),
    func.coalesce(MARKED_ID.scalar_subquery(), 0),
    exists().where(*_unseen(Conversation.id, bindparam("agent_id"))),
).where(Conversation.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Reached:
    """The end of a customer's thread (0: it is empty), and how far an agent has read (0: never).

    `has_mentions`: colleagues named the agent in this conversation, who has not seen it.
    """

    contact_id: int
    last_id: int
    read_id: int
    has_mentions: bool


@dataclass(frozen=True, slots=True)
class MentionRow:
    """A mention with its note, who wrote it and about which customer."""

    mention: Mention
    message: Message
    contact: Contact
    author: str


def reached_by(session: Session, conversation_id: int, agent_id: int) -> Reached:
    """How far this agent is in the conversation; NotFoundError if there is none."""
    row = session.execute(REACHED, {"id": conversation_id, "agent_id": agent_id}).one_or_none()
    if row is None:
        raise no_such_conversation(conversation_id)
    return Reached(*row)


def mark_read(uow: UnitOfWork, conversation_id: int, message_id: int, *, agent_id: int) -> None:
    """The agent has read the customer's thread up to this message; it never goes back.

    The agent's mentions in this conversation are seen. A mark beyond the last message stays there.
    """
    before = reached_by(uow.session, conversation_id, agent_id)
    reached = min(message_id, before.last_id)
    row = {
        "agent_id": agent_id,
        "contact_id": before.contact_id,
        "message_id": reached,
        "read_at": uow.now,
    }
    statement = upsert(
        uow.session, ReadMark, "message_id", "read_at", only_if=ReadMark.message_id < reached
    )
    uow.session.execute(statement, row)
    if before.has_mentions:
        _see_mentions(uow, conversation_id, agent_id)


def _see_mentions(uow: UnitOfWork, conversation_id: int, agent_id: int) -> None:
    seen = uow.session.execute(
        update(Mention)
        .where(*_unseen(conversation_id, agent_id))
        .values(seen_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    if seen.rowcount:  # type: ignore[attr-defined]
        uow.announce(f"mentions:{agent_id}")


def is_read(session: Session, conversation_id: int, message_id: int, *, agent_id: int) -> bool:
    """Whether `mark_read` would change nothing, so that nobody waits for a writer."""
    it = reached_by(session, conversation_id, agent_id)
    return it.read_id >= min(message_id, it.last_id) and not it.has_mentions


def list_mentions(
    session: Session, agent_id: int, *, is_unseen: bool, before_id: int | None, limit: int
) -> list[MentionRow]:
    """Where this agent was named, the latest first, from the one before `before_id`."""
    author = aliased(Agent)
    query = (
        select(Mention, Message, Contact, author.name)
        .join(Message, Message.id == Mention.message_id)
        .join(Contact, Contact.id == Message.contact_id)
        .join(author, author.id == Message.sender_id)
        .where(Mention.agent_id == agent_id)
        .order_by(Mention.id.desc())
        .limit(limit)
    )
    if is_unseen:
        query = query.where(Mention.seen_at.is_(None))
    if before_id is not None:
        query = query.where(Mention.id < before_id)
    return [MentionRow(*row) for row in session.execute(query)]
