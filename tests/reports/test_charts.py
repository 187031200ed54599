"""What a chart is drawn from: labels, series, heat maps; nothing where there is nothing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from wxdesk.reports.charts import chart_of, matrix_of
from wxdesk.reports.rules import ChartKind, Column, Row, Table, Unit
from wxdesk.reports.wording import Wording
from wxdesk.words import say

ENGLISH = Wording(str, ZoneInfo("Asia/Shanghai"))
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def table(
    *rows: tuple[object, ...], kind: ChartKind = ChartKind.BARS, x: Unit = Unit.TEXT
) -> Table:
    """A column of labels and one of durations, which is drawn."""
    columns = (Column("x", say("X"), x), Column("y", say("Y"), Unit.SECONDS))
    return Table("t", say("T"), columns, tuple(map(Row, rows)), kind, ("y",))


def heat(*cells: tuple[str, str, int | None]) -> Table:
    columns = (
        Column("day", say("Day"), Unit.TEXT),
        Column("hour", say("Hour"), Unit.TEXT),
        Column("n", say("Number"), Unit.COUNT),
    )
    return Table("h", say("H"), columns, tuple(map(Row, cells)), ChartKind.HEAT, ("n",))


def test_a_chart_has_the_numbers_and_how_they_are_written():
    chart = chart_of(table(("Lin", 75), ("Mei", None)), ENGLISH)
    assert chart["x"] == ("Lin", "Mei")
    assert chart["series"] == (
        {"name": "Y", "unit": "seconds", "values": (75, None), "texts": ("1 min 15 s", "–")},
    )
    assert chart["units"] == ("d", "h", "min", "s")


@pytest.mark.parametrize("rows", [(), (("Lin", None), ("Mei", None))])
def test_where_no_number_is_no_chart_is_drawn(rows):
    assert chart_of(table(*rows), ENGLISH) is None


def test_a_table_without_a_chart_has_none():
    plain = Table("t", say("T"), (Column("x", say("X"), Unit.COUNT),), (Row((1,)),))
    assert chart_of(plain, ENGLISH) is None
    assert matrix_of(plain, ENGLISH) is None


@pytest.mark.parametrize(
    ("labels", "shown", "is_time"),
    [
        (("2026-03-01", "2026-03-02"), ("03-01", "03-02"), True),
        (("09:00", "10:00"), ("09:00", "10:00"), True),
        (("08", "09"), ("08", "09"), True),
        (("Lin", "2026-03-02"), ("Lin", "03-02"), False),
        (("5", "4"), ("5", "4"), False),
    ],
)
def test_days_and_hours_are_told_from_names(labels, shown, is_time):
    chart = chart_of(table(*((label, 1) for label in labels)), ENGLISH)
    assert (chart["x"], chart["is_time"]) == (shown, is_time)


def test_times_of_one_day_are_shown_without_the_day():
    minutes = [(NOON + timedelta(minutes=minute), 1) for minute in (0, 1)]
    assert chart_of(table(*minutes, x=Unit.INSTANT), ENGLISH)["x"] == ("12:00", "12:01")
    days = [(NOON + timedelta(days=day), 1) for day in (0, 1)]
    assert chart_of(table(*days, x=Unit.INSTANT), ENGLISH)["x"] == ("03-02 12:00", "03-03 12:00")


def test_a_heat_map_goes_from_nothing_to_the_most_and_leaves_gaps_open():
    given = heat(("Mon", "09", 0), ("Mon", "10", 1), ("Tue", "09", 100), ("Tue", "10", None))
    matrix = matrix_of(given, ENGLISH)
    assert matrix.hours == ("09", "10")
    levels = [[cell.level for cell in cells] for _, cells in matrix.lines]
    assert levels == [[0, 1], [9, None]]
    chart = chart_of(given, ENGLISH)
    assert (chart["rows"], chart["x"]) == (("Mon", "Tue"), ("09", "10"))
    assert chart["series"][0]["values"] == (0, 1, 100, None)


def test_an_hour_that_the_table_does_not_name_is_a_gap_and_no_nought():
    matrix = matrix_of(heat(("Mon", "09", 3), ("Tue", "10", 4)), ENGLISH)
    missing = matrix.lines[0][1][1]
    assert (missing.row, missing.value, missing.level) == (None, None, None)
