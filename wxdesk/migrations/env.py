"""Runs a migration on the connection that plumbing/schema.py passes in."""

from alembic import context

from wxdesk.all_models import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
