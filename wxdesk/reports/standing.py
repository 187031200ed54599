"""How the desk stands at this moment: who waits, what is late, who is there. No period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent, TeamMember
from wxdesk.agents.rules import ANSWERING_ROLES, Presence
from wxdesk.assignment.queries import loads_of
from wxdesk.conversations.models import Conversation
from wxdesk.reports.clock_figures import RESPONSES, fits, is_broken, still_running
from wxdesk.reports.rules import Filters
from wxdesk.sla.models import SlaClock

DUE_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Standing:
    """`oldest_seconds` and `load` are None where nobody waits and nobody is online.

    `load`: open conversations of the agents online / what they may have at once.
    """

    waiting: int
    unassigned: int
    oldest_seconds: int | None
    breached: int
    due: int
    online: int
    answering: int
    load: float | None


def read_standing(session: Session, filters: Filters, now: datetime) -> Standing:
    """By the filters, without their period."""
    waiting, oldest, breached, due = session.execute(_clocks(filters, now)).one()
    agents = list(session.execute(_agents(filters)))
    online = {agent_id: capacity for agent_id, capacity, here in agents if here is Presence.ONLINE}
    loads = loads_of(session, online) if online else {}
    room = sum(online.values())
    return Standing(
        waiting=waiting,
        unassigned=session.scalar(_unassigned(filters)) or 0,
        oldest_seconds=None if oldest is None else int((now - oldest).total_seconds()),
        breached=breached,
        due=due,
        online=len(online),
        answering=len(agents),
        load=sum(loads.values()) / room if room else None,
    )


def is_due(now: datetime, within: timedelta) -> ColumnElement[bool]:
    """Running clocks whose deadline comes so soon, and is not missed yet."""
    its = SlaClock
    return and_(
        its.ended_at.is_(None),
        its.paused_at.is_(None),
        its.breached_at.is_(None),
        its.deadline_at >= now,
        its.deadline_at <= now + within,
    )


def _clocks(filters: Filters, now: datetime) -> Any:
    """One read of the running clocks; a conversation counts once, though two may be late."""
    its = SlaClock
    is_response = its.clock.in_(RESPONSES)
    conversation = its.conversation_id
    return select(
        func.count(case((is_response, its.id))),
        func.min(case((is_response, its.started_at))),
        func.count(case((is_broken(now), conversation)).distinct()),
        func.count(case((is_due(now, DUE_WITHIN), conversation)).distinct()),
    ).where(*still_running(), *fits(filters))


def _unassigned(filters: Filters) -> Any:
    its = SlaClock
    return (
        select(func.count())
        .select_from(its)
        .join(Conversation, Conversation.id == its.conversation_id)
        .where(
            *still_running(*RESPONSES),
            Conversation.assignee_id.is_(None),
            *fits(filters),
        )
    )


def _agents(filters: Filters) -> Any:
    """People who answer customers: of the teams, or those asked for."""
    query = select(Agent.id, Agent.capacity, Agent.presence).where(
        Agent.is_active, Agent.role.in_(ANSWERING_ROLES)
    )
    if filters.agent_ids:
        query = query.where(Agent.id.in_(filters.agent_ids))
    if filters.team_ids:
        members = select(TeamMember.agent_id).where(TeamMember.team_id.in_(filters.team_ids))
        query = query.where(Agent.id.in_(members))
    return query
