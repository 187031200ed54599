"""Daily quotas and limits per minute, counted for one account."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wxdesk.simulator.clock import shanghai_day, shanghai_month
from wxdesk.simulator.errors import ApiError

MINUTE = timedelta(minutes=1)
CLEARS_A_MONTH = 10


@dataclass(slots=True)
class Usage:
    """Calls of one account by API path. Not thread-safe by itself."""

    day: str = ""
    calls: dict[str, int] = field(default_factory=dict)
    clears: dict[str, int] = field(default_factory=dict)
    recent: dict[str, deque[datetime]] = field(default_factory=dict)

    def count(self, path: str, daily: int | None, minutely: int | None, now: datetime) -> None:
        """Count one call; ApiError 45011 or 45009 when a limit is reached."""
        self._check_minute(path, minutely, now)
        used = self.used(path, now)
        if daily is not None and used >= daily:
            raise ApiError(45009, "reach max api daily quota limit")
        self.calls[path] = used + 1

    def used(self, path: str, now: datetime) -> int:
        """Calls since 00:00 in Shanghai, or since the quota was cleared."""
        day = shanghai_day(now)
        if day != self.day:
            self.day = day
            self.calls.clear()
        return self.calls.get(path, 0)

    def clear(self, now: datetime) -> None:
        """Start all daily counts anew; ApiError 48006 after ten times a month."""
        month = shanghai_month(now)
        if self.clears.get(month, 0) >= CLEARS_A_MONTH:
            raise ApiError(48006, "forbid to clear quota because of reaching the limit")
        self.clears = {month: self.clears.get(month, 0) + 1}
        self.calls.clear()

    def _check_minute(self, path: str, limit: int | None, now: datetime) -> None:
        if limit is None:
            return
        recent = self.recent.setdefault(path, deque())
        while recent and not timedelta(0) <= now - recent[0] < MINUTE:
            recent.popleft()
        if len(recent) >= limit:
            raise ApiError(45011, "api minute-quota reach limit, must slower, retry next minute")
        recent.append(now)


def limit_of(limits: Mapping[str, int], path: str, default: int | None) -> int | None:
    """The account's own limit for a path, or the platform's."""
    return limits.get(path, default)
