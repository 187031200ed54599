"""Who is here, by the rows: what people choose, what the sweep saw, and the spans of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from wxdesk.agents.models import Agent, PresenceSpan
from wxdesk.agents.rules import Presence
from wxdesk.background_jobs import ASSIGN_WAITING, SWEEP_PRESENCE
from wxdesk.plumbing.unit_of_work import UnitOfWork

TOPIC = "presence"


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """What the sweep saw: an agent was `before` by the rows, and is `after` by their browsers."""

    agent_id: int
    before: Presence
    after: Presence


def choose(
    uow: UnitOfWork,
    agent_id: int,
    *,
    preferences: dict[str, Any],
    availability: Presence | None,
) -> None:
    """What a person chooses for themself; preferences are merged by key."""
    agent = uow.session.get_one(Agent, agent_id, with_for_update={"key_share": True})
    if preferences:
        agent.preferences = {**(agent.preferences or {}), **preferences}
    if availability is not None and availability is not agent.availability:
        agent.availability = availability
        uow.ring(SWEEP_PRESENCE)
        is_here = agent.presence is not Presence.OFFLINE
        if is_here and availability not in (Presence.ONLINE, agent.presence):
            note_presence(uow, [PresenceChange(agent_id, agent.presence, availability)])


def note_presence(uow: UnitOfWork, changes: Sequence[PresenceChange]) -> int:
    """Enter what changed, with the time of each state; returns how many were not known yet.

    A conditional update, so that two sweeps at once make one span.
    """
    done = []
    for change in sorted(changes, key=lambda one: one.agent_id):
        updated = uow.session.execute(
            update(Agent)
            .where(Agent.id == change.agent_id, Agent.presence == change.before)
            .values(presence=change.after, presence_since=uow.now)
            .execution_options(synchronize_session=False)
        )
        if updated.rowcount == 1:  # type: ignore[attr-defined]
            done.append(change)
    if not done:
        return 0
    uow.session.execute(
        update(PresenceSpan)
        .where(
            PresenceSpan.agent_id.in_([one.agent_id for one in done]),
            PresenceSpan.ended_at.is_(None),
        )
        .values(ended_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    uow.session.add_all(
        PresenceSpan(agent_id=one.agent_id, presence=one.after, began_at=uow.now) for one in done
    )
    uow.announce(TOPIC)
    if any(one.after is Presence.ONLINE for one in done):
        uow.ring(ASSIGN_WAITING)
    return len(done)


def prune_spans(uow: UnitOfWork, before: datetime, limit: int) -> int:
    """Delete up to `limit` spans that ended before this; how many."""
    ids = uow.session.scalars(
        select(PresenceSpan.id)
        .where(PresenceSpan.ended_at < before)
        .order_by(PresenceSpan.ended_at)
        .limit(limit)
    ).all()
    if ids:
        uow.session.execute(delete(PresenceSpan).where(PresenceSpan.id.in_(ids)))
    return len(ids)
