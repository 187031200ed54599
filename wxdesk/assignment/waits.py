"""Why conversations of a team wait for an agent: written by the sweep, kept in Redis for lists.

They are gone after a minute without a sweep: no reason is better than one of yesterday.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, cast

from redis import Redis, RedisError

KEY = "wxdesk:waits"
NO_TEAM = 0
KEPT_SECONDS = 60


class WaitReason(StrEnum):
    """`manual`: the team's conversations are taken by hand.

    `out_of_hours`: nobody of the team is online, and its calendar is closed.
    """

    MANUAL = "manual"
    OUT_OF_HOURS = "out_of_hours"
    NOBODY_ONLINE = "nobody_online"
    AT_CAPACITY = "at_capacity"


def reasons(redis: Redis) -> dict[int, WaitReason]:
    """By team id (0: no team) why its unassigned conversations wait; empty when Redis is away."""
    try:
        kept = cast("dict[bytes, bytes]", redis.hgetall(KEY))
    except RedisError:
        return {}
    known = {reason.value: reason for reason in WaitReason}
    return {
        int(team_id): known[text.decode()]
        for team_id, text in kept.items()
        if text.decode() in known
    }


def remember(redis: Redis, found: dict[int, WaitReason]) -> None:
    """Replace what is kept by what the sweep found now; every sweep does."""
    with redis.pipeline() as pipe:
        pipe.delete(KEY)
        if found:
            mapping: dict[Any, Any] = {team_id: reason.value for team_id, reason in found.items()}
            pipe.hset(KEY, mapping=mapping)
            pipe.expire(KEY, KEPT_SECONDS)
        pipe.execute()
