"""Which customers a person attends to, or keeps waiting past a deadline: a Redis hash an account.

The webhook reads it in its one Redis round trip. The database is the truth; every change is put
here after its commit, and a sweeper repairs what got lost.
"""

from __future__ import annotations

from typing import Any

from redis import Redis

from wxdesk.conversations.rules import Standing
from wxdesk.plumbing.unit_of_work import UnitOfWork


def key(account_id: int) -> str:
    return f"wxdesk:standings:{account_id}"


def remember(uow: UnitOfWork, account_id: int, openid: str, standing: Standing) -> None:
    """Put the customer's standing into Redis once this transaction is committed."""
    uow.remember(key(account_id), openid, None if standing is Standing.NEW else standing.value)


def repair(redis: Redis, account_id: int, truth: dict[str, Standing]) -> int:
    """Make the account's hash equal to the truth; returns how many entries were wrong."""
    pairs: dict[Any, Any] = redis.hgetall(key(account_id))
    kept = {openid.decode(): value.decode() for openid, value in pairs.items()}
    wrong: dict[Any, Any] = {
        openid: value.value for openid, value in truth.items() if kept.get(openid) != value
    }
    gone = kept.keys() - truth.keys()
    with redis.pipeline(transaction=False) as pipe:
        if wrong:
            pipe.hset(key(account_id), mapping=wrong)
        if gone:
            pipe.hdel(key(account_id), *gone)
        pipe.execute()
    return len(wrong) + len(gone)
