"""Business hours as pure functions: plain values in, plain values out.

An interval belongs to the day on which it begins: a night shift runs on into a closed day. Wall
times that a zone skips stand for the instant of the change; of those that it has twice, the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from wxdesk.words import say

DAY_MINUTES = 24 * 60
LONGEST_LOOK_DAYS = 3660
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)
_SECOND = 1_000_000
_LATEST = (datetime(9900, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND  # room for ten years

Spans = tuple[tuple[int, int], ...]


class DayKind(StrEnum):
    CLOSED = "closed"
    OPEN = "open"


class DaySource(StrEnum):
    MANUAL = "manual"
    ICAL = "ical"


class DayReason(StrEnum):
    """What decided about a day: the week, a public holiday or its make-up workday, an own date."""

    WEEK = "week"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"
    OWN = "own"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Minutes since the local midnight; an `end` over 1440 lies on the next day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday, or a make-up workday (调休) for it."""

    name: str
    is_workday: bool


@dataclass(frozen=True, slots=True)
class OwnDay:
    """An own date; open with `intervals` None means: as the weekday `make_up_as`."""

    kind: DayKind
    intervals: tuple[Interval, ...] | None = None
    name: str = ""
    source: DaySource = DaySource.MANUAL


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one local day, and what decided about them."""

    day: date
    intervals: tuple[Interval, ...]
    reason: DayReason
    name: str = ""


def no_holidays(_day: date) -> Holiday | None:
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """A week (Monday first, seven entries) in a zone, with the days that differ from it.

    Never changed after it was made: what was worked out for a day is remembered in it.
    """

    zone: ZoneInfo
    week: tuple[tuple[Interval, ...], ...]
    make_up_as: int = 1
    own_days: Mapping[date, OwnDay] = field(default_factory=dict)
    holidays: Callable[[date], Holiday | None] = no_holidays
    id: int = 0
    name: str = ""
    version: int = 1
    _known: dict[date, Spans] = field(default_factory=dict, repr=False)


def day_hours(calendar: Calendar, day: date) -> DayHours:
    """Own dates go before public holidays, these before the week."""
    as_make_up = calendar.week[calendar.make_up_as - 1]
    own = calendar.own_days.get(day)
    if own is not None:
        hours = as_make_up if own.intervals is None else own.intervals
        return DayHours(day, () if own.kind is DayKind.CLOSED else hours, DayReason.OWN, own.name)
    holiday = calendar.holidays(day)
    if holiday is None:
        return DayHours(day, calendar.week[day.weekday()], DayReason.WEEK)
    if holiday.is_workday:
        return DayHours(day, as_make_up, DayReason.MAKE_UP, holiday.name)
    return DayHours(day, (), DayReason.HOLIDAY, holiday.name)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """At the very instant of closing it is closed."""
    found = next(_spans_from(calendar, _micros(at), days=2), None)
    return found is not None and found[0] <= _micros(at)


def next_opening(calendar: Calendar, at: datetime) -> datetime | None:
    """The first instant from `at` on that is open (`at` itself while open); None: none known."""
    found = next(_spans_from(calendar, _micros(at)), None)
    return None if found is None else max(at, _instant(found[0]))


def add_business_time(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """The first instant at which `duration` of open time has passed since `start`.

    NEVER (the desk's FAR_FUTURE) when the calendar doesn't open that long within ten years;
    `start` itself when `duration` isn't positive.
    """
    left = duration // _MICROSECOND
    if left <= 0:
        return start
    at = _micros(start)
    for begins, ends in _spans_from(calendar, at):
        room = ends - max(begins, at)
        if room >= left:
            return _instant(max(begins, at) + left)
        left -= room
    return NEVER


def business_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The open time between two instants (of the first ten years); 0 when `end` isn't later."""
    at, until, total = _micros(start), _micros(end), 0
    for begins, ends in _spans_from(calendar, at):
        if begins >= until:
            break
        total += min(ends, until) - max(begins, at)
    return timedelta(microseconds=max(total, 0)) if until > at else timedelta(0)


def never_opens(calendar: Calendar, after: datetime | None = None) -> str | None:
    """Why this calendar has no open time (from `after` on, if given); None when it has some."""
    if any(calendar.week):
        return None
    first = date.min if after is None else after.astimezone(calendar.zone).date()
    own = [day for day in calendar.own_days if day_hours(calendar, day).intervals]
    if not own:
        return say("it has no opening hours: neither in the week nor on any date")
    if max(own) < first:
        return say("its week has no opening hours, and its last open date has passed")
    return None


def _spans_from(
    calendar: Calendar, at: int, days: int = LONGEST_LOOK_DAYS
) -> Iterator[tuple[int, int]]:
    """Open stretches that end after `at`, in order: those of the day before reach past midnight."""
    if at >= _LATEST:
        return
    day = _instant(at).astimezone(calendar.zone).date() - _ONE_DAY
    last = None if any(calendar.week) else max(calendar.own_days, default=date.min)
    for _ in range(days):
        if last is not None and day > last:
            return
        spans = calendar._known.get(day)
        for span in _spans_of(calendar, day) if spans is None else spans:
            if span[1] > at:
                yield span
        day += _ONE_DAY


def _spans_of(calendar: Calendar, day: date) -> Spans:
    """The stretches that begin on a day, less what the day before already covers; remembered."""
    if len(calendar._known) > 2 * LONGEST_LOOK_DAYS:
        calendar._known.clear()
    covered = max((end for _, end in _raw_spans(calendar, day - _ONE_DAY)), default=0)
    found = []
    for begins, ends in _raw_spans(calendar, day):
        if ends > max(begins, covered):
            found.append((max(begins, covered), ends))
            covered = ends
    spans = calendar._known[day] = tuple(found)
    return spans


def _raw_spans(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    return [
        (_wall(calendar.zone, day, each.start), _wall(calendar.zone, day, each.end))
        for each in sorted(day_hours(calendar, day).intervals)
    ]


def _wall(zone: ZoneInfo, day: date, minute: int) -> int:
    """The instant at which clocks in a zone show `minute` of a day."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
    shown = wall.replace(tzinfo=zone)
    at = shown.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return _micros(at)
    before, after = _micros(shown.replace(fold=1).astimezone(UTC)), _micros(at)
    return _change_between(zone, before, after)


def _change_between(zone: ZoneInfo, before: int, after: int) -> int:
    """The second in which a zone's clocks were put forward."""
    old = _instant(before).astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _instant(middle).astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
