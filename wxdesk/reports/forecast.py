"""How many agents are needed in each half hour: from history, and through a planned event. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.erlang import Load, Service, Target, needed, service
from wxdesk.reports.rules import QUARTER

HALF_HOUR = timedelta(minutes=30)
A_DAY = 48  # half hours
A_WEEK = 7 * A_DAY
USUAL_HANDLING_SECONDS = 120
MOST_BUSY = 10_000  # questions in work at a time


@dataclass(frozen=True, slots=True)
class Staffing:
    """What is asked of the team and how it works.

    `at_once`: questions that one agent has in hand at a time; `away`: the share (0..0.9) of their
    paid time in which they are not at the desk.
    """

    target: Target
    handling_seconds: float
    at_once: int = 1
    away: float = 0.0


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """From `starts_at` on, for `half_hours`, so many people an hour come on top of the usual ones.

    `asking` (0..1) is the share of them that has a question for a person.
    """

    starts_at: datetime
    half_hours: int
    people_per_hour: float
    asking: float


@dataclass(frozen=True, slots=True)
class Need:
    """One half hour. `questions`: how many are expected, None where history has nothing to say.

    `agents` are those at the desk, `paid` with those who are away; None: more than can be counted.
    `one_fewer` is None where nobody is needed.
    """

    begins: int
    questions: float | None
    agents: int | None
    paid: int | None
    given: Service | None
    one_fewer: Service | None


def half_hour_of(instant: datetime, zone: ZoneInfo) -> int:
    """0 to 335, from Monday 00:00 on, by the clock on the wall."""
    local = instant.astimezone(zone)
    return local.weekday() * A_DAY + local.hour * 2 + local.minute // 30


def arrivals(
    quarters: Mapping[int, int], first_day: date, last_day: date, zone: ZoneInfo, *, busiest: bool
) -> list[float | None]:
    """Questions in each half hour of the week, of days from the first to the last (both included).

    `quarters`: questions by quarter hour since 1970. The mean of all such weekdays, or the busiest
    of them; None for a weekday that did not occur.
    """
    found: list[dict[date, int]] = [{} for _ in range(A_WEEK)]
    for quarter, count in quarters.items():
        local = (EPOCH + quarter * QUARTER).astimezone(zone)
        if first_day <= local.date() <= last_day:
            by_day = found[half_hour_of(local, zone)]
            by_day[local.date()] = by_day.get(local.date(), 0) + count
    days = weekdays_between(first_day, last_day)
    return [
        _typical(by_day, days[index // A_DAY], busiest=busiest)
        for index, by_day in enumerate(found)
    ]


def weekdays_between(first_day: date, last_day: date) -> list[int]:
    """How often each weekday occurs from the first day to the last, Monday first."""
    count = max((last_day - first_day).days + 1, 0)
    first = first_day.weekday()
    return [count // 7 + ((weekday - first) % 7 < count % 7) for weekday in range(7)]


def present(
    spans: Sequence[tuple[datetime, datetime]], first_day: date, last_day: date, zone: ZoneInfo
) -> list[float | None]:
    """How many were there on average in each half hour of the week; `spans` may overlap."""
    seconds = [0.0] * A_WEEK
    for began_at, ended_at in spans:
        at = began_at
        while at < ended_at:
            after = min(EPOCH + ((at - EPOCH) // HALF_HOUR + 1) * HALF_HOUR, ended_at)
            if first_day <= at.astimezone(zone).date() <= last_day:
                seconds[half_hour_of(at, zone)] += (after - at).total_seconds()
            at = after
    days = weekdays_between(first_day, last_day)
    long = HALF_HOUR.total_seconds()
    return [
        total / long / days[index // A_DAY] if days[index // A_DAY] else None
        for index, total in enumerate(seconds)
    ]


def need_of(begins: int, questions: float | None, staffing: Staffing) -> Need:
    """What one half hour needs, and what happens with one agent fewer."""
    if questions is None:
        return Need(begins, None, None, None, None, None)
    return replace(_need(questions, staffing), begins=begins)


@lru_cache(maxsize=4_096)
def _need(questions: float, staffing: Staffing) -> Need:
    """Of half hour 0. Half hours are often alike, and great loads take milliseconds each."""
    load = Load(questions * 2, staffing.handling_seconds)
    slots = needed(load, staffing.target) if load.erlangs <= MOST_BUSY else None
    if slots is None:
        return Need(0, questions, None, None, None, None)
    agents = math.ceil(slots / staffing.at_once)
    return Need(
        0,
        questions,
        agents,
        math.ceil(round(agents / (1 - staffing.away), 6)),
        _given(load, agents, staffing),
        _given(load, agents - 1, staffing) if agents else None,
    )


def week_of(arriving: Sequence[float | None], staffing: Staffing) -> list[Need]:
    """The whole week, from Monday 00:00 on."""
    return [need_of(index, questions, staffing) for index, questions in enumerate(arriving)]


def event_of(
    event: PlannedEvent, arriving: Sequence[float | None], staffing: Staffing, zone: ZoneInfo
) -> list[tuple[datetime, Need, Need]]:
    """Each half hour of the event: when it begins, what it needs, what it would need without."""
    found = []
    extra = event.people_per_hour * event.asking / 2
    for number in range(event.half_hours):
        at = event.starts_at + number * HALF_HOUR
        index = half_hour_of(at, zone)
        usual = arriving[index]
        with_event = need_of(index, (usual or 0.0) + extra, staffing)
        found.append((at, with_event, need_of(index, usual, staffing)))
    return found


def _typical(by_day: Mapping[date, int], days: int, *, busiest: bool) -> float | None:
    if not days:
        return None
    return float(max(by_day.values(), default=0)) if busiest else sum(by_day.values()) / days


def _given(load: Load, agents: int, staffing: Staffing) -> Service:
    """As many questions are in hand at once as the agents have places for."""
    found = service(load, agents * staffing.at_once, staffing.target.seconds)
    return Service(agents, found.within, found.wait_seconds, found.occupancy)
