"""Who may come in: invited, changed, deactivated with their conversations, let in again.

Every change is in the audit log. Nobody locks themself out, and an admin always remains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from wxdesk.agents.models import Agent
from wxdesk.agents.operations import AgentForm, accept_invitation, invite_agent, set_teams
from wxdesk.agents.passwords import NO_PASSWORD
from wxdesk.agents.rules import INVITATION_LASTS, Presence, Role, may, person_problems
from wxdesk.assignment.presence import TOPIC, PresenceChange, note_presence
from wxdesk.assignment.queries import UNRESOLVED
from wxdesk.audit.operations import note
from wxdesk.background_jobs import ASSIGN_WAITING, SWEEP_PRESENCE
from wxdesk.contacts.models import Contact
from wxdesk.conversations.assigning import Handover, give_back, put
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Returned
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What an admin may change of a person; the e-mail address stays."""

    name: str
    role: Role
    capacity: int
    team_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The session epoch from now on; `was_invited`: the link of an invitation went too."""

    session_epoch: int
    was_invited: bool


def invite(uow: UnitOfWork, form: AgentForm, *, actor_id: int) -> Agent:
    """A person with the link of an invitation; InvalidInputError names the field."""
    agent = invite_agent(uow, form)
    note(uow, "agent.invited", _subject(agent.id), actor_id=actor_id, role=agent.role.value)
    uow.announce(TOPIC)
    return agent


def renew_invitation(uow: UnitOfWork, agent_id: int, *, actor_id: int) -> Agent:
    """A new link: the old one is void and all sessions end; the old password goes with its use."""
    agent = _locked(uow, agent_id)
    if not agent.is_active:
        raise ConflictError(say("this person is deactivated"))
    agent.invited_until = uow.now + INVITATION_LASTS
    agent.session_epoch += 1
    note(uow, "agent.invitation_renewed", _subject(agent_id), actor_id=actor_id)
    return agent


def accept(uow: UnitOfWork, agent_id: int, session_epoch: int, password_hash: str) -> int:
    """The person has chosen a password; gives the session epoch. ConflictError when too late."""
    epoch = accept_invitation(uow, agent_id, session_epoch, password_hash)
    note(uow, "agent.invitation_accepted", _subject(agent_id), actor_id=agent_id)
    return epoch


def change(uow: UnitOfWork, agent_id: int, form: PersonChange, *, actor_id: int) -> list[str]:
    """Change what differs and give the names of these fields."""
    for field, sentence in person_problems(form.name, form.capacity).items():
        raise InvalidInputError(field, sentence)
    agent, admins = _locked_with_admins(uow, agent_id)
    if form.role is not agent.role:
        _refuse_losing_admin(agent, admins, actor_id, "role")
    changed = []
    for field in ("name", "role", "capacity"):
        value = getattr(form, field)
        value = value.strip() if field == "name" else value
        if getattr(agent, field) != value:
            setattr(agent, field, value)
            changed.append(field)
    if set_teams(uow, agent_id, form.team_ids):
        changed.append("teams")
    if changed:
        note(uow, "agent.changed", _subject(agent_id), actor_id=actor_id, fields=changed)
        uow.announce(TOPIC)
        uow.ring(ASSIGN_WAITING)
    return changed


def check_deactivation(uow: UnitOfWork, agent_id: int, *, actor_id: int) -> None:
    """InvalidInputError when `deactivate` would refuse it: asked before anything is handed on."""
    agent, admins = _locked_with_admins(uow, agent_id)
    _refuse_losing_admin(agent, admins, actor_id, "person")


def deactivate(uow: UnitOfWork, agent_id: int, *, actor_id: int) -> None:
    """The person can't come in any more, by no session and no token; nothing happens twice.

    What they have is moved by `release`, before or after; what is left over goes back to all.
    """
    agent, admins = _locked_with_admins(uow, agent_id)
    if not agent.is_active:
        return
    _refuse_losing_admin(agent, admins, actor_id, "person")
    agent.is_active = False
    agent.session_epoch += 1
    agent.invited_until = None
    if agent.presence is not Presence.OFFLINE:
        note_presence(uow, [PresenceChange(agent_id, agent.presence, Presence.OFFLINE)])
    note(uow, "agent.deactivated", _subject(agent_id), actor_id=actor_id)
    uow.announce(TOPIC)
    uow.ring(SWEEP_PRESENCE)


def release(uow: UnitOfWork, agent_id: int, *, heir_id: int | None, by: int, limit: int) -> int:
    """Up to `limit` of the person's unresolved conversations go to a colleague, or back to all.

    Returns how many; those that somebody changes at this moment are passed over.
    """
    if heir_id is not None:
        _refuse_heir(uow, agent_id, heir_id)
    rows = uow.session.execute(
        select(Conversation, Contact)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.assignee_id == agent_id, Conversation.status.in_(UNRESOLVED))
        .order_by(Conversation.id)
        .limit(limit)
        .with_for_update(of=Conversation, skip_locked=True, key_share=True)
    ).all()
    for conversation, contact in rows:
        if heir_id is None:
            give_back(uow, conversation, contact, Returned.DEACTIVATED)
        else:
            put(uow, conversation, contact, Handover(heir_id, by=by))
    return len(rows)


def reactivate(uow: UnitOfWork, agent_id: int, *, actor_id: int) -> None:
    """The person may come in again, with the password that they had."""
    agent = _locked(uow, agent_id)
    if agent.is_active:
        return
    agent.is_active = True
    agent.failed_logins, agent.locked_until = 0, None
    note(uow, "agent.reactivated", _subject(agent_id), actor_id=actor_id)
    uow.announce(TOPIC)


def end_sessions(uow: UnitOfWork, agent_id: int, *, actor_id: int) -> Ended:
    """Log the person out of every browser; an open invitation is void too. API tokens stay."""
    agent = _locked(uow, agent_id)
    agent.session_epoch += 1
    was_invited = agent.invited_until is not None and agent.invited_until > uow.now
    agent.invited_until = None
    note(uow, "agent.sessions_ended", _subject(agent_id), actor_id=actor_id)
    return Ended(agent.session_epoch, was_invited)


def _locked(uow: UnitOfWork, agent_id: int) -> Agent:
    """The row; a lock that lets others refer to it, so that nobody who claims has to wait."""
    agent = uow.session.get(
        Agent, agent_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if agent is None:
        raise NotFoundError(say("there is no such person"))
    return agent


def _locked_with_admins(uow: UnitOfWork, agent_id: int) -> tuple[Agent, list[Agent]]:
    """The row and all active admins, locked in the order of ids, as sweeps lock agents.

    So of two admins who remove each other at the same moment one is refused.
    """
    rows = uow.session.scalars(
        select(Agent)
        .where(or_(Agent.id == agent_id, and_(Agent.role == Role.ADMIN, Agent.is_active)))
        .order_by(Agent.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    agent = next((one for one in rows if one.id == agent_id), None)
    if agent is None:
        raise NotFoundError(say("there is no such person"))
    return agent, [one for one in rows if one.role is Role.ADMIN and one.is_active]


def _refuse_losing_admin(agent: Agent, admins: Sequence[Agent], actor_id: int, field: str) -> None:
    if agent.id == actor_id:
        raise InvalidInputError(field, say("you can't do this to yourself; ask another admin"))
    others = [one for one in admins if one is not agent and one.password_hash != NO_PASSWORD]
    if agent.role is Role.ADMIN and not others:
        raise InvalidInputError(field, say("this is the last admin; make somebody else one first"))


def _refuse_heir(uow: UnitOfWork, agent_id: int, heir_id: int) -> None:
    heir = uow.session.get(Agent, heir_id)
    is_good = heir is not None and heir.is_active and may(heir.role, "conversations.reply")
    if not is_good or heir_id == agent_id:
        raise InvalidInputError("heir", say("there is no such agent"))


def _subject(agent_id: int) -> str:
    return f"agent:{agent_id}"
