"""How much each agent has to do, and how much waits in each team."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.agents.queries import MOST_AGENTS
from wxdesk.agents.rules import Presence
from wxdesk.assignment.rules import Standing
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind, Status

UNRESOLVED = tuple(status for status in Status if status is not Status.RESOLVED)


def loads_of(session: Session, agent_ids: Collection[int]) -> dict[int, int]:
    """By agent id how many open conversations they have; those with none are left out."""
    rows = session.execute(
        select(Conversation.assignee_id, func.count())
        .where(Conversation.assignee_id.in_(sorted(agent_ids)), Conversation.status == Status.OPEN)
        .group_by(Conversation.assignee_id)
    )
    return {agent_id: count for agent_id, count in rows if agent_id is not None}


def count_kept(session: Session, agent_id: int) -> int:
    """How many unresolved conversations the agent has, sleeping ones too."""
    query = select(func.count()).where(
        Conversation.assignee_id == agent_id, Conversation.status.in_(UNRESOLVED)
    )
    return session.scalar(query) or 0


def is_team_used(session: Session, team_id: int) -> bool:
    """Whether an account gives its conversations to the team, or an unresolved one is with it."""
    of_account = select(Account.id).where(Account.team_id == team_id).limit(1)
    unresolved = (Conversation.team_id == team_id, Conversation.status.in_(UNRESOLVED))
    of_conversation = select(Conversation.id).where(*unresolved).limit(1)
    return any(session.scalar(query) is not None for query in (of_account, of_conversation))


def last_answerers(session: Session, conversations: Collection[Conversation]) -> dict[int, int]:
    """By conversation id the agent who last answered its customer, in whatever conversation."""
    last = (
        select(Message.sender_id)
        .where(
            Message.contact_id == Conversation.contact_id,
            Message.direction == Direction.OUTGOING,
            Message.sender_kind == SenderKind.AGENT,
            Message.undone_at.is_(None),
        )
        .order_by(Message.id.desc())
        .limit(1)
        .correlate(Conversation)
        .scalar_subquery()
    )
    ids = [conversation.id for conversation in conversations]
    rows = session.execute(select(Conversation.id, last).where(Conversation.id.in_(ids)))
    return {conversation_id: agent_id for conversation_id, agent_id in rows if agent_id}


def list_standings(session: Session) -> list[Standing]:
    """Everybody's presence by the rows (at most 1,000)."""
    rows = session.execute(
        select(Agent.id, Agent.is_active, Agent.availability, Agent.presence)
        .where(or_(Agent.is_active, Agent.presence != Presence.OFFLINE))
        .order_by(Agent.id)
        .limit(MOST_AGENTS)
    )
    return [Standing(*row) for row in rows]
