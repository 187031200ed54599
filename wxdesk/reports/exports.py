"""Reports as files: CSV for scripts and spreadsheets, XLSX with a sheet for each table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO, Any

from xlsxwriter.worksheet import Worksheet

from wxdesk.plumbing.csv_files import BOM, harmless
from wxdesk.plumbing.sheets import new_book
from wxdesk.reports.rules import Column, Report, Table, Unit, Value
from wxdesk.reports.wording import Wording
from wxdesk.words import say

LONGEST_CELL = 32_000  # Excel takes 32,767 characters
LONGEST_SHEET_NAME = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
WIDEST = 60
A_DAY = 86_400
FORMATS = {
    Unit.COUNT: "#,##0.##",
    Unit.SECONDS: "[h]:mm:ss",
    Unit.SHARE: "0.0%",
    Unit.SCORE: "0.00",
    Unit.INSTANT: "yyyy-mm-dd hh:mm",
}
FIGURES = "figures"


def csv_lines(report: Report, table_key: str, wording: Wording) -> Iterator[str]:
    """One table of a report, line by line; `figures` are the numbers above the tables.

    Numbers are plain (seconds, shares from 0 to 1), instants have their offset, None is empty.
    """
    yield BOM
    heading, rows = _cells_of(report, table_key, wording)
    yield _line(heading)
    for row in rows:
        yield _line(row)


def table_keys(report: Report) -> list[str]:
    """What `csv_lines` takes."""
    return [FIGURES, *(table.key for table in report.tables)]


def xlsx_file(report: Report, wording: Wording, about: Sequence[tuple[str, str]]) -> IO[bytes]:
    """A workbook: what it is about, the figures with their definitions, a sheet for each table.

    Written row by row; nothing in it is ever taken for a formula. Large ones lie on the disk.
    """
    file, book = new_book()
    sheets = _Sheets(book, wording)
    sheets.about(report, about)
    if report.figures:
        sheets.figures(report)
    for table in report.tables:
        sheets.table(table)
    book.close()
    file.seek(0)
    return file


class _Sheets:
    """The sheets of one workbook."""

    def __init__(self, book: Any, wording: Wording) -> None:
        self._book = book
        self._wording = wording
        self._names: set[str] = set()
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._formats = {
            unit: book.add_format({"num_format": pattern}) for unit, pattern in FORMATS.items()
        }

    def about(self, report: Report, facts: Sequence[tuple[str, str]]) -> None:
        sheet = self._add(self._say(say("Report")))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, WIDEST, self._wrapped)
        lines = [(self._say(report.title), ""), *facts]
        lines += [("", self._say(each)) for each in report.notes]
        for number, (name, text) in enumerate(lines):
            sheet.write_string(number, 0, _cut(name), self._bold)
            sheet.write_string(number, 1, _cut(text), self._wrapped)

    def figures(self, report: Report) -> None:
        sheet = self._add(self._say(say("Figures")))
        names = (say("Figure"), say("Value"), say("Period before"), say("Definition"))
        for place, (name, width) in enumerate(zip(names, (34, 16, 16, WIDEST), strict=True)):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, self._say(name), self._bold)
        sheet.freeze_panes(1, 0)
        for number, it in enumerate(report.figures, 1):
            sheet.write_string(number, 0, _cut(self._say(it.label)), self._wrapped)
            self._write(sheet, number, 1, it.value, it.unit)
            self._write(sheet, number, 2, it.before, it.unit)
            sheet.write_string(number, 3, _cut(self._say(it.definition)), self._wrapped)

    def table(self, table: Table) -> None:
        sheet = self._add(self._say(table.title))
        for place in range(len(table.columns)):
            sheet.set_column(place, place, self._width(table, place))
        self._heading(sheet, table.columns)
        for number, row in enumerate(table.rows, 1):
            for place, (value, column) in enumerate(zip(row.values, table.columns, strict=True)):
                self._write(sheet, number, place, value, column.unit)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)

    def _heading(self, sheet: Worksheet, columns: Sequence[Column]) -> None:
        for place, column in enumerate(columns):
            sheet.write_string(0, place, _cut(self._say(column.label)), self._bold)
        sheet.freeze_panes(1, 1)

    def _write(self, sheet: Worksheet, row: int, place: int, value: Value, unit: Unit) -> None:
        """Numbers as numbers, instants in the desk's time, texts as texts, nothing for None."""
        shape = self._formats.get(unit)
        if value is None:
            return
        if isinstance(value, datetime):
            local = value.astimezone(self._wording.zone).replace(tzinfo=None)
            sheet.write_datetime(row, place, local, self._formats[Unit.INSTANT])
        elif isinstance(value, str):
            sheet.write_string(row, place, _cut(self._wording.text(value)))
        else:
            number = value / A_DAY if unit is Unit.SECONDS else value
            sheet.write_number(row, place, number, shape)

    def _width(self, table: Table, place: int) -> int:
        label = self._say(table.columns[place].label)
        longest = max((_columns_of(str(row.values[place])) for row in table.rows[:200]), default=0)
        return min(WIDEST, max(_columns_of(label), longest, 8) + 3)

    def _add(self, title: str) -> Worksheet:
        """A sheet with this name, changed where Excel would refuse it."""
        base = NOT_IN_SHEET_NAMES.sub(" ", title).strip()[:LONGEST_SHEET_NAME] or "-"
        name, number = base, 1
        while name.casefold() in self._names:
            number += 1
            name = f"{base[: LONGEST_SHEET_NAME - 4]} ({number})"[:LONGEST_SHEET_NAME]
        self._names.add(name.casefold())
        return self._book.add_worksheet(name)

    def _say(self, text: str) -> str:
        return self._wording.text(text)


def _cells_of(
    report: Report, table_key: str, wording: Wording
) -> tuple[list[str], Iterator[list[str]]]:
    if table_key == FIGURES:
        names = (say("Figure"), say("Value"), say("Period before"), say("Unit"), say("Definition"))
        rows = (
            [
                wording.text(it.label),
                _plain(it.value, wording),
                _plain(it.before, wording),
                it.unit.value,
                wording.text(it.definition),
            ]
            for it in report.figures
        )
        return [wording.text(name) for name in names], rows
    table = next(each for each in report.tables if each.key == table_key)
    heading = [_heading_of(column, wording) for column in table.columns]
    return heading, ([_plain(value, wording) for value in row.values] for row in table.rows)


def _heading_of(column: Column, wording: Wording) -> str:
    label = wording.text(column.label)
    if column.unit is Unit.SECONDS:
        return wording.translate(say("%(label)s (seconds)", label=label))
    if column.unit is Unit.SHARE:
        return wording.translate(say("%(label)s (0 to 1)", label=label))
    return label


def _plain(value: Value, wording: Wording) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(wording.zone).isoformat(timespec="seconds")
    if isinstance(value, str):
        return wording.text(value)
    return repr(round(value, 6)) if isinstance(value, float) else str(value)


def _line(cells: Sequence[str]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerow([cell if _is_number(cell) else harmless(cell) for cell in cells])
    return lines.getvalue()


def _is_number(cell: str) -> bool:
    """-3 and 1e-05 are numbers, which `harmless` would spoil."""
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?", cell) is not None


def _cut(text: str) -> str:
    return text[:LONGEST_CELL]


def _columns_of(text: str) -> int:
    """How wide a text is; a Chinese character is as wide as two letters."""
    return sum(1 if each < "\u1100" else 2 for each in text)
