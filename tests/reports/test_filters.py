"""The filters of a report as its address writes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.reports.filters import (
    Preset,
    before_of,
    period_of,
    preset_of,
    read_filters,
)
from wxdesk.reports.rules import Filters, Period
from wxdesk.settings import load

NOON = datetime(2026, 11, 22, 4, 10, tzinfo=UTC)  # a Sunday, ten past twelve in Shanghai
NAMES = ("account", "team", "agent", "tag")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def settings(tmp_path):
    return load({"WXDESK_DATA_DIR": str(tmp_path), "WXDESK_TIMEZONE": "Asia/Shanghai"})


def read(settings, now=NOON, **given):
    return read_filters({name: [value] for name, value in given.items()}, settings, now)


def days(period):
    """The first day and the day after the last, local."""
    return tuple(f"{at.astimezone(period.zone):%m-%d %H:%M}" for at in (period.since, period.until))


def test_without_arguments_it_is_the_last_28_days_with_a_comparison(settings):
    filters = read(settings)
    assert days(filters.period) == ("10-26 00:00", "11-23 00:00")
    assert filters.compares
    assert not filters.has_business_hours
    assert filters.account_ids == filters.team_ids == filters.agent_ids == filters.tag_ids == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("today", ("11-22 00:00", "11-23 00:00")),
        ("yesterday", ("11-21 00:00", "11-22 00:00")),
        ("7d", ("11-16 00:00", "11-23 00:00")),
        ("90d", ("08-25 00:00", "11-23 00:00")),
        ("month", ("11-01 00:00", "11-23 00:00")),
    ],
)
def test_a_named_period_is_made_of_whole_local_days(settings, name, expected):
    assert days(read(settings, period=name).period) == expected


def test_the_local_day_counts_not_that_of_utc(settings):
    late = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)  # half past midnight on the 22nd
    assert days(read(settings, now=late, period="today").period)[0] == "11-22 00:00"


def test_own_days_include_the_last(settings):
    period = read(settings, **{"from": "2026-02-01", "to": "2026-02-28"}).period
    assert days(period) == ("02-01 00:00", "03-01 00:00")


def test_a_day_of_changed_clocks_has_23_hours():
    period = period_of(Preset.TODAY, BERLIN, datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert period.until - period.since == timedelta(hours=23)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("period", "fortnight"),
        ("from", "yesterday"),
        ("from", "2026-02-30"),
        ("from", "0001-01-01"),
        ("to", "2026-01-01"),
        ("to", "9999-12-31"),
        ("team", "one"),
        ("team", "0"),
        ("agent", "-1"),
        ("tag", "9" * 30),
        ("account", "00000000000199999999999999999999"),
        ("team", str(2**31)),
        ("account", "²"),
        ("hours", "night"),
        ("compare", "yes"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_name_of_its_argument(settings, name, value):
    given = {"from": "2026-02-01", "to": "2026-02-28"} if name in ("from", "to") else {}
    with pytest.raises(InvalidInputError) as caught:
        read(settings, **(given | {name: value}))
    assert caught.value.field == name


def test_a_period_of_more_than_400_days_is_refused(settings):
    assert read(settings, **{"from": "2025-01-01", "to": "2026-02-04"})
    with pytest.raises(InvalidInputError, match="at most 400 days"):
        read(settings, **{"from": "2025-01-01", "to": "2026-02-05"})


def test_more_than_fifty_of_a_kind_are_refused(settings):
    ids = [str(number) for number in range(1, 52)]
    with pytest.raises(InvalidInputError, match="at most 50"):
        read_filters({"tag": ids}, settings, NOON)


def test_empty_arguments_count_as_missing(settings):
    assert read(settings, period=" ", team="", **{"from": ""}) == read(settings)


def test_a_morning_is_compared_with_the_same_hours_of_the_day_before(settings):
    before = before_of(read(settings, period="today"), NOON)
    assert days(before.period) == ("11-21 00:00", "11-21 12:00")


def test_a_period_that_is_over_is_compared_with_the_whole_one_before(settings):
    filters = read(settings, period="yesterday", team="3")
    before = before_of(filters, NOON)
    assert days(before.period) == ("11-20 00:00", "11-21 00:00")
    assert replace(before, period=filters.period) == filters


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-03-29", "2026-03-29", ("03-28 00:00", "03-29 00:00")),  # of 23 hours
        ("2026-03-30", "2026-03-30", ("03-29 00:00", "03-30 00:00")),
        ("2026-10-25", "2026-10-25", ("10-24 00:00", "10-25 00:00")),  # of 25 hours
        ("2026-10-26", "2026-10-26", ("10-25 00:00", "10-26 00:00")),
        ("2026-10-19", "2026-10-25", ("10-12 00:00", "10-19 00:00")),
    ],
)
def test_the_period_before_is_whole_local_days_where_clocks_change(first, last, expected):
    settings = type("Settings", (), {"timezone": "Europe/Berlin"})
    filters = read_filters({"from": [first], "to": [last]}, settings, NOON)
    assert days(before_of(filters, NOON).period) == expected


def test_an_unfinished_week_is_cut_at_the_same_time_of_day_where_clocks_change():
    now = datetime(2026, 10, 25, 11, 5, tzinfo=UTC)  # five past twelve of a day with 25 hours
    period = period_of(Preset.WEEK, BERLIN, now)
    before = before_of(Filters(period), now).period
    assert days(before) == ("10-12 00:00", "10-18 12:00")


def test_a_day_that_begins_at_one_o_clock_is_compared_with_the_whole_day_before():
    cairo = ZoneInfo("Africa/Cairo")  # the clocks skip the first hour of 2026-04-24
    period = period_of(Preset.TODAY, cairo, datetime(2026, 4, 24, 12, tzinfo=UTC))
    assert days(period) == ("04-24 01:00", "04-25 00:00")
    assert days(period.before()) == ("04-23 00:00", "04-24 01:00")


def test_a_period_of_hours_goes_back_by_as_many_hours():
    ends = datetime(2026, 3, 29, 10, tzinfo=UTC)
    period = Period(ends - timedelta(hours=12), ends, BERLIN)
    assert period.before().since == ends - timedelta(hours=24)


def test_just_after_midnight_the_period_before_is_empty_and_not_negative(settings):
    now = datetime(2026, 11, 21, 16, 5, tzinfo=UTC)
    before = before_of(read(settings, now=now, period="today"), now).period
    assert days(before) == ("11-21 00:00", "11-21 00:00")


def test_nothing_is_compared_when_nobody_asks(settings):
    assert before_of(read(settings, compare="0"), NOON) is None


@given(st.sampled_from([preset for preset in Preset if preset is not Preset.CUSTOM]))
def test_a_preset_is_found_again_from_its_period(preset):
    zone = ZoneInfo("Asia/Shanghai")
    assert preset_of(period_of(preset, zone, NOON), NOON) is preset
