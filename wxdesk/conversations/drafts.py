"""What agents have typed and not sent, kept for them on every device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations.merging import LONGEST_DRAFT, get_surviving
from wxdesk.conversations.models import Conversation, Draft
from wxdesk.conversations.operations import refuse_forgotten
from wxdesk.conversations.queries import no_such_conversation
from wxdesk.conversations.rules import DraftKind, printable
from wxdesk.plumbing.db import upsert
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Drafts:
    """An agent's texts in one conversation, "" for none; `updated_at` of the later one."""

    reply: str = ""
    note: str = ""
    updated_at: datetime | None = None


def drafts_of(session: Session, conversation_id: int, agent_id: int) -> Drafts:
    rows = session.scalars(
        select(Draft).where(
            Draft.agent_id == agent_id,
            Draft.conversation_id == _surviving(session, conversation_id),
        )
    ).all()
    texts = {row.kind: row.text for row in rows}
    return Drafts(
        texts.get(DraftKind.REPLY, ""),
        texts.get(DraftKind.NOTE, ""),
        max((row.updated_at for row in rows), default=None),
    )


def keep_draft(
    uow: UnitOfWork, conversation_id: int, kind: DraftKind, text: str, *, agent_id: int
) -> None:
    """The last one written stays; an empty text removes it. InvalidInputError named by the kind.

    ConflictError once the customer's data was removed.
    """
    text = printable(text)
    if len(text) > LONGEST_DRAFT:
        raise InvalidInputError(kind.value, say("at most %(most)d characters", most=LONGEST_DRAFT))
    conversation = get_surviving(uow, conversation_id)  # locked: a merge would leave this behind
    if not text.strip():
        forget_drafts(uow, conversation.id, agent_id=agent_id, kind=kind)
        return
    refuse_forgotten(uow.session.get_one(Contact, conversation.contact_id))
    row = {
        "agent_id": agent_id,
        "conversation_id": conversation.id,
        "kind": kind,
        "text": text,
        "updated_at": uow.now,
    }
    uow.session.execute(upsert(uow.session, Draft, "text", "updated_at"), row)


def forget_drafts(
    uow: UnitOfWork, conversation_id: int, *, agent_id: int, kind: DraftKind | None = None
) -> None:
    """Remove the agent's draft of this kind, or both."""
    query = delete(Draft).where(
        Draft.agent_id == agent_id,
        Draft.conversation_id == _surviving(uow.session, conversation_id),
    )
    if kind is not None:
        query = query.where(Draft.kind == kind)
    uow.session.execute(query.execution_options(synchronize_session=False))


def prune(uow: UnitOfWork, limit: int) -> int:
    """Remove up to `limit` drafts that nobody touched for 90 days; how many."""
    keys = uow.session.execute(
        select(Draft.agent_id, Draft.conversation_id, Draft.kind)
        .where(Draft.updated_at < uow.now - KEPT)
        .order_by(Draft.updated_at)
        .limit(limit)
    ).all()
    key = tuple_(Draft.agent_id, Draft.conversation_id, Draft.kind)
    uow.session.execute(
        delete(Draft)
        .where(key.in_([tuple(it) for it in keys]), Draft.updated_at < uow.now - KEPT)
        .execution_options(synchronize_session=False)
    )
    return len(keys)


def _surviving(session: Session, conversation_id: int) -> int:
    """The conversation's id, or of the one that it was merged into; NotFoundError."""
    while True:
        row = session.execute(
            select(Conversation.merged_into_id).where(Conversation.id == conversation_id)
        ).one_or_none()
        if row is None:
            raise no_such_conversation(conversation_id)
        if row[0] is None:
            return conversation_id
        conversation_id = row[0]
