"""How often something may fail: counted in Redis for all processes, in memory without it."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import RedisError


class Throttle:
    def __init__(self, redis_url: str, per_minute: int) -> None:
        """`redis_url` as in the settings."""
        url = redis_url.replace("unix://", "redis+unix://")
        self._item = RateLimitItemPerMinute(per_minute)
        self._shared = SlidingWindowCounterRateLimiter(storage_from_string(url))
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())

    def may(self, name: str, who: str) -> bool:
        """False when there were too many failures in the last minute."""
        try:
            return self._shared.test(self._item, name, who)
        except RedisError:
            return self._alone.test(self._item, name, who)

    def failed(self, name: str, who: str) -> None:
        """Count a failure."""
        try:
            self._shared.hit(self._item, name, who)
        except RedisError:
            self._alone.hit(self._item, name, who)
