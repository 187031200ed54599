"""Codes that Redis once offered and that are nowhere now: a person must look at them.

It can't happen as long as stream and list live and die together; should somebody empty a stream by
hand, the codes in it must not look as if they could still be given.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from redis import Redis
from sqlalchemy import select

from wxdesk.campaigns.entering import lose
from wxdesk.campaigns.models import PendingEntry, PrizeCode
from wxdesk.campaigns.rules import CodeState
from wxdesk.plumbing.gates import CampaignKeys, Gatekeeper
from wxdesk.runtime import Runtime
from wxdesk.triage.rules import Urgency

logger = logging.getLogger(__name__)

MOST_MARKS = 500
STREAMS = tuple(f"wxdesk:intake:{urgency.value}" for urgency in Urgency)

# KEYS: state, codes, put aside, pushed, decided, then the streams. Answers all codes here and the
# offers that were pushed; nothing while any push or decision waits for the database.
LOOK = """
for number = 6, #KEYS do
  if redis.call('XLEN', KEYS[number]) > 0 then return {} end
end
if redis.call('HEXISTS', KEYS[1], 'lease') == 0 then return {} end
if redis.call('HLEN', KEYS[5]) > 0 then return {} end
local here = redis.call('LRANGE', KEYS[2], 0, -1)
for _, code in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do here[#here + 1] = code end
return {here, redis.call('SMEMBERS', KEYS[4])}
"""


def find(runtime: Runtime, campaign_id: int) -> int:
    """Mark such codes as lost; how many. First Redis at one instant, then the database."""
    seen = _look(runtime.redis, campaign_id)
    if seen is None:
        return 0
    here, pushed = seen
    query = select(PrizeCode.id, PrizeCode.code, PrizeCode.lease).where(
        PrizeCode.campaign_id == campaign_id, PrizeCode.state == CodeState.OFFERED
    )
    with runtime.reading() as session:
        rows = session.execute(query).all()
    gone = [row.id for row in rows if row.lease in pushed and row.code not in here]
    if not gone:
        return 0
    with runtime.unit_of_work() as uow:
        lose(uow, PrizeCode.id.in_(gone))
    logger.error("campaign %d: %d codes are neither offered nor given", campaign_id, len(gone))
    return len(gone)


def forget_left_over(runtime: Runtime, campaign_id: int) -> int:
    """Drop decisions whose rows are settled, or gone: a process died before it could; how many.

    As long as one is kept, no code is looked for. First Redis, then the database: a row that is not
    there any more was settled for good.
    """
    keeper = Gatekeeper(runtime.redis, campaign_id)
    marks = keeper.decided_marks(MOST_MARKS)
    if not marks:
        return 0
    query = select(PendingEntry.mark).where(
        PendingEntry.campaign_id == campaign_id, PendingEntry.mark.in_(marks)
    )
    with runtime.reading() as session:
        waiting = set(session.scalars(query))
    left_over = [mark for mark in marks if mark not in waiting]
    keeper.forget(left_over)
    return len(left_over)


def _look(redis: Redis, campaign_id: int) -> tuple[Collection[str], Collection[str]] | None:
    client: Any = redis
    it = CampaignKeys(campaign_id)
    keys = [it.state, it.codes, it.aside, it.pushed, it.decided, *STREAMS]
    seen = client.eval(LOOK, len(keys), *keys)
    if not seen:
        return None
    here, pushed = seen
    return {code.decode() for code in here}, {name.decode() for name in pushed}
