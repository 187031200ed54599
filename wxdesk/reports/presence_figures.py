"""Who was there and for how long, and how long answers took in hand. For the presence report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import PresenceSpan, TeamMember
from wxdesk.agents.rules import Presence
from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.clock_figures import RESPONSES, fits, started_in
from wxdesk.reports.local_time import day_of, local_day
from wxdesk.reports.packed import Packing, Part, read_packed
from wxdesk.reports.rules import QUARTER, Durations, Filters, durations
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import ClockState

LONG = int(QUARTER.total_seconds())
BITS = 30
MASK = (1 << BITS) - 1
THERE = (Presence.ONLINE, Presence.AWAY)
Quarters = defaultdict[int, float]


@dataclass(slots=True)
class Work:
    """What one agent, or all together, were seen to do; `handling`: {seconds: how many answers}."""

    online: float = 0.0
    away: float = 0.0
    handling: Counter[int] = field(default_factory=Counter)
    answers: int = 0

    @property
    def durations(self) -> Durations:
        return durations(self.handling)

    @property
    def answers_per_hour(self) -> float | None:
        """Answers of an hour online; None for nobody who was never online."""
        return self.answers / (self.online / 3600) if self.online else None

    @property
    def at_once(self) -> float | None:
        """How many questions were in hand on average while online."""
        in_hand = sum(seconds * count for seconds, count in self.handling.items())
        return in_hand / self.online if self.online else None

    def add(self, other: Work) -> None:
        self.online += other.online
        self.away += other.away
        self.handling.update(other.handling)
        self.answers += other.answers


@dataclass(frozen=True, slots=True)
class Seen:
    """By agent; and how many seconds all were online (away) in each quarter hour since 1970."""

    by_agent: dict[int, Work]
    online: Quarters
    away: Quarters
    answers_by_day: Counter[str]

    @property
    def together(self) -> Work:
        work = Work()
        for each in self.by_agent.values():
            work.add(each)
        return work


def read_seen(session: Session, filters: Filters, now: datetime) -> Seen:
    """Presence by overlap with the period, answers by when the customer began to wait."""
    seen = Seen({}, defaultdict(float), defaultdict(float), Counter())
    people = _people(session, filters)
    _put_presence(session, filters, now, people, seen)
    _put_answers(session, filters, people, seen)
    return seen


def _people(session: Session, filters: Filters) -> frozenset[int] | None:
    """Whom the filters mean: None for everybody. With a team who is in it now."""
    people = frozenset(filters.agent_ids) if filters.agent_ids else None
    if filters.team_ids:
        members = session.scalars(
            select(TeamMember.agent_id).where(TeamMember.team_id.in_(filters.team_ids))
        )
        found = frozenset(members)
        people = found if people is None else people & found
    return people


def _put_presence(
    session: Session,
    filters: Filters,
    now: datetime,
    people: frozenset[int] | None,
    seen: Seen,
) -> None:
    its, since, until = PresenceSpan, filters.period.since, min(filters.period.until, now)
    query = select(its.agent_id, its.presence, its.began_at, its.ended_at).where(
        its.presence.in_(THERE),
        its.began_at < until,
        or_(its.ended_at > since, its.ended_at.is_(None)),
        *_of(its.agent_id, people),
    )
    for agent_id, presence, began_at, ended_at in session.execute(query):
        begin = (max(began_at, since) - EPOCH).total_seconds()
        end = (min(ended_at or until, until) - EPOCH).total_seconds()
        if end <= begin:
            continue
        work = seen.by_agent.setdefault(agent_id, Work())
        if presence is Presence.ONLINE:
            work.online += end - begin
            _spread(begin, end, seen.online)
        else:
            work.away += end - begin
            _spread(begin, end, seen.away)


def _spread(begin: float, end: float, quarters: Quarters) -> None:
    first, last = int(begin // LONG), int(end // LONG)
    if first == last:
        quarters[first] += end - begin
        return
    quarters[first] += (first + 1) * LONG - begin
    for quarter in range(first + 1, last):
        quarters[quarter] += LONG
    if end > last * LONG:
        quarters[last] += end - last * LONG


def _put_answers(
    session: Session, filters: Filters, people: frozenset[int] | None, seen: Seen
) -> None:
    its = SlaClock
    where = [
        *started_in(filters.period, *RESPONSES),
        *fits(filters),
        its.state == ClockState.MET,
        its.agent_id.is_not(None),
        *_of(its.agent_id, people),
    ]
    packing = Packing((Part(its.agent_id, BITS), Part(its.handling_seconds, BITS)))
    for together, count in Counter(read_packed(session, packing, its.__table__, where)).items():
        agent_id, more = (together >> BITS) - 1, together & MASK  # one more than it is, 0 is NULL
        work = seen.by_agent.get(agent_id)
        if work is None:
            work = seen.by_agent[agent_id] = Work()
        work.answers += count
        if more:
            work.handling[more - 1] = count
    of_days = Packing((Part(local_day(its.started_quarter, filters.period), 30),))
    for together, count in Counter(read_packed(session, of_days, its.__table__, where)).items():
        (number,) = of_days.unpack(together)
        seen.answers_by_day[day_of(number or 0).isoformat()] += count


def _of(column: object, people: frozenset[int] | None) -> Sequence[ColumnElement[bool]]:
    return () if people is None else (column.in_(sorted(people)),)  # type: ignore[attr-defined]
