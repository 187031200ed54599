"""Migrations: from nothing to what the models say, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cast import customer_writes, make_account
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from wxdesk.all_models import metadata
from wxdesk.plumbing.db import open_engine
from wxdesk.plumbing.schema import pending_migrations, upgrade


def is_of_a_model(name: str | None, kind: str, _parents: object) -> bool:
    """The search index is made of tables that no model describes (migration 0004)."""
    return kind != "table" or not str(name).startswith(("search_messages", "search_contacts"))


def test_the_migrated_schema_is_the_one_of_the_models(runtime):
    with runtime.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": False,
                "include_name": is_of_a_model,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_the_checks_of_the_models_are_in_the_database(runtime):
    """Alembic compares no CHECK constraints: count them by name."""
    wanted = {
        constraint.name
        for table in metadata.tables.values()
        for constraint in table.constraints
        if type(constraint).__name__ == "CheckConstraint" and constraint.name
    }
    query = "SELECT conname FROM pg_constraint WHERE contype = 'c'"
    if runtime.engine.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE type = 'table'"
    with runtime.engine.connect() as connection:
        found = " ".join(connection.scalars(text(query)))
    assert {name for name in wanted if str(name) not in found} == set()
    assert wanted


def test_nothing_is_pending_at_head_and_upgrading_again_changes_nothing(runtime):
    assert pending_migrations(runtime.engine) == []
    upgrade(runtime.engine)
    assert pending_migrations(runtime.engine) == []


def test_an_empty_database_lacks_every_migration_in_order(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/empty.sqlite3")
    pending = pending_migrations(engine)
    engine.dispose()
    assert pending
    assert pending == sorted(pending)


def test_a_database_of_a_newer_version_is_named(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/newer.sqlite3")
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    (problem,) = pending_migrations(engine)
    engine.dispose()
    assert "9999_future" in problem
    assert "newer wxdesk" in problem


def test_the_database_itself_refuses_an_unknown_status(runtime):
    conversation = customer_writes(runtime, make_account(runtime)).conversation_id
    change = text("UPDATE conversations SET status = 'opened' WHERE id = :id")
    with pytest.raises(IntegrityError), runtime.engine.begin() as connection:
        connection.execute(change, {"id": conversation})


def test_the_database_itself_keeps_one_open_conversation_a_customer(runtime):
    customer_writes(runtime, make_account(runtime))
    columns = ", ".join(
        column.name for column in metadata.tables["conversations"].columns if column.name != "id"
    )
    double = text(f"INSERT INTO conversations ({columns}) SELECT {columns} FROM conversations")  # noqa: S608
    with pytest.raises(IntegrityError), runtime.engine.begin() as connection:
        connection.execute(double)
