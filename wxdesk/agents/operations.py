"""What changes about people: create, invite, log in, teams, tokens."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from wxdesk.agents.models import Agent, ApiToken, TeamMember
from wxdesk.agents.passwords import NO_PASSWORD, hash_password, is_right
from wxdesk.agents.queries import find_agent, team_names, token_hash
from wxdesk.agents.rules import (
    CAPACITY,
    EMAIL,
    INVITATION_LASTS,
    Role,
    locked_until,
    password_problem,
    person_problems,
)
from wxdesk.plumbing.db import insert_new
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


@dataclass(frozen=True, slots=True, repr=False)
class AgentForm:
    """A person as an admin types them."""

    email: str
    name: str
    role: Role
    password: str
    locale: str = "zh_CN"
    capacity: int = CAPACITY
    team_ids: tuple[int, ...] = ()


def create_agent(uow: UnitOfWork, form: AgentForm) -> Agent:
    """Store a person who can log in; InvalidInputError names the field that can't be taken."""
    if problem := password_problem(form.password):
        raise InvalidInputError("password", problem)
    _refuse(uow, form)
    return _store(uow, form, hash_password(form.password))


def invite_agent(uow: UnitOfWork, form: AgentForm) -> Agent:
    """Store a person who chooses a password by the link of an invitation (agents/invitations)."""
    _refuse(uow, form)
    agent = _store(uow, form, NO_PASSWORD)
    agent.invited_until = uow.now + INVITATION_LASTS
    return agent


def accept_invitation(
    uow: UnitOfWork, agent_id: int, session_epoch: int, password_hash: str
) -> int:
    """Set the password once; gives the new session epoch. ConflictError when it is too late."""
    accepted = uow.session.execute(
        update(Agent)
        .where(
            Agent.id == agent_id,
            Agent.session_epoch == session_epoch,
            Agent.invited_until > uow.now,
            Agent.is_active,
        )
        .values(
            password_hash=password_hash,
            invited_until=None,
            session_epoch=session_epoch + 1,
            failed_logins=0,
            locked_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    if accepted.rowcount != 1:  # type: ignore[attr-defined]
        raise ConflictError(say("this invitation was used, renewed or is too old"))
    return session_epoch + 1


def set_teams(uow: UnitOfWork, agent_id: int, team_ids: Collection[int]) -> bool:
    """The agent works in these teams and in no others; True if that is new."""
    wanted = set(team_ids)
    if wanted - team_names(uow.session, wanted).keys():
        raise InvalidInputError("teams", say("there is no such team"))
    of_agent = TeamMember.agent_id == agent_id
    now = set(uow.session.scalars(select(TeamMember.team_id).where(of_agent)))
    uow.session.execute(
        delete(TeamMember).where(of_agent, TeamMember.team_id.in_(sorted(now - wanted)))
    )
    for team_id in sorted(wanted - now):
        uow.session.execute(
            insert_new(uow.session, TeamMember), {"team_id": team_id, "agent_id": agent_id}
        )
    return now != wanted


def log_in(uow: UnitOfWork, agent_id: int, *, is_password_right: bool) -> bool:
    """Count the attempt; True if the person may come in now.

    The password is checked outside the transaction (it takes 0.2 s): see `check_password`.
    """
    agent = uow.session.get_one(Agent, agent_id, with_for_update=True)
    if agent.locked_until is not None and agent.locked_until > uow.now:
        return False
    if not is_password_right:
        agent.failed_logins += 1
        agent.locked_until = locked_until(agent.failed_logins, uow.now)
        if agent.locked_until is not None:
            agent.failed_logins = 0
        return False
    agent.failed_logins = 0
    agent.locked_until = None
    return agent.is_active


def check_password(agent: Agent | None, password: str) -> bool:
    """Slow on purpose, and as slow for an address that nobody has."""
    return is_right(agent.password_hash if agent else None, password)


def create_token(uow: UnitOfWork, *, email: str, name: str) -> str:
    """Make an API token; the text is returned once and only its hash is kept."""
    agent = find_agent(uow.session, email)
    if agent is None:
        raise NotFoundError(f"nobody has the e-mail address {email!r}")
    token = f"wxd_{secrets.token_urlsafe(32)}"
    uow.session.add(
        ApiToken(
            agent_id=agent.id, name=name[:60], token_hash=token_hash(token), created_at=uow.now
        )
    )
    return token


def set_locale(uow: UnitOfWork, agent_id: int, locale: str) -> None:
    """Remember the language that the person reads."""
    uow.session.get_one(Agent, agent_id).locale = locale


def _refuse(uow: UnitOfWork, form: AgentForm) -> None:
    email = form.email.strip().lower()
    if not EMAIL.fullmatch(email):
        raise InvalidInputError("email", say("this is not an e-mail address"))
    for field, sentence in person_problems(form.name, form.capacity).items():
        raise InvalidInputError(field, sentence)
    if find_agent(uow.session, email) is not None:
        raise InvalidInputError("email", say("this address can log in already"))


def _store(uow: UnitOfWork, form: AgentForm, password_hash: str) -> Agent:
    agent = Agent(
        email=form.email.strip().lower(),
        name=form.name.strip(),
        role=form.role,
        locale=form.locale,
        password_hash=password_hash,
        capacity=form.capacity,
        created_at=uow.now,
    )
    uow.session.add(agent)
    uow.session.flush()
    if form.team_ids:
        set_teams(uow, agent.id, form.team_ids)
    return agent
