"""Sizes of the inbox's views, and who waits too long: counted by indexes alone, whatever the size.

What is the same for everybody is counted once a second in each process; what saved views hold,
every five, or less often when that takes long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    false,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Session, load_only

from wxdesk.contacts.models import Contact
from wxdesk.conversations.filters import ConversationFilter
from wxdesk.conversations.lists import count_up_to
from wxdesk.conversations.models import Conversation, Draft, Mention
from wxdesk.conversations.rules import Status
from wxdesk.inbox.filters import DUE_SOON
from wxdesk.plumbing.unindexed import unindexed

KEPT_SECONDS = 1.0
VIEW_KEPT_SECONDS = 5.0
LONGEST_KEPT_SECONDS = 60.0
KEPT_PER_SECOND = 50.0  # what took 100 ms is kept for 5 s: a fiftieth of the time is spent on it
MOST_KEPT = 2_000
RESOLVED_SPAN = timedelta(hours=24)
MOST_IN_VIEW = 1_000
MOST_SLOW = 20
MOST_DRAFTS = 10_000
COUNTED = (Status.OPEN, Status.PENDING, Status.SNOOZED)
# As in the partial indexes of the model: bound parameters would keep them unused.
IS_OPEN = Conversation.status == literal_column("'open'")
IS_BREACHED = (Conversation.is_breached == true()) & (Conversation.is_spam == false())
IS_UNANSWERED = (
    IS_OPEN & Conversation.waiting_since.is_not(None) & (Conversation.is_spam == false())
)

IS_SLOW = IS_UNANSWERED & (Conversation.waiting_since <= bindparam("until"))
IS_MINE = Conversation.assignee_id == bindparam("agent_id")
IS_NOBODYS = Conversation.assignee_id.is_(None)
SLOW_ROWS: Select[int, Contact, datetime, int | None] = (
    select(Conversation.id, Contact, Conversation.waiting_since, Conversation.assignee_id)  # type: ignore[assignment]
    .join(Contact, Contact.id == Conversation.contact_id)
    .where(IS_SLOW)
    .order_by(Conversation.assignee_id, Conversation.waiting_since, Conversation.id)
    .limit(MOST_SLOW)
    .options(load_only(Contact.remark))
)
MINE, NOBODYS = SLOW_ROWS.where(IS_MINE), SLOW_ROWS.where(IS_NOBODYS)
NOBODYS_SLOW = select(func.count()).select_from(Conversation).where(IS_SLOW, IS_NOBODYS)
DRAFTED = (
    select(Draft.conversation_id)
    .distinct()
    .join(Conversation, Conversation.id == Draft.conversation_id)
    .where(
        Draft.agent_id == bindparam("agent_id"),
        Conversation.merged_into_id.is_(None),
        Conversation.is_spam == false(),
    )
    .limit(MOST_DRAFTS)
)
PERSONAL = select(
    select(func.count()).select_from(Conversation).where(IS_SLOW, IS_MINE).scalar_subquery(),
    select(func.count())
    .where(Mention.agent_id == bindparam("agent_id"), Mention.seen_at.is_(None))
    .scalar_subquery(),
    select(func.count()).select_from(DRAFTED.subquery()).scalar_subquery(),
)

Counts = dict[tuple[Status, int | None], int]


@dataclass(frozen=True, slots=True)
class Totals:
    """By status and assignee (None: nobody) without spam, and sums over all that are open.

    What was merged into another conversation is in none of them.
    `oldest_waiting_since` is when the customer wrote who has waited longest for an answer.
    """

    by_assignee: Counts
    breached: int
    due_soon: int
    closing_soon: int
    spam: int
    resolved_lately: int
    oldest_waiting_since: datetime | None

    def of_status(self, status: Status) -> int:
        return sum(count for (found, _), count in self.by_assignee.items() if found is status)

    def of_person(self, agent_id: int | None) -> int:
        """How many this agent has that are open; None: those that nobody has."""
        return self.by_assignee.get((Status.OPEN, agent_id), 0)


@dataclass(frozen=True, slots=True)
class Slow:
    """A customer who has waited too long for an answer."""

    conversation_id: int
    contact: Contact
    waiting_since: datetime
    assignee_id: int | None


@dataclass(frozen=True, slots=True)
class SlowOnes:
    """How many, and those who have waited longest."""

    count: int
    longest: list[Slow]


@dataclass(frozen=True, slots=True)
class Personal:
    """What only one agent sees: unseen mentions, conversations with a draft, slow ones."""

    mentions: int
    drafts: int
    slow: SlowOnes


def count_totals(session: Session, now: datetime) -> Totals:
    """Count once for everybody. `resolved_lately` is of the last 24 hours."""
    its = Conversation
    spam = _by_assignee(session, its.is_spam == true())
    counts = _by_assignee(session)
    is_due_soon = (its.is_breached == false()) & (its.due_at <= now + DUE_SOON)
    is_closing = (its.status == Status.OPEN) & (its.urgency_rank == 0)
    is_closing_spam = (its.is_spam == true()) & (unindexed(its.urgency_rank) == 0) & IS_OPEN
    return Totals(
        by_assignee={key: count - spam.get(key, 0) for key, count in counts.items()},
        breached=_count(session, IS_OPEN, IS_BREACHED),
        due_soon=_count(session, is_due_soon, IS_OPEN, its.is_spam == false()),
        closing_soon=_count(session, is_closing) - _count(session, is_closing_spam),
        spam=sum(spam.values()),
        resolved_lately=_count_resolved(session, now - RESOLVED_SPAN),
        oldest_waiting_since=session.scalar(
            select(func.min(its.waiting_since)).where(IS_UNANSWERED)
        ),
    )


def nobodys_slow(session: Session, until: datetime) -> SlowOnes:
    """Those that nobody has, and whose customers have waited since `until` or longer."""
    values = {"until": until}
    return SlowOnes(session.scalar(NOBODYS_SLOW, values) or 0, _longest(session, NOBODYS, values))


def personal_counts(
    session: Session, agent_id: int, until: datetime, nobodys: SlowOnes
) -> Personal:
    """Cheap: a few short index ranges. Slow are those who wait since `until` or longer."""
    values = {"agent_id": agent_id, "until": until}
    mine, mentions, drafts = session.execute(PERSONAL, values).one()
    longest = _longest(session, MINE, values) if mine else []
    both = sorted([*longest, *nobodys.longest], key=_by_wait)
    return Personal(mentions, drafts, SlowOnes(mine + nobodys.count, both[:MOST_SLOW]))


def _longest(
    session: Session, rows: Select[int, Contact, datetime, int | None], values: dict[str, Any]
) -> list[Slow]:
    return [Slow(*row) for row in session.execute(rows, values)]


def _by_wait(slow: Slow) -> tuple[datetime, int]:
    return slow.waiting_since, slow.conversation_id


def _by_assignee(session: Session, *conditions: ColumnElement[bool]) -> Counts:
    """One status at a time: so each is one stretch of an index."""
    its = Conversation
    query = select(its.assignee_id, func.count()).where(*conditions).group_by(its.assignee_id)
    return {
        (status, assignee_id): count
        for status in COUNTED
        for assignee_id, count in session.execute(query.where(its.status == status))
    }


def _count_resolved(session: Session, since: datetime) -> int:
    """All by their index, without those that lists leave out, which are few."""
    its = Conversation
    recent = unindexed(its.resolved_at) > since
    hidden = (
        _count(session, recent, its.merged_into_id.is_not(None)),
        _count(session, recent, its.is_spam == true(), its.merged_into_id.is_(None)),
    )
    return _count(session, its.resolved_at > since) - sum(hidden)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(Conversation).where(*conditions)
    return session.scalar(query) or 0


@dataclass(slots=True)
class _Kept:
    at: datetime
    count: int
    seconds: float = KEPT_SECONDS


@dataclass(slots=True)
class TotalsCache:
    """What this process counted last; one thread counts while the others wait for its result.

    `timer` gives seconds.
    """

    timer: Callable[[], float] = time.perf_counter
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _totals: tuple[datetime, Totals] | None = None
    _slow: dict[timedelta, tuple[datetime, SlowOnes]] = field(default_factory=dict)
    _counts: dict[object, _Kept] = field(default_factory=dict)

    def get(self, session: Session, now: datetime) -> Totals:
        with self._lock:
            if self._totals is None or _age(now, self._totals[0]) > KEPT_SECONDS:
                self._totals = (now, count_totals(session, now))
            return self._totals[1]

    def nobodys_slow(self, session: Session, now: datetime, threshold: timedelta) -> SlowOnes:
        """Those that nobody has and that wait longer than the threshold; once a second."""
        with self._lock:
            kept = self._slow.get(threshold)
            if kept is None or _age(now, kept[0]) > KEPT_SECONDS:
                kept = self._slow[threshold] = (now, nobodys_slow(session, now - threshold))
            return kept[1]

    def views(
        self, session: Session, now: datetime, wanted: Sequence[tuple[object, ConversationFilter]]
    ) -> list[int]:
        """Sizes of saved views (by a key that names view and asker), counted to 1,000.

        What took longer than 100 ms is kept the longer, up to a minute.
        """
        found = []
        for key, filters in wanted:
            kept = self._counts.get(key)
            if kept is None or _age(now, kept.at) > kept.seconds:
                began = self.timer()
                count = count_up_to(session, filters, MOST_IN_VIEW)
                seconds = (self.timer() - began) * KEPT_PER_SECOND
                seconds = min(max(VIEW_KEPT_SECONDS, seconds), LONGEST_KEPT_SECONDS)
                kept = _Kept(now, count, seconds)
                self._put(key, kept)
            found.append(kept.count)
        return found

    def _put(self, key: object, kept: _Kept) -> None:
        if len(self._counts) >= MOST_KEPT:
            self._counts.clear()
        self._counts[key] = kept


def _age(now: datetime, at: datetime) -> float:
    return abs((now - at).total_seconds())
