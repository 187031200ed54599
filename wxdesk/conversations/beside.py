"""What stands beside conversations in lists: their tags."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import ConversationTag, ConversationTagging
from wxdesk.plumbing.db import one_of

TAGS = (
    select(ConversationTagging.conversation_id, ConversationTag.name)
    .join(ConversationTag, ConversationTag.id == ConversationTagging.tag_id)
    .where(one_of(ConversationTagging.conversation_id))
    .order_by(ConversationTag.name)
)


def tags_of(session: Session, conversation_ids: Collection[int]) -> dict[int, list[str]]:
    """By conversation the names of its tags, in their order."""
    if not conversation_ids:
        return {}
    rows = session.execute(TAGS, {"ids": list(conversation_ids)})
    found: dict[int, list[str]] = {}
    for conversation_id, name in rows:
        found.setdefault(conversation_id, []).append(name)
    return found
