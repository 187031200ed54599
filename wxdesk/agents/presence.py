"""Which browsers of an agent are open: a sorted set an agent in Redis, by when each is forgotten.

Members are ids of tabs, on whatever device, so several count once; the member `+` lasts as long
as the person counts as active. A heartbeat costs one call of Redis and no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from wxdesk.agents.rules import (
    ACTIVITY_LASTS,
    HEARTBEAT_LASTS,
    HIDDEN_HEARTBEAT_LASTS,
    LEAVING_LASTS,
    Tabs,
    trusted_from,
)

MOST_TABS = 20
USED = b"+"  # never the id of a tab
SWEPT_KEY = "wxdesk:presence:swept"

# KEYS: the agent's set. ARGV: tab, now, when the tab is forgotten, when the activity is forgotten,
# "1" if somebody uses the tab, most members, seconds until the whole set is forgotten.
# Somebody who comes back counts as active at first, whatever their tab says.
BEAT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if ARGV[5] == '1' or redis.call('ZCARD', KEYS[1]) == 0 then
  redis.call('ZADD', KEYS[1], ARGV[4], '+')
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[6]) - 1)
redis.call('EXPIRE', KEYS[1], ARGV[7])
return 1
"""


def beat(redis: Redis, agent_id: int, tab: str, *, is_active: bool, now: datetime) -> None:
    """One tab says that it is open. Browsers slow a hidden tab to one call a minute."""
    lasts = HEARTBEAT_LASTS if is_active else HIDDEN_HEARTBEAT_LASTS
    redis.eval(
        BEAT,
        1,
        _key(agent_id),
        tab,
        _score(now),
        _score(now + lasts),
        _score(now + ACTIVITY_LASTS),
        "1" if is_active else "0",
        str(MOST_TABS + 1),
        str(int((ACTIVITY_LASTS + HIDDEN_HEARTBEAT_LASTS).total_seconds())),
    )


def leave(redis: Redis, agent_id: int, tab: str, now: datetime) -> None:
    """One tab closes: forgotten in ten seconds, because it may be loading the page again."""
    redis.zadd(_key(agent_id), {tab: (now + LEAVING_LASTS).timestamp()}, xx=True)


def tabs_of(redis: Redis, agent_ids: Sequence[int], now: datetime) -> dict[int, Tabs]:
    """By agent id what their browsers told; raises RedisError when Redis is away."""
    any_redis: Any = redis
    with any_redis.pipeline(transaction=False) as pipe:
        for agent_id in agent_ids:
            pipe.zrangebyscore(_key(agent_id), f"({_score(now)}", "+inf")
        answers = pipe.execute()
    return {
        agent_id: Tabs(is_open=any(one != USED for one in members), is_used=USED in members)
        for agent_id, members in zip(agent_ids, answers, strict=True)
    }


def may_trust_absence(redis: Redis, now: datetime) -> bool:
    """Note this sweep; False while a missing heartbeat may be Redis' fault.

    Raises RedisError when Redis is away. The note lies in Redis itself: an emptied one has lost
    it, one that was away has an old one, and both mean that browsers must have time to come back.
    """
    any_redis: Any = redis
    swept, trusted = (_instant(kept) for kept in any_redis.hmget(SWEPT_KEY, "at", "trusted"))
    since = trusted_from(swept, trusted, now)
    any_redis.hset(SWEPT_KEY, mapping={"at": _score(now), "trusted": _score(since)})
    return now >= since


def _score(instant: datetime) -> str:
    return f"{instant.timestamp():.3f}"


def _instant(kept: bytes | None) -> datetime | None:
    if kept is None:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(kept))


def _key(agent_id: int) -> str:
    return f"wxdesk:presence:{agent_id}"
