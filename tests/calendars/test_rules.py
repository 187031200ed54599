"""Business time: one way and back, through nights, holidays, summer time and ends of years."""

import timeit
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendars.plans import calendars, every_day, instants, local, office, spans
from wxdesk.calendars.hours import read_intervals
from wxdesk.calendars.rules import (
    NEVER,
    DayKind,
    DayReason,
    OwnDay,
    add_business_time,
    business_time_between,
    day_hours,
    is_open,
    never_opens,
    next_opening,
)
from wxdesk.plumbing.clock import FAR_FUTURE

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@given(calendars(), instants(), spans())
def test_the_deadline_is_the_inverse_of_the_elapsed_business_time(calendar, start, duration):
    deadline = add_business_time(calendar, start, duration)

    assert business_time_between(calendar, start, deadline) == duration or deadline == NEVER


@given(calendars(), instants(), spans(most_days=3))
def test_no_earlier_instant_than_the_deadline_has_so_much_business_time(calendar, start, duration):
    deadline = add_business_time(calendar, start, duration)

    if deadline > start and deadline != NEVER:
        earlier = business_time_between(calendar, start, deadline - timedelta(microseconds=1))
        assert earlier < duration


@given(calendars(), instants(), spans(most_days=2), spans(most_days=2))
def test_more_time_never_gives_an_earlier_deadline(calendar, start, one, more):
    assert add_business_time(calendar, start, one) <= add_business_time(calendar, start, one + more)


@given(calendars(), instants(), spans(most_days=3), spans(most_days=2))
def test_who_begins_to_wait_later_never_has_an_earlier_deadline(calendar, start, later, duration):
    first = add_business_time(calendar, start, duration)

    assert first <= add_business_time(calendar, start + later, duration)


@given(calendars(), instants(), spans(most_days=2), spans(most_days=2))
def test_business_time_adds_up_and_is_never_more_than_real_time(calendar, start, one, two):
    middle, end = start + one, start + one + two
    whole = business_time_between(calendar, start, end)

    parts = business_time_between(calendar, start, middle)
    parts += business_time_between(calendar, middle, end)
    assert parts == whole
    assert timedelta(0) <= whole <= one + two


@given(calendars(), instants())
def test_the_next_opening_is_open_and_nothing_before_it_is(calendar, at):
    opening = next_opening(calendar, at)

    assert opening is not None
    assert opening >= at
    assert is_open(calendar, opening)
    assert business_time_between(calendar, at, opening) == timedelta(0)


@settings(max_examples=30)
@given(calendars(), st.lists(instants(), min_size=2, max_size=6))
def test_what_was_asked_before_changes_no_answer(calendar, questions):
    def answers(asked):
        return [add_business_time(asked, at, 3 * HOUR) for at in questions]

    in_order = answers(calendar)
    calendar._known.clear()
    assert answers(calendar) == in_order
    calendar._known.clear()
    assert [add_business_time(calendar, at, 3 * HOUR) for at in reversed(questions)] == in_order[
        ::-1
    ]


def test_a_wait_goes_on_after_lunch():
    start = local("2026-03-02 11:30")

    assert add_business_time(office(), start, HOUR) == local("2026-03-02 13:30")


def test_a_deadline_may_lie_exactly_at_the_closing_time():
    start = local("2026-03-02 17:00")

    assert add_business_time(office(), start, HOUR) == local("2026-03-02 18:00")
    assert not is_open(office(), local("2026-03-02 18:00"))


def test_a_question_of_friday_evening_falls_due_on_monday():
    start = local("2026-03-06 20:00")

    assert add_business_time(office(), start, 30 * MINUTE) == local("2026-03-09 09:30")


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    nights = every_day("22:00-06:00", own_days={date(2026, 3, 3): OwnDay(DayKind.CLOSED)})

    assert is_open(nights, local("2026-03-03 05:59"))  # Monday's night
    assert not is_open(nights, local("2026-03-03 23:00"))
    assert not is_open(nights, local("2026-03-04 03:00"))


def test_24_00_is_the_end_of_the_day_and_0_00_to_24_00_is_all_of_it():
    evenings, always = every_day("20:00-24:00"), every_day("00:00-24:00")
    start = local("2026-03-02 23:00")

    assert add_business_time(evenings, start, 2 * HOUR) == local("2026-03-03 21:00")
    assert add_business_time(always, start, 100 * HOUR) == start + 100 * HOUR


def test_a_public_holiday_is_closed_and_its_make_up_saturday_works():
    before = local("2026-09-30 17:30")

    assert not is_open(office(), local("2026-10-01 10:00"))
    assert is_open(office(), local("2026-10-10 10:00"))  # a Saturday
    assert add_business_time(office(), before, HOUR) == local("2026-10-08 09:30")


def test_a_make_up_workday_has_the_hours_of_the_weekday_that_was_chosen():
    week = (read_intervals("09:00-18:00"),) * 4 + (read_intervals("09:00-15:00"), (), ())
    as_friday = office(week=week, make_up_as=5)

    assert is_open(as_friday, local("2026-10-10 14:59"))
    assert not is_open(as_friday, local("2026-10-10 15:00"))


def test_own_dates_go_before_public_holidays():
    duty = OwnDay(DayKind.OPEN, read_intervals("10:00-14:00"), "duty")
    day_off = OwnDay(DayKind.CLOSED, name="outing")
    calendar = office(own_days={date(2026, 10, 1): duty, date(2026, 10, 10): day_off})

    assert is_open(calendar, local("2026-10-01 10:00"))
    assert not is_open(calendar, local("2026-10-10 10:00"))
    assert day_hours(calendar, date(2026, 10, 1)).reason is DayReason.OWN


def test_a_holiday_of_an_unknown_year_is_an_ordinary_day():
    found = day_hours(office(), date(2027, 10, 1))

    assert found.reason is DayReason.WEEK
    assert found.intervals


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-08", 7), ("2026-11-01", 9), ("2026-03-01", 8)],
    ids=["clocks go forward", "clocks go back", "ordinary night"],
)
def test_a_night_shift_is_as_long_as_it_really_was(day, hours):
    nights = every_day("22:00-06:00", "America/New_York")
    evening = datetime.fromisoformat(f"{day}T12:00+00:00") - 12 * HOUR
    start = local(f"{evening.date() - timedelta(days=1)} 22:00", "America/New_York")

    assert business_time_between(nights, start, start + 12 * HOUR) == hours * HOUR


def test_hours_that_a_zone_skips_stand_for_the_instant_of_the_change():
    skipped = every_day("02:00-02:30, 02:30-03:00", "America/New_York")
    around = local("2026-03-08 00:00", "America/New_York")

    assert business_time_between(skipped, around, around + 12 * HOUR) == timedelta(0)
    into = every_day("02:30-04:00", "America/New_York")
    opened = datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert next_opening(into, around) == opened
    assert business_time_between(into, around, around + 12 * HOUR) == HOUR
    assert add_business_time(into, around, HOUR) == opened + HOUR


def test_an_hour_that_a_zone_has_twice_counts_the_first_time():
    early = every_day("00:00-01:30", "America/New_York")
    around = local("2026-11-01 00:00", "America/New_York")

    assert business_time_between(early, around, around + 12 * HOUR) == 90 * MINUTE


def test_a_day_that_a_zone_left_out_has_no_hours():
    apia = every_day("00:00-24:00", "Pacific/Apia")
    start = local("2011-12-29 00:00", "Pacific/Apia")

    assert business_time_between(apia, start, start + 48 * HOUR) == 48 * HOUR
    assert add_business_time(apia, start, 48 * HOUR) == local("2012-01-01 00:00", "Pacific/Apia")


def test_two_days_whose_hours_overlap_count_them_once():
    night = OwnDay(DayKind.OPEN, read_intervals("20:00-10:00"), "sale")
    calendar = office(own_days={date(2026, 3, 2): night})

    noon, later = local("2026-03-02 12:00"), local("2026-03-03 12:30")
    assert next_opening(calendar, noon) == local("2026-03-02 20:00")
    assert business_time_between(calendar, noon, later) == 16 * HOUR
    assert add_business_time(calendar, noon, 16 * HOUR) == local("2026-03-03 12:00")


def test_a_wait_over_the_end_of_the_year_counts_the_days_between():
    calendar = office(holidays=lambda _day: None)
    start = local("2026-12-31 17:00")

    assert add_business_time(calendar, start, 2 * HOUR) == local("2027-01-01 10:00")


def test_a_calendar_that_never_opens_says_why():
    closed = office(week=((),) * 7)
    over = office(
        week=((),) * 7,
        own_days={date(2026, 3, 2): OwnDay(DayKind.OPEN, read_intervals("09:00-10:00"))},
    )

    assert "no opening hours" in str(never_opens(closed))
    assert never_opens(over, local("2026-03-02 08:00")) is None
    assert "passed" in str(never_opens(over, local("2026-03-03 00:00")))
    assert never_opens(office()) is None
    assert next_opening(closed, local("2026-03-02 09:00")) is None


def test_what_is_never_open_long_enough_never_falls_due():
    assert NEVER == FAR_FUTURE
    assert add_business_time(office(week=((),) * 7), local("2026-03-02 09:00"), HOUR) == NEVER
    assert add_business_time(office(), FAR_FUTURE, HOUR) == NEVER
    assert business_time_between(office(), FAR_FUTURE, FAR_FUTURE + HOUR) == timedelta(0)


def test_no_time_at_all_falls_due_at_once():
    start = local("2026-03-07 12:00")

    assert add_business_time(office(), start, timedelta(0)) == start
    assert business_time_between(office(), start, start - HOUR) == timedelta(0)


def test_a_deadline_takes_less_than_50_microseconds():
    calendar, start = office(), local("2026-03-06 17:30")

    best = min(
        timeit.repeat(lambda: add_business_time(calendar, start, 2 * HOUR), number=1000, repeat=5)
    )

    assert best / 1000 < 50e-6
