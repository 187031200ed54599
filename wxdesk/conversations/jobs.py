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
        truths = {
            account.id: list_standings(session, account.id) for account in list_names(session)
        }
    for account_id, truth in truths.items():
        standings.repair(runtime.redis, account_id, truth)
