"""Which conversations a list shall hold: its filters, and what they ask of each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, select, true

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import (
    Conversation,
    ConversationTagging,
    Draft,
    Mention,
    Message,
    ReadMark,
)
from wxdesk.conversations.rules import Direction, Priority, Status
from wxdesk.plumbing.unindexed import unindexed

STATUSES = tuple(Status)

Condition = ColumnElement[bool]
Row = type[Conversation]


class Order(StrEnum):
    """`deadline` is the inbox: windows about to close, then first deadline, then oldest.

    `priority` is the same within urgent, high, normal and low.
    """

    DEADLINE = "deadline"
    WAITING = "waiting"
    NEWEST = "newest"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """What to list; None (or no status) means any. `assignee_id` and `team_id` 0 mean none.

    `due_before`: not breached yet, with a deadline until then. `unread_by`, `mentions_of` and
    `drafts_of` are agents. Conversations that were merged into another are never listed.
    """

    statuses: tuple[Status, ...] = ()
    assignee_id: int | None = None
    team_id: int | None = None
    tag_id: int | None = None
    priority: Priority | None = None
    account_id: int | None = None
    openid: str | None = None
    contact_id: int | None = None
    is_breached: bool | None = None
    due_before: datetime | None = None
    is_closing_soon: bool | None = None
    unread_by: int | None = None
    mentions_of: int | None = None
    unseen_mentions_of: int | None = None
    drafts_of: int | None = None
    is_spam: bool | None = False


def status_in(row: Row, wanted: ConversationFilter) -> Condition:
    return row.status.in_(wanted.statuses or STATUSES)


def is_number(column: Any, number: int) -> Condition:
    """0 stands for NULL."""
    found: Condition = column == number if number else column.is_(None)
    return found


def conditions_of(
    row: Row, wanted: ConversationFilter, *, is_walk: bool = False
) -> Iterator[Condition]:
    """Every filter but the status; on a walk none of them may choose the index."""
    plain: Any = unindexed if is_walk else lambda column: column
    yield plain(row.merged_into_id).is_(None)
    if wanted.assignee_id is not None:
        yield is_number(plain(row.assignee_id), wanted.assignee_id)
    if wanted.team_id is not None:
        yield is_number(plain(row.team_id), wanted.team_id)
    if wanted.account_id is not None:
        yield plain(row.account_id) == wanted.account_id
    if wanted.contact_id is not None:
        yield plain(row.contact_id) == wanted.contact_id
    if wanted.priority is not None:
        yield plain(row.priority) == wanted.priority
    yield from _flags(row, wanted, plain)
    yield from _elsewhere(row, wanted)


def _flags(row: Row, wanted: ConversationFilter, plain: Any) -> Iterator[Condition]:
    if wanted.is_spam is not None:
        yield plain(row.is_spam) == (true() if wanted.is_spam else false())
    if wanted.is_breached is not None:
        yield plain(row.is_breached) == (true() if wanted.is_breached else false())
    if wanted.due_before is not None:
        yield and_(plain(row.is_breached) == false(), plain(row.due_at) <= wanted.due_before)
    if wanted.is_closing_soon is not None:
        rank = plain(row.urgency_rank)
        yield rank == 0 if wanted.is_closing_soon else rank != 0


def _elsewhere(row: Row, wanted: ConversationFilter) -> Iterator[Condition]:
    """What other tables know of a conversation."""
    if wanted.openid is not None:
        yield exists().where(Contact.id == row.contact_id, Contact.openid == wanted.openid)
    if wanted.tag_id is not None:
        yield exists().where(
            ConversationTagging.conversation_id == row.id,
            ConversationTagging.tag_id == wanted.tag_id,
        )
    for agent_id, is_unseen in mentioned(wanted):
        yield row.id.in_(mentions_of(agent_id, is_unseen=is_unseen))
    if wanted.drafts_of is not None:
        yield exists().where(Draft.agent_id == wanted.drafts_of, Draft.conversation_id == row.id)
    if wanted.unread_by is not None:
        yield exists().where(
            Message.id == row.last_message_id, Message.direction == Direction.INCOMING
        )
        yield ~exists().where(
            ReadMark.agent_id == wanted.unread_by,
            ReadMark.contact_id == row.contact_id,
            ReadMark.message_id >= row.last_message_id,
        )


def mentioned(wanted: ConversationFilter) -> list[tuple[int, bool]]:
    both = ((wanted.unseen_mentions_of, True), (wanted.mentions_of, False))
    return [(agent_id, is_unseen) for agent_id, is_unseen in both if agent_id is not None]


def mentions_of(agent_id: int, *, is_unseen: bool) -> Select[int]:
    query = select(Mention.conversation_id).where(Mention.agent_id == agent_id)
    return query.where(Mention.seen_at.is_(None)) if is_unseen else query
