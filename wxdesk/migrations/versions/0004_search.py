"""search: an index of messages and customers in each database's own way

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"

NAMES = ("search_messages", "search_contacts")


def upgrade() -> None:
    """Old messages and customers are put in by the job that puts in new ones."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in NAMES:
        if is_sqlite:
            op.execute(
                f"CREATE VIRTUAL TABLE {name} USING fts5"
                "(words, facets, tokenize = 'ascii', prefix = '2 3')"
            )
        else:
            op.execute(f"CREATE TABLE {name} (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
            op.execute(f"CREATE INDEX ix_{name}_words ON {name} USING gin (words)")
