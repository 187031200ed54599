"""What the pages of calendars show: a year day by day, and what somebody should know."""

from __future__ import annotations

from calendar import Calendar as Months
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from wxdesk.calendars.holidays import known_until
from wxdesk.calendars.hours import print_intervals
from wxdesk.calendars.queries import CalendarView
from wxdesk.calendars.rules import (
    DayHours,
    DayKind,
    DayReason,
    business_time_between,
    day_hours,
    is_open,
    never_opens,
    next_opening,
)
from wxdesk.plumbing.translation import translated
from wxdesk.words import say

SOON = timedelta(days=120)
ENTERED_DAYS = 10  # a year has more public holidays, one team has fewer days off
ONE_DAY = timedelta(days=1)
MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of the year's page; `look` is the class of its style."""

    day: date
    hours: str
    look: str
    name: str


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row of which the same holds."""

    first: date
    last: date
    cell: DayCell


@dataclass(frozen=True, slots=True)
class Month:
    """Six weeks from Monday; None is a day of another month."""

    first: date
    weeks: tuple[tuple[DayCell | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a calendar; `special` are the days that differ from the week."""

    year: int
    months: tuple[Month, ...]
    special: tuple[Run, ...]
    open_days: int
    open_hours: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Now:
    """Whether it is open at this moment, and when it opens next (None: never)."""

    is_open: bool
    opens_at: datetime | None


def year_of(view: CalendarView, year: int) -> Year:
    days = {cell.day: cell for cell in _cells(view, year)}
    months = tuple(_month(days, year, number) for number in MONTHS)
    midnights = [datetime(each, 1, 1, tzinfo=view.calendar.zone) for each in (year, year + 1)]
    opened = business_time_between(view.calendar, *(each.astimezone(UTC) for each in midnights))
    return Year(
        year=year,
        months=months,
        special=_runs(cell for cell in days.values() if not cell.look.startswith("week")),
        open_days=sum(bool(cell.hours) for cell in days.values()),
        open_hours=round(opened.total_seconds() / 3600),
        warnings=tuple(_year_warnings(view, year)),
    )


def state_now(view: CalendarView, now: datetime) -> Now:
    return Now(is_open(view.calendar, now), next_opening(view.calendar, now))


def warnings_of(view: CalendarView, now: datetime) -> list[str]:
    """What should be seen to: it never opens, or the next year's holidays are unknown."""
    reason = never_opens(view.calendar, now)
    found = (
        []
        if reason is None
        else [say("This calendar never opens: %(reason)s.", reason=translated(reason))]
    )
    today = now.astimezone(view.calendar.zone).date()
    years = {today.year, (today + SOON).year}
    return found + [text for year in sorted(years) for text in _year_warnings(view, year)]


def _year_warnings(view: CalendarView, year: int) -> list[str]:
    """Many own dates in an unknown year say that somebody has entered its holidays."""
    entered = sum(day.year == year for day in view.calendar.own_days)
    is_known = year <= known_until().year or not view.has_china_holidays
    if is_known or entered >= ENTERED_DAYS:
        return []
    return [
        say(
            "The public holidays of %(year)d are not known yet: its days count as ordinary ones. "
            "When they are announced, update wxdesk's package chinesecalendar, or import or "
            "enter the dates here.",
            year=year,
        )
    ]


def _cells(view: CalendarView, year: int) -> list[DayCell]:
    first = date(year, 1, 1)
    count = (date(year + 1, 1, 1) - first).days
    found = (day_hours(view.calendar, first + timedelta(days=number)) for number in range(count))
    return [
        DayCell(hours.day, print_intervals(hours.intervals), _look(hours), hours.name)
        for hours in found
    ]


def _runs(cells: Iterable[DayCell]) -> tuple[Run, ...]:
    found: list[Run] = []
    for cell in cells:
        run = found[-1] if found else None
        if run and cell.day - run.last == ONE_DAY and _same(run.cell, cell):
            found[-1] = replace(run, last=cell.day)
        else:
            found.append(Run(cell.day, cell.day, cell))
    return tuple(found)


def _same(one: DayCell, two: DayCell) -> bool:
    return (one.hours, one.look, one.name) == (two.hours, two.look, two.name)


def _look(hours: DayHours) -> str:
    kind = DayKind.OPEN if hours.intervals else DayKind.CLOSED
    if hours.reason in (DayReason.WEEK, DayReason.OWN):
        return f"{hours.reason}-{kind}"
    return hours.reason.value.replace("_", "-")


def _month(days: dict[date, DayCell], year: int, month: int) -> Month:
    weeks = [
        tuple(days[day] if day.month == month else None for day in week)
        for week in Months().monthdatescalendar(year, month)
    ]
    empty = (None,) * 7
    return Month(date(year, month, 1), (*weeks, *(empty for _ in range(6 - len(weeks)))))
