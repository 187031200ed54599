"""Calls to WeChat's API for one official account: one place for every call and every limit."""

from __future__ import annotations

from collections.abc import Callable

from redis import Redis

from wxdesk.plumbing.clock import Clock, utc_now
from wxdesk.plumbing.clock import pause as really_pause
from wxdesk.wechat.account_calls import AccountCalls
from wxdesk.wechat.mass_calls import MassCalls
from wxdesk.wechat.media_calls import MediaCalls
from wxdesk.wechat.message_calls import MessageCalls
from wxdesk.wechat.template_calls import TemplateCalls
from wxdesk.wechat.transport import Transport
from wxdesk.wechat.user_calls import UserCalls


class Client(MessageCalls, MediaCalls, UserCalls, TemplateCalls, MassCalls, AccountCalls):
    """Not shared between threads. All calls raise DeliveryError (docs/wechat.md#sending)."""

    def __init__(
        self,
        redis: Redis,
        base_url: str,
        credentials: tuple[str, str],
        *,
        calls_per_minute: int = 0,
        clock: Clock = utc_now,
        pause: Callable[[float], None] = really_pause,
    ) -> None:
        """`credentials` are (app id, app secret); `calls_per_minute` 0 sets no limit of our own."""
        transport = Transport(credentials[0], base_url)
        super().__init__(redis, transport, credentials, calls_per_minute, (clock, pause))
