"""Tables as CSV files: harmless in spreadsheets, and the same when they come back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.words import say

LARGEST_FILE = 1_000_000
MOST_ROWS = 2_000
BOM = "\ufeff"  # so that Excel reads it as UTF-8
DELIMITERS = (",", ";", "\t")
FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row below the heading; `number` is the one that a spreadsheet shows."""

    number: int
    cells: dict[str, str]


def write_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV file for download; no cell of it is taken for a formula."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(heading)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return BOM + lines.getvalue()


def read_table(
    data: bytes, columns: Mapping[str, Sequence[str]], needed: Collection[str]
) -> list[CsvRow]:
    """The rows under a heading with these columns, each by its name or another one.

    Takes UTF-8, UTF-16 with its mark and GB18030; commas, semicolons and tabs. Columns that nobody
    asked for are passed over, missing cells are "". InvalidInputError("file") says what is wrong
    with the file.
    """
    text = _decoded(data)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as error:
        reason = str(error)
        raise _problem(say("this is not a CSV file: %(reason)s", reason=reason)) from error
    heading = _heading(rows[0] if rows else [], columns, needed)
    numbered = [(number, row) for number, row in enumerate(rows[1:], 2) if not _is_empty(row)]
    if len(numbered) > MOST_ROWS:
        raise _problem(say("at most %(most)d rows at a time", most=MOST_ROWS))
    if not numbered:
        raise _problem(say("the file has no rows"))
    return [CsvRow(number, _cells(row, heading)) for number, row in numbered]


def harmless(cell: str) -> str:
    """With an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """What `harmless` was made of."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def _is_empty(row: Sequence[str]) -> bool:
    return not any(plain(cell).strip() for cell in row)


def _cells(row: Sequence[str], heading: Mapping[int, str]) -> dict[str, str]:
    found = dict.fromkeys(heading.values(), "")
    for index, name in heading.items():
        if index < len(row):
            found[name] = plain(row[index]).replace("\r\n", "\n").replace("\r", "\n")
    return found


def _heading(
    row: Sequence[str], columns: Mapping[str, Sequence[str]], needed: Collection[str]
) -> dict[int, str]:
    names = {
        name.casefold(): column for column, others in columns.items() for name in (column, *others)
    }
    found = {
        index: names[cell.strip().casefold()]
        for index, cell in enumerate(row)
        if cell.strip().casefold() in names
    }
    if not set(needed) <= set(found.values()) or len(set(found.values())) < len(found):
        wanted = ", ".join("/".join((column, *columns[column])) for column in needed)
        raise _problem(say("the first row must name the columns: %(names)s", names=wanted))
    return found


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise _problem(say("a file has at most %(most)d KB", most=LARGEST_FILE // 1000))
    encodings = ["utf-8-sig", "gb18030"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _problem(say("this is no text in UTF-8 or GB18030: save it as CSV"))


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(DELIMITERS, key=first.count)


def _problem(sentence: str) -> InvalidInputError:
    return InvalidInputError("file", sentence)
