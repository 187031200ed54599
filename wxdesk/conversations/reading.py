"""What an agent has read, and where colleagues named them in a note."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session, aliased

from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Mention, Message, ReadMark
from wxdesk.conversations.queries import contact_id_of, last_message_id
from wxdesk.plumbing.db import upsert
from wxdesk.plumbing.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class MentionRow:
    """A mention with its note, who wrote it and about which customer."""

    mention: Mention
    message: Message
    contact: Contact
    author: str


def mark_read(uow: UnitOfWork, conversation_id: int, message_id: int, *, agent_id: int) -> None:
    """The agent has read the customer's thread up to this message; it never goes back.

    The agent's mentions in this conversation are seen. A mark beyond the last message stays there.
    """
    contact_id = contact_id_of(uow.session, conversation_id)
    reached = min(message_id, last_message_id(uow.session, contact_id))
    row = {
        "agent_id": agent_id,
        "contact_id": contact_id,
        "message_id": reached,
        "read_at": uow.now,
    }
    statement = upsert(
        uow.session, ReadMark, "message_id", "read_at", only_if=ReadMark.message_id < reached
    )
    uow.session.execute(statement, row)
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
    contact_id = contact_id_of(session, conversation_id)
    mark = session.get(ReadMark, (agent_id, contact_id))
    reached = min(message_id, last_message_id(session, contact_id))
    if mark is None or mark.message_id < reached:
        return False
    return not session.scalar(exists().where(*_unseen(conversation_id, agent_id)).select())


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


def _unseen(conversation_id: int, agent_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Mention.conversation_id == conversation_id,
        Mention.agent_id == agent_id,
        Mention.seen_at.is_(None),
    )
