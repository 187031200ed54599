"""Our own limit of calls a minute for one account, shared by all processes through Redis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from redis import Redis

from wxdesk.plumbing.clock import Clock
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.words import say

MOST_WAIT_SECONDS = 2.0
BURST_SHARE = 10  # a tenth of a minute's calls may come at once

# A token bucket as one number: when it will be full again (ms). Takes a slot at once or in the
# future, unless that is too far away; gives the milliseconds to wait. Redis has the only clock.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local interval, burst, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local wait = math.max(0, full - now - interval * (burst - 1))
if wait > most then return {0, math.ceil(wait)} end
local ends = full + interval
redis.call('SET', KEYS[1], string.format('%.3f', ends), 'PX', math.ceil(ends - now) + 1000)
return {1, math.ceil(wait)}
"""


class Pace:
    """`calls_per_minute` 0 means no limit. No 60 seconds see more calls than that.

    Who `leaves_burst` waits until the bucket is full: others then find a slot at once.
    """

    def __init__(self, redis: Redis, app_id: str, calls_per_minute: int) -> None:
        self._take: Any = redis.register_script(TAKE)
        self._key = f"wxdesk:pace:{app_id}"
        self._calls = calls_per_minute
        self.leaves_burst = False

    def wait(self, clock: Clock, pause: Callable[[float], None]) -> None:
        """Return when a call may go out; DeliveryError "pace" if that takes over two seconds."""
        if self._calls <= 0:
            return
        burst = max(1, self._calls // BURST_SHARE)
        interval = 60_000 / max(1, self._calls - burst)
        most = 1 if self.leaves_burst else burst
        arguments = [f"{interval:.3f}", most, MOST_WAIT_SECONDS * 1000]
        is_taken, wait = self._take(keys=[self._key], args=arguments)
        if not is_taken:
            raise DeliveryError(
                say("as many calls a minute as the account may make"),
                code="pace",
                retry_at=clock() + timedelta(milliseconds=wait),
                is_uncounted=True,
            )
        if wait:
            pause(wait / 1000)
