"""Tables go out as CSV and come back the same, whatever the cells hold."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wxdesk.plumbing.csv_files import CsvRow, harmless, plain, read_table, write_table
from wxdesk.plumbing.errors import InvalidInputError

COLUMNS = {"a": ("甲",), "b": ()}
CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r"), max_size=40)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
@example([("", "0"), ("", "\n")])
def test_what_is_written_is_read(rows):
    data = write_table(("a", "b"), rows).encode()
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    if not kept:
        with pytest.raises(InvalidInputError):
            read_table(data, COLUMNS, ("a",))
        return
    assert [tuple(row.cells.values()) for row in read_table(data, COLUMNS, ("a",))] == kept


@given(CELLS)
def test_no_cell_is_a_formula(cell):
    text = write_table(("a",), [[cell]])
    [_, row] = csv.reader(io.StringIO(text, newline=""))
    assert not row or not row[0].startswith(("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠"))
    assert plain(harmless(cell)) == cell


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_what_spreadsheets_save_is_read(encoding):
    data = "甲;b;other\r\n一;二;三\r\n".encode(encoding)
    assert read_table(data, COLUMNS, ("a",)) == [CsvRow(2, {"a": "一", "b": "二"})]


def test_rows_have_the_numbers_that_a_spreadsheet_shows():
    data = b'b,a\n\n,\n1\n"two\nlines",2\n'
    found = read_table(data, COLUMNS, ("a",))
    assert [(row.number, row.cells) for row in found] == [
        (4, {"b": "1", "a": ""}),
        (5, {"b": "two\nlines", "a": "2"}),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"b\n1\n",
        b"a,a\n1,2\n",
        b"a\n",
        b"a\n\xff\xff\xff\n",
        b"a\n\x00\n",
        b"a\n" * 500_001,
        b"a\n" + b"x" * 200_000,
    ],
    ids=["empty", "missing", "double", "no rows", "no text", "binary", "too large", "huge cell"],
)
def test_what_is_no_table_is_refused(data):
    with pytest.raises(InvalidInputError) as refused:
        read_table(data, COLUMNS, ("a",))
    assert refused.value.field == "file"
