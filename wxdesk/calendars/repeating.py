"""The days on which an iCal event begins: each day, week or year, as calendars of holidays repeat.

Rarer rules (the last Monday of a month) raise CannotRepeatError instead of giving wrong days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from icalendar.error import BrokenCalendarProperty

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_STEPS = 50_000
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "WKST"}


class CannotRepeatError(ValueError):
    """The rule of repetition is one that isn't read."""


def days_of(event: Any, first: date, earliest: date, latest: date) -> Iterator[date]:
    """The first day of each occurrence between two days, with RDATE, without EXDATE."""
    excluded = set(_dates(event, "EXDATE"))
    for day in sorted({*_repeated(event, first, latest), *_dates(event, "RDATE")}):
        if earliest <= day <= latest and day not in excluded:
            yield day


def _repeated(event: Any, first: date, latest: date) -> Iterator[date]:
    rule = event.get("RRULE")
    if rule is None:
        yield first
        return
    if isinstance(rule, list) or set(rule) - _KNOWN:
        raise CannotRepeatError
    until = _until(rule, latest)
    count = _number(rule, "COUNT", MOST_STEPS)
    for number, day in enumerate(_steps(rule, first)):
        if number >= min(count, MOST_STEPS) or day > until:
            return
        yield day


def _steps(rule: Any, first: date) -> Iterator[date]:
    """All days of the rule from the first on, without end."""
    kind, step = str(_one(rule, "FREQ")).upper(), _number(rule, "INTERVAL", 1)
    if not 1 <= step <= 1000:
        raise CannotRepeatError
    if kind == "YEARLY":
        yield from _yearly(rule, first, step)
    elif kind == "WEEKLY" and not {"BYMONTH", "BYMONTHDAY"} & set(rule):
        yield from _weekly(rule, first, step)
    elif kind == "DAILY" and not {"BYMONTH", "BYMONTHDAY", "BYDAY"} & set(rule):
        for number in range(MOST_STEPS):
            yield first + timedelta(days=number * step)
    else:
        raise CannotRepeatError


def _yearly(rule: Any, first: date, step: int) -> Iterator[date]:
    """The same date each year; 29 February only in years that have it."""
    same = {"BYMONTH": first.month, "BYMONTHDAY": first.day}
    if "BYDAY" in rule or any(_number(rule, name, value) != value for name, value in same.items()):
        raise CannotRepeatError
    for year in range(first.year, 9000, step):
        try:
            yield first.replace(year=year)
        except ValueError:
            continue


def _weekly(rule: Any, first: date, step: int) -> Iterator[date]:
    named = [str(day).upper() for day in rule.get("BYDAY", [DAYS[first.weekday()]])]
    if any(day not in DAYS for day in named):
        raise CannotRepeatError
    weekdays = sorted(DAYS.index(day) for day in named)
    monday = first - timedelta(days=first.weekday())
    for number in range(MOST_STEPS // 7):
        for weekday in weekdays:
            day = monday + timedelta(days=7 * number * step + weekday)
            if day >= first:
                yield day


def _until(rule: Any, latest: date) -> date:
    until = _one(rule, "UNTIL") if "UNTIL" in rule else latest
    return min(_plain(until), latest)


def _number(rule: Any, name: str, default: int) -> int:
    if name not in rule:
        return default
    try:
        return int(_one(rule, name))
    except (TypeError, ValueError):
        raise CannotRepeatError from None


def _one(rule: Any, name: str) -> Any:
    values = rule.get(name)
    if isinstance(values, list):
        if len(values) != 1:
            raise CannotRepeatError
        return values[0]
    return values


def _dates(event: Any, name: str) -> Iterator[date]:
    lists = event.get(name, [])
    for each in lists if isinstance(lists, list) else [lists]:
        try:
            values = getattr(each, "dts", [])
        except BrokenCalendarProperty:
            raise CannotRepeatError from None
        for value in values:
            yield _plain(value.dt[0] if isinstance(value.dt, tuple) else value.dt)


def _plain(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise CannotRepeatError
    return value
