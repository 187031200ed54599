"""What static/js/reports.js draws: the numbers of a table, and how each of them is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from wxdesk.reports.rules import ChartKind, Column, Row, Table, Unit, Value
from wxdesk.reports.wording import Wording, plain

MOST_POINTS = 2_000
DAY = re.compile(r"\d{4}-\d\d-\d\d")
TIME = re.compile(r"(\d\d-\d\d )?\d\d:\d\d|\d\d-\d\d|\d\d")


@dataclass(frozen=True, slots=True)
class Series:
    """`values` are what is drawn, `texts` how they are written."""

    name: str
    unit: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """`x` are the labels below; `rows` (heat maps only) those at the left.

    `is_time`: the labels follow each other, and some may be left out. `units` are the short names
    of day, hour, minute and second.
    """

    kind: str
    title: str
    x: tuple[str, ...]
    series: tuple[Series, ...]
    rows: tuple[str, ...] = ()
    is_time: bool = False
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a heat map: its row as the table has it, and how dark it is, 0 to 9."""

    row: Row | None
    place: int
    value: Value
    level: int | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """A heat map as a table: days down, hours across."""

    hours: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell, ...]], ...]
    column: Column


def chart_of(table: Table, wording: Wording) -> dict[str, Any] | None:
    """JSON of the table's chart; None when there is none, or nothing to draw."""
    if table.chart is None or not table.rows:
        return None
    chart = _heat(table, wording) if table.chart is ChartKind.HEAT else _plain(table, wording)
    has_number = any(value is not None for each in chart.series for value in each.values)
    return asdict(chart) if has_number else None


def matrix_of(table: Table, wording: Wording) -> Matrix | None:
    """A heat table as days and hours; None for any other table."""
    if table.chart is not ChartKind.HEAT:
        return None
    place = _drawn(table)[0]
    days, hours, found = _grid(table, wording)
    numbers = [value for row in table.rows if (value := _number(row.values[place])) is not None]
    most = max(numbers, default=0)

    def cell(day: str, hour: str) -> Cell:
        row = found.get((day, hour))
        value = row.values[place] if row else None
        return Cell(row, place, value, _level(_number(value), most))

    lines = tuple((day, tuple(cell(day, hour) for hour in hours)) for day in days)
    return Matrix(hours, lines, table.columns[place])


def _plain(table: Table, wording: Wording) -> Chart:
    rows = table.rows[:MOST_POINTS]
    labels = _labels([row.values[0] for row in rows], table.columns[0].unit, wording)
    return Chart(
        kind=str(table.chart),
        title=wording.text(table.title),
        x=labels,
        series=tuple(_series(table, place, rows, wording) for place in _drawn(table)),
        is_time=table.chart is ChartKind.LINE or all(TIME.fullmatch(label) for label in labels),
        units=wording.units,
    )


def _labels(values: Sequence[Value], unit: Unit, wording: Wording) -> tuple[str, ...]:
    """Days without the year; times of one and the same day without the day."""
    instants = [value.astimezone(wording.zone) for value in values if isinstance(value, datetime)]
    days = {instant.date() for instant in instants}
    if instants and len(instants) == len(values) and len(days) == 1 < len(instants):
        return tuple(f"{instant:%H:%M}" for instant in instants)
    labels = [_label(value, unit, wording) for value in values]
    return tuple(label[5:] if DAY.fullmatch(label) else label for label in labels)


def _heat(table: Table, wording: Wording) -> Chart:
    place = _drawn(table)[0]
    days, hours, found = _grid(table, wording)
    cells = [found.get((day, hour)) for day in days for hour in hours]
    column = table.columns[place]
    values = [row.values[place] if row else None for row in cells]
    series = Series(
        wording.text(column.label),
        column.unit.value,
        tuple(_number(value) for value in values),
        tuple(wording.value(value, column.unit) for value in values),
    )
    return Chart("heat", wording.text(table.title), hours, (series,), days)


def _grid(
    table: Table, wording: Wording
) -> tuple[tuple[str, ...], tuple[str, ...], dict[tuple[str, str], Row]]:
    """Days and hours in the order in which the rows first name them."""
    units = table.columns[0].unit, table.columns[1].unit
    found = {
        (_label(row.values[0], units[0], wording), _label(row.values[1], units[1], wording)): row
        for row in table.rows
    }
    days = tuple(dict.fromkeys(day for day, _ in found))
    return days, tuple(dict.fromkeys(hour for _, hour in found)), found


def _series(table: Table, place: int, rows: tuple[Row, ...], wording: Wording) -> Series:
    column = table.columns[place]
    values = [row.values[place] for row in rows]
    return Series(
        wording.text(column.label),
        column.unit.value,
        tuple(_number(value) for value in values),
        tuple(wording.value(value, column.unit) for value in values),
    )


def _drawn(table: Table) -> list[int]:
    keys = [column.key for column in table.columns]
    return [keys.index(key) for key in table.drawn if key in keys] or [len(keys) - 1]


def _label(value: Value, unit: Unit, wording: Wording) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(wording.zone)
        return f"{local:%m-%d %H:%M}" if (local.hour, local.minute) != (0, 0) else f"{local:%m-%d}"
    return wording.value(value, unit)


def _number(value: Value) -> float | None:
    shown = plain(value)
    return shown if isinstance(shown, int | float) else None


def _level(value: float | None, most: float) -> int | None:
    """How dark a field is: 0 for nothing, 9 for the most."""
    if value is None:
        return None
    return 0 if most <= 0 or value <= 0 else max(1, round(value / most * 9))
