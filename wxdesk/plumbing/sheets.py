"""Tables as XLSX files, written row by row; no cell is ever taken for a formula."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import xlsxwriter
from flask import Response
from werkzeug.wsgi import FileWrapper

Cell = str | int | float | datetime | None

IN_MEMORY = 1_000_000  # bytes; what is larger goes to a file on the disk
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_CELL = 32_000  # Excel takes 32,767 characters
LONGEST_NAME = 31
NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`columns` are (heading, width in characters); times are shown as they are, without a zone."""

    title: str
    columns: tuple[tuple[str, int], ...]
    rows: Iterable[Sequence[Cell]]


def xlsx_of(sheets: Iterable[Sheet]) -> IO[bytes]:
    """A workbook, at its beginning; large ones lie on the disk. Titles must differ."""
    file, book = new_book()
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for sheet in sheets:
        title = NOT_IN_NAMES.sub(" ", sheet.title).strip()[:LONGEST_NAME] or "-"
        page = book.add_worksheet(title)
        for place, (heading, width) in enumerate(sheet.columns):
            page.set_column(place, place, width)
            page.write_string(0, place, heading[:LONGEST_CELL], bold)
        page.freeze_panes(1, 0)
        for number, row in enumerate(sheet.rows, 1):
            for place, cell in enumerate(row):
                _write(page, (number, place), cell, instant)
    book.close()
    file.seek(0)
    return file


def new_book() -> tuple[IO[bytes], xlsxwriter.Workbook]:
    """A workbook that is written row by row, and its file; nothing in it is taken for a formula."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- given away
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": False,
        "nan_inf_to_errors": False,
    }
    return file, xlsxwriter.Workbook(file, options)


def workbook_response(file: IO[bytes], name: str) -> Response:
    """The workbook as a download, in pieces; its file is closed however the answer ends."""
    response = Response(FileWrapper(file), mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _write(
    page: xlsxwriter.worksheet.Worksheet, at: tuple[int, int], cell: Cell, instant: object
) -> None:
    if cell is None:
        return
    if isinstance(cell, datetime):
        page.write_datetime(*at, cell.replace(tzinfo=None), instant)
    elif isinstance(cell, str):
        page.write_string(*at, cell[:LONGEST_CELL])
    else:
        page.write_number(*at, cell)
