"""Everything of one conversation moves to another of the same customer."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from wxdesk.commit_steps import PROMISES
from wxdesk.conversations.models import (
    Conversation,
    ConversationTagging,
    Draft,
    Mention,
    Message,
)
from wxdesk.conversations.operations import get_locked
from wxdesk.plumbing.db import hold, insert_new
from wxdesk.plumbing.unit_of_work import UnitOfWork

LONGEST_DRAFT = 20_000


def move_rows(uow: UnitOfWork, source_id: int, target_id: int) -> None:
    """Messages, notes, mentions, tags and drafts; both conversations are locked."""
    for model in (Message, Mention):
        uow.session.execute(
            update(model)
            .where(model.conversation_id == source_id)
            .values(conversation_id=target_id)
            .execution_options(synchronize_session=False)
        )
    _move_tags(uow, source_id, target_id)
    _move_drafts(uow, source_id, target_id)


def get_surviving(uow: UnitOfWork, conversation_id: int) -> Conversation:
    """The conversation, or where its messages went; locked. NotFoundError."""
    conversation, _ = get_locked(uow, conversation_id)
    while conversation.merged_into_id is not None:
        conversation, _ = get_locked(uow, conversation.merged_into_id)
    return conversation


def _move_tags(uow: UnitOfWork, source_id: int, target_id: int) -> None:
    of_source = ConversationTagging.conversation_id == source_id
    tags = uow.session.execute(
        select(ConversationTagging.tag_id, ConversationTagging.tagged_at).where(of_source)
    ).all()
    if not tags:
        return
    hold(uow.session, PROMISES, is_shared=True)  # whoever removes a tag holds it alone
    rows = [
        {"conversation_id": target_id, "tag_id": tag_id, "tagged_at": tagged_at}
        for tag_id, tagged_at in tags
    ]
    uow.session.execute(insert_new(uow.session, ConversationTagging), rows)
    uow.session.execute(
        delete(ConversationTagging).where(of_source).execution_options(synchronize_session=False)
    )


def _move_drafts(uow: UnitOfWork, source_id: int, target_id: int) -> None:
    """Where an agent has typed in both, the texts are joined as far as they fit."""
    rows = uow.session.scalars(
        select(Draft)
        .where(Draft.conversation_id.in_([source_id, target_id]))
        .execution_options(populate_existing=True)
    ).all()
    kept = {(row.agent_id, row.kind): row for row in rows if row.conversation_id == target_id}
    for row in rows:
        if row.conversation_id == target_id:
            continue
        other = kept.get((row.agent_id, row.kind))
        if other is None:
            row.conversation_id = target_id
            continue
        joined = f"{other.text}\n\n{row.text}"
        if len(joined) <= LONGEST_DRAFT:
            other.text, other.updated_at = joined, max(other.updated_at, row.updated_at)
        elif row.updated_at > other.updated_at:
            other.text, other.updated_at = row.text, row.updated_at
        uow.session.delete(row)
    uow.session.flush()
