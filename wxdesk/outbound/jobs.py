"""Sending: claim the row, commit, call WeChat, record the result, commit."""

from __future__ import annotations

import logging

from redis import RedisError

from wxdesk.accounts.queries import get_keys
from wxdesk.background_jobs import SWEEP_DELIVERIES
from wxdesk.outbound.operations import (
    Parcel,
    claim_delivery,
    settle_failed,
    settle_sent,
    sweep_deliveries,
)
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.runtime import Runtime, current, rung
from wxdesk.wechat.client import Client
from wxdesk.words import say

logger = logging.getLogger(__name__)

_clients: dict[tuple[int, int], Client] = {}


def deliver(delivery_id: int) -> None:
    """Send one message, at most once a claim; whatever happens is in its row afterwards."""
    runtime = current()
    with runtime.unit_of_work() as uow:
        parcel = claim_delivery(uow, delivery_id)
    if parcel is None:
        return
    try:
        _client(runtime, parcel.account_id).send_text(parcel.openid, parcel.text)
    except DeliveryError as error:
        _settle_failed(runtime, parcel, error)
    except RedisError:
        _settle_failed(runtime, parcel, DeliveryError(say("redis is away"), code="redis"))
    else:
        with runtime.unit_of_work() as uow:
            settle_sent(uow, parcel.delivery_id)


@rung(SWEEP_DELIVERIES)
def sweep() -> None:
    """Find what was forgotten."""
    with current().unit_of_work() as uow:
        sweep_deliveries(uow)


def _settle_failed(runtime: Runtime, parcel: Parcel, error: DeliveryError) -> None:
    logger.warning("delivery %d not sent: code %s", parcel.delivery_id, error.code)
    with runtime.unit_of_work() as uow:
        settle_failed(uow, parcel.delivery_id, error)


def _client(runtime: Runtime, account_id: int) -> Client:
    """One client an account and configuration, so that connections are used again."""
    with runtime.reading() as session:
        keys = get_keys(session, runtime.vault, account_id)
    known = (account_id, keys.config_version)
    if known not in _clients:
        for old in [key for key in _clients if key[0] == account_id]:
            del _clients[old]
        credentials = (keys.app_id, keys.app_secret)
        _clients[known] = Client(runtime.redis, runtime.settings.wechat_api_url, credentials)
    return _clients[known]
