"""How the database finds what a piece of work asks for: by an index, or by reading it all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

GROWING = (
    "campaign_entries",
    "contacts",
    "conversations",
    "deliveries",
    "messages",
    "prize_codes",
    "reply_windows",
    "satisfaction_ratings",
    "sla_clocks",
)


@contextmanager
def no_table_read_whole(engine: Engine) -> Iterator[None]:
    """Fails when SQLite would go through a whole table that grows; for SQLite only.

    SQLite plans without looking at how many rows there are, so small tables tell the truth.
    """
    asked: dict[str, object] = {}

    def note(_connection, _cursor, statement, parameters, _context, is_many):
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            asked[statement] = parameters[0] if is_many else parameters

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        for statement, parameters in asked.items():
            plan = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            whole = [row[3] for row in plan if row[3].split()[0] == "SCAN"]
            whole = [line for line in whole if re.sub(r"_\d+$", "", line.split()[1]) in GROWING]
            assert not whole, f"{whole}: {statement}"
