"""Calendars for tests: an ordinary office week, and any calendar that Hypothesis can think of."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from wxdesk.calendars.holidays import china
from wxdesk.calendars.hours import Week, read_intervals
from wxdesk.calendars.operations import CalendarForm, create_calendar
from wxdesk.calendars.rules import Calendar, DayKind, Interval, OwnDay, no_holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = (
    "Asia/Shanghai",
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # left out a whole day in 2011
    "America/Sao_Paulo",  # used to skip midnight
    "Asia/Kathmandu",
)
OFFICE = read_intervals("09:00-12:00, 13:00-18:00")


def office(**values):
    """Monday to Friday in Shanghai, with China's holidays; `values` replace fields."""
    fields = {"zone": SHANGHAI, "week": (OFFICE,) * 5 + ((), ()), "holidays": china}
    return Calendar(**(fields | values))


def office_hours(runtime, hours: str = "09:00-12:00, 13:00-18:00") -> int:
    """Monday to Friday in Shanghai, as a stored calendar; gives its id."""
    form = CalendarForm("上海", "Asia/Shanghai", (read_intervals(hours),) * 5 + ((), ()))
    with runtime.unit_of_work() as uow:
        return create_calendar(uow, form, actor_id=None).id


def every_day(hours: str, zone: str = "Asia/Shanghai", **values):
    return Calendar(ZoneInfo(zone), (read_intervals(hours),) * 7, **values)


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """`2026-03-02 09:00` in a zone, as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@st.composite
def days_hours(draw) -> tuple[Interval, ...]:
    """Up to three intervals that don't overlap; the last may go on past midnight."""
    count = draw(st.integers(0, 3))
    edges = sorted(
        draw(st.lists(st.integers(0, 1439), min_size=2 * count, max_size=2 * count, unique=True))
    )
    found = [Interval(*edges[n : n + 2]) for n in range(0, 2 * count, 2)]
    if found and draw(st.booleans()):
        found[-1] = Interval(found[-1].start, draw(st.integers(1440, found[-1].start + 1440)))
    return tuple(found)


def _minutes_of(week: Week) -> int:
    return sum(each.end - each.start for day in week for each in day)


@st.composite
def calendars(draw) -> Calendar:
    """Any that opens for some hours a week; nights may run into the next day's hours."""
    weeks = st.lists(days_hours(), min_size=7, max_size=7)
    week = draw(weeks.filter(lambda week: _minutes_of(week) >= 4 * 60))
    first = draw(st.sampled_from([date(2026, 1, 1), date(2011, 12, 20), date(2017, 10, 10)]))
    own_days = draw(
        st.dictionaries(
            st.integers(0, 60).map(lambda number: first + timedelta(days=number)),
            st.builds(OwnDay, st.sampled_from(DayKind), st.none() | days_hours()),
            max_size=8,
        )
    )
    return Calendar(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        week=tuple(week),
        make_up_as=draw(st.integers(1, 7)),
        own_days=own_days,
        holidays=draw(st.sampled_from([china, no_holidays])),
    )


def instants() -> st.SearchStrategy[datetime]:
    """Around changes of the clocks, ends of years, a day that Samoa left out, and any other."""
    around = [
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 4, 4, 15, tzinfo=UTC),
        datetime(2011, 12, 30, 10, tzinfo=UTC),
        datetime(2017, 10, 15, 3, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 16, tzinfo=UTC),
    ]
    near = st.builds(lambda at, by: at + by, st.sampled_from(around), spans(most_days=3))
    return near | st.datetimes(
        datetime(2005, 1, 1),  # noqa: DTZ001
        datetime(2040, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    )


def spans(most_days: int = 7) -> st.SearchStrategy[timedelta]:
    return st.integers(0, most_days * 86_400 * 1_000_000).map(
        lambda micros: timedelta(microseconds=micros)
    )
