"""What other tables know of some conversations: one statement tells where there is something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from wxdesk.accounts.models import MessageTemplate
from wxdesk.contacts.models import ContactTag
from wxdesk.conversations.models import Conversation, ConversationTagging, Draft
from wxdesk.conversations.reading import MARKED_ID
from wxdesk.inbox.ways import IS_UNSENT
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.db import one_of
from wxdesk.satisfaction.models import SatisfactionRating


def _is_any(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """EXISTS, but always by an index: for that PostgreSQL may read the whole table once."""
    one: Select[Any] = select(literal_column("1")).where(*conditions).limit(literal_column("1"))
    return one.scalar_subquery().is_not(None)


AGENT_ID: BindParameter[int] = bindparam("agent_id")
FOUND = select(
    Conversation.id,
    Conversation.contact_id,
    Conversation.account_id,
    MARKED_ID.scalar_subquery(),
    _is_any(Draft.agent_id == AGENT_ID, Draft.conversation_id == Conversation.id),
    _is_any(ConversationTagging.conversation_id == Conversation.id),
    _is_any(SatisfactionRating.conversation_id == Conversation.id),
    _is_any(ContactTag.contact_id == Conversation.contact_id),
    _is_any(DeliveryRow.contact_id == Conversation.contact_id, IS_UNSENT),
    _is_any(MessageTemplate.account_id == Conversation.account_id),
).where(one_of(Conversation.id))


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of `FOUND`."""

    id: int
    contact_id: int
    account_id: int
    read_to: int | None
    has_draft: bool
    has_tags: bool
    has_ratings: bool
    has_contact_tags: bool
    has_unsent: bool
    has_templates: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Customers with how far this agent has read, and ids of those of whom there is something.

    `drafts`, `tagged` and `rated` are conversations, `labelled` and `unsent` customers, `templates`
    accounts. Most lists have nothing of most of these, and each is a query less.
    """

    read: dict[int, int]
    drafts: set[int]
    tagged: list[int]
    rated: list[int]
    labelled: list[int]
    unsent: list[int]
    templates: set[int]


def find_beside(session: Session, conversation_ids: Sequence[int], agent_id: int) -> Found:
    """One query for a whole list."""
    values = {"ids": list(conversation_ids), "agent_id": agent_id}
    rows = [_Line(*row) for row in session.execute(FOUND, values)]
    return Found(
        read={row.contact_id: row.read_to for row in rows if row.read_to is not None},
        drafts={row.id for row in rows if row.has_draft},
        tagged=[row.id for row in rows if row.has_tags],
        rated=[row.id for row in rows if row.has_ratings],
        labelled=[row.contact_id for row in rows if row.has_contact_tags],
        unsent=[row.contact_id for row in rows if row.has_unsent],
        templates={row.account_id for row in rows if row.has_templates},
    )
