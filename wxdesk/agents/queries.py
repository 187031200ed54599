"""People as other packages see them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent, ApiToken, Team, TeamMember
from wxdesk.agents.passwords import NO_PASSWORD
from wxdesk.agents.preferences import preferences_of
from wxdesk.agents.rules import AssignmentMode, Presence, Role, may
from wxdesk.plumbing.db import one_of
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.words import say

MOST_AGENTS = 1_000
MOST_TEAMS = 500
# Asked with every request.
PERSON = select(
    Agent.id, Agent.name, Agent.email, Agent.role, Agent.locale, Agent.preferences
).where(Agent.is_active)
BY_TOKEN = PERSON.join(ApiToken, ApiToken.agent_id == Agent.id).where(
    ApiToken.token_hash == bindparam("token_hash")
)
NAMES = select(Agent.id, Agent.name).where(one_of(Agent.id))
BY_SESSION = PERSON.where(
    Agent.id == bindparam("agent_id"), Agent.session_epoch == bindparam("session_epoch")
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who makes this request; `chosen` are the preferences that differ from the default."""

    id: int
    name: str
    email: str
    role: Role
    locale: str
    chosen: Mapping[str, Any] | None

    def may(self, permission: str) -> bool:
        return may(self.role, permission)


@dataclass(frozen=True, slots=True)
class TeamName:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """An agent of a team."""

    id: int
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team with the people who work in it, by name."""

    id: int
    name: str
    mode: AssignmentMode
    prefers_last_agent: bool
    offline_grace_seconds: int
    silent_seconds: int
    members: tuple[Member, ...]
    calendar_id: int | None = None


@dataclass(frozen=True, slots=True)
class AgentView:
    """A person as pages and API show them; never the password's hash.

    `presence_since` is None until the person was here once.
    """

    id: int
    name: str
    email: str
    role: Role
    locale: str
    is_active: bool
    capacity: int
    availability: Presence
    presence: Presence
    presence_since: datetime | None
    invited_until: datetime | None
    has_password: bool
    session_epoch: int
    preferences: dict[str, str | int | bool]
    teams: tuple[TeamName, ...]

    @property
    def may_reply(self) -> bool:
        return may(self.role, "conversations.reply")


def find_person(session: Session, agent_id: int, session_epoch: int) -> Person | None:
    """The person behind a browser session, if active and the session was not ended."""
    values = {"agent_id": agent_id, "session_epoch": session_epoch}
    row = session.execute(BY_SESSION, values).one_or_none()
    return Person(*row) if row else None


def find_person_by_token(session: Session, token: str) -> Person | None:
    """The person behind an API token, if active."""
    row = session.execute(BY_TOKEN, {"token_hash": token_hash(token)}).one_or_none()
    return Person(*row) if row else None


def find_agent(session: Session, email: str) -> Agent | None:
    """By e-mail address, in any case of letters."""
    return session.scalars(select(Agent).where(Agent.email == email.strip().lower())).one_or_none()


def names_of(session: Session, agent_ids: set[int]) -> dict[int, str]:
    """Agent id to name."""
    if not agent_ids:
        return {}
    return dict(session.execute(NAMES, {"ids": sorted(agent_ids)}).all())


def team_names(session: Session, team_ids: Collection[int | None]) -> dict[int, str]:
    """Team id to name; None is passed over."""
    wanted = sorted(team_id for team_id in team_ids if team_id is not None)
    if not wanted:
        return {}
    return dict(session.execute(select(Team.id, Team.name).where(Team.id.in_(wanted))).all())


def teams_of(session: Session, agent_id: int) -> list[TeamName]:
    """The teams that the agent works in, by name."""
    rows = session.execute(
        select(Team.id, Team.name)
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(TeamMember.agent_id == agent_id)
        .order_by(Team.name)
    )
    return [TeamName(*row) for row in rows]


def team_ids(session: Session, names: Collection[str]) -> tuple[int, ...]:
    """The teams of these names; InvalidInputError when one has no team."""
    rows = session.execute(select(Team.name, Team.id).where(Team.name.in_(sorted(set(names)))))
    found = dict(rows.all())
    for name in names:
        if name not in found:
            raise InvalidInputError("team", say("there is no team %(name)s", name=repr(name)))
    return tuple(found.values())


def list_teams(session: Session) -> list[TeamView]:
    """All teams by name with who works in them (at most 500)."""
    teams = session.scalars(select(Team).order_by(Team.name).limit(MOST_TEAMS)).all()
    members = _members(session)
    return [team_view(team, members.get(team.id, ())) for team in teams]


def get_team(session: Session, team_id: int) -> TeamView:
    """One team; NotFoundError if there is none."""
    team = session.get(Team, team_id)
    if team is None:
        raise NotFoundError(say("there is no such team"))
    return team_view(team, _members(session).get(team.id, ()))


def list_agents(session: Session, *, with_inactive: bool = False) -> list[AgentView]:
    """People by name (at most 1,000): with or without those who may not come in any more."""
    query = select(Agent).order_by(Agent.name, Agent.id).limit(MOST_AGENTS)
    if not with_inactive:
        query = query.where(Agent.is_active)
    rows = session.scalars(query).all()
    teams = _teams_by_agent(session)
    return [_agent_view(agent, teams.get(agent.id, ())) for agent in rows]


def get_agent(session: Session, agent_id: int) -> AgentView:
    """One person; NotFoundError if there is none."""
    agent = session.get(Agent, agent_id)
    if agent is None:
        raise NotFoundError(say("there is no such person"))
    return _agent_view(agent, teams_of(session, agent.id))


def find_invited(
    session: Session, agent_id: int, session_epoch: int, now: datetime
) -> AgentView | None:
    """Whom this invitation lets choose a password, if nobody used or renewed it and in time."""
    agent = session.get(Agent, agent_id)
    is_good = (
        agent is not None
        and agent.is_active
        and agent.session_epoch == session_epoch
        and agent.invited_until is not None
        and agent.invited_until > now
    )
    return _agent_view(agent, ()) if agent is not None and is_good else None


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def team_view(team: Team, members: Sequence[Member]) -> TeamView:
    return TeamView(
        id=team.id,
        name=team.name,
        mode=team.mode,
        prefers_last_agent=team.prefers_last_agent,
        offline_grace_seconds=team.offline_grace_seconds,
        silent_seconds=team.silent_seconds,
        members=tuple(members),
        calendar_id=team.calendar_id,
    )


def _agent_view(agent: Agent, teams: Sequence[TeamName]) -> AgentView:
    return AgentView(
        id=agent.id,
        name=agent.name,
        email=agent.email,
        role=agent.role,
        locale=agent.locale,
        is_active=agent.is_active,
        capacity=agent.capacity,
        availability=agent.availability,
        presence=agent.presence,
        presence_since=agent.presence_since,
        invited_until=agent.invited_until,
        has_password=agent.password_hash != NO_PASSWORD,
        session_epoch=agent.session_epoch,
        preferences=preferences_of(agent.preferences),
        teams=tuple(teams),
    )


def _members(session: Session) -> dict[int, list[Member]]:
    rows = session.execute(
        select(TeamMember.team_id, Agent.id, Agent.name, Agent.is_active)
        .join(Agent, Agent.id == TeamMember.agent_id)
        .order_by(Agent.name, Agent.id)
    )
    found: dict[int, list[Member]] = {}
    for team_id, agent_id, name, is_active in rows:
        found.setdefault(team_id, []).append(Member(agent_id, name, is_active))
    return found


def _teams_by_agent(session: Session) -> dict[int, list[TeamName]]:
    rows = session.execute(
        select(TeamMember.agent_id, Team.id, Team.name)
        .join(Team, Team.id == TeamMember.team_id)
        .order_by(Team.name)
    )
    found: dict[int, list[TeamName]] = {}
    for agent_id, team_id, name in rows:
        found.setdefault(agent_id, []).append(TeamName(team_id, name))
    return found
