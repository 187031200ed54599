"""When a promise falls due, is kept or is broken. Pure: plain values in, plain values out.

Judged by event time against the stored deadline, never by when somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.words import say

SHORTEST_TARGET = 60
LONGEST_TARGET = 7 * 24 * 3600


class Clock(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"


@dataclass(frozen=True, slots=True)
class Targets:
    """How soon a person must answer, in seconds."""

    first_response_seconds: int = 300
    next_response_seconds: int = 600

    def of(self, clock: Clock) -> timedelta:
        if clock is Clock.FIRST_RESPONSE:
            return timedelta(seconds=self.first_response_seconds)
        return timedelta(seconds=self.next_response_seconds)


def is_breached(deadline_at: datetime, event_at: datetime) -> bool:
    """An answer at the very instant of the deadline keeps the promise; later breaks it."""
    return event_at > deadline_at


def target_problem(seconds: int) -> str | None:
    """A sentence when a target can't be taken."""
    if SHORTEST_TARGET <= seconds <= LONGEST_TARGET:
        return None
    return say("between 1 minute and 7 days (10,080 minutes)")
