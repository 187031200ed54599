"""Targets as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.sla.durations import print_duration, read_duration


@given(st.integers(1, 60 * 24 * 3600))
def test_what_is_printed_is_read_back(seconds):
    assert read_duration(print_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 300),
        ("5m", 300),
        ("1.5", 90),
        ("1,5", 90),
        ("8h", 28_800),
        ("1h30", 5_400),
        ("1 h 30 min", 5_400),
        ("2小时", 7_200),
        ("90分钟", 5_400),
        (" 8 H ", 28_800),
    ],
)
def test_minutes_and_hours_are_read_as_people_type_them(text, seconds):
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "soon", "-5", "5d", "h", "1e3", "9" * 5000])
def test_what_is_no_duration_is_not_guessed(text):
    assert read_duration(text) is None


def test_nothing_promised_is_shown_as_nothing():
    assert print_duration(None) == ""
