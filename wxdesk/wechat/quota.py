"""Daily quotas of WeChat's API that are used up (docs/wechat.md#quotas), for all processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from redis import Redis

from wxdesk.plumbing.clock import Clock
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.error_codes import meaning_of
from wxdesk.wechat.transport import whole_path

USED_UP = 45009
BEIJING = timezone(timedelta(hours=8))  # WeChat counts by this day, wherever the desk is


class Quotas:
    """Remembers what WeChat answered with 45009, until midnight in Beijing."""

    def __init__(self, redis: Redis, app_id: str, clock: Clock) -> None:
        self._redis: Any = redis
        self._key = f"wxdesk:quota:{app_id}"
        self._clock = clock

    def used_up(self) -> dict[str, datetime]:
        """Paths from /cgi-bin on, and until when (UTC) calling them is useless."""
        now = self._clock()
        kept = {
            name.decode(): datetime.fromisoformat(value.decode())
            for name, value in self._redis.hgetall(self._key).items()
        }
        return {path: until for path, until in sorted(kept.items()) if until > now}

    def clear(self) -> None:
        """Forget everything: somebody has cleared the counts at WeChat."""
        self._redis.delete(self._key)

    def check(self, path: str) -> None:
        """Raise DeliveryError 45009, uncounted, while the quota of this path is used up."""
        value = self._redis.hget(self._key, whole_path(path))
        until = datetime.fromisoformat(value.decode()) if value else None
        if until is not None and until > self._clock():
            raise self.error(until)

    def note(self, path: str) -> datetime:
        """WeChat has answered 45009; gives until when."""
        until = self.ends_at()
        self._redis.hset(self._key, whole_path(path), until.isoformat())
        self._redis.expire(self._key, max(1, int((until - self._clock()).total_seconds())))
        return until

    def ends_at(self) -> datetime:
        """The next midnight in Beijing, in UTC."""
        today = self._clock().astimezone(BEIJING).date()
        midnight = datetime(today.year, today.month, today.day, tzinfo=BEIJING) + timedelta(days=1)
        return midnight.astimezone(UTC)

    @staticmethod
    def error(until: datetime, rid: str = "") -> DeliveryError:
        reason = meaning_of(USED_UP).reason
        return DeliveryError(reason, code=str(USED_UP), retry_at=until, is_uncounted=True, rid=rid)
