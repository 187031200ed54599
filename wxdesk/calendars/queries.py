"""Calendars read from their rows. What was made of a row is kept until its hours change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Team
from wxdesk.calendars.holidays import china
from wxdesk.calendars.hours import of_pairs, week_of_json
from wxdesk.calendars.models import BusinessCalendar, CalendarDay
from wxdesk.calendars.rules import Calendar, OwnDay, no_holidays
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_CALENDARS = 200
_MOST_KEPT = 500
_made: dict[tuple[int, str, str, int], Calendar] = {}


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A calendar with what its row says beside the hours."""

    id: int
    name: str
    time_zone: str
    has_china_holidays: bool
    make_up_as: int
    version: int
    is_archived: bool
    calendar: Calendar


def get_calendar(session: Session, calendar_id: int) -> Calendar:
    """NotFoundError when there is none; an archived one goes on being valid."""
    return get_view(session, calendar_id).calendar


def get_view(session: Session, calendar_id: int) -> CalendarView:
    row = session.get(BusinessCalendar, calendar_id)
    if row is None:
        raise NotFoundError(say("there is no such calendar"))
    return _view(row, _calendars(session, [row])[row.id])


def calendars_by_id(session: Session, ids: Collection[int | None]) -> dict[int, Calendar]:
    """One query for known ones, two with new or changed ones; None is passed over."""
    wanted = sorted({calendar_id for calendar_id in ids if calendar_id is not None})
    if not wanted:
        return {}
    rows = session.scalars(select(BusinessCalendar).where(BusinessCalendar.id.in_(wanted)))
    return _calendars(session, rows.all())


def list_calendars(session: Session, *, with_archived: bool = False) -> list[CalendarView]:
    """By name, archived ones last."""
    query = select(BusinessCalendar)
    if not with_archived:
        query = query.where(BusinessCalendar.archived_at.is_(None))
    order = (BusinessCalendar.archived_at.is_not(None), BusinessCalendar.name)
    rows = session.scalars(query.order_by(*order).limit(MOST_CALENDARS)).all()
    found = _calendars(session, rows)
    return [_view(row, found[row.id]) for row in rows]


def teams_by_calendar(session: Session) -> dict[int, list[str]]:
    """By calendar the names of the teams that work by it."""
    found: dict[int, list[str]] = {}
    query = select(Team.calendar_id, Team.name).where(Team.calendar_id.is_not(None))
    for calendar_id, name in session.execute(query.order_by(Team.name)):
        if calendar_id is not None:
            found.setdefault(calendar_id, []).append(name)
    return found


def list_days(session: Session, calendar_id: int) -> list[CalendarDay]:
    query = select(CalendarDay).where(CalendarDay.calendar_id == calendar_id)
    return list(session.scalars(query.order_by(CalendarDay.day)))


def fingerprint_of(row: BusinessCalendar, days: Iterable[CalendarDay]) -> str:
    """Of all that decides about hours, and nothing else."""
    own = [[each.day.isoformat(), each.kind.value, each.intervals, each.name] for each in days]
    parts = [row.time_zone, row.week, row.has_china_holidays, row.make_up_as, sorted(own, key=str)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def own_day(row: CalendarDay) -> OwnDay:
    hours = None if row.intervals is None else of_pairs(row.intervals["hours"])
    return OwnDay(row.kind, hours, row.name, row.source)


def make_calendar(row: BusinessCalendar, days: Iterable[CalendarDay]) -> Calendar:
    return Calendar(
        zone=ZoneInfo(row.time_zone),
        week=week_of_json(row.week),
        make_up_as=row.make_up_as,
        own_days={each.day: own_day(each) for each in days},
        holidays=china if row.has_china_holidays else no_holidays,
        id=row.id,
        name=row.name,
        version=row.version,
    )


def _calendars(session: Session, rows: Sequence[BusinessCalendar]) -> dict[int, Calendar]:
    made = {row.id: known for row in rows if (known := _made.get(_key(row))) is not None}
    unknown = [row.id for row in rows if row.id not in made]
    days: dict[int, dict[date, CalendarDay]] = {calendar_id: {} for calendar_id in unknown}
    if unknown:
        query = select(CalendarDay).where(CalendarDay.calendar_id.in_(unknown))
        for each in session.scalars(query):
            days[each.calendar_id][each.day] = each
    return {
        row.id: made[row.id] if row.id in made else _keep(row, list(days[row.id].values()))
        for row in rows
    }


def _keep(row: BusinessCalendar, days: Sequence[CalendarDay]) -> Calendar:
    """Unless the days are of another moment than the row: then it is right only for now."""
    calendar = make_calendar(row, days)
    if fingerprint_of(row, days) == row.fingerprint:
        if len(_made) >= _MOST_KEPT:
            _made.clear()
        _made[_key(row)] = calendar
    return calendar


def _key(row: BusinessCalendar) -> tuple[int, str, str, int]:
    return row.id, row.fingerprint, row.name, row.version


def _view(row: BusinessCalendar, calendar: Calendar) -> CalendarView:
    return CalendarView(
        id=row.id,
        name=row.name,
        time_zone=row.time_zone,
        has_china_holidays=row.has_china_holidays,
        make_up_as=row.make_up_as,
        version=row.version,
        is_archived=row.archived_at is not None,
        calendar=calendar,
    )
