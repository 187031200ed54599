"""Conversations go back to all when their agent is not there for the customer who waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import ANSWERING_ROLES, AssignmentMode, Presence
from wxdesk.assignment.operations import Outlook
from wxdesk.assignment.queries import UNRESOLVED, loads_of
from wxdesk.assignment.rules import OFFLINE_GRACE_SECONDS, cutoff
from wxdesk.contacts.models import Contact
from wxdesk.conversations.answered import DELIVERIES, NOT_SENT
from wxdesk.conversations.assigning import give_back
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Returned, SenderKind, Status
from wxdesk.plumbing.unit_of_work import UnitOfWork

WAITS_FOR_THEM = (
    Conversation.status == Status.OPEN,
    Conversation.assignee_id.is_not(None),
    Conversation.waiting_since.is_not(None),
)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A conversation whose agent does not look after it."""

    conversation_id: int
    agent_id: int
    reason: Returned


def list_abandoned(
    session: Session, outlook: Outlook, now: datetime, limit: int
) -> list[Abandoned]:
    """At most `limit` for each reason and period."""
    found = _of_people_who_left(session, limit)
    for seconds, teams in _by_grace(outlook).items():
        found += _of_offline(session, teams, cutoff(now, seconds), limit)
    for team in outlook.teams:
        if team.silent_seconds:
            takers = _with_room(session, outlook.members_online(team))
            is_shared = team.mode is AssignmentMode.OFF or len(takers) > 1
            if is_shared or takers:
                but = None if is_shared else takers[0]
                at = cutoff(now, team.silent_seconds)
                found += _of_silent(session, team.id, at, but, limit)
    return found


def return_abandoned(uow: UnitOfWork, abandoned: Iterable[Abandoned]) -> int:
    """Give back those of the list that are still so, except rows in other hands; how many."""
    wanted = {one.conversation_id: one for one in abandoned}
    rows = uow.session.execute(
        select(Conversation, Contact)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.id.in_(sorted(wanted)))
        .order_by(Conversation.id)
        .with_for_update(of=Conversation, skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    returned = 0
    for conversation, contact in rows:
        one = wanted[conversation.id]
        if conversation.assignee_id == one.agent_id and _is_still(conversation, one.reason):
            give_back(uow, conversation, contact, one.reason)
            returned += 1
    return returned


def _is_still(conversation: Conversation, reason: Returned) -> bool:
    if reason is Returned.DEACTIVATED:
        return conversation.status is not Status.RESOLVED
    return conversation.status is Status.OPEN and conversation.waiting_since is not None


def _of_people_who_left(session: Session, limit: int) -> list[Abandoned]:
    """Deactivated, or in a role that answers nobody.

    What they had went elsewhere then; this finds what was given to them in the same moment.
    """
    gone = select(Agent.id).where(
        or_(Agent.is_active.is_(False), Agent.role.not_in(ANSWERING_ROLES))
    )
    return _abandoned(
        session,
        (Conversation.assignee_id.in_(gone), Conversation.status.in_(UNRESOLVED)),
        Returned.DEACTIVATED,
        limit,
    )


def _by_grace(outlook: Outlook) -> dict[int, list[int | None]]:
    """Seconds of grace to the teams (None: no team) that have them."""
    found: dict[int, list[int | None]] = {OFFLINE_GRACE_SECONDS: [None]}
    for team in outlook.teams:
        found.setdefault(team.offline_grace_seconds, []).append(team.id)
    return found


def _of_offline(
    session: Session, teams: list[int | None], at: datetime, limit: int
) -> list[Abandoned]:
    """Whose agent has been gone, and has had it, since before `at`."""
    gone = select(Agent.id).where(
        Agent.presence == Presence.OFFLINE,
        or_(Agent.presence_since.is_(None), Agent.presence_since <= at),  # None: never here
    )
    of_team = Conversation.team_id.in_([team_id for team_id in teams if team_id is not None])
    conditions = (
        *WAITS_FOR_THEM,
        Conversation.assignee_id.in_(gone),
        or_(of_team, Conversation.team_id.is_(None)) if None in teams else of_team,
        _had_since(at),
    )
    return _abandoned(session, conditions, Returned.OFFLINE, limit)


def _of_silent(
    session: Session, team_id: int, at: datetime, but: int | None, limit: int
) -> list[Abandoned]:
    """Whose customer has waited for the agent since before `at`, without an answer on its way.

    Not from the agent `but`, to whom it would only go back. An answer that failed is none.
    """
    is_lost = exists().where(
        DELIVERIES.c.message_id == Message.id, DELIVERIES.c.state.in_(NOT_SENT)
    )
    answered = exists().where(
        Message.conversation_id == Conversation.id,
        Message.id > Conversation.waiting_message_id,
        Message.direction == Direction.OUTGOING,
        Message.sender_kind == SenderKind.AGENT,
        Message.sender_id == Conversation.assignee_id,
        Message.undone_at.is_(None),
        ~is_lost,
    )
    conditions = (
        *WAITS_FOR_THEM,
        Conversation.team_id == team_id,
        Conversation.waiting_since <= at,
        _had_since(at),
        Conversation.assignee_id.is_distinct_from(but),
        ~answered,
    )
    return _abandoned(session, conditions, Returned.SILENT, limit)


def _with_room(session: Session, agent_ids: list[int]) -> list[int]:
    """Those below their capacity."""
    loads = loads_of(session, agent_ids)
    rows = session.execute(
        select(Agent.id, Agent.capacity).where(Agent.id.in_(agent_ids)).order_by(Agent.id)
    )
    return [agent_id for agent_id, capacity in rows if loads.get(agent_id, 0) < capacity]


def _had_since(at: datetime) -> ColumnElement[bool]:
    return or_(Conversation.assigned_at.is_(None), Conversation.assigned_at <= at)


def _abandoned(
    session: Session, conditions: Iterable[ColumnElement[bool]], reason: Returned, limit: int
) -> list[Abandoned]:
    rows = session.execute(
        select(Conversation.id, Conversation.assignee_id)
        .where(*conditions)
        .order_by(Conversation.id)
        .limit(limit)
    )
    return [Abandoned(one, agent_id, reason) for one, agent_id in rows if agent_id is not None]
