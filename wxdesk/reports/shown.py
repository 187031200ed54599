"""Reports as the page's template takes them: every number written, every link made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wxdesk.reports.addresses import Addresses
from wxdesk.reports.charts import Matrix, chart_of, matrix_of
from wxdesk.reports.rules import Behind, Column, Figure, Report, Row, Table, Unit, Value
from wxdesk.reports.wording import Change, Wording, change_of

MOST_SHOWN = 200
NOW = "now_"
TEXTS = (Unit.TEXT, Unit.INSTANT)


@dataclass(frozen=True, slots=True)
class Card:
    """A figure; `before` is empty where nothing is compared."""

    key: str
    label: str
    definition: str
    text: str
    before: str
    change: Change | None
    link: str | None


@dataclass(frozen=True, slots=True)
class ShownCell:
    """`order` is what the column is sorted by: a number, or the text itself."""

    text: str
    order: str
    link: str | None
    is_number: bool
    level: int | None = None


@dataclass(frozen=True, slots=True)
class ShownColumn:
    label: str
    definition: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class ShownTable:
    """`matrix` lines (day, fields) stand for a heat map's rows; `hidden` ones are in the files."""

    key: str
    title: str
    note: str
    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[ShownCell, ...], ...]
    hidden: int
    hours: tuple[str, ...]
    matrix: tuple[tuple[str, tuple[ShownCell, ...]], ...]
    chart: dict[str, Any] | None
    csv: str


@dataclass(frozen=True, slots=True)
class ShownReport:
    """`now` are the figures of this minute, `figures` those of the period."""

    title: str
    now: tuple[Card, ...]
    figures: tuple[Card, ...]
    tables: tuple[ShownTable, ...]
    notes: tuple[str, ...]
    is_empty: bool


@dataclass(frozen=True, slots=True)
class About:
    """Which number a list of conversations is behind."""

    label: str
    definition: str
    text: str


def shown_report(report: Report, wording: Wording, links: Addresses) -> ShownReport:
    cards = [(it, _card(it, wording, links)) for it in report.figures]
    return ShownReport(
        title=wording.text(report.title),
        now=tuple(card for it, card in cards if it.key.startswith(NOW)),
        figures=tuple(card for it, card in cards if not it.key.startswith(NOW)),
        tables=tuple(_table(table, wording, links) for table in report.tables),
        notes=tuple(wording.text(note) for note in report.notes),
        is_empty=_is_empty(report),
    )


def about(report: Report, behind: Behind, wording: Wording) -> About | None:
    """The number of this report that such a link stands at; None when it has none (any more)."""
    for figure in report.figures:
        if figure.behind == behind:
            definition = wording.text(figure.definition)
            text = wording.value(figure.value, figure.unit)
            return About(wording.text(figure.label), definition, text)
    for table in report.tables:
        for row in table.rows:
            for place, column in enumerate(table.columns):
                if row.behind.get(column.key) == behind:
                    return _about_cell(table, row, place, wording)
    return None


def _about_cell(table: Table, row: Row, place: int, wording: Wording) -> About:
    column, first = table.columns[place], table.columns[0]
    label = f"{wording.text(column.label)} · {wording.value(row.values[0], first.unit)}"
    text = wording.value(row.values[place], column.unit)
    return About(label, wording.text(column.definition), text)


def _card(it: Figure, wording: Wording, links: Addresses) -> Card:
    return Card(
        key=it.key,
        label=wording.text(it.label),
        definition=wording.text(it.definition),
        text=wording.value(it.value, it.unit),
        before="" if it.before is None else wording.value(it.before, it.unit),
        change=change_of(it, wording),
        link=links.behind(it.behind) if it.behind and it.value is not None else None,
    )


def _table(table: Table, wording: Wording, links: Addresses) -> ShownTable:
    matrix = matrix_of(table, wording)
    rows = () if matrix else table.rows[:MOST_SHOWN]
    return ShownTable(
        key=table.key,
        title=wording.text(table.title),
        note=wording.text(table.note),
        columns=tuple(_column(column, wording) for column in table.columns),
        rows=tuple(_row(table, row, wording, links) for row in rows),
        hidden=0 if matrix else len(table.rows) - len(rows),
        hours=matrix.hours if matrix else (),
        matrix=_lines(matrix, wording, links) if matrix else (),
        chart=chart_of(table, wording),
        csv=links.csv(table.key),
    )


def _column(column: Column, wording: Wording) -> ShownColumn:
    is_number = column.unit not in TEXTS
    return ShownColumn(wording.text(column.label), wording.text(column.definition), is_number)


def _row(table: Table, row: Row, wording: Wording, links: Addresses) -> tuple[ShownCell, ...]:
    pairs = zip(row.values, table.columns, strict=True)
    return tuple(_cell(row, column, value, wording, links) for value, column in pairs)


def _lines(
    matrix: Matrix, wording: Wording, links: Addresses
) -> tuple[tuple[str, tuple[ShownCell, ...]], ...]:
    column = matrix.column
    return tuple(
        (
            day,
            tuple(
                _cell(cell.row, column, cell.value, wording, links, cell.level) for cell in cells
            ),
        )
        for day, cells in matrix.lines
    )


def _cell(
    row: Row | None,
    column: Column,
    value: Value,
    wording: Wording,
    links: Addresses,
    level: int | None = None,
) -> ShownCell:
    behind = row.behind.get(column.key) if row else None
    return ShownCell(
        text=wording.value(value, column.unit),
        order=_order(value),
        link=links.behind(behind) if behind and value is not None else None,
        is_number=column.unit not in TEXTS,
        level=level,
    )


def _order(value: Value) -> str:
    """What is unknown comes last."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _is_empty(report: Report) -> bool:
    """Nothing happened: no figure of the period is more than 0, and no table has a number."""
    values = [it.value for it in report.figures if not it.key.startswith(NOW)]
    values += [
        value
        for table in report.tables
        for row in table.rows
        for value, column in zip(row.values, table.columns, strict=True)
        if column.unit not in TEXTS
    ]
    return not any(values)
