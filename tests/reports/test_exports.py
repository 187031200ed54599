"""Reports as CSV and XLSX: the same numbers, no formulas, streamed."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from tests.reports.made_up import HOSTILE, full
from wxdesk.reports.exports import csv_lines, table_keys, xlsx_file
from wxdesk.reports.rules import Column, Filters, Period, Report, Row, Table, Unit
from wxdesk.reports.wording import DASH, Wording, change_of, plain
from wxdesk.words import say

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENGLISH = Wording(str, ZONE)
FORMULAS = ("=1+1", "+1", "@x", "-x", "＝1", "\t=1", "'=1")


@pytest.fixture
def report() -> Report:
    period = Period(NOW - timedelta(days=28), NOW, ZONE)
    return full(None, Filters(period), NOW)


def rows_of(report: Report, key: str) -> list[list[str]]:
    text = "".join(csv_lines(report, key, ENGLISH))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def book_of(report: Report) -> openpyxl.Workbook:
    with xlsx_file(report, ENGLISH, [("Period", "2026-03-01 – 2026-03-02")]) as file:
        return openpyxl.load_workbook(io.BytesIO(file.read()))


def one_column(*values: object, unit: Unit = Unit.TEXT) -> Report:
    rows = tuple(Row((value,)) for value in values)
    table = Table("t", say("T"), (Column("c", say("C"), unit),), rows)
    return Report("x", say("X"), (), (table,), (), NOW)


def test_csv_has_plain_numbers_with_their_units_and_nothing_for_none(report):
    heading, lin, _, hostile, _ = rows_of(report, "agents")
    assert heading == [
        "Agent",
        "Answers",
        "Reply, median (seconds)",
        "Promises kept (0 to 1)",
        "Last answer",
    ]
    assert lin == ["Lin", "20", "75", "0.0", ""]
    assert hostile[2] == ""


def test_figures_are_a_table_of_their_own_with_definitions(report):
    assert table_keys(report) == ["figures", "days", "agents", "hours", "tags"]
    rows = rows_of(report, "figures")
    assert rows[1][:3] == ["Oldest unanswered", "1234", ""]
    assert rows[-1] == ["Satisfaction", "", "", "score", "Mean of 1 to 5."]


def test_instants_carry_the_offset_of_the_desks_zone():
    assert rows_of(one_column(NOW, unit=Unit.INSTANT), "t")[1] == ["2026-03-02T17:00:00+08:00"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_is_taken_for_a_formula(text):
    assert rows_of(one_column(text), "t")[1] == [f"'{text}"]


def test_negative_numbers_of_a_csv_stay_numbers():
    rows = rows_of(one_column(-3, -0.5, 1e-05, unit=Unit.COUNT), "t")
    assert [row[0] for row in rows[1:]] == ["-3", "-0.5", "1e-05"]


def test_csv_is_made_line_by_line(report):
    lines = csv_lines(report, "days", ENGLISH)
    assert [next(lines) for _ in range(3)][1].startswith("Day,")
    assert sum(1 for _ in lines) == 27


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_workbook_is_a_formula(text):
    cell = book_of(one_column(text))["T"]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_a_workbook_has_a_sheet_for_each_table_and_one_for_the_figures(report):
    book = book_of(report)
    names = ["Report", "Figures", "Messages by day", "Agents", "Hours of the week", "Tags"]
    assert book.sheetnames == names
    assert [cell.value for cell in book["Report"]["A"]][:2] == ["Overview", "Period"]


def test_a_workbook_holds_numbers_as_numbers_and_durations_as_durations(report):
    agents = book_of(report)["Agents"]
    rows = list(agents.iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [20, 29, 38, 47]
    assert rows[0][2] == timedelta(seconds=75)
    assert rows[2][:3] == (HOSTILE, 38, None)
    assert agents["D3"].value == 0.25
    assert agents["D3"].number_format == "0.0%"


def test_a_workbook_shows_instants_in_the_desks_time():
    cell = book_of(one_column(NOW, unit=Unit.INSTANT))["T"]["A2"]
    assert cell.value == datetime(2026, 3, 2, 17, 0)  # noqa: DTZ001 -- a spreadsheet has no zones


def test_sheets_whose_names_excel_would_refuse_are_renamed():
    titles = ("A/B: [what]?", "a/b: [WHAT]?", "'", "x" * 40, "x" * 41, "")
    column = (Column("c", say("C"), Unit.COUNT),)
    tables = tuple(Table(str(at), title, column, ()) for at, title in enumerate(titles))
    book = book_of(Report("x", say("X"), (), tables, (), NOW))
    assert len({name.casefold() for name in book.sheetnames}) == len(titles) + 1
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_a_long_text_is_cut_where_excel_would_refuse_the_file():
    assert len(book_of(one_column("长" * 40_000))["T"]["A2"].value) == 32_000


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.COUNT, DASH),
        (0, Unit.COUNT, "0"),
        (12345, Unit.COUNT, "12,345"),
        (2.25, Unit.COUNT, "2.2"),
        (59, Unit.SECONDS, "59 s"),
        (245, Unit.SECONDS, "4 min 05 s"),
        (3 * 3600 + 7 * 60 + 59, Unit.SECONDS, "3 h 07 min"),
        (3 * 86_400 + 4 * 3600 + 59, Unit.SECONDS, "3 d 4 h"),
        (0.9999, Unit.SHARE, ">99.9%"),
        (0.0001, Unit.SHARE, "<0.1%"),
        (1.0, Unit.SHARE, "100.0%"),
        (0.125, Unit.SHARE, "12.5%"),
        (4.267, Unit.SCORE, "4.27"),
        (NOW, Unit.INSTANT, "2026-03-02 17:00"),
        ("Lin", Unit.TEXT, "Lin"),
    ],
)
def test_values_are_written_for_people(value, unit, text):
    assert ENGLISH.value(value, unit) == text


def test_only_our_own_sentences_are_translated():
    shouting = Wording(str.upper, ZONE)
    assert shouting.value(say("Nobody"), Unit.TEXT) == "NOBODY"
    assert shouting.value("Nobody", Unit.TEXT) == "Nobody"  # an agent may be called so


def test_a_change_is_told_in_per_cent_of_shares_in_points(report):
    found = {it.key: change_of(it, ENGLISH) for it in report.figures}
    incoming, median, attained = found["incoming"], found["first_median"], found["attained"]
    assert (incoming.text, incoming.is_up, incoming.is_good) == ("+23.4%", True, None)
    assert (median.text, median.is_up, median.is_good) == ("−18.3%", False, True)
    assert (attained.text, attained.is_good) == ("−2.0 points", False)
    assert found["score"] is None


def test_json_has_instants_in_utc():
    assert plain(NOW) == "2026-03-02T09:00:00.000Z"
    assert plain(None) is None
