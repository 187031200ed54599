"""The job that works on corrections: a little of each in turn, each step in its own transaction."""

from __future__ import annotations

import logging
import time

from redis import RedisError
from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.background_jobs import FEED_CORRECTIONS
from wxdesk.corrections import feeding
from wxdesk.corrections.listing import collect
from wxdesk.corrections.operations import get_locked
from wxdesk.corrections.queries import ENDED, list_work
from wxdesk.corrections.rules import CorrectionState
from wxdesk.corrections.stopping import stop
from wxdesk.runtime import Runtime, current, rung

logger = logging.getLogger(__name__)

TURN_SECONDS = 1.0  # then the other jobs of its worker have their turn
ENDED_EVERY = 15  # seconds between two looks at what waits, or need not leave any more
ENDED_KEY = "wxdesk:corrections:ended"
AWAY = (OperationalError, TimeoutError)


@rung(FEED_CORRECTIONS)
def feed() -> None:
    """Work on all corrections for a second; rings again when more can be done at once."""
    runtime = current()
    ends_at = time.monotonic() + TURN_SECONDS
    try:
        looks_at_ended = _looks_at_ended(runtime)
        with runtime.reading() as session:
            work = list_work(session, runtime.clock())
        work = [each for each in work if looks_at_ended or each[1] is not CorrectionState.DONE]
        if looks_at_ended:
            _stop(runtime, [each[0] for each in work], ends_at)
        while work and not runtime.stopping.is_set():
            if time.monotonic() > ends_at:
                runtime.queues.ring(FEED_CORRECTIONS)
                return
            work = [each for each in work if _step(runtime, *each)]
    except AWAY as error:
        reason = type(error).__name__
        logger.error("database unreachable (%s); corrections wait", reason)  # noqa: TRY400


def _step(runtime: Runtime, correction_id: int, state: CorrectionState) -> bool:
    """One step of one correction; whether there is more to do at once."""
    with runtime.unit_of_work() as uow:
        row = get_locked(uow, correction_id)
        if row.state is CorrectionState.COLLECTING:
            return collect(uow, row)
        more = feeding.follow(uow, correction_id)
        if row.state in (CorrectionState.PAUSED, CorrectionState.CANCELLED):
            return feeding.take_back(uow, row) or more
        if row.state in ENDED or state in ENDED:
            return more
        return feeding.feed(uow, row) or more


def _stop(runtime: Runtime, correction_ids: list[int], ends_at: float) -> None:
    """Whom a colleague has helped, or who has left, gets nothing when they write next."""
    for correction_id in correction_ids:
        while _stop_some(runtime, correction_id):
            if runtime.stopping.is_set() or time.monotonic() > ends_at:
                runtime.redis.delete(ENDED_KEY)  # the next turn goes on
                return


def _stop_some(runtime: Runtime, correction_id: int) -> bool:
    with runtime.unit_of_work() as uow:
        return stop(uow, get_locked(uow, correction_id))


def _looks_at_ended(runtime: Runtime) -> bool:
    """What waits for customers in ended corrections need not be looked at every two seconds."""
    try:
        return bool(runtime.redis.set(ENDED_KEY, 1, nx=True, ex=ENDED_EVERY))
    except RedisError:
        return True
