"""A correction as files for the boss: its figures, and what became of each person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from wxdesk.corrections.queries import RecipientView
from wxdesk.corrections.reporting import Report
from wxdesk.corrections.rules import Reach, RecipientState
from wxdesk.corrections.wording import PASSIVE_NOTE, REACHES, RECIPIENTS, STATES
from wxdesk.plumbing.csv_files import BOM, write_table
from wxdesk.plumbing.sheets import Cell, Sheet, xlsx_of
from wxdesk.words import say

PAGE = 1_000

Pages = Callable[[int], list[RecipientView]]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes in the reader's language and the desk's time."""

    translate: Callable[[str], str]
    zone: ZoneInfo

    def at(self, instant: datetime | None) -> datetime | None:
        return instant.astimezone(self.zone).replace(tzinfo=None) if instant else None

    def columns(self) -> tuple[tuple[str, int], ...]:
        names = (
            (say("Number"), 10),
            (say("Customer"), 22),
            (say("First wrong answer"), 20),
            (say("Wrong answers"), 14),
            (say("How they stood"), 22),
            (say("Result"), 22),
            (say("When"), 20),
            (say("Reason"), 40),
        )
        return tuple((self.translate(name), width) for name, width in names)


def figures_of(report: Report, writer: Writer) -> list[tuple[str, Cell]]:
    """Name and value of each number, in the order in which they are told."""
    view, say_it = report.view, writer.translate
    figures: list[tuple[str, Cell]] = [
        (say("Correction"), view.row.name),
        (say("Rule or campaign"), view.source_name),
        (say("Official account"), view.account_name),
        (say("State"), say_it(STATES[view.row.state])),
        (say("Wrong answers"), view.answers),
        (say("People who got one"), view.total),
        (say("First wrong answer"), writer.at(report.first_wrong_at)),
        (say("Last wrong answer"), writer.at(report.last_wrong_at)),
        (say("Stopped"), writer.at(report.stopped_at)),
        (say("Minutes until it was stopped"), _minutes(report)),
        (say("Correction begun"), writer.at(view.row.begun_at)),
        (say("People corrected"), report.corrected),
        (say("First corrected"), writer.at(report.first_at)),
        (say("Half of them corrected by"), writer.at(report.half_at)),
        (say("90 % of them corrected by"), writer.at(report.most_at)),
        (say("Last corrected"), writer.at(report.last_at)),
    ]
    for state in RecipientState:
        if state is not RecipientState.SENT:
            figures.append((RECIPIENTS[state], view.counts.get(state, 0)))
    for reach in Reach:
        if count := report.left_out.get(reach, 0):
            why = say_it(REACHES[reach][0])
            figures.append((say("Left out: %(why)s", why=why), count))
    return [(say_it(name), value) for name, value in figures]


def workbook(report: Report, pages: Pages, writer: Writer) -> IO[bytes]:
    """Figures, hours and people, a sheet each."""
    say_it = writer.translate
    figures = [*figures_of(report, writer), ("", say_it(PASSIVE_NOTE))]
    hours = [(writer.at(each.begins), each.corrected, each.altogether) for each in report.hours]
    return xlsx_of(
        [
            Sheet(say_it(say("Figures")), ((say_it(say("Figure")), 34), ("", 60)), figures),
            Sheet(
                say_it(say("Hour by hour")),
                (
                    (say_it(say("Hour")), 20),
                    (say_it(say("Corrected")), 12),
                    (say_it(say("Altogether")), 12),
                ),
                hours,
            ),
            Sheet(
                say_it(say("Customers")),
                writer.columns(),
                (_cells(it, writer) for it in _all(pages)),
            ),
        ]
    )


def csv_lines(pages: Pages, writer: Writer) -> Iterator[str]:
    """What became of each person, a page at a time."""
    yield write_table([name for name, _ in writer.columns()], [])
    found = pages(0)
    while found:
        rows = [[_text(cell) for cell in _cells(it, writer)] for it in found]
        yield _lines(rows)
        found = pages(found[-1].contact_id) if len(found) == PAGE else []


def _lines(rows: list[list[str]]) -> str:
    """Without the heading, which `write_table` does not protect."""
    return write_table([], rows).removeprefix(BOM).partition("\r\n")[2]


def _all(pages: Pages) -> Iterator[RecipientView]:
    found = pages(0)
    while found:
        yield from found
        found = pages(found[-1].contact_id) if len(found) == PAGE else []


def _cells(it: RecipientView, writer: Writer) -> list[Cell]:
    say_it = writer.translate
    return [
        it.contact_id,
        it.name,
        writer.at(it.got_at),
        it.wrong_count,
        say_it(REACHES[it.reach][0]),
        say_it(RECIPIENTS[it.state]),
        writer.at(it.settled_at or it.queued_at),
        say_it(it.error) if it.error else "",
    ]


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return "" if cell is None else str(cell)


def _minutes(report: Report) -> float | None:
    lasted = report.lasted
    return None if lasted is None else round(lasted.total_seconds() / 60, 1)
