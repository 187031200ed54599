"""What changes about people: create, log in, tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from wxdesk.agents.models import Agent, ApiToken
from wxdesk.agents.passwords import hash_password, is_right
from wxdesk.agents.queries import find_agent, token_hash
from wxdesk.agents.rules import EMAIL, Role, locked_until, password_problem
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
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


def create_agent(uow: UnitOfWork, form: AgentForm) -> Agent:
    """Store a person who can log in; InvalidInputError names the field that can't be taken."""
    email = form.email.strip().lower()
    if not EMAIL.fullmatch(email):
        raise InvalidInputError("email", say("this is not an e-mail address"))
    if not form.name.strip() or len(form.name) > 60:
        raise InvalidInputError("name", say("a name has 1 to %(most)d characters", most=60))
    if problem := password_problem(form.password):
        raise InvalidInputError("password", problem)
    if find_agent(uow.session, email) is not None:
        raise InvalidInputError("email", say("this address can log in already"))
    agent = Agent(
        email=email,
        name=form.name.strip(),
        role=form.role,
        locale=form.locale,
        password_hash=hash_password(form.password),
        created_at=uow.now,
    )
    uow.session.add(agent)
    uow.session.flush()
    return agent


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
