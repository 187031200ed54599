"""iCal files: holidays, make-up workdays, repetitions, shifts, and files that are none."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars.plans import SHANGHAI, office
from wxdesk.calendars.hours import print_intervals
from wxdesk.calendars.ical import AHEAD, MOST_BYTES, MOST_EVENTS, TimedEvents, read_ical
from wxdesk.calendars.importing import plan_of
from wxdesk.calendars.rules import DayKind, DaySource, OwnDay
from wxdesk.plumbing.errors import InvalidInputError

TODAY = date(2026, 11, 22)
NAMES = [
    b"DTSTART:",
    b"RRULE:FREQ=",
    b"DTEND:",
    b"EXDATE:",
    b"RDATE;VALUE=DATE:",
    b"DURATION:",
    b"",
]


def ical(*events: str) -> bytes:
    """A file with these events; each is the lines between BEGIN and END."""
    parts = [
        f"BEGIN:VEVENT\nUID:{number}\n{body}\nEND:VEVENT" for number, body in enumerate(events)
    ]
    text = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *parts, "END:VCALENDAR", ""])
    return text.replace("\n", "\r\n").encode()


def all_day(first: str, last: str = "", name: str = "休", more: str = "") -> str:
    end = f"\nDTEND;VALUE=DATE:{last}" if last else ""
    return f"DTSTART;VALUE=DATE:{first}{end}\nSUMMARY:{name}{more}"


def days(data: bytes, **values) -> dict[str, str]:
    """By date what it would be: closed, make-up, hours, or the problem."""
    found = {}
    for one in read_ical(data, SHANGHAI, TODAY, **values):
        hours = one.own.intervals
        text = "make-up" if hours is None else print_intervals(hours)
        found[str(one.day)] = one.problem or ("closed" if one.own.kind is DayKind.CLOSED else text)
    return found


def test_an_all_day_event_closes_its_days_and_not_the_day_of_its_end():
    assert days(ical(all_day("20270101", "20270104", "元旦"))) == {
        "2027-01-01": "closed",
        "2027-01-02": "closed",
        "2027-01-03": "closed",
    }


def test_an_event_without_an_end_is_one_day():
    assert days(ical(all_day("20270101"))) == {"2027-01-01": "closed"}


@pytest.mark.parametrize(
    "event",
    [
        all_day("20270103", name="元旦(班)"),
        all_day("20270103", name="补班"),
        all_day("20270103", name="New Year's make-up workday"),
        all_day("20270103", name="元旦", more="\nX-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY"),
    ],
)
def test_a_make_up_workday_is_known_by_its_mark(event):
    assert days(ical(event)) == {"2027-01-03": "make-up"}


def test_a_make_up_workday_goes_before_a_day_off_of_the_same_date():
    events = [all_day("20270103", name="班"), all_day("20270101", "20270105", "元旦")]

    assert days(ical(*events))["2027-01-03"] == "make-up"
    assert days(ical(*reversed(events)))["2027-01-03"] == "make-up"


def test_a_mark_of_apple_goes_before_the_words():
    marked = all_day("20270103", name="值班表", more="\nX-APPLE-SPECIAL-DAY:WORK-HOLIDAY")

    assert days(ical(marked)) == {"2027-01-03": "closed"}


def test_timed_events_are_left_out_with_the_reason_or_are_shifts():
    early = "DTSTART:20261224T010000Z\nDTEND:20261224T050000Z\nSUMMARY:early"
    late = "DTSTART;TZID=Asia/Shanghai:20261224T200000\nDURATION:PT6H\nSUMMARY:late"

    assert "time of day" in days(ical(early))["2026-12-24"]
    assert days(ical(early, late), timed=TimedEvents.OPEN) == {
        "2026-12-24": "09:00-13:00, 20:00-02:00"
    }


def test_shifts_that_touch_become_one():
    one = "DTSTART:20261224T010000Z\nDTEND:20261224T050000Z\nSUMMARY:a"
    two = "DTSTART:20261224T040000Z\nDTEND:20261224T090000Z\nSUMMARY:b"

    assert days(ical(one, two), timed=TimedEvents.OPEN) == {"2026-12-24": "09:00-17:00"}


def test_what_is_over_cancelled_or_too_far_ahead_is_left_out():
    far = (TODAY + AHEAD + timedelta(days=1)).strftime("%Y%m%d")
    cancelled = all_day("20270101", more="\nSTATUS:CANCELLED")

    assert days(ical(all_day("20251001"), all_day(far), cancelled, all_day("20270501"))) == {
        "2027-05-01": "closed"
    }


def test_yearly_weekly_and_daily_repetitions_are_read():
    yearly = all_day("20200501", name="五一", more="\nRRULE:FREQ=YEARLY")
    assert list(days(ical(yearly))) == ["2027-05-01", "2028-05-01", "2029-05-01"]
    weekly = all_day("20261123", more="\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3")
    assert list(days(ical(weekly))) == ["2026-11-23", "2026-11-25", "2026-11-30"]
    daily = all_day("20261201", more="\nRRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20261205")
    assert list(days(ical(daily))) == ["2026-12-01", "2026-12-03", "2026-12-05"]
    leap = all_day("20240229", more="\nRRULE:FREQ=YEARLY")
    assert list(days(ical(leap))) == ["2028-02-29"]


def test_dates_can_be_left_out_of_a_repetition_and_added():
    event = all_day(
        "20261201",
        more="\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261202\nRDATE;VALUE=DATE:20261224",
    )

    assert list(days(ical(event))) == ["2026-12-01", "2026-12-03", "2026-12-24"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYDAY=1MO",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        "FREQ=SECONDLY",
        "FREQ=DAILY;INTERVAL=100000",
        "FREQ=WEEKLY;BYDAY=2MO",
    ],
)
def test_a_rarer_repetition_is_named_and_gives_no_wrong_days(rule):
    found = days(ical(all_day("20261201", more=f"\nRRULE:{rule}")))

    assert list(found) == ["2026-12-01"]
    assert "repeats" in found["2026-12-01"]


@pytest.mark.parametrize(
    "data",
    [b"", b"nothing", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"BEGIN:VEVENT"],
)
def test_a_file_that_is_no_calendar_is_refused(data):
    with pytest.raises(InvalidInputError, match="no iCal file"):
        read_ical(data, SHANGHAI, TODAY)


def test_size_and_number_of_events_are_bounded():
    with pytest.raises(InvalidInputError, match="1 MB"):
        read_ical(b"x" * (MOST_BYTES + 1), SHANGHAI, TODAY)
    many = ical(*[all_day("20270101")] * (MOST_EVENTS + 1))
    with pytest.raises(InvalidInputError, match=f"{MOST_EVENTS} events"):
        read_ical(many, SHANGHAI, TODAY)


@given(st.binary(max_size=200), st.sampled_from(NAMES))
def test_no_file_makes_it_fail_in_another_way(noise, name):
    body = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270101\r\n"
    data = body + name + noise + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    with suppress(InvalidInputError):
        read_ical(data, SHANGHAI, TODAY, TimedEvents.OPEN)


def test_the_plan_says_what_is_new_changed_and_there_already():
    known = {
        date(2027, 1, 1): OwnDay(DayKind.CLOSED, name="元旦"),
        date(2027, 1, 2): OwnDay(DayKind.OPEN, name="sale", source=DaySource.MANUAL),
    }
    plan = plan_of(
        office(own_days=known),
        ical(all_day("20270101", "20270104", "元旦")),
        TODAY,
        TimedEvents.SKIP,
    )

    assert [each.change for each in plan.days] == ["same", "changed", "new"]
