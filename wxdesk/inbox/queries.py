"""What the inbox shows: counts of its views, kept for a second so that a surge costs one query."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status

DUE_SOON = timedelta(minutes=2)
KEPT_SECONDS = 1.0
RESOLVED_SPAN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Totals:
    """Open conversations by assignee (None: nobody), and the sums over all."""

    by_assignee: dict[int | None, int]
    breached: int
    due_soon: int
    resolved_lately: int

    @property
    def all(self) -> int:
        return sum(self.by_assignee.values())


def count_totals(session: Session, now: datetime) -> Totals:
    """Count once for everybody. `resolved_lately` is of the last 24 hours."""
    is_due_soon = Conversation.is_breached.is_(False) & (Conversation.due_at <= now + DUE_SOON)
    rows = session.execute(
        select(
            Conversation.assignee_id,
            func.count(),
            func.sum(case((Conversation.is_breached, 1), else_=0)),
            func.sum(case((is_due_soon, 1), else_=0)),
        )
        .where(Conversation.status == Status.OPEN)
        .group_by(Conversation.assignee_id)
    ).all()
    resolved = session.scalar(
        select(func.count()).where(Conversation.resolved_at > now - RESOLVED_SPAN)
    )
    return Totals(
        by_assignee={assignee_id: count for assignee_id, count, _, _ in rows},
        breached=sum(breached or 0 for _, _, breached, _ in rows),
        due_soon=sum(due or 0 for _, _, _, due in rows),
        resolved_lately=resolved or 0,
    )


class TotalsCache:
    """The last totals of this process, counted again when they are older than a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[datetime, Totals] | None = None

    def get(self, session: Session, now: datetime) -> Totals:
        with self._lock:
            if self._kept is None or abs((now - self._kept[0]).total_seconds()) > KEPT_SECONDS:
                self._kept = (now, count_totals(session, now))
            return self._kept[1]
