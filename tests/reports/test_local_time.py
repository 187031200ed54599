"""Local days and hours of the week in SQL equal those of Python, in every zone and over DST."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, bindparam, literal_column, select

from wxdesk.plumbing.db import UTCDateTime
from wxdesk.reports.local_time import (
    BeginningOf,
    QuarterOf,
    day_of,
    days_of,
    hour_of_week,
    instant_of,
    local_day,
    midnight,
    quarter_of,
    quarters_of,
    quarters_of_hour,
)
from wxdesk.reports.rules import Period

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC")
EIGHTH = timedelta(minutes=7, seconds=30)
instants = st.integers(1_704_067_200_000, 1_861_920_000_000).map(
    lambda ms: datetime.fromtimestamp(ms / 1000, UTC)
)
on_a_database = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@on_a_database
@given(instants, st.integers(1, 400), st.sampled_from(ZONES), st.data())
def test_a_quarter_lies_in_the_local_day_and_hour_that_the_zone_says(
    runtime, since, length, zone_name, data
):
    zone = ZoneInfo(zone_name)
    day = since.astimezone(zone).date()
    period = Period(midnight(day, zone), midnight(day + timedelta(days=length), zone), zone)
    quarter = data.draw(st.sampled_from(quarters_of(period)))
    its = literal_column(str(quarter), type_=BigInteger())
    query = select(local_day(its, period), hour_of_week(its, period))
    with runtime.reading() as session:
        found_day, found_hour = session.execute(query).one()
    at = instant_of(quarter).astimezone(zone)
    assert (day_of(found_day), found_hour) == (at.date(), at.weekday() * 24 + at.hour)


@on_a_database
@given(instants)
def test_the_database_finds_the_quarter_of_an_instant_and_its_beginning(runtime, instant):
    at = select(literal_column("1"))
    with runtime.reading() as session:
        bound = _bound(instant)
        quarter = session.scalar(select(QuarterOf(bound)))
        later = session.scalar(at.where(BeginningOf(literal_column(str(quarter + 1))) > bound))
        not_later = session.scalar(at.where(BeginningOf(literal_column(str(quarter))) <= bound))
    assert quarter == quarter_of(instant)
    assert later == not_later == 1


@pytest.mark.parametrize("zone_name", ZONES)
def test_the_hours_of_a_week_share_all_quarters_of_a_period_among_them(zone_name):
    zone = ZoneInfo(zone_name)
    first = date(2026, 3, 20)
    period = Period(midnight(first, zone), midnight(first + timedelta(days=14), zone), zone)
    shared = sorted(q for hour in range(168) for q in quarters_of_hour(period, hour))
    assert shared == list(quarters_of(period))
    assert len(days_of(period)) == 14


def _bound(instant):
    return bindparam("at", instant, UTCDateTime())
