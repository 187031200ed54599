"""Deadlines in business hours, and calendars that change while a clock runs."""

from datetime import date

import pytest
from calendars.plans import local, office_hours
from cast import conversation_of, customer_writes

from wxdesk.calendars.hours import read_intervals
from wxdesk.calendars.operations import CalendarForm, change_calendar, remove_days, set_days
from wxdesk.calendars.rules import DayKind, OwnDay
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.operations import create_policy
from wxdesk.sla.rules import PolicyForm, Targets

TUESDAY = date(2026, 3, 3)


@pytest.fixture
def calendar_id(runtime, account) -> int:
    """Office hours, and two hours to answer within them; Wang writes on Monday at 17:00."""
    found = office_hours(runtime)
    with runtime.unit_of_work() as uow:
        create_policy(uow, PolicyForm("all", {"normal": Targets(7200, 7200)}, calendar_id=found))
    customer_writes(runtime, account)
    return found


def due(runtime):
    return conversation_of(runtime).due_at


def test_a_question_before_closing_time_falls_due_on_the_next_day(runtime, calendar_id):
    assert due(runtime) == local("2026-03-03 10:00")


def test_a_day_off_that_is_entered_later_moves_the_deadline_and_back(runtime, calendar_id):
    with runtime.unit_of_work() as uow:
        set_days(uow, calendar_id, {TUESDAY: OwnDay(DayKind.CLOSED)}, actor_id=None)
    assert due(runtime) == local("2026-03-04 10:00")
    with runtime.unit_of_work() as uow:
        remove_days(uow, calendar_id, {TUESDAY}, actor_id=None)
    assert due(runtime) == local("2026-03-03 10:00")


def test_other_hours_of_the_week_move_the_deadline(runtime, calendar_id):
    week = (read_intervals("09:00-12:00, 13:00-24:00"),) * 7
    with runtime.unit_of_work() as uow:
        form = CalendarForm("上海", "Asia/Shanghai", week)
        change_calendar(uow, calendar_id, form, actor_id=None)
    assert due(runtime) == local("2026-03-02 19:00")


def test_a_change_that_is_refused_moves_nothing(runtime, calendar_id):
    form = CalendarForm("上海", "Mars/Olympus", ((),) * 7)
    with pytest.raises(InvalidInputError, match="time zone"), runtime.unit_of_work() as uow:
        change_calendar(uow, calendar_id, form, actor_id=None)
    assert due(runtime) == local("2026-03-03 10:00")


def test_a_promise_that_was_broken_stays_broken_when_hours_change(runtime, calendar_id, clock):
    clock.now = local("2026-03-03 10:01")
    check_deadlines()
    assert conversation_of(runtime).is_breached
    with runtime.unit_of_work() as uow:
        set_days(uow, calendar_id, {TUESDAY: OwnDay(DayKind.CLOSED)}, actor_id=None)

    found = conversation_of(runtime)
    assert found.is_breached
    assert found.first_response_breached_at == local("2026-03-03 10:00")
