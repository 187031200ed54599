"""What happened step by step: messages, waits that began and ended, backlog. For the event report.

A step holds what happened from its beginning on and before its end; the backlog is that of its last
instant. Steps that lie in the future are unknown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, Place, SenderKind
from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.clock_figures import RESPONSES, fits, still_running
from wxdesk.reports.local_time import days_of, midnight, quarter_of
from wxdesk.reports.packed import Packing, Part, read_packed
from wxdesk.reports.rules import QUARTER, Filters, Period
from wxdesk.reports.volumes import count_messages, has_messages
from wxdesk.sla.models import SlaClock

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Up to this length of a period: steps of this length; beyond, local days.
STEPS = ((timedelta(hours=25), MINUTE), (timedelta(days=10), QUARTER), (timedelta(days=45), HOUR))
Counts = tuple[Counter[int], Counter[int], Counter[int]]  # received, answered, people


class MinuteOf(GenericFunction[int]):
    """Minutes since 1970 of an instant."""

    type = BigInteger()
    inherit_cache = True


@compiles(MinuteOf, "sqlite")
def _on_sqlite(element: MinuteOf, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(element.clauses, **options)
    return f"(CAST(strftime('%s', {instant}) AS INTEGER) / 60)"


@compiles(MinuteOf, "postgresql")
def _on_postgresql(element: MinuteOf, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(element.clauses, **options)
    return f"CAST(floor(extract(epoch FROM {instant}) / 60) AS BIGINT)"


@dataclass(slots=True)
class Step:
    """What happened from `begins` on; None: not known (yet).

    Of the messages `received` some were `answered` by rules; `people` are the agents' messages.
    `began` and `ended` are waits for a person.
    """

    begins: datetime
    received: int | None = None
    answered: int | None = None
    people: int | None = None
    began: int | None = None
    ended: int | None = None
    backlog: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """The steps of a period; `at_first`: the backlog before it began."""

    steps: Sequence[Step]
    at_first: int


def step_of(period: Period) -> timedelta:
    """How long the steps of such a period are."""
    length = period.until - period.since
    return next((step for most, step in STEPS if length <= most), DAY)


def read_course(session: Session, filters: Filters, now: datetime, length: timedelta) -> Course:
    """The steps of the filters' period; `length` is one of those that `step_of` gives."""
    begins = _begins(filters.period, length)
    steps = [Step(at) for at in begins]
    at_first = backlog_before(session, filters, filters.period.since)
    known = [step for step in steps if step.begins < now]
    reader = _Reader(session, replace(filters, agent_ids=()), begins, length)
    _put_waits(reader, known, at_first)
    if has_messages(filters) and not filters.agent_ids:
        _put_messages(reader, known)
    return Course(steps, at_first)


def backlog_before(session: Session, filters: Filters, at: datetime) -> int:
    """Who waited at the last instant before `at`, which begins a quarter hour.

    Who waits now, without those who began since, with those who ended since: however long the
    history is, only what came after `at` is looked at. One statement, so that nobody is missed who
    ends meanwhile. A filter of agents does not count.
    """
    its, quarter = SlaClock, quarter_of(at)
    fitting = fits(replace(filters, agent_ids=()))
    running = select(func.count()).where(*still_running(*RESPONSES), *fitting)
    since = select(func.count()).where(its.clock.in_(RESPONSES), *fitting)
    began = since.where(its.started_quarter >= quarter).scalar_subquery()
    ended = since.where(its.ended_quarter >= quarter).scalar_subquery()
    return session.scalar(select(running.scalar_subquery() - began + ended)) or 0


@dataclass(frozen=True, slots=True)
class _Reader:
    """Counts by minutes where a step is one, else by quarter hours, and puts them into steps."""

    session: Session
    filters: Filters
    begins: Sequence[datetime]
    length: timedelta

    @property
    def unit(self) -> timedelta:
        return MINUTE if self.length == MINUTE else QUARTER

    def gathered(self, rows: Iterable[Any]) -> Counter[int]:
        """By the number of the step, of rows (number of the unit since 1970, how many)."""
        found: Counter[int] = Counter()
        for number, count in rows:
            found[bisect_right(self.begins, EPOCH + number * self.unit) - 1] += count
        return found

    def waits(self, instant: Any, quarter: Any) -> Counter[int]:
        """How many response clocks have this instant in each step."""
        period = self.filters.period
        by = MinuteOf(instant) if self.unit == MINUTE else quarter
        where: list[ColumnElement[bool]] = [
            SlaClock.clock.in_(RESPONSES),
            quarter >= quarter_of(period.since),
            quarter < quarter_of(period.until),
            *fits(self.filters),
        ]
        rows = self.session.execute(
            select(by.label("unit"), func.count()).where(*where).group_by(by.label("unit"))
        )
        return self.gathered(rows)


def _put_waits(reader: _Reader, steps: Sequence[Step], backlog: int) -> None:
    its = SlaClock
    began = reader.waits(its.started_at, its.started_quarter)
    ended = reader.waits(its.ended_at, its.ended_quarter)
    for number, step in enumerate(steps):
        step.began, step.ended = began[number], ended[number]
        backlog += began[number] - ended[number]
        step.backlog = backlog


def _put_messages(reader: _Reader, steps: Sequence[Step]) -> None:
    count = _by_minute if reader.unit == MINUTE else _tallied
    received, answered, people = count(reader)
    for number, step in enumerate(steps):
        step.received, step.answered = received[number], answered[number]
        step.people = people[number]


def _by_minute(reader: _Reader) -> Counts:
    its, period = Message, reader.filters.period
    is_in, is_out = its.direction == Direction.INCOMING, its.direction == Direction.OUTGOING
    kind = case(
        (is_in & (its.place == Place.CONVERSATION), 0),
        (is_in & (its.place == Place.AUTO_ANSWERED), 1),
        (is_out & (its.sender_kind == SenderKind.AGENT), 2),
        else_=3,
    )
    where = [its.received_at >= period.since, its.received_at < period.until]
    where.append(its.undone_at.is_(None))
    if reader.filters.account_ids:
        where.append(its.account_id.in_(reader.filters.account_ids))
    packing = Packing((Part(MinuteOf(its.received_at), 40), Part(kind, 3)))
    rows: list[list[tuple[int, int]]] = [[], [], [], []]
    packed = Counter(read_packed(reader.session, packing, its.__table__, where))
    for number, count in packed.items():
        minute, which = packing.unpack(number)
        rows[which or 0].append((minute or 0, count))
    to_people, by_rules, people, _ = (reader.gathered(each) for each in rows)
    return to_people + by_rules, by_rules, people


def _tallied(reader: _Reader) -> Counts:
    found = count_messages(reader.session, reader.filters, "quarter")
    return (
        reader.gathered((quarter, its.received) for (quarter,), its in found.items()),
        reader.gathered((quarter, its.auto_answered) for (quarter,), its in found.items()),
        reader.gathered((quarter, its.by_people) for (quarter,), its in found.items()),
    )


def _begins(period: Period, length: timedelta) -> list[datetime]:
    if length == DAY:
        days = (midnight(day, period.zone) for day in days_of(period))
        return [max(at, period.since) for at in days]
    count = -(-(period.until - period.since) // length)
    return [period.since + number * length for number in range(count)]
