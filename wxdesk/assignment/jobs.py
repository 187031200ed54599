"""The sweeps: give what waits, see who is here, take back from those who are not."""

from __future__ import annotations

import logging
from datetime import timedelta

from redis import RedisError

from wxdesk.agents import presence
from wxdesk.assignment import operations, waits
from wxdesk.assignment.presence import PresenceChange, note_presence, prune_spans
from wxdesk.assignment.queries import list_standings
from wxdesk.assignment.returning import list_abandoned, return_abandoned
from wxdesk.assignment.rules import presences
from wxdesk.background_jobs import ASSIGN_WAITING, PRUNE_PRESENCE, SWEEP_PRESENCE
from wxdesk.runtime import Runtime, current, rung

logger = logging.getLogger(__name__)

BATCH = 100
MOST_BATCHES = 100
PRUNED_AT_ONCE = 1_000
SPANS_KEPT = timedelta(days=400)


@rung(ASSIGN_WAITING)
def assign_waiting() -> None:
    """Give what waits to who has room, in batches, and note why the rest waits."""
    runtime = current()
    with runtime.reading() as session:
        may_give = operations.look(session).may_give
    given = BATCH if may_give else 0
    for _ in range(MOST_BATCHES):
        if given < BATCH:
            break
        with runtime.unit_of_work() as uow:
            given = operations.assign_waiting(uow, BATCH)
    _remember_reasons(runtime)


@rung(SWEEP_PRESENCE)
def sweep_presence() -> None:
    """Bring who is here into the rows, and take back what agents who are gone have left.

    While Redis is away or has just come back nobody goes offline and nothing is taken back.
    """
    runtime, now = current(), current().clock()
    with runtime.reading() as session:
        people = list_standings(session)
    try:
        may_trust = presence.may_trust_absence(runtime.redis, now)
        tabs = presence.tabs_of(runtime.redis, [one.agent_id for one in people], now)
    except RedisError as error:
        logger.warning("redis unreachable (%s); presence stays as it is", type(error).__name__)
        return
    found = presences(people, tabs, may_trust_absence=may_trust)
    before = {one.agent_id: one.presence for one in people}
    if found:
        with runtime.unit_of_work() as uow:
            note_presence(
                uow, [PresenceChange(one, before[one], after) for one, after in found.items()]
            )
    if may_trust:
        _return_abandoned(runtime)


@rung(PRUNE_PRESENCE)
def prune_presence() -> None:
    """Keep 400 days of who was here when, batch by batch."""
    for _ in range(MOST_BATCHES):
        with current().unit_of_work() as uow:
            pruned = prune_spans(uow, uow.now - SPANS_KEPT, PRUNED_AT_ONCE)
        if pruned < PRUNED_AT_ONCE:
            return


def _return_abandoned(runtime: Runtime) -> None:
    for _ in range(MOST_BATCHES):
        with runtime.reading() as session:
            outlook = operations.look(session)
            abandoned = list_abandoned(session, outlook, runtime.clock(), BATCH)
        if not abandoned:
            return
        with runtime.unit_of_work() as uow:
            returned = return_abandoned(uow, abandoned)
        if not returned:  # the rest is in other hands; the next sweep looks again
            return


def _remember_reasons(runtime: Runtime) -> None:
    """In Redis for the lists; browsers are told when they changed."""
    with runtime.reading() as session:
        found = operations.reasons(session, operations.look(session), runtime.clock())
    before = waits.reasons(runtime.redis)
    waits.remember(runtime.redis, found)
    if found != before:
        runtime.live.publish(["inbox"])
