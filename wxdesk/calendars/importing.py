"""What an iCal file would do to a calendar's own dates, and doing what was shown."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from wxdesk.calendars.hours import print_intervals
from wxdesk.calendars.ical import ICalDay, TimedEvents, read_ical
from wxdesk.calendars.operations import set_days
from wxdesk.calendars.queries import get_calendar
from wxdesk.calendars.rules import Calendar, OwnDay
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.imports import Change
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """A date of the file: new, another than now, as it is now, or wrong with the reason."""

    day: date
    own: OwnDay
    change: Change
    problem: str | None = None
    before: OwnDay | None = None

    @property
    def may_be_taken(self) -> bool:
        return self.change in (Change.NEW, Change.CHANGED)


@dataclass(frozen=True, slots=True)
class DaysPlan:
    """What an import would do; each date that may be taken can be left out."""

    days: tuple[PlannedDay, ...]

    def count(self, change: str) -> int:
        return sum(each.change == change for each in self.days)

    @property
    def is_needed(self) -> bool:
        return any(each.may_be_taken for each in self.days)

    @property
    def digest(self) -> str:
        """The same for the same plan: what is confirmed is what was shown."""
        lines = [f"{each.day} {each.change} {_detail(each.own)}" for each in self.days]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def plan_of(calendar: Calendar, data: bytes, today: date, timed: TimedEvents) -> DaysPlan:
    """InvalidInputError("file") when it can't be read."""
    found = read_ical(data, calendar.zone, today, timed)
    return DaysPlan(tuple(_planned(each, calendar.own_days) for each in found))


def carry_out(  # noqa: PLR0913 -- what was shown, and what was chosen of it
    uow: UnitOfWork,
    calendar_id: int,
    data: bytes,
    timed: TimedEvents,
    *,
    digest: str,
    chosen: Collection[date],
    actor_id: int | None,
) -> int:
    """Put the chosen dates in; ConflictError when the file would do something else by now."""
    calendar = get_calendar(uow.session, calendar_id)
    plan = plan_of(calendar, data, uow.now.astimezone(calendar.zone).date(), timed)
    if plan.digest != digest:
        raise ConflictError(say("the calendar has changed since: look at the file again"))
    days = {each.day: each.own for each in plan.days if each.may_be_taken and each.day in chosen}
    if not days:
        raise InvalidInputError("file", say("choose at least one date"))
    return set_days(uow, calendar_id, days, actor_id=actor_id)


def _planned(found: ICalDay, known: Mapping[date, OwnDay]) -> PlannedDay:
    before = known.get(found.day)
    if found.problem is not None:
        return PlannedDay(found.day, found.own, Change.WRONG, found.problem)
    if before is None:
        return PlannedDay(found.day, found.own, Change.NEW)
    is_same = _detail(before) == _detail(found.own)
    change = Change.SAME if is_same else Change.CHANGED
    return PlannedDay(found.day, found.own, change, before=before)


def _detail(own: OwnDay) -> str:
    hours = "" if own.intervals is None else print_intervals(own.intervals)
    return f"{own.kind} {hours} {own.name}"
