"""Background work on conversations."""

from __future__ import annotations

from wxdesk.accounts.queries import list_names
from wxdesk.background_jobs import (
    CHECK_WINDOWS,
    PRUNE_DRAFTS,
    PRUNE_WINDOWS,
    SWEEP_STANDINGS,
    WAKE_SNOOZED,
)
from wxdesk.contacts.windows import prune
from wxdesk.conversations import drafts, standings
from wxdesk.conversations.lifecycle import wake_due
from wxdesk.conversations.operations import rank_due
from wxdesk.conversations.queries import list_standings
from wxdesk.runtime import current, rung

BATCH = 500
MOST_BATCHES = 100


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


@rung(CHECK_WINDOWS)
def check_windows() -> None:
    """Move conversations whose reply window is about to close to the top, in batches."""
    for _ in range(MOST_BATCHES):
        with current().unit_of_work() as uow:
            judged = rank_due(uow, BATCH)
        if judged < BATCH:
            return


@rung(PRUNE_WINDOWS)
def prune_windows() -> None:
    """Keep a month of the reply-window ledger, batch by batch."""
    for _ in range(MOST_BATCHES):
        with current().unit_of_work() as uow:
            pruned = prune(uow, BATCH)
        if pruned < BATCH:
            return


@rung(WAKE_SNOOZED)
def wake_snoozed() -> None:
    """Bring back the conversations whose time has come, in batches."""
    for _ in range(MOST_BATCHES):
        with current().unit_of_work() as uow:
            woken = wake_due(uow, BATCH)
        if woken < BATCH:
            return


@rung(PRUNE_DRAFTS)
def prune_drafts() -> None:
    """Remove what was typed three months ago and never sent, batch by batch."""
    for _ in range(MOST_BATCHES):
        with current().unit_of_work() as uow:
            pruned = drafts.prune(uow, BATCH)
        if pruned < BATCH:
            return
