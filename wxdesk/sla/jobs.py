"""The check for what falls due, every two seconds."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from rq.timeouts import BaseTimeoutException
from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.background_jobs import CHECK_DEADLINES
from wxdesk.runtime import current, rung
from wxdesk.sla.checking import check, lock_due

logger = logging.getLogger(__name__)

BATCH = 1_000
MOST_BATCHES = 200
MOST_FAILURES = 1_000
NOT_ITS_FAULT = (OperationalError, TimeoutError, BaseTimeoutException)


@rung(CHECK_DEADLINES)
def check_deadlines() -> None:
    """Warning stages and broken promises, batch by batch, each in its own transaction.

    A batch that fails is tried in halves, until the clock that can't be checked is left out: the
    others are done, and the next run tries it again.
    """
    failed: set[int] = set()
    size, batches, failures = BATCH, 0, 0
    while batches < MOST_BATCHES and failures < MOST_FAILURES:
        found, is_done = _check(size, failed)
        if not is_done:
            failures += 1
            size = max(1, len(found) // 2)
            if len(found) == 1:
                failed.update(found)
            continue
        if len(found) < size:
            return
        batches += 1
        size = min(BATCH, size * 2)


def _check(size: int, failed: set[int]) -> tuple[Sequence[int], bool]:
    """The clocks of a batch, and whether they could be checked: else nothing of it is kept."""
    found: Sequence[int] = ()
    try:
        with current().unit_of_work() as uow:
            found = lock_due(uow, size, without=failed)
            check(uow, found)
    except NOT_ITS_FAULT:
        raise
    except Exception:  # the job is a door: one clock must not stop all the others
        if not found:
            raise
        shown = f"clock {found[0]}" if len(found) == 1 else f"a batch of {len(found)} clocks"
        logger.exception("the check of promises failed: %s", shown)
        return found, False
    return found, True
