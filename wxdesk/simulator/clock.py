"""The simulator's clock: the real one, moved forward or set for a test."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

from wxdesk.plumbing.clock import Clock
from wxdesk.simulator.errors import BadInputError

SHANGHAI = timezone(timedelta(hours=8))
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class MovableClock:
    """Runs on from wherever it was put; every rule of the simulator reads this clock."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._base() + self._ahead

    @property
    def ahead_seconds(self) -> float:
        """How far it is ahead of the real clock (negative: behind)."""
        return self._ahead.total_seconds()

    def advance(self, seconds: float) -> None:
        """Move forward, or with a negative number back; BadInputError out of 2020 to 2100."""
        with self._lock:
            self._put(self._ahead + timedelta(seconds=seconds), "advance_seconds")

    def set(self, instant: datetime) -> None:
        """Go on from this instant; it must know its time zone."""
        with self._lock:
            self._put(instant - self._base(), "set")

    def _put(self, ahead: timedelta, field: str) -> None:
        if not EARLIEST <= self._base() + ahead < LATEST:
            raise BadInputError(field, "the clock goes from 2020 to 2100")
        self._ahead = ahead


def shanghai_day(now: datetime) -> str:
    """The day on which a daily quota counts: it ends at 00:00 in Shanghai."""
    return now.astimezone(SHANGHAI).date().isoformat()


def shanghai_month(now: datetime) -> str:
    """The month, as 2026-03."""
    return shanghai_day(now)[:7]
