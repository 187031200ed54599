"""People as other packages see them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent, ApiToken
from wxdesk.agents.rules import Role, may


@dataclass(frozen=True, slots=True)
class Person:
    """Who makes this request."""

    id: int
    name: str
    email: str
    role: Role
    locale: str

    def may(self, permission: str) -> bool:
        return may(self.role, permission)


def find_person(session: Session, agent_id: int, session_epoch: int) -> Person | None:
    """The person behind a browser session, if active and the session was not ended."""
    agent = session.get(Agent, agent_id)
    if agent is None or not agent.is_active or agent.session_epoch != session_epoch:
        return None
    return person_of(agent)


def find_person_by_token(session: Session, token: str) -> Person | None:
    """The person behind an API token, if active."""
    agent = session.scalars(
        select(Agent)
        .join(ApiToken, ApiToken.agent_id == Agent.id)
        .where(ApiToken.token_hash == token_hash(token), Agent.is_active)
    ).one_or_none()
    return person_of(agent) if agent else None


def find_agent(session: Session, email: str) -> Agent | None:
    """By e-mail address, in any case of letters."""
    return session.scalars(select(Agent).where(Agent.email == email.strip().lower())).one_or_none()


def names_of(session: Session, agent_ids: set[int]) -> dict[int, str]:
    """Agent id to name."""
    if not agent_ids:
        return {}
    rows = session.execute(select(Agent.id, Agent.name).where(Agent.id.in_(sorted(agent_ids))))
    return dict(rows.all())


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def person_of(agent: Agent) -> Person:
    return Person(agent.id, agent.name, agent.email, agent.role, agent.locale)
