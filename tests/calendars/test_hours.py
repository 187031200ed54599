"""Intervals as people type them."""

import pytest
from hypothesis import given

from calendars.plans import days_hours
from wxdesk.calendars.hours import (
    HoursError,
    of_pairs,
    overlap_in,
    print_intervals,
    read_intervals,
    to_pairs,
)
from wxdesk.calendars.rules import Interval


@given(days_hours())
def test_what_is_printed_is_read_back(hours):
    assert read_intervals(print_intervals(hours)) == hours
    assert of_pairs(to_pairs(hours)) == hours


@pytest.mark.parametrize(
    "text",
    ["9:00-12:00,13:00-18:00", "09:00–12:00、13:00~18:00", "09:00 至 12:00;13:00到18:00\n"],
)
def test_intervals_are_read_as_people_type_them(text):
    assert read_intervals(text) == (Interval(540, 720), Interval(780, 1080))


def test_an_empty_day_is_closed():
    assert read_intervals("  ") == ()


def test_an_end_before_the_beginning_is_on_the_next_day():
    assert read_intervals("22:00-02:00") == (Interval(1320, 1560),)
    assert print_intervals(read_intervals("22:00-00:00, 00:00-02:00")) == "00:00-02:00, 22:00-24:00"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("9-12", "no interval"),
        ("25:00-26:00", "00:00 to 24:00"),
        ("09:61-10:00", "00:00 to 24:00"),
        ("24:00-02:00", "00:00 to 24:00"),
        ("09:00-12:00, 11:00-13:00", "overlap"),
        (", ".join(f"{hour:02d}:00-{hour:02d}:30" for hour in range(13)), "at most 12"),
    ],
)
def test_what_is_no_list_of_intervals_is_refused_with_a_sentence(text, part):
    with pytest.raises(HoursError, match=part):
        read_intervals(text)


def test_a_night_that_runs_into_the_next_day_is_found():
    night, early = read_intervals("22:00-06:00"), read_intervals("05:00-09:00")

    assert overlap_in((night, early, (), (), (), (), ())) == 1
    assert overlap_in((early, (), (), (), (), (), night)) == 7
    assert overlap_in((night,) * 7) is None
