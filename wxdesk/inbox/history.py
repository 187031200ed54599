"""A customer's past: conversations, automatic answers and files, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent
from wxdesk.agents.queries import names_of as agent_names
from wxdesk.conversations.beside import tags_of
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Line, SenderKind
from wxdesk.media.queries import FileView, list_files
from wxdesk.triage.queries import names_of as rule_names

WITH_FILES = ("image", "voice", "video", "shortvideo", "file")


@dataclass(frozen=True, slots=True)
class PastConversation:
    conversation: Conversation
    assignee: Agent | None
    last_message: Message | None
    tags: list[str]


@dataclass(frozen=True, slots=True)
class AutoReply:
    """An answer that a rule gave, with the rule's name of today."""

    message: Message
    rule_name: str


@dataclass(frozen=True, slots=True)
class PastNote:
    """A private note with its author's name."""

    message: Message
    author: str


@dataclass(frozen=True, slots=True)
class PastFile:
    message: Message
    file: FileView


def list_past_conversations(
    session: Session, contact_id: int, *, before_id: int | None, limit: int
) -> list[PastConversation]:
    """Conversations before this id, by id."""
    query = (
        select(Conversation, Agent, Message)
        .outerjoin(Agent, Agent.id == Conversation.assignee_id)
        .outerjoin(Message, Message.id == Conversation.last_message_id)
        .where(Conversation.contact_id == contact_id)
        .order_by(Conversation.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(Conversation.id < before_id)
    rows = session.execute(query).all()
    tags = tags_of(session, [conversation.id for conversation, _, _ in rows])
    return [PastConversation(*row, tags=tags.get(row[0].id, [])) for row in rows]


def list_auto_replies(
    session: Session, contact_id: int, *, before_id: int | None, limit: int
) -> list[AutoReply]:
    """Answers of rules before this message id, by id."""
    messages = _messages(session, contact_id, before_id, limit, is_by_rule=True)
    names = rule_names(session, {message.sender_id for message in messages if message.sender_id})
    return [AutoReply(message, names.get(message.sender_id or 0, "")) for message in messages]


def list_notes(
    session: Session, contact_id: int, *, before_id: int | None, limit: int
) -> list[PastNote]:
    """Notes of colleagues before this message id, by id."""
    query = select(Message).where(
        Message.contact_id == contact_id,
        Message.direction == Direction.INTERNAL,
        Message.kind == Line.NOTE,
    )
    if before_id is not None:
        query = query.where(Message.id < before_id)
    messages = session.scalars(query.order_by(Message.id.desc()).limit(limit)).all()
    names = agent_names(session, {message.sender_id for message in messages if message.sender_id})
    return [PastNote(message, names.get(message.sender_id or 0, "")) for message in messages]


def list_past_files(
    session: Session, contact_id: int, *, before_id: int | None, limit: int
) -> tuple[list[PastFile], int | None]:
    """Files of messages before this id, and where the next page begins (None at the end).

    A message's files stay together: a page has those of `limit` messages.
    """
    messages = _messages(session, contact_id, before_id, limit + 1, is_by_rule=False)
    shown = messages[:limit]
    files = list_files(session, [message.id for message in shown])
    found = [PastFile(message, file) for message in shown for file in files.get(message.id, [])]
    return found, shown[-1].id if len(messages) > limit else None


def _messages(
    session: Session, contact_id: int, before_id: int | None, limit: int, *, is_by_rule: bool
) -> Sequence[Message]:
    query = select(Message).where(Message.contact_id == contact_id)
    if is_by_rule:
        query = query.where(Message.sender_kind == SenderKind.RULE)
    else:
        query = query.where(
            Message.kind.in_(WITH_FILES),
            Message.sender_kind.in_([SenderKind.CUSTOMER, SenderKind.AGENT]),
            Message.undone_at.is_(None),
        )
    if before_id is not None:
        query = query.where(Message.id < before_id)
    return session.scalars(query.order_by(Message.id.desc()).limit(limit)).all()
