"""All statements of a report see one state of the database."""

from __future__ import annotations

from sqlalchemy import func, select

from reports.waits import Past, local
from wxdesk.conversations.rules import SenderKind
from wxdesk.reports.snapshot import snapshot
from wxdesk.sla.models import SlaClock

HOW_MANY = select(func.count(SlaClock.id))


def test_what_is_committed_meanwhile_is_in_the_next_report(runtime, account):
    past = Past(runtime, account)
    past.wait(local(3))
    with snapshot(runtime) as session:
        assert session.scalar(HOW_MANY) == 1
        past.wait(local(4))
        past.message(local(4), SenderKind.CUSTOMER)
        assert session.scalar(HOW_MANY) == 1
    with snapshot(runtime) as session:
        assert session.scalar(HOW_MANY) == 2


def test_other_readers_still_see_what_is_committed_while_they_read(runtime, account):
    """A connection comes back to the pool as it was."""
    if runtime.engine.dialect.name != "postgresql":
        return
    past = Past(runtime, account)
    with snapshot(runtime) as session:
        session.scalar(HOW_MANY)
    with runtime.reading() as session:
        assert session.scalar(HOW_MANY) == 0
        past.wait(local(4))
        assert session.scalar(HOW_MANY) == 1
