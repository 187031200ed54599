"""Sending: claim the row, commit, call WeChat, record the result, commit."""

from __future__ import annotations

import logging
from collections.abc import Callable

from redis import RedisError
from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.accounts.queries import get_keys
from wxdesk.background_jobs import SWEEP_DELIVERIES
from wxdesk.outbound.operations import (
    Parcel,
    claim_delivery,
    settle_failed,
    settle_sent,
    sweep_deliveries,
)
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import DeliveryError, WxdeskError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime, current, rung
from wxdesk.wechat.client import Client
from wxdesk.words import say

logger = logging.getLogger(__name__)

SETTLE_PAUSES = (0.2, 1.0, 3.0)

_clients: dict[tuple[int, int], Client] = {}


def deliver(delivery_id: int) -> None:
    """Send one message, at most once a claim; whatever happens is in its row afterwards."""
    runtime = current()
    with runtime.unit_of_work() as uow:
        parcel = claim_delivery(uow, delivery_id)
        client = _client(runtime, uow, parcel) if parcel else None
    if parcel is None or client is None:
        return
    try:
        client.send_text(parcel.openid, parcel.text)
    except DeliveryError as error:
        _settle_failed(runtime, parcel, error)
    except RedisError:
        reason = DeliveryError(say("redis is away"), code="redis")
        _settle_failed(runtime, parcel, reason)
    else:
        _settle(runtime, lambda uow: settle_sent(uow, parcel.delivery_id))


@rung(SWEEP_DELIVERIES)
def sweep() -> None:
    """Find what was forgotten."""
    with current().unit_of_work() as uow:
        sweep_deliveries(uow)


def _settle_failed(runtime: Runtime, parcel: Parcel, error: DeliveryError) -> None:
    logger.warning("delivery %d not sent: code %s", parcel.delivery_id, error.code)
    _settle(runtime, lambda uow: settle_failed(uow, parcel.delivery_id, error))


def _settle(runtime: Runtime, record: Callable[[UnitOfWork], None]) -> None:
    """What WeChat said must not be forgotten because the database was busy for a moment.

    If it is away for longer the row stays `sending`, and the sweeper calls it unconfirmed.
    """
    for seconds in SETTLE_PAUSES:
        try:
            with runtime.unit_of_work() as uow:
                record(uow)
        except (OperationalError, TimeoutError):
            logger.warning("database busy; the result of a delivery waits %g s", seconds)
            pause(seconds)
        else:
            return
    with runtime.unit_of_work() as uow:
        record(uow)


def _client(runtime: Runtime, uow: UnitOfWork, parcel: Parcel) -> Client | None:
    """One client an account and configuration, so that connections are used again.

    Found in the transaction of the claim: if the database goes away here, nothing was claimed.
    """
    try:
        keys = get_keys(uow.session, runtime.vault, parcel.account_id)
    except WxdeskError as error:  # the keys can't be read
        reason = DeliveryError(error.sentence, code="account", is_permanent=True)
        settle_failed(uow, parcel.delivery_id, reason)
        return None
    known = (keys.id, keys.config_version)
    if known not in _clients:
        for old in [key for key in _clients if key[0] == keys.id]:
            del _clients[old]
        credentials = (keys.app_id, keys.app_secret)
        _clients[known] = Client(runtime.redis, runtime.settings.wechat_api_url, credentials)
    return _clients[known]
