"""When WeChat last pushed to an account, and with which keys: noted in Redis by the webhook.

A hint for people, not truth: after Redis was emptied it starts anew.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import Redis, RedisError

from wxdesk.accounts.queries import AccountKeys
from wxdesk.accounts.rules import PUSHES_KEY

logger = logging.getLogger(__name__)

NOTED_AGAIN_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class PushesSeen:
    """`new_keys_since` and `old_keys_at` say something only while a rotation is under way."""

    last_at: datetime | None = None
    new_keys_since: datetime | None = None
    old_keys_at: datetime | None = None


class PushTimes:
    """One for each web process: asks Redis at most once in ten seconds for an account."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis
        self._noted: dict[tuple[int, bool], tuple[int, datetime]] = {}

    def saw(self, keys: AccountKeys, now: datetime, *, is_previous: bool) -> None:
        """A push was signed rightly (a check of the address may be our own, and says nothing).

        `is_previous`: it was signed or encrypted with the previous keys. While Redis is away
        nothing is noted, and it is asked again after ten seconds.
        """
        version, noted_at = self._noted.get((keys.id, is_previous), (None, now))
        if version == keys.config_version and now - noted_at < NOTED_AGAIN_AFTER:
            return
        self._noted[keys.id, is_previous] = (keys.config_version, now)
        try:
            self._note(keys, now, is_previous=is_previous)
        except RedisError as error:
            logger.warning("push time of account %d not noted: %s", keys.id, type(error).__name__)

    def _note(self, keys: AccountKeys, now: datetime, *, is_previous: bool) -> None:
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(PUSHES_KEY, str(keys.id), now.isoformat())
            if is_previous:
                pipe.hset(PUSHES_KEY, f"{keys.id}:old", now.isoformat())
            elif keys.previous_keys_until is not None:
                pipe.hsetnx(PUSHES_KEY, f"{keys.id}:new", now.isoformat())
            pipe.execute()


def pushes_seen(redis: Redis, account_ids: list[int]) -> dict[int, PushesSeen]:
    """What was noted, for each of these accounts. Raises RedisError."""
    if not account_ids:
        return {}
    connection: Any = redis
    names = [f"{number}{end}" for number in account_ids for end in ("", ":new", ":old")]
    values = [_instant(value) for value in connection.hmget(PUSHES_KEY, names)]
    triples = zip(values[0::3], values[1::3], values[2::3], strict=True)
    return {
        number: PushesSeen(*triple) for number, triple in zip(account_ids, triples, strict=True)
    }


def _instant(value: bytes | None) -> datetime | None:
    return datetime.fromisoformat(value.decode()) if value else None
