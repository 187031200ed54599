"""Removing the data of customers who left, each in a transaction of its own."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import OperationalError, SQLAlchemyError, TimeoutError

from wxdesk.background_jobs import FORGET_CUSTOMERS
from wxdesk.privacy.operations import StillSendingError, forget_due
from wxdesk.privacy.queries import Due, list_due
from wxdesk.privacy.rules import Policy
from wxdesk.runtime import Runtime, current, rung

logger = logging.getLogger(__name__)

PAGE = 100
LONGEST_RUN_SECONDS = 60.0


@rung(FORGET_CUSTOMERS)
def forget() -> None:
    """Remove what is due; what one customer's rows prevent does not stop the others."""
    runtime = current()
    policy = Policy(runtime.settings.unfollow_policy)
    started = time.monotonic()
    last: Due | None = None
    while not runtime.stopping.is_set() and time.monotonic() - started < LONGEST_RUN_SECONDS:
        with runtime.reading() as session:
            page = list_due(session, runtime.clock(), last, PAGE)
        for due in page:
            _forget_one(runtime, due.contact_id, policy)
        if len(page) < PAGE:
            return
        last = page[-1]


def _forget_one(runtime: Runtime, contact_id: int, policy: Policy) -> None:
    try:
        with runtime.unit_of_work() as uow:
            is_done = forget_due(uow, contact_id, policy)
    except StillSendingError:
        logger.info("contact %d is forgotten later: an answer is on its way", contact_id)
    except (OperationalError, TimeoutError) as error:
        reason = type(error).__name__
        logger.warning("contact %d is forgotten later: database busy (%s)", contact_id, reason)
    except SQLAlchemyError as error:
        logger.error("contact %d can't be forgotten (%s)", contact_id, type(error).__name__)  # noqa: TRY400
    else:
        if is_done:
            logger.info("contact %d forgotten: %s", contact_id, policy)
