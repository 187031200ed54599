"""Calling webhooks, one claimed row after the other; deleting what is old."""

from __future__ import annotations

import logging
import time
from urllib.parse import urlsplit

from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.background_jobs import PRUNE_NOTIFICATIONS, SEND_WEBHOOKS
from wxdesk.notifications import operations
from wxdesk.notifications.calling import post, secret_of
from wxdesk.notifications.queries import due_calls
from wxdesk.runtime import Runtime, current, in_batches, rung

logger = logging.getLogger(__name__)

RUN_SECONDS = 15.0  # others that use the queue get their turn
MOST_AT_ONCE = 500
AWAY = (OperationalError, TimeoutError)


@rung(SEND_WEBHOOKS)
def send_webhooks() -> None:
    """Try all calls that are due; a host that does not answer waits until the next run."""
    runtime = current()
    ends_at = time.monotonic() + RUN_SECONDS
    silent: set[str] = set()
    try:
        with runtime.reading() as session:
            due = due_calls(session, runtime.clock(), MOST_AT_ONCE)
        for call_id, url in due:
            if time.monotonic() > ends_at or runtime.stopping.is_set():
                return
            host = urlsplit(url).netloc
            if host not in silent and not _try(runtime, call_id):
                silent.add(host)
    except AWAY as error:
        reason = type(error).__name__
        logger.error("database unreachable (%s); webhooks wait", reason)  # noqa: TRY400


@rung(PRUNE_NOTIFICATIONS)
def prune() -> None:
    """Delete notifications and settled calls that are old, batch by batch."""
    in_batches(operations.prune)


def _try(runtime: Runtime, call_id: int) -> bool:
    """Call one; False when there was no answer. No transaction is open meanwhile."""
    settings = runtime.settings
    with runtime.unit_of_work() as uow:
        claim = operations.claim_call(uow, call_id)
    if claim is None:
        return True
    outcome = post(
        claim.url,
        claim.envelope,
        secret_of(settings.secret_key),
        runtime.clock(),
        is_private_allowed=settings.are_private_webhooks_allowed,
    )
    with runtime.unit_of_work() as uow:
        operations.settle_call(uow, claim, outcome.problem, outcome.status)
    if outcome.problem is not None:
        logger.warning("webhook call %d was not taken: %s", call_id, outcome.problem)
    return outcome.problem is None or outcome.status is not None
