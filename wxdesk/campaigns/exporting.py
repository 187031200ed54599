"""Entries as files: what is needed to repeat a draw, and to know who it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import IO
from zoneinfo import ZoneInfo

from wxdesk.campaigns.draw_order import Ticket
from wxdesk.campaigns.queries import EntryView
from wxdesk.plumbing.csv_files import BOM, harmless
from wxdesk.plumbing.sheets import Cell, Sheet, xlsx_of
from wxdesk.words import say

MOST_ROWS = 1_000_000  # of a sheet: Excel takes 1,048,576
COLUMNS = (
    (say("Entry"), 12),
    (say("Customer number"), 16),
    (say("Customer"), 24),
    ("OpenID", 34),
    (say("Which entry of theirs"), 12),
    (say("Time"), 20),
    (say("Code"), 24),
    (say("Prize"), 24),
)
Say = Callable[[str], str]


def csv_pieces(pages: Iterable[Sequence[EntryView]], zone: ZoneInfo, tell: Say) -> Iterator[str]:
    """A CSV file page by page; times with their offset, no cell is taken for a formula.

    The heading is told at once: when the pages are asked for, the request has ended.
    """
    return chain([BOM + _lines([[tell(name) for name, _ in COLUMNS]])], _lines_of(pages, zone))


def _lines_of(pages: Iterable[Sequence[EntryView]], zone: ZoneInfo) -> Iterator[str]:
    for page in pages:
        yield _lines(
            [
                *(str(each) for each in (it.id, it.contact_id)),
                harmless(it.name),
                harmless(it.openid),
                str(it.number),
                it.entered_at.astimezone(zone).isoformat(timespec="seconds"),
                harmless(it.code or ""),
                harmless(it.prize or ""),
            ]
            for it in page
        )


def xlsx_of_entries(pages: Iterable[Sequence[EntryView]], zone: ZoneInfo, tell: Say) -> IO[bytes]:
    """A workbook with one sheet, at most a million rows; times are those of the desk's zone."""
    rows = (_row(it, zone) for page in pages for it in page)
    columns = tuple((tell(name), width) for name, width in COLUMNS)
    return xlsx_of([Sheet(tell(say("Entries")), columns, islice(rows, MOST_ROWS))])


def pool_csv(tickets: Iterable[Ticket], mark: Callable[[int], str]) -> Iterator[str]:
    """Who took part in a draw, with the mark by which the draw orders them."""
    yield BOM + _lines([["entry", "customer", "sha256"]])
    for each in tickets:
        yield f"{each.entry_id},{each.contact_id},{mark(each.entry_id)}\r\n"


def _row(it: EntryView, zone: ZoneInfo) -> tuple[Cell, ...]:
    local: datetime = it.entered_at.astimezone(zone)
    return (it.id, it.contact_id, it.name, it.openid, it.number, local, it.code, it.prize)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
