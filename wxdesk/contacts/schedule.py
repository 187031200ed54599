"""When WeChat is asked or told again what it did not answer, or we did not ask. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from wxdesk.plumbing.errors import DeliveryError

LEASE = timedelta(minutes=5)  # whoever claimed a customer has this long
SOON = timedelta(minutes=1)
SOONEST = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=6)
REFRESH_EVERY = timedelta(days=7)
JITTER_SECONDS = 24 * 3600
MOST_ATTEMPTS = 12
PRIME = 7919  # neighbouring customers lie far apart


def retry_at(attempts: int, now: datetime, not_before: datetime | None = None) -> datetime:
    """1, 4, 16, 64, 256 minutes after each failed attempt, then every 6 hours."""
    times = int(4 ** min(max(attempts - 1, 0), 6))
    pause = min(SOON * times, LONGEST_PAUSE)
    return max(now + pause, not_before or now)


def again_at(error: DeliveryError, attempts: int, now: datetime) -> datetime:
    """When to try again after this refusal, the last of so many counted attempts.

    What was not sent, because our own pace or a quota held it back, goes when that allows it, at
    most once a second: it is no attempt. Everything else follows `retry_at`.
    """
    if error.is_uncounted and error.retry_at is not None:
        return max(error.retry_at, now + SOONEST)
    return retry_at(attempts, now, error.retry_at)


def next_refresh(contact_id: int, now: datetime) -> datetime:
    """A week from now, spread over a day, so that a crowd does not fall due together."""
    return now + REFRESH_EVERY + timedelta(seconds=contact_id * PRIME % JITTER_SECONDS)
