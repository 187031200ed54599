"""Runs, their rows and their numbers; and what a run would find, before there is one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from wxdesk.accounts.facts import facts_of
from wxdesk.agents.models import Agent
from wxdesk.bulk_actions.models import BulkRow, BulkRun
from wxdesk.bulk_actions.rules import (
    COLLECT_BATCH,
    MOST_CONVERSATIONS,
    REPLIES_EVERY,
    WORKING,
    BulkAction,
    RowState,
    RunState,
)
from wxdesk.contacts.models import Contact
from wxdesk.conversations.filters import ConversationFilter
from wxdesk.conversations.lists import count_up_to, list_ids
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.inbox.contact_shapes import shown_name
from wxdesk.inbox.ways import Unsent, Way, Ways, count_unsent, ways_of
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_WORKING = 100
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with how many of its rows are in each state."""

    run: BulkRun
    agent_name: str
    counts: dict[RowState, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class RowView:
    """A row with its customer."""

    row: BulkRow
    contact: Contact


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that has something to do."""

    run_id: int
    state: RunState
    is_reply: bool


@dataclass(slots=True)
class Preview:
    """What a run would find: how many, who of them waits, and who could be answered now."""

    count: int = 0
    waiting: int = 0
    reachable: int = 0
    window_closed: int = 0
    quota_gone: int = 0
    unreachable: int = 0
    sample: list[str] = field(default_factory=list)


def get_view(session: Session, run_id: int) -> RunView:
    """One run; NotFoundError if there is none."""
    views = _views(session, select(BulkRun).where(BulkRun.id == run_id))
    if not views:
        raise NotFoundError(say("there is no bulk action %(id)d", id=run_id))
    return views[0]


def list_views(
    session: Session, agent_id: int | None, *, before_id: int | None, limit: int
) -> list[RunView]:
    """The newest runs of a person (None: of all) that are older than `before_id`."""
    query = select(BulkRun).order_by(BulkRun.id.desc()).limit(limit)
    if agent_id is not None:
        query = query.where(BulkRun.agent_id == agent_id)
    if before_id is not None:
        query = query.where(BulkRun.id < before_id)
    return _views(session, query)


def list_rows(
    session: Session, run_id: int, state: RowState | None, *, after_id: int, limit: int
) -> list[RowView]:
    """Rows of a run in the order of their conversations, from the one after `after_id`."""
    query = (
        select(BulkRow, Contact)
        .join(Conversation, Conversation.id == BulkRow.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(BulkRow.run_id == run_id, BulkRow.conversation_id > after_id)
    )
    if state is not None:
        query = query.where(BulkRow.state == state)
    rows = session.execute(query.order_by(BulkRow.conversation_id).limit(limit))
    return [RowView(row, contact) for row, contact in rows]


def list_turns(session: Session) -> list[Turn]:
    """Runs that collect or work, the oldest first; of those that answer the one that waited most.

    Answers of all runs together leave so many at once, so often, and no more.
    """
    rows = session.execute(
        select(BulkRun.id, BulkRun.state, BulkRun.action, BulkRun.replied_at)
        .where(BulkRun.state.in_(WORKING))
        .order_by(BulkRun.id)
        .limit(MOST_WORKING)
    ).all()
    waited = sorted(rows, key=lambda row: (row.replied_at is not None, row.replied_at or 0))
    return [Turn(row.id, row.state, row.action is BulkAction.REPLY) for row in waited]


def may_reply(session: Session, now: datetime) -> bool:
    """Whether the latest answers of any run are long enough ago, also by a clock set back."""
    latest = session.scalar(
        select(func.max(BulkRun.replied_at)).where(BulkRun.state.in_([*WORKING, RunState.PAUSED]))
    )
    return latest is None or not timedelta(0) <= now - latest < REPLIES_EVERY


def list_waiting(session: Session, run_id: int, limit: int) -> list[int]:
    """The next conversations that the run has to do."""
    return list(
        session.scalars(
            select(BulkRow.conversation_id)
            .where(BulkRow.run_id == run_id, BulkRow.state == RowState.WAITING)
            .order_by(BulkRow.conversation_id)
            .limit(limit)
        )
    )


def count_rows(session: Session, run_ids: Collection[int]) -> dict[int, dict[RowState, int]]:
    """By run how many rows are in each state."""
    found: dict[int, dict[RowState, int]] = {run_id: {} for run_id in run_ids}
    rows = session.execute(
        select(BulkRow.run_id, BulkRow.state, func.count())
        .where(BulkRow.run_id.in_(sorted(run_ids)))
        .group_by(BulkRow.run_id, BulkRow.state)
    )
    for run_id, state, count in rows:
        found[run_id][state] = count
    return found


def missing_of(session: Session, conversation_ids: Collection[int]) -> list[int]:
    """Those of the ids that are no conversation's."""
    known = session.scalars(
        select(Conversation.id).where(Conversation.id.in_(sorted(conversation_ids)))
    )
    return sorted(set(conversation_ids) - set(known))


def newest_ids(session: Session) -> tuple[int, int]:
    """The newest conversation and the newest message."""
    return (
        session.scalar(select(func.max(Conversation.id))) or 0,
        session.scalar(select(func.max(Message.id))) or 0,
    )


def preview(session: Session, wanted: ConversationFilter | Sequence[int], now: datetime) -> Preview:
    """Count what a filter or a list of ids finds; at most 10,000 are looked at more closely."""
    found = Preview()
    for ids in _batches(session, wanted):
        _look_at(session, ids, now, found)
    if isinstance(wanted, ConversationFilter) and found.count >= MOST_CONVERSATIONS:
        found.count = count_up_to(session, wanted, 100 * MOST_CONVERSATIONS)
    return found


def _batches(
    session: Session, wanted: ConversationFilter | Sequence[int]
) -> Iterator[Sequence[int]]:
    if not isinstance(wanted, ConversationFilter):
        for start in range(0, len(wanted), COLLECT_BATCH):
            yield wanted[start : start + COLLECT_BATCH]
        return
    after_id = 0
    for _ in range(MOST_CONVERSATIONS // COLLECT_BATCH):
        ids = list_ids(session, wanted, after_id=after_id, limit=COLLECT_BATCH)
        yield ids
        if len(ids) < COLLECT_BATCH:
            return
        after_id = ids[-1]


def _look_at(session: Session, ids: Sequence[int], now: datetime, found: Preview) -> None:
    rows = session.execute(
        select(Conversation.id, Conversation.waiting_message_id, Contact)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.id.in_(list(ids)))
        .order_by(Conversation.id)
    ).all()
    contacts = [row.Contact for row in rows]
    facts = facts_of(session, {contact.account_id for contact in contacts})
    unsent = count_unsent(session, [contact.id for contact in contacts])
    answered = _answered(session, [row.id for row in rows if row.waiting_message_id])
    found.count += len(rows)
    for row in rows:
        contact = row.Contact
        found.waiting += answered.get(row.id, 0) < (row.waiting_message_id or 0)
        ways = ways_of(
            contact,
            facts[contact.account_id],
            now,
            on_their_way=unsent.get(contact.id, Unsent()).on_their_way,
            has_templates=False,
        )
        _classify(contact, ways, now, found)
        if len(found.sample) < SAMPLE:
            found.sample.append(shown_name(contact))


def _classify(contact: Contact, ways: Ways, now: datetime, found: Preview) -> None:
    """Whoever an account without the message API serves gets the answer when they write again."""
    if ways.may(Way.SEND):
        found.reachable += 1
    elif not ways.ways:
        found.unreachable += 1
    elif not ways.has_messages or not contact.window_closes_at or contact.window_closes_at <= now:
        found.window_closed += 1
    else:
        found.quota_gone += 1


def _answered(session: Session, conversation_ids: Collection[int]) -> dict[int, int]:
    """By conversation the latest answer that was sent or is on its way."""
    if not conversation_ids:
        return {}
    rows = session.execute(
        select(Message.conversation_id, func.max(Message.id))
        .join(DeliveryRow, DeliveryRow.message_id == Message.id)
        .where(
            Message.conversation_id.in_(sorted(conversation_ids)),
            Message.direction == Direction.OUTGOING,
            Message.sender_kind == SenderKind.AGENT,
            DeliveryRow.state.not_in([Delivery.FAILED, Delivery.WITHDRAWN]),
        )
        .group_by(Message.conversation_id)
    )
    return dict(rows.all())  # type: ignore[arg-type]


def _views(session: Session, query: Select[Any]) -> list[RunView]:
    rows = session.execute(
        query.add_columns(Agent.name).join(Agent, Agent.id == BulkRun.agent_id)
    ).all()
    counts = count_rows(session, [run.id for run, _ in rows])
    return [RunView(run, name, counts[run.id]) for run, name in rows]
