"""The database schema: to head, and what is missing. Alembic, configured here and not in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def upgrade(engine: Engine) -> None:
    """Bring the schema to head; does nothing when it is there."""
    config = _config()
    with engine.connect() as connection:
        _check_references(connection, is_on=False)
        _take_the_time(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        _check_references(connection, is_on=True)


def _check_references(connection: Connection, *, is_on: bool) -> None:
    """SQLite changes a table by copying it: rows that refer to it must not stop that.

    Only outside of a transaction can it be told so.
    """
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection
        driver.execute(f"PRAGMA foreign_keys={'ON' if is_on else 'OFF'}")


def _take_the_time(connection: Connection) -> None:
    """A migration of millions of rows may take longer than any request."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = '60s'"))


def pending_migrations(engine: Engine) -> list[str]:
    """Revisions that the database does not have yet, the oldest first.

    A revision that this version does not know (a newer wxdesk has been here) is listed as such.
    """
    script = ScriptDirectory.from_config(_config())
    reading = engine.execution_options(is_reading=True)
    with reading.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    known = [revision.revision for revision in script.walk_revisions()][::-1]
    if present is None:
        return known
    if present not in known:
        return [f"unknown revision {present}: a newer wxdesk has changed this database"]
    return known[known.index(present) + 1 :]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
