"""The forms of calendars and of their own dates: values, or sentences at their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from werkzeug.datastructures import MultiDict

from wxdesk.calendars.hours import WEEKDAYS, HoursError, Week, print_intervals, read_intervals
from wxdesk.calendars.operations import CalendarForm
from wxdesk.calendars.queries import CalendarView
from wxdesk.calendars.rules import DayKind, Interval, OwnDay
from wxdesk.plumbing.http import whole_number
from wxdesk.words import say

Errors = dict[str, str]
Values = MultiDict[str, str]

MOST_DAYS_AT_ONCE = 366
MAKE_UP = "make_up"
OFFICE = ("09:00-12:00, 13:00-18:00",) * 5 + ("", "")


@dataclass(frozen=True, slots=True)
class ShownCalendar:
    """What the form of a calendar starts with, or shows again; hours as text, Monday first."""

    name: str = ""
    time_zone: str = ""
    hours: tuple[str, ...] = OFFICE
    has_china_holidays: bool = True
    make_up_as: str = "1"


def read_calendar(values: Values) -> tuple[CalendarForm | None, Errors]:
    """A calendar; errors of a day's hours are at `day1` to `day7`."""
    errors: Errors = {}
    week = _week(values, errors)
    make_up_as = whole_number(values.get("make_up_as", "1"))
    if make_up_as not in WEEKDAYS:
        errors["make_up_as"] = say("between 1 and %(most)d", most=7)
    if errors or make_up_as is None:
        return None, errors
    return CalendarForm(
        name=values.get("name", ""),
        time_zone=values.get("time_zone", "").strip(),
        week=week,
        has_china_holidays="has_china_holidays" in values,
        make_up_as=make_up_as,
    ), errors


def read_days(values: Values) -> tuple[dict[date, OwnDay] | None, Errors]:
    """The own dates of a form: from a day to a day, all of one kind."""
    errors: Errors = {}
    first, last = _day(values, "first", errors), _day(values, "last", errors)
    if first is None:
        errors.setdefault("first", say("a date like 2026-03-02 is needed"))
    own = _own_day(values, errors)
    if errors or first is None or own is None:
        return None, errors
    count = ((last or first) - first).days + 1
    if not 1 <= count <= MOST_DAYS_AT_ONCE:
        errors["last"] = say("not before the first day, and at most 366 days after it")
        return None, errors
    return {first + timedelta(days=number): own for number in range(count)}, errors


def calendar_shown(view: CalendarView) -> ShownCalendar:
    return ShownCalendar(
        name=view.name,
        time_zone=view.time_zone,
        hours=tuple(print_intervals(day) for day in view.calendar.week),
        has_china_holidays=view.has_china_holidays,
        make_up_as=str(view.make_up_as),
    )


def calendar_again(values: Values) -> ShownCalendar:
    """What was typed."""
    return ShownCalendar(
        name=values.get("name", ""),
        time_zone=values.get("time_zone", ""),
        hours=tuple(values.get(f"day{weekday}", "") for weekday in WEEKDAYS),
        has_china_holidays="has_china_holidays" in values,
        make_up_as=values.get("make_up_as", "1"),
    )


def _week(values: Values, errors: Errors) -> Week:
    return tuple(
        _hours(values.get(f"day{weekday}", ""), f"day{weekday}", errors) for weekday in WEEKDAYS
    )


def _hours(text: str, field: str, errors: Errors) -> tuple[Interval, ...]:
    try:
        return read_intervals(text[:500])
    except HoursError as error:
        errors[field] = error.sentence
        return ()


def _own_day(values: Mapping[str, str], errors: Errors) -> OwnDay | None:
    kind, name = values.get("kind", ""), values.get("day_name", "").strip()
    if kind == DayKind.CLOSED:
        return OwnDay(DayKind.CLOSED, name=name)
    if kind == MAKE_UP:
        return OwnDay(DayKind.OPEN, name=name)
    if kind != DayKind.OPEN:
        errors["kind"] = say("one of: %(values)s", values=", ".join([*DayKind, MAKE_UP]))
        return None
    hours = _hours(values.get("hours", ""), "hours", errors)
    if not hours and "hours" not in errors:
        errors["hours"] = say("at least one interval is needed, or choose Closed")
    return OwnDay(DayKind.OPEN, hours, name)


def _day(values: Mapping[str, str], field: str, errors: Errors) -> date | None:
    text = values.get(field, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors[field] = say("a date like 2026-03-02 is needed")
        return None
