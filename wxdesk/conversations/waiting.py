"""Open conversations that nobody has, by team, in the order of the inbox."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Conversation

# As in the partial index ix_conversations_unassigned: a bound parameter would keep it unused.
IS_OPEN = literal_column("conversations.status") == literal_column("'open'")
ORDER = (
    Conversation.urgency_rank,
    Conversation.urgent_at,
    Conversation.queued_at,
    Conversation.id,
)


def most_urgent(session: Session, team_ids: Collection[int | None]) -> list[int | None]:
    """Of these teams (None: no team) those in which somebody waits, the most urgent one first."""
    found = []
    for team_id in team_ids:
        first = session.execute(_waiting(team_id).with_only_columns(*ORDER).limit(1)).first()
        if first is not None:
            found.append((tuple(first), team_id))
    return [team_id for _, team_id in sorted(found, key=lambda one: one[0])]


def lock_waiting(session: Session, team_id: int | None, limit: int) -> list[Conversation]:
    """At most `limit` of a team, the most urgent first, locked; those in other hands are left out.

    Nobody waits for anybody here, so any number of claimers and sweeps can run at once.
    """
    return list(
        session.scalars(
            _waiting(team_id)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def count_waiting(session: Session) -> dict[int | None, int]:
    """How many wait, by team; None for those of no team."""
    rows = session.execute(
        select(Conversation.team_id, func.count())
        .where(Conversation.assignee_id.is_(None), IS_OPEN, Conversation.is_spam.is_(False))
        .group_by(Conversation.team_id)
    )
    return dict(rows.all())


def _waiting(team_id: int | None) -> Select[Conversation]:
    return (
        select(Conversation)
        .where(
            Conversation.team_id == team_id,
            Conversation.assignee_id.is_(None),
            IS_OPEN,
            Conversation.is_spam.is_(False),
        )
        .order_by(*ORDER)
    )
