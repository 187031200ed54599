"""Own dates out of an iCal file (RFC 5545): all-day events close days, or make them workdays.

Calendars of Chinese holidays mark make-up workdays (调休) by `X-APPLE-SPECIAL-DAY` or by 班 in the
summary. Nothing is fetched from anywhere; size, events and repetitions are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar as ICalendar
from icalendar.error import BrokenCalendarProperty

from wxdesk.calendars.hours import MOST_INTERVALS, print_intervals
from wxdesk.calendars.repeating import CannotRepeatError, days_of
from wxdesk.calendars.rules import DayKind, DaySource, Interval, OwnDay
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.words import say

MOST_BYTES = 1_000_000
MOST_EVENTS = 2_000
LONGEST_EVENT_DAYS = 366
LONGEST_NAME = 100
AHEAD = timedelta(days=3 * 366)
_WORKS = re.compile(r"班|make-?up (?:work|day)|working day|workday", re.IGNORECASE)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


class TimedEvents(StrEnum):
    """What events with a time of day mean: nothing, or opening hours (a plan of shifts)."""

    SKIP = "skip"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class ICalDay:
    """A date of the file; `problem` says why it can't be taken."""

    day: date
    own: OwnDay
    problem: str | None = None


def read_ical(
    data: bytes, zone: ZoneInfo, today: date, timed: TimedEvents = TimedEvents.SKIP
) -> list[ICalDay]:
    """The dates from `today` on in order, each once; InvalidInputError("file") if it can't be read.

    A make-up workday goes before a closed day of the same date, opening hours before both.
    """
    found: dict[date, ICalDay] = {}
    for event in _events(data):
        for one in _days(event, zone, today, timed):
            if today <= one.day <= today + AHEAD:
                found[one.day] = _stronger(found.get(one.day), one)
    return [found[day] for day in sorted(found)]


def _events(data: bytes) -> list[Any]:
    if len(data) > MOST_BYTES:
        raise InvalidInputError("file", say("at most %(most)d MB", most=MOST_BYTES // 1_000_000))
    try:
        calendars = ICalendar.from_ical(data, multiple=True)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        calendars = []
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    if not events:
        raise InvalidInputError("file", say("this is no iCal file with events (.ics)"))
    if len(events) > MOST_EVENTS:
        raise InvalidInputError("file", say("at most %(most)d events", most=MOST_EVENTS))
    return [event for event in events if str(event.get("STATUS", "")).upper() != "CANCELLED"]


def _days(event: Any, zone: ZoneInfo, today: date, timed: TimedEvents) -> Iterator[ICalDay]:
    """The days of one event with all its repetitions."""
    name = " ".join(str(event.get("SUMMARY", "")).split())[:LONGEST_NAME]
    start = _value(event, "DTSTART")
    if isinstance(start, datetime):
        start = start.astimezone(zone) if start.tzinfo else start.replace(tzinfo=zone)
        first = start.date()
    elif isinstance(start, date):
        first = start
    else:
        return
    try:
        begins = list(days_of(event, first, today - LONGEST_EVENT_DAYS * _DAY, today + AHEAD))
    except CannotRepeatError:
        problem = say("it repeats in a way that can't be read: enter these dates by hand")
        yield ICalDay(max(first, today), OwnDay(DayKind.CLOSED, name=name), problem)
        return
    for day in begins:
        if isinstance(start, datetime):
            yield from _timed(event, start, day, name, timed)
        else:
            yield from _all_day(event, first, day, name)


def _all_day(event: Any, first: date, day: date, name: str) -> Iterator[ICalDay]:
    """Each day from the beginning until the end, which is not part of it."""
    special = str(event.get("X-APPLE-SPECIAL-DAY", "")).upper()
    works = special == "ALTERNATE-WORKDAY" or (not special and bool(_WORKS.search(name)))
    kind = DayKind.OPEN if works else DayKind.CLOSED
    own = OwnDay(kind, name=name, source=DaySource.ICAL)
    length = max(_length(event, first), _DAY)
    if length.days > LONGEST_EVENT_DAYS:
        yield ICalDay(day, own, say("longer than a year"))
        return
    for number in range(length.days):
        yield ICalDay(day + number * _DAY, own)


def _timed(
    event: Any, start: datetime, day: date, name: str, timed: TimedEvents
) -> Iterator[ICalDay]:
    length = _length(event, start)
    minute = start.hour * 60 + start.minute
    hours = (Interval(minute, minute + length // _MINUTE),)
    own = OwnDay(DayKind.OPEN, hours, name, DaySource.ICAL)
    if timed is TimedEvents.SKIP:
        yield ICalDay(day, own, say("it has a time of day: choose above what such events mean"))
    elif not _MINUTE <= length <= _DAY:
        yield ICalDay(day, own, say("opening hours last from 1 minute to 24 hours"))
    else:
        yield ICalDay(day, own)


def _length(event: Any, start: date | datetime) -> timedelta:
    end = _value(event, "DTEND")
    length = _value(event, "DURATION")
    if isinstance(length, timedelta):
        return length
    if isinstance(start, datetime):
        if isinstance(end, date) and not isinstance(end, datetime):
            end = datetime.combine(end, time.min)
        if not isinstance(end, datetime):
            return timedelta(0)
        return (end if end.tzinfo else end.replace(tzinfo=start.tzinfo)) - start
    if isinstance(end, datetime):
        end = end.date()
    return end - start if isinstance(end, date) else _DAY


def _value(event: Any, name: str) -> Any:
    """None when it is not there, or when it can't be read."""
    try:
        return getattr(event.get(name), "dt", None)
    except BrokenCalendarProperty:
        return None


def _stronger(known: ICalDay | None, new: ICalDay) -> ICalDay:
    """Which of two events of one date decides."""
    if known is None or (known.problem and not new.problem):
        return new
    if new.problem:
        return known
    if known.own.intervals and new.own.intervals:
        return _joined(known, new)
    return max(known, new, key=_strength)


def _strength(one: ICalDay) -> int:
    return 2 if one.own.intervals else int(one.own.kind is DayKind.OPEN)


def _joined(one: ICalDay, two: ICalDay) -> ICalDay:
    """Both shifts; those that touch become one."""
    found: list[Interval] = []
    for each in sorted({*(one.own.intervals or ()), *(two.own.intervals or ())}):
        if found and each.start <= found[-1].end:
            last = found.pop()
            found.append(Interval(last.start, max(last.end, each.end)))
        else:
            found.append(each)
    if len(found) > MOST_INTERVALS:
        return replace(one, problem=say("at most %(most)d intervals a day", most=MOST_INTERVALS))
    if any(each.end - each.start > 24 * 60 for each in found):
        text = say("%(hours)s: longer than 24 hours", hours=print_intervals(found))
        return replace(one, problem=text)
    names = [one.own.name] if two.own.name == one.own.name else [one.own.name, two.own.name]
    name = ", ".join(filter(None, names))[:LONGEST_NAME]
    return replace(one, own=replace(one.own, intervals=tuple(found), name=name))
