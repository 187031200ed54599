"""The intake streams, the most urgent first."""

from __future__ import annotations

from redis import Redis

from wxdesk.plumbing.streams import Streams
from wxdesk.triage.rules import Urgency

NAMES = tuple(urgency.value for urgency in Urgency)


def intake_streams(redis: Redis) -> Streams:
    return Streams(redis, "wxdesk:intake", NAMES)
