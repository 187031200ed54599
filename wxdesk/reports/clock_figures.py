"""What the clocks tell: how long customers waited and which promises were kept; exact."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    String,
    and_,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Conversation, ConversationTagging
from wxdesk.plumbing.unindexed import unindexed
from wxdesk.reports.local_time import is_whole, quarter_of, quarters_of
from wxdesk.reports.packed import Packing, Part, read_packed
from wxdesk.reports.rules import Attainment, Durations, Filters, Period
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock, ClockState

Key = tuple[Clock, int | None]
RESPONSES = (Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE)
EVERY_CLOCK = CLOCK_NUMBERS = tuple(Clock)
STILL_RUNNING = (ClockState.RUNNING, ClockState.PAUSED)
NEITHER, KEPT, BROKEN = 0, 1, 2


@dataclass(slots=True)
class Waits:
    """Of one kind of clocks, or several: how they ended, and how long the met ones took.

    `kept` were met in time; `broken` missed their deadline, whether or not they still run (also
    where nobody has noticed yet); `undecided` still run with a deadline ahead, or paused.
    Clocks without a deadline, or stopped before it, are none of the three.
    `seconds` of the met ones in any order; those without a value are left out.
    """

    met: int = 0
    stopped: int = 0
    running: int = 0
    kept: int = 0
    broken: int = 0
    undecided: int = 0
    seconds: list[int] = field(default_factory=list)

    @property
    def begun(self) -> int:
        return self.met + self.stopped + self.running

    @property
    def durations(self) -> Durations:
        """By nearest rank."""
        count = len(self.seconds)
        if not count:
            return Durations(0, None, None, None, None)
        self.seconds.sort()  # at once, when it is in order
        median, p90, p95 = (self.seconds[-(-count * share // 100) - 1] for share in (50, 90, 95))
        return Durations(count, median, p90, p95, self.seconds[-1])

    @property
    def attainment(self) -> Attainment:
        return Attainment(self.kept, self.broken, self.undecided)

    def add(self, other: Waits) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seconds += other.seconds


COUNTS = ("met", "stopped", "running", "kept", "broken", "undecided")


def waits_by(
    session: Session,
    filters: Filters,
    now: datetime,
    by: Any = None,
    *,
    clocks: Sequence[Clock] = EVERY_CLOCK,
    with_tags: bool = False,
) -> dict[Key, Waits]:
    """By (clock, value of `by`): the clocks that began in the period.

    `by`: a column of SlaClock with a whole number or NULL, such as an id; None for all together.
    `with_tags`: it may be ConversationTagging.tag_id; a clock counts once for each of its tags.
    """
    asked = _Asked(session, null() if by is None else by, filters, clocks, with_tags)
    found: dict[Key, Waits] = {}
    _read_ended(asked, found)
    _read_running(asked, now, found)
    return found


def together(found: Mapping[Key, Waits], *clocks: Clock) -> dict[int | None, Waits]:
    """The sums over these clocks, by what they are grouped by."""
    sums: dict[int | None, Waits] = {}
    for (clock, by), waits in found.items():
        if clock in clocks:
            sums.setdefault(by, Waits()).add(waits)
    return sums


def total(found: Mapping[Key, Waits], *clocks: Clock) -> Waits:
    """The sum over these clocks and all else."""
    waits = Waits()
    for (clock, _by), each in found.items():
        if clock in clocks:
            waits.add(each)
    return waits


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which clocks, and what they are grouped by."""

    session: Session
    by: Any
    filters: Filters
    clocks: Sequence[Clock]
    with_tags: bool

    @property
    def source(self) -> Any:
        its = SlaClock.__table__
        if not self.with_tags:
            return its
        taggings = ConversationTagging.__table__
        return its.outerjoin(taggings, taggings.c.conversation_id == its.c.conversation_id)


def _read_ended(asked: _Asked, found: dict[Key, Waits]) -> None:
    """From an index that holds all columns, as one number a clock."""
    its = SlaClock
    is_met = its.state == ClockState.MET
    kind = case(
        {clock.value: number for number, clock in enumerate(Clock)}, value=_plain(its.clock)
    )
    outcome = case(
        (its.breached_at.is_not(None), BROKEN),
        (and_(is_met, its.deadline_at.is_not(None)), KEPT),
        else_=NEITHER,
    )
    took = case((is_met, timed(asked.filters)))
    packing = Packing(
        (
            Part(kind, 2),
            Part(asked.by, 26),
            Part(case((is_met, 1), else_=0), 2),
            Part(outcome, 2),
            Part(took, 28),
        )
    )
    where = [*started_in(asked.filters.period, *asked.clocks), *fits(asked.filters)]
    where.append(its.state.in_((ClockState.MET, ClockState.STOPPED)))
    numbers = read_packed(asked.session, packing, asked.source, where)
    mask = (1 << packing.parts[-1].bits) - 1
    start = 0
    while start < len(numbers):
        end = bisect_right(numbers, numbers[start] | mask, start)
        clock, by, was_met, became, *_ = packing.unpack(numbers[start])
        waits = found.setdefault((CLOCK_NUMBERS[clock or 0], by), Waits())
        _count(waits, bool(was_met), became, numbers[start:end], mask)
        start = end


def _count(waits: Waits, was_met: bool, became: int | None, numbers: list[int], mask: int) -> None:
    count = len(numbers)
    if was_met:
        waits.met += count
        first = bisect_right(numbers, numbers[0] & ~mask)  # 0 is NULL
        less = (numbers[0] & ~mask) + 1
        waits.seconds += [number - less for number in numbers[first:]]
    else:
        waits.stopped += count
    if became == KEPT:
        waits.kept += count
    elif became == BROKEN:
        waits.broken += count


def _read_running(asked: _Asked, now: datetime, found: dict[Key, Waits]) -> None:
    """Few: they have an index of their own."""
    its = SlaClock
    outcome = case(
        (is_broken(now), BROKEN),
        (its.deadline_at.is_not(None), KEPT),
        (its.paused_at.is_not(None) & its.remaining_seconds.is_not(None), KEPT),
        else_=NEITHER,
    )
    columns: list[Any] = [
        it.label(f"by_{n}") for n, it in enumerate((its.clock, asked.by, outcome))
    ]
    query: Any = select(*columns, func.count()).select_from(asked.source)
    quarters = quarters_of(asked.filters.period)
    query = query.where(
        *still_running(*asked.clocks),
        its.started_quarter >= quarters.start,
        its.started_quarter < quarters.stop,
        *fits(asked.filters),
    )
    rows = asked.session.execute(query.group_by(*(literal_column(it.name) for it in columns)))
    for clock, by, became, count in rows:
        waits = found.setdefault((clock, by), Waits())
        waits.running += count
        if became == KEPT:
            waits.undecided += count
        elif became == BROKEN:
            waits.broken += count


def _plain(column: Any) -> Any:
    """An enum's text as the database has it."""
    return type_coerce(column, String)


def is_broken(now: datetime) -> ColumnElement[bool]:
    """The deadline was missed, also where the check has not been yet."""
    its = SlaClock
    is_late = and_(its.ended_at.is_(None), its.paused_at.is_(None), its.deadline_at < now)
    return or_(its.breached_at.is_not(None), is_late)


def fits(filters: Filters) -> list[ColumnElement[bool]]:
    """Clocks by account, team, agent and tag, whenever they ran.

    Agent: who answered or resolved; while it runs, who has the conversation.
    """
    its = SlaClock
    conditions: list[ColumnElement[bool]] = []
    if filters.account_ids:
        conditions.append(its.account_id.in_(filters.account_ids))
    if filters.team_ids:
        conditions.append(its.team_id.in_(filters.team_ids))
    if filters.agent_ids:
        theirs = select(Conversation.id).where(Conversation.assignee_id.in_(filters.agent_ids))
        conditions.append(
            or_(
                its.agent_id.in_(filters.agent_ids),
                and_(its.state.in_(STILL_RUNNING), its.conversation_id.in_(theirs)),
            )
        )
    if filters.tag_ids:
        conditions.append(its.conversation_id.in_(tagged(filters)))
    return conditions


def tagged(filters: Filters) -> Any:
    """The ids of conversations that have any of the tags now."""
    return select(ConversationTagging.conversation_id).where(
        ConversationTagging.tag_id.in_(filters.tag_ids)
    )


def still_running(*clocks: Clock) -> list[ColumnElement[bool]]:
    """Clocks of these kinds (all without) that run or pause now.

    Said so that SQLite takes the small index of running clocks, of which it keeps no statistics.
    """
    its = SlaClock
    where = [its.ended_at.is_(None), its.started_quarter >= 0]
    if clocks and clocks != EVERY_CLOCK:
        where.append(unindexed(its.clock).in_(clocks))
    return where


def started_in(period: Period, *clocks: Clock) -> list[ColumnElement[bool]]:
    """Clocks of these kinds whose customer began to wait in the period."""
    its = SlaClock
    conditions: list[ColumnElement[bool]] = [its.clock.in_(clocks or EVERY_CLOCK)]
    conditions.append(its.started_quarter >= quarter_of(period.since))
    if is_whole(period.until):
        conditions.append(its.started_quarter < quarter_of(period.until))
    else:
        conditions.append(its.started_at < period.until)
    if not is_whole(period.since):
        conditions.append(its.started_at >= period.since)
    return conditions


def timed(filters: Filters) -> SQLColumnExpression[int | None]:
    """The column of durations that the filters ask for."""
    return SlaClock.business_seconds if filters.has_business_hours else SlaClock.seconds
