"""Background work on ratings: ask those whose conversation has ended, and stop waiting."""

from __future__ import annotations

from datetime import datetime

from wxdesk.background_jobs import ASK_FOR_RATINGS
from wxdesk.runtime import current, rung
from wxdesk.satisfaction import asking
from wxdesk.satisfaction.operations import stop_waiting

BATCH = 200
MOST_BATCHES = 10


@rung(ASK_FOR_RATINGS)
def ask() -> None:
    """One transaction a question, so that an answer to the same customer never waits for long."""
    runtime = current()
    with runtime.unit_of_work() as uow:
        asking.take_back_late(uow)
        asking.note_unsent(uow)
        stop_waiting(uow)
    with runtime.reading() as session:
        account_ids = asking.accounts_that_ask(session)
    if account_ids:
        _ask_all(account_ids)


def _ask_all(account_ids: list[int]) -> None:
    runtime = current()
    last: tuple[datetime, int] | None = None
    for _ in range(MOST_BATCHES):
        with runtime.reading() as session:
            now = runtime.clock()
            due = asking.list_due(session, account_ids, now, after=last, limit=BATCH)
        for _ended_at, conversation_id in due:
            with runtime.unit_of_work() as uow:
                asking.ask(uow, conversation_id)
        if len(due) < BATCH:
            return
        last = due[-1]
