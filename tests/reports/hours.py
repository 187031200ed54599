"""Business hours worked out the slow way, for Shanghai in autumn 2026: no library, no zone rules.

Shanghai is eight hours ahead of UTC all year. The State Council's days off and make-up workdays
of that autumn are written out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

EIGHT_HOURS = timedelta(hours=8)
CLOSED = {date(2026, 9, day) for day in (25, 26, 27)} | {date(2026, 10, day) for day in range(1, 8)}
MAKE_UP = {date(2026, 9, 20), date(2026, 10, 10)}
LONGEST = timedelta(days=400)

Spans = list[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Hours:
    """Of the seven weekdays [(begin, end)] in hours of the day; an end over 24 is next day."""

    week: tuple[tuple[tuple[float, float], ...], ...]
    has_holidays: bool = True
    own: Mapping[date, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    def of(self, day: date) -> tuple[tuple[float, float], ...]:
        if day in self.own:
            return self.own[day]
        if self.has_holidays and day in CLOSED:
            return ()
        if self.has_holidays and day in MAKE_UP:
            return self.week[0]
        return self.week[day.weekday()]


def spans(hours: Hours, since: datetime, until: datetime) -> Spans:
    """When it is open from `since` until `until`."""
    found = []
    day = (since + EIGHT_HOURS).date() - timedelta(days=1)
    while day <= (until + EIGHT_HOURS).date():
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - EIGHT_HOURS
        for begin, end in hours.of(day):
            opens, closes = midnight + timedelta(hours=begin), midnight + timedelta(hours=end)
            if max(opens, since) < min(closes, until):
                found.append((max(opens, since), min(closes, until)))
        day += timedelta(days=1)
    return found


def open_time(hours: Hours | None, since: datetime, until: datetime) -> timedelta:
    """How much of it is open; all of it without hours."""
    if hours is None:
        return max(until - since, timedelta(0))
    return sum((closes - opens for opens, closes in spans(hours, since, until)), timedelta(0))


def when_passed(hours: Hours | None, since: datetime, wanted: timedelta) -> datetime:
    """The first instant at which so much open time has passed since then."""
    if hours is None:
        return since + wanted
    for opens, closes in spans(hours, since, since + LONGEST):
        if closes - opens >= wanted:
            return opens + wanted
        wanted -= closes - opens
    raise AssertionError("never open")


def is_open(hours: Hours, at: datetime) -> bool:
    return bool(spans(hours, at, at + timedelta(microseconds=1)))
