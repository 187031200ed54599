"""Calendars are stored, versioned and read back; what never opens any more is refused."""

from datetime import date

import pytest
from sqlalchemy import select

from calendars.plans import OFFICE, local
from wxdesk.audit.models import AuditEntry
from wxdesk.calendars.hours import read_intervals
from wxdesk.calendars.operations import (
    MOST_DAYS,
    CalendarForm,
    archive_calendar,
    change_calendar,
    create_calendar,
    remove_days,
    set_days,
)
from wxdesk.calendars.queries import calendars_by_id, get_calendar, get_view, list_calendars
from wxdesk.calendars.rules import DayKind, OwnDay, is_open
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError

WEEK = (OFFICE,) * 5 + ((), ())
CLOSED_WEEK = ((),) * 7
FORM = CalendarForm("上海", "Asia/Shanghai", WEEK)


def made(runtime, form=FORM) -> int:
    with runtime.unit_of_work() as uow:
        return create_calendar(uow, form, actor_id=None).id


def read(runtime, calendar_id):
    with runtime.reading() as session:
        return get_view(session, calendar_id)


def test_a_calendar_is_read_back_as_it_was_typed(runtime):
    view = read(runtime, made(runtime))

    assert (view.name, view.time_zone, view.calendar.week) == ("上海", "Asia/Shanghai", WEEK)
    assert is_open(view.calendar, local("2026-03-02 09:00"))
    assert not is_open(view.calendar, local("2026-10-01 09:00"))


def test_a_change_is_seen_at_once_and_makes_a_version(runtime):
    calendar_id = made(runtime)
    before = read(runtime, calendar_id)
    form = CalendarForm("上海", "Asia/Shanghai", (read_intervals("22:00-06:00"),) * 7)
    with runtime.unit_of_work() as uow:
        assert change_calendar(uow, calendar_id, form, actor_id=None) == ["week"]
    after = read(runtime, calendar_id)

    assert (before.version, after.version) == (1, 2)
    assert not is_open(after.calendar, local("2026-03-02 09:00"))
    assert is_open(after.calendar, local("2026-03-02 23:00"))
    assert is_open(before.calendar, local("2026-03-02 09:00"))  # who holds it keeps its hours


def test_saving_the_same_again_makes_no_version(runtime):
    calendar_id = made(runtime)
    with runtime.unit_of_work() as uow:
        assert change_calendar(uow, calendar_id, FORM, actor_id=None) == []
    assert read(runtime, calendar_id).version == 1


def test_own_dates_are_put_in_changed_and_taken_out(runtime):
    calendar_id, day = made(runtime), date(2026, 3, 2)
    with runtime.unit_of_work() as uow:
        assert set_days(uow, calendar_id, {day: OwnDay(DayKind.CLOSED)}, actor_id=None) == 1
    assert not is_open(read(runtime, calendar_id).calendar, local("2026-03-02 09:00"))
    open_late = OwnDay(DayKind.OPEN, read_intervals("18:00-24:00"), "sale")
    with runtime.unit_of_work() as uow:
        assert set_days(uow, calendar_id, {day: open_late}, actor_id=None) == 1
        assert set_days(uow, calendar_id, {day: open_late}, actor_id=None) == 0
    assert is_open(read(runtime, calendar_id).calendar, local("2026-03-02 20:00"))
    with runtime.unit_of_work() as uow:
        assert remove_days(uow, calendar_id, {day, date(2026, 3, 3)}, actor_id=None) == 1
    assert is_open(read(runtime, calendar_id).calendar, local("2026-03-02 09:00"))
    assert read(runtime, calendar_id).version == 4


def test_an_own_date_without_hours_works_as_the_make_up_weekday(runtime):
    calendar_id = made(runtime)
    with runtime.unit_of_work() as uow:
        days = {date(2026, 3, 7): OwnDay(DayKind.OPEN, name="调休")}
        set_days(uow, calendar_id, days, actor_id=None)

    calendar = read(runtime, calendar_id).calendar
    assert is_open(calendar, local("2026-03-07 09:00"))
    assert not is_open(calendar, local("2026-03-07 12:30"))


def test_a_calendar_that_opens_may_not_be_changed_into_one_that_never_does(runtime):
    calendar_id = made(runtime)
    form = CalendarForm("上海", "Asia/Shanghai", CLOSED_WEEK)
    never = pytest.raises(InvalidInputError, match="no opening hours")
    with never as refused, runtime.unit_of_work() as uow:
        change_calendar(uow, calendar_id, form, actor_id=None)

    assert refused.value.field == "week"
    assert read(runtime, calendar_id).calendar.week == WEEK


def test_the_last_open_date_of_a_plan_of_shifts_may_not_be_taken_out(runtime):
    calendar_id = made(runtime, CalendarForm("shifts", "Asia/Shanghai", CLOSED_WEEK))
    shift = date(2026, 3, 3)
    with runtime.unit_of_work() as uow:
        days = {shift: OwnDay(DayKind.OPEN, read_intervals("09:00-10:00"))}
        set_days(uow, calendar_id, days, actor_id=None)
    with pytest.raises(InvalidInputError), runtime.unit_of_work() as uow:
        remove_days(uow, calendar_id, {shift}, actor_id=None)
    assert is_open(read(runtime, calendar_id).calendar, local("2026-03-03 09:00"))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (CalendarForm(" ", "Asia/Shanghai", WEEK), "name"),
        (CalendarForm("x" * 61, "Asia/Shanghai", WEEK), "name"),
        (CalendarForm("上海", "Asia/Shanghai", WEEK), "name"),
        (CalendarForm("x", "Asia/Atlantis", WEEK), "time_zone"),
        (CalendarForm("x", "Asia/Shanghai", WEEK, make_up_as=8), "make_up_as"),
        (
            CalendarForm(
                "x",
                "Asia/Shanghai",
                (read_intervals("22:00-10:00"), *WEEK[1:]),
            ),
            "day1",
        ),
    ],
    ids=["no name", "long name", "taken name", "no zone", "no weekday", "overlap"],
)
def test_what_can_not_be_taken_is_named(runtime, form, field):
    made(runtime)
    with pytest.raises(InvalidInputError) as refused, runtime.unit_of_work() as uow:
        create_calendar(uow, form, actor_id=None)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "days",
    [
        {date(1999, 12, 31): OwnDay(DayKind.CLOSED)},
        {date(2101, 1, 1): OwnDay(DayKind.CLOSED)},
        {date.fromordinal(735_000 + n): OwnDay(DayKind.CLOSED) for n in range(MOST_DAYS + 1)},
        {date(2026, 3, 2): OwnDay(DayKind.CLOSED, name="x" * 101)},
    ],
    ids=["too early", "too late", "too many", "long name"],
)
def test_own_dates_are_bounded(runtime, days):
    calendar_id = made(runtime)
    with pytest.raises(InvalidInputError), runtime.unit_of_work() as uow:
        set_days(uow, calendar_id, days, actor_id=None)


def test_an_archived_calendar_goes_on_being_valid_and_is_offered_no_more(runtime):
    calendar_id = made(runtime)
    with runtime.unit_of_work() as uow:
        archive_calendar(uow, calendar_id, is_archived=True, actor_id=None)
    with runtime.reading() as session:
        assert list_calendars(session) == []
        assert is_open(get_calendar(session, calendar_id), local("2026-03-02 09:00"))
    with runtime.unit_of_work() as uow:
        archive_calendar(uow, calendar_id, is_archived=False, actor_id=None)
    with runtime.reading() as session:
        assert [view.id for view in list_calendars(session)] == [calendar_id]


def test_several_are_read_together_and_unknown_ones_are_passed_over(runtime):
    one, two = made(runtime), made(runtime, CalendarForm("二", "Europe/Berlin", WEEK))
    with runtime.reading() as session:
        found = calendars_by_id(session, [one, two, None, 999_999])
        assert set(found) == {one, two}
        assert found[two].zone.key == "Europe/Berlin"
        with pytest.raises(NotFoundError):
            get_calendar(session, 999_999)


def test_every_change_is_in_the_audit_log(runtime):
    calendar_id, day = made(runtime), date(2026, 3, 2)
    with runtime.unit_of_work() as uow:
        set_days(uow, calendar_id, {day: OwnDay(DayKind.CLOSED)}, actor_id=None)
        remove_days(uow, calendar_id, {day}, actor_id=None)
        archive_calendar(uow, calendar_id, is_archived=True, actor_id=None)
    with runtime.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()

    actions = ["created", "days_set", "days_removed", "archived"]
    assert [entry.action for entry in entries] == [f"calendar.{action}" for action in actions]
    assert {entry.subject for entry in entries} == {f"calendar:{calendar_id}"}
