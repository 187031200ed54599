"""Messages that were counted may change afterwards: their quarter hours are counted again."""

from __future__ import annotations

from datetime import datetime, timedelta

from wxdesk.commit_steps import STALE_TALLIES
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.unit_of_work import UnitOfWork

QUARTER = timedelta(minutes=15)


def counts_change(uow: UnitOfWork, *received_at: datetime) -> None:
    """Called by whoever takes back, gives another place or deletes messages that arrived then."""
    for quarter in {(instant - EPOCH) // QUARTER for instant in received_at}:
        uow.before_commit(STALE_TALLIES, quarter)
