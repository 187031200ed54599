"""Whether a person has answered what the customer wrote, as far as it has not failed."""

from __future__ import annotations

from sqlalchemy import String, column, exists, func, select, table
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Line, SenderKind
from wxdesk.conversations.timeline import Activity
from wxdesk.plumbing.db import BigId

# A table of a package above this one: how the sending of an answer ended.
DELIVERIES = table("deliveries", column("message_id", BigId), column("state", String))
# Nobody knows whether an unconfirmed one arrived: until a person looks, the customer waits.
NOT_SENT = ("failed", "withdrawn", "unconfirmed")


def last_answer_id(session: Session, conversation_id: int) -> int:
    """The highest id of the agents' answers that were sent, or are on their way; 0 for none."""
    is_lost = exists().where(
        DELIVERIES.c.message_id == Message.id, DELIVERIES.c.state.in_(NOT_SENT)
    )
    query = select(func.max(Message.id)).where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.OUTGOING,
        Message.sender_kind == SenderKind.AGENT,
        Message.undone_at.is_(None),
        ~is_lost,
    )
    return session.scalar(query) or 0


def last_resolved_id(session: Session, conversation_id: int, before_id: int) -> int:
    """The line of the last time it was resolved before this message; 0 for never."""
    query = select(func.max(Message.id)).where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.INTERNAL,
        Message.kind == Line.ACTIVITY,
        Message.payload["action"].as_string() == Activity.RESOLVED.value,
        Message.id < before_id,
        Message.undone_at.is_(None),
    )
    return session.scalar(query) or 0


def is_unanswered(session: Session, conversation: Conversation) -> bool:
    """The customer waits, and no answer is on its way."""
    if conversation.waiting_since is None:
        return False
    return last_answer_id(session, conversation.id) < (conversation.waiting_message_id or 0)
