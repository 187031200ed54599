"""The check for broken promises, every two seconds."""

from __future__ import annotations

from wxdesk.background_jobs import CHECK_DEADLINES
from wxdesk.runtime import current, rung
from wxdesk.sla.operations import record_due_breaches

BATCH = 500
MOST_BATCHES = 100


@rung(CHECK_DEADLINES)
def check_deadlines() -> None:
    """Record every breach that is due, batch by batch, each in its own transaction."""
    for _ in range(MOST_BATCHES):
        with current().unit_of_work() as uow:
            found = record_due_breaches(uow, BATCH)
        if found < BATCH:
            return
