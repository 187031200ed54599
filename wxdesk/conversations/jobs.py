"""Background work on conversations."""

from __future__ import annotations

from wxdesk.accounts.queries import list_names
from wxdesk.background_jobs import SWEEP_STANDINGS
from wxdesk.conversations import standings
from wxdesk.conversations.queries import list_standings
from wxdesk.runtime import current, rung


@rung(SWEEP_STANDINGS)
def sweep_standings() -> None:
    """Repair what Redis knows of attended and overdue customers."""
    runtime = current()
    with runtime.reading() as session:
        accounts = list_names(session)
    for account in accounts:
        before = standings.kept(runtime.redis, account.id)
        with runtime.reading() as session:
            truth = list_standings(session, account.id)
        standings.repair(runtime.redis, account.id, before, truth)
