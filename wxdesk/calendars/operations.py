"""Calendars made and changed; running clocks follow in the same transaction, all is audited."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import available_timezones

from sqlalchemy import func, select

from wxdesk.audit.operations import note
from wxdesk.calendars.hours import Week, overlap_in, to_pairs, week_to_json
from wxdesk.calendars.models import BusinessCalendar, CalendarDay
from wxdesk.calendars.queries import MOST_CALENDARS, fingerprint_of, list_days, make_calendar
from wxdesk.calendars.rules import OwnDay, never_opens
from wxdesk.commit_steps import FOLLOW_CALENDARS, PROMISES
from wxdesk.plumbing.db import hold
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

LONGEST_NAME = 60
LONGEST_DAY_NAME = 100
MOST_DAYS = 2000
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class CalendarForm:
    """A calendar as a supervisor types it; `week` has seven days, Monday first."""

    name: str
    time_zone: str
    week: Week
    has_china_holidays: bool = True
    make_up_as: int = 1


def create_calendar(
    uow: UnitOfWork, form: CalendarForm, *, actor_id: int | None
) -> BusinessCalendar:
    """Store a calendar; InvalidInputError names the field that can't be taken."""
    _refuse(uow, form, calendar_id=None)
    if (uow.session.scalar(select(func.count(BusinessCalendar.id))) or 0) >= MOST_CALENDARS:
        raise InvalidInputError("name", say("at most %(most)d calendars", most=MOST_CALENDARS))
    row = BusinessCalendar(created_at=uow.now)
    _fill(row, form)
    row.fingerprint = fingerprint_of(row, [])
    uow.session.add(row)
    uow.session.flush()
    _noted(uow, row, "calendar.created", actor_id)
    return row


def change_calendar(
    uow: UnitOfWork, calendar_id: int, form: CalendarForm, *, actor_id: int | None
) -> list[str]:
    """Change what differs and give the names of these fields; running clocks follow."""
    hold(uow.session, PROMISES)  # before the row: a policy that is saved waits for it too
    row = _locked(uow, calendar_id)
    _refuse(uow, form, calendar_id=calendar_id)
    opened = _reason(uow, row) is None
    changed = _fill(row, form)
    if changed:
        _renew(uow, row, opened=opened, field="week")
        _noted(uow, row, "calendar.changed", actor_id, fields=changed)
    return changed


def set_days(
    uow: UnitOfWork, calendar_id: int, days: Mapping[date, OwnDay], *, actor_id: int | None
) -> int:
    """Put own dates in, also over known ones; gives how many differ from what was there."""
    hold(uow.session, PROMISES)
    row = _locked(uow, calendar_id)
    opened = _reason(uow, row) is None
    known = {each.day: each for each in list_days(uow.session, calendar_id)}
    _refuse_days(known, days)
    count = sum(_put(uow, row, known.get(day), day, own) for day, own in sorted(days.items()))
    if count:
        _renew(uow, row, opened=opened, field="day")
        _noted(uow, row, "calendar.days_set", actor_id, days=_span(days), count=count)
    return count


def remove_days(
    uow: UnitOfWork, calendar_id: int, days: Collection[date], *, actor_id: int | None
) -> int:
    """Take own dates out: the week and the holidays decide again; gives how many there were."""
    hold(uow.session, PROMISES)
    row = _locked(uow, calendar_id)
    opened = _reason(uow, row) is None
    found = [each for each in list_days(uow.session, calendar_id) if each.day in days]
    for each in found:
        uow.session.delete(each)
    if found:
        _renew(uow, row, opened=opened, field="day")
        taken = [each.day for each in found]
        _noted(uow, row, "calendar.days_removed", actor_id, days=_span(taken), count=len(found))
    return len(found)


def archive_calendar(
    uow: UnitOfWork, calendar_id: int, *, is_archived: bool, actor_id: int | None
) -> None:
    """An archived calendar is offered nowhere any more; where it is in use it stays valid."""
    row = _locked(uow, calendar_id)
    if (row.archived_at is not None) is is_archived:
        return
    row.archived_at = uow.now if is_archived else None
    action = "calendar.archived" if is_archived else "calendar.restored"
    _noted(uow, row, action, actor_id)


def _fill(row: BusinessCalendar, form: CalendarForm) -> list[str]:
    wanted = {
        "name": form.name.strip(),
        "time_zone": form.time_zone,
        "week": week_to_json(form.week),
        "has_china_holidays": form.has_china_holidays,
        "make_up_as": form.make_up_as,
    }
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    return changed


def _refuse(uow: UnitOfWork, form: CalendarForm, *, calendar_id: int | None) -> None:
    name = form.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInputError("name", say("1 to %(most)d characters", most=LONGEST_NAME))
    twin = uow.session.scalar(select(BusinessCalendar.id).where(BusinessCalendar.name == name))
    if twin not in (None, calendar_id):
        raise InvalidInputError("name", say("another calendar has this name"))
    if form.time_zone not in available_timezones():
        raise InvalidInputError("time_zone", say("there is no such time zone"))
    if not 1 <= form.make_up_as <= 7 or len(form.week) != 7:
        raise InvalidInputError("make_up_as", say("between 1 and %(most)d", most=7))
    weekday = overlap_in(form.week)
    if weekday is not None:
        raise InvalidInputError(
            f"day{weekday}", say("its night runs into the hours of the next day")
        )


def _refuse_days(known: Collection[date], days: Mapping[date, OwnDay]) -> None:
    if len(set(known) | set(days)) > MOST_DAYS:
        raise InvalidInputError("day", say("at most %(most)d own dates", most=MOST_DAYS))
    if any(not FIRST_DAY <= day <= LAST_DAY for day in days):
        raise InvalidInputError("day", say("a date between 2000 and 2100 is needed"))
    if any(len(own.name) > LONGEST_DAY_NAME for own in days.values()):
        raise InvalidInputError(
            "day_name", say("at most %(most)d characters", most=LONGEST_DAY_NAME)
        )


def _put(
    uow: UnitOfWork, row: BusinessCalendar, known: CalendarDay | None, day: date, own: OwnDay
) -> bool:
    hours = None if own.intervals is None else {"hours": to_pairs(own.intervals)}
    wanted = {"kind": own.kind, "intervals": hours, "name": own.name, "source": own.source}
    if known is None:
        uow.session.add(CalendarDay(calendar_id=row.id, day=day, **wanted))
        return True
    changed = [name for name, value in wanted.items() if getattr(known, name) != value]
    for name in changed:
        setattr(known, name, wanted[name])
    return bool(changed)


def _renew(uow: UnitOfWork, row: BusinessCalendar, *, opened: bool, field: str) -> None:
    """A version further; refused where a calendar that opens would never open any more."""
    uow.session.flush()
    reason = _reason(uow, row)
    if opened and reason is not None:
        raise InvalidInputError(field, reason)
    row.version += 1
    row.fingerprint = fingerprint_of(row, list_days(uow.session, row.id))
    uow.before_commit(FOLLOW_CALENDARS, row.id)


def _reason(uow: UnitOfWork, row: BusinessCalendar) -> str | None:
    return never_opens(make_calendar(row, list_days(uow.session, row.id)), uow.now)


def _locked(uow: UnitOfWork, calendar_id: int) -> BusinessCalendar:
    row = uow.session.get(
        BusinessCalendar, calendar_id, with_for_update=True, populate_existing=True
    )
    if row is None:
        raise NotFoundError(say("there is no such calendar"))
    return row


def _span(days: Collection[date]) -> str:
    first, last = min(days), max(days)
    return str(first) if first == last else f"{first} – {last}"


def _noted(
    uow: UnitOfWork, row: BusinessCalendar, action: str, actor_id: int | None, **details: object
) -> None:
    note(uow, action, f"calendar:{row.id}", actor_id=actor_id, calendar=row.name, **details)
