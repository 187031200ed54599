"""Background jobs: WeChat makes the QR codes that marketers ordered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.queries import get_keys
from wxdesk.background_jobs import MAKE_QR_CODES
from wxdesk.contacts.refusals import is_about_account
from wxdesk.plumbing.errors import WxdeskError
from wxdesk.qr_codes import making
from wxdesk.runtime import Runtime, current, rung
from wxdesk.wechat.client import Client

logger = logging.getLogger(__name__)

LONGEST_RUN_SECONDS = 2.0  # prize codes and corrections wait behind it
AT_ONCE = 20


@rung(MAKE_QR_CODES)
def make() -> None:
    """Ask WeChat for the codes that are due, 20 of each account by turns; one stops no other.

    Up to 20 codes, for which somebody may be waiting, go at the pace of answers; more stand behind
    all else until 20 are left.
    """
    runtime = current()
    started = time.monotonic()

    def is_time_up() -> bool:
        return runtime.stopping.is_set() or time.monotonic() - started > LONGEST_RUN_SECONDS

    with runtime.reading() as session:
        waiting = making.accounts_with_orders(session, runtime.clock())
    while waiting and not is_time_up():
        waiting = [each for each in waiting if is_time_up() or _has_more(each, is_time_up)]
    if waiting:
        runtime.queues.ring(MAKE_QR_CODES)


def _has_more(account_id: int, is_time_up: Callable[[], bool]) -> bool:
    """One round of an account; False when it is done with, or its calls are refused."""
    runtime = current()
    try:
        with runtime.reading() as session:
            keys = get_keys(session, runtime.vault, account_id)
            is_bulk = making.waits_for_more_than(session, account_id, AT_ONCE)
        return _round(runtime, account_id, client_for(runtime, keys, is_bulk=is_bulk), is_time_up)
    except (WxdeskError, RedisError, SQLAlchemyError) as error:  # the lease ends by itself
        reason = type(error).__name__
        logger.error("qr codes of account %d have to wait (%s)", account_id, reason)  # noqa: TRY400
    return False


def _round(
    runtime: Runtime, account_id: int, client: Client, is_time_up: Callable[[], bool]
) -> bool:
    with runtime.unit_of_work() as uow:
        orders = making.claim(uow, account_id, AT_ONCE)
    outcomes: list[making.Outcome] = []
    refused = None
    for order in orders:
        if refused is not None or is_time_up():
            break
        outcomes.append(making.ask(client, order))
        error = outcomes[-1].error
        refused = error if error is not None and is_about_account(error) else None
    with runtime.unit_of_work() as uow:
        making.settle(uow, outcomes)
        making.release(uow, orders[len(outcomes) :], refused)
    if refused is not None:
        logger.warning("qr codes of account %d have to wait: code %s", account_id, refused.code)
    return refused is None and len(orders) == AT_ONCE
