"""Clients of WeChat's API, one a thread and account, so that connections are used again."""

from __future__ import annotations

import threading

from wxdesk.accounts.queries import AccountKeys
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.runtime import Runtime
from wxdesk.wechat.client import Client
from wxdesk.words import say

_of_this_thread = threading.local()


def client_for(runtime: Runtime, keys: AccountKeys, *, is_bulk: bool = False) -> Client:
    """The client of an account with these keys; another one when they have changed.

    One for what is bulk leaves room for other calls whenever the account's pace is limited.
    """
    kept: dict[tuple[int, bool], tuple[int, Client]] = _of_this_thread.__dict__.setdefault(
        "clients", {}
    )
    version, client = kept.get((keys.id, is_bulk), (None, None))
    if client is None or version != keys.config_version:
        client = Client(
            runtime.redis,
            runtime.settings.wechat_api_url,
            (keys.app_id, keys.app_secret),
            calls_per_minute=keys.calls_per_minute,
            clock=runtime.clock,
        )
        if is_bulk:
            client.stand_behind()
        kept[keys.id, is_bulk] = (keys.config_version, client)
    client.look_before(None)  # of an earlier caller
    return client


def impatient_client(runtime: Runtime, keys: AccountKeys) -> Client:
    """A new client that tries everything once, for somebody who looks on: ends in 21 seconds.

    What would be tried again is raised as DeliveryError "timeout" instead.
    """
    return Client(
        runtime.redis,
        runtime.settings.wechat_api_url,
        (keys.app_id, keys.app_secret),
        clock=runtime.clock,
        pause=_give_up,
    )


def _give_up(_seconds: float) -> None:
    raise DeliveryError(say("WeChat is busy or does not answer"), code="timeout")
