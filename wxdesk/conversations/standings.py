"""Which customers a person attends to, or keeps waiting past a deadline: a Redis hash an account.

The webhook reads it in its one Redis round trip. The database is the truth; every change is put
here after its commit, and a sweeper repairs what got lost.
"""

from __future__ import annotations

from typing import Any

from redis import Redis

from wxdesk.conversations.rules import Standing
from wxdesk.plumbing.unit_of_work import UnitOfWork

# KEYS: hash. ARGV: field, value that was read ("" for none), value to put ("" to remove).
REPLACE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
"""


def key(account_id: int) -> str:
    return f"wxdesk:standings:{account_id}"


def remember(uow: UnitOfWork, account_id: int, openid: str, standing: Standing) -> None:
    """Put the customer's standing into Redis once this transaction is committed."""
    uow.remember(key(account_id), openid, None if standing is Standing.NEW else standing.value)


def kept(redis: Redis, account_id: int) -> dict[str, str]:
    """What Redis says now; read it before the truth, so that a change in between is not undone."""
    pairs: dict[Any, Any] = redis.hgetall(key(account_id))
    return {openid.decode(): value.decode() for openid, value in pairs.items()}


def repair(
    redis: Redis, account_id: int, before: dict[str, str], truth: dict[str, Standing]
) -> int:
    """Make the account's hash equal to the truth, where it is still as it was `before`.

    Returns how many entries were wrong.
    """
    wrong = {
        openid: truth[openid].value if openid in truth else ""
        for openid in before.keys() | truth.keys()
        if before.get(openid) != (truth[openid].value if openid in truth else None)
    }
    with redis.pipeline(transaction=False) as pipe:
        for openid, value in wrong.items():
            pipe.eval(REPLACE, 1, key(account_id), openid, before.get(openid, ""), value)
        pipe.execute()
    return len(wrong)
