"""One state of the database for all statements of a report: its numbers agree with each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from wxdesk.runtime import Runtime


@contextmanager
def snapshot(runtime: Runtime) -> Iterator[Session]:
    """A read-only transaction that does not see what others commit meanwhile.

    SQLite's are so; PostgreSQL would else take a new look for each statement.
    """
    with runtime.reading() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session
