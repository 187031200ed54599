"""The check follows clocks that were marked, and judges many breaches by who was online then."""

import random
from datetime import timedelta

from cast import conversation_of, customer_writes
from sqlalchemy import delete, insert, update

from sla.desk import policy
from wxdesk.agents.models import Agent, PresenceSpan
from wxdesk.agents.rules import Presence
from wxdesk.sla import recomputing
from wxdesk.sla.causes import Missed, causes_of
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.rules import BreachCause, Targets

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_whoever_looks_sees_the_clocks_that_the_check_follows(runtime, account, clock, monkeypatch):
    customer_writes(runtime, account)
    monkeypatch.setattr(recomputing, "MOST_AT_ONCE", 0)  # all are left to the check
    policy(runtime, "All", Targets(3600, 3600))
    before = conversation_of(runtime)
    seen = runtime.live.last_id()
    check_deadlines()
    after = conversation_of(runtime)
    assert (before.due_at, after.due_at) == (clock.now + 5 * MINUTE, clock.now + HOUR)
    assert after.version > before.version
    topics = set().union(*(entry[1] for entry in runtime.live.since(seen)))
    assert f"conversation:{after.id}" in topics


def test_many_breaches_after_a_standstill_are_each_judged_by_who_was_online_then(
    runtime, team, clock
):
    dice = random.Random(13)  # noqa: S311  the same spans in each run
    spans = []
    for agent_id in (team.lin, team.mei):
        at = clock.now
        for _ in range(200):
            began_at = at + dice.randint(0, 60) * MINUTE
            at = began_at + dice.randint(1, 30) * MINUTE
            spans.append({"agent_id": agent_id, "began_at": began_at, "ended_at": at})
        spans.append({"agent_id": agent_id, "began_at": at + HOUR, "ended_at": None})
    borders = sorted(
        {span["began_at"] for span in spans}
        | {span["ended_at"] for span in spans[:9] if span["ended_at"]}
    )
    deadlines = [*borders, *(clock.now + dice.randint(0, 20_000) * MINUTE for _ in range(300))]
    missed = [Missed(n, at, (None, None), None, None, None) for n, at in enumerate(deadlines)]
    with runtime.unit_of_work() as uow:
        uow.session.execute(delete(PresenceSpan))
        uow.session.execute(
            insert(PresenceSpan), [it | {"presence": Presence.ONLINE} for it in spans]
        )
        uow.session.execute(update(Agent).values(capacity=5))
        found = causes_of(uow, missed)
    for number, at in enumerate(deadlines):
        is_anyone = any(
            span["began_at"] <= at and (span["ended_at"] is None or at < span["ended_at"])
            for span in spans
        )
        expected = BreachCause.NOT_TAKEN if is_anyone else BreachCause.NOBODY_ONLINE
        assert found[number].cause is expected
    assert {it.cause for it in found.values()} == {
        BreachCause.NOT_TAKEN,
        BreachCause.NOBODY_ONLINE,
    }
