"""What stands beside conversations in lists: tags, an agent's drafts and what they have read."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import ConversationTag, ConversationTagging, Draft, ReadMark
from wxdesk.plumbing.db import one_of

TAGS = (
    select(ConversationTagging.conversation_id, ConversationTag.name)
    .join(ConversationTag, ConversationTag.id == ConversationTagging.tag_id)
    .where(one_of(ConversationTagging.conversation_id))
    .order_by(ConversationTag.name)
)
DRAFTS = select(Draft.conversation_id).where(
    Draft.agent_id == bindparam("agent_id"), one_of(Draft.conversation_id)
)
READ = select(ReadMark.contact_id, ReadMark.message_id).where(
    ReadMark.agent_id == bindparam("agent_id"), one_of(ReadMark.contact_id)
)


def tags_of(session: Session, conversation_ids: Collection[int]) -> dict[int, list[str]]:
    """By conversation the names of its tags, in their order."""
    rows = session.execute(TAGS, {"ids": list(conversation_ids)})
    found: dict[int, list[str]] = {}
    for conversation_id, name in rows:
        found.setdefault(conversation_id, []).append(name)
    return found


def with_drafts(session: Session, conversation_ids: Collection[int], agent_id: int) -> set[int]:
    """In which of the conversations this agent has typed and not sent."""
    return set(session.scalars(DRAFTS, {"agent_id": agent_id, "ids": list(conversation_ids)}))


def read_to(session: Session, contact_ids: Collection[int], agent_id: int) -> dict[int, int]:
    """By customer the last message id that this agent has read."""
    rows = session.execute(READ, {"agent_id": agent_id, "ids": list(contact_ids)})
    return dict(rows.all())
