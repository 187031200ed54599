"""Who looks at a conversation and who types in it: a sorted set for each, gone after 30 s.

Each open tab has a member until when it views, and a second one while it types: who stops typing
is seen as viewing ten seconds later. Redis only; it is a hint to colleagues, the send guard is
what holds answers back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from redis import Redis, RedisError

LASTS = timedelta(seconds=30)
TYPING_LASTS = timedelta(seconds=10)
MOST_MEMBERS = 200

# KEYS: set. ARGV: now, tab, until when it views and types ("" each: it does not), most members,
# seconds that the set lives. Gives the members before, as they were last told to anybody (with
# those whose time has passed since), and those that are left.
NOTE = """
local before = redis.call('ZRANGE', KEYS[1], 0, -1)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[2] .. ':viewing', ARGV[2] .. ':typing')
if ARGV[3] ~= '' then redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2] .. ':viewing') end
if ARGV[4] ~= '' then redis.call('ZADD', KEYS[1], ARGV[4], ARGV[2] .. ':typing') end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[5]))
redis.call('EXPIRE', KEYS[1], ARGV[6])
return {before, redis.call('ZRANGE', KEYS[1], 0, -1)}
"""


# KEYS: sets. ARGV: "(now". Gives the members of each that are still there.
WHO = """
local found = {}
for number, key in ipairs(KEYS) do
  found[number] = redis.call('ZRANGEBYSCORE', key, ARGV[1], '+inf')
end
return found
"""


class Doing(StrEnum):
    VIEWING = "viewing"
    TYPING = "typing"


@dataclass(frozen=True, slots=True)
class Colleague:
    """An agent who has the conversation open."""

    agent_id: int
    doing: Doing


@dataclass(frozen=True, slots=True)
class Tab:
    """One open browser tab of an agent; `id` is chosen by the tab, without colons."""

    agent_id: int
    id: str


def note(redis: Redis, conversation_id: int, tab: Tab, doing: Doing | None, now: datetime) -> bool:
    """Remember what a tab does here (None: it left); True if others see a change by it.

    What has run out since the last call counts as a change of this one. RedisError if it is away.
    """
    any_redis: Any = redis
    views_until = "" if doing is None else (now + LASTS).timestamp()
    types_until = (now + TYPING_LASTS).timestamp() if doing is Doing.TYPING else ""
    before, after = any_redis.eval(
        NOTE,
        1,
        _key(conversation_id),
        now.timestamp(),
        f"{tab.agent_id}:{tab.id}",
        views_until,
        types_until,
        MOST_MEMBERS,
        int(LASTS.total_seconds()) + 5,
    )
    return _of(before) != _of(after)


def colleagues(
    redis: Redis, conversation_ids: Sequence[int], now: datetime
) -> dict[int, list[Colleague]]:
    """By conversation who is there, each agent once; empty when Redis is away."""
    if not conversation_ids:
        return {}
    any_redis: Any = redis
    try:
        keys = [_key(conversation_id) for conversation_id in conversation_ids]
        answers = any_redis.eval(WHO, len(keys), *keys, f"({now.timestamp()}")
    except RedisError:
        return {}
    return {
        conversation_id: [Colleague(agent_id, doing) for agent_id, doing in sorted(found.items())]
        for conversation_id, members in zip(conversation_ids, answers, strict=True)
        if (found := _of(members))
    }


def _of(members: Sequence[bytes]) -> dict[int, Doing]:
    """Agent to what they do; typing in one tab counts more than viewing in another."""
    found: dict[int, Doing] = {}
    for member in members:
        agent_id, _tab, doing = member.decode().split(":")
        if found.get(int(agent_id)) is not Doing.TYPING:
            found[int(agent_id)] = Doing(doing)
    return found


def _key(conversation_id: int) -> str:
    return f"wxdesk:here:{conversation_id}"
