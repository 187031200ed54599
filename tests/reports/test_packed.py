"""Numbers packed into one in SQL are those that Python packs, and come out as they went in."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Integer, column, insert, literal
from sqlalchemy import select as query

from wxdesk.reports.models import MessageTally
from wxdesk.reports.packed import Packing, Part, read_packed

PACKING = Packing(
    (Part(column("quarter"), 22), Part(column("account_id"), 30), Part(column("messages"), 10))
)
triples = st.tuples(st.integers(0, 2**22 - 2), st.integers(0, 2**30 - 2), st.integers(0, 2**10 - 2))


@given(st.tuples(*(st.none() | st.integers(0, 2**part.bits - 2) for part in PACKING.parts)))
def test_what_was_packed_comes_out_again(values):
    assert PACKING.unpack(PACKING.pack(*values)) == values


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(triples, max_size=20, unique_by=lambda row: row[:2]))
def test_the_database_packs_as_python_does(runtime, rows):
    with runtime.unit_of_work() as uow:
        uow.session.execute(MessageTally.__table__.delete())
        for quarter, account_id, messages in rows:
            row = {"quarter": quarter, "account_id": account_id, "messages": messages, "kind": "x"}
            uow.session.execute(insert(MessageTally).values(**row))
    with runtime.reading() as session:
        found = read_packed(session, PACKING, MessageTally.__table__, [])
    assert found == sorted(PACKING.pack(*row) for row in rows)


def test_null_is_told_from_zero(runtime):
    with runtime.reading() as session:
        row = query(literal(None, Integer).label("x")).union_all(query(literal(0))).subquery()
        found = read_packed(session, Packing((Part(row.c.x, 8),)), row, [])
    assert found == [0, 1]


def test_parts_that_do_not_fit_into_one_number_are_refused():
    with pytest.raises(ValueError, match="63 bits"):
        Packing((Part(column("x"), 60), Part(column("y"), 3))).pack(1, 1)
