"""What the bell and the page of webhooks show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent
from wxdesk.agents.preferences import preferences_of
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.notifications.models import Notification, WebhookCall
from wxdesk.notifications.rules import CallProblem, CallState, Topic

MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class NotificationView:
    """One line of the bell; `contact_id` and `remark` say who the customer is, if there is one."""

    id: int
    topic: Topic
    conversation_id: int | None
    contact_id: int | None
    remark: str
    details: Mapping[str, object]
    created_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallView:
    """One call of a webhook; `last_status` is what the other side answered last."""

    id: int
    url: str
    event: str
    state: CallState
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: CallProblem | None
    created_at: datetime
    settled_at: datetime | None


def list_notifications(
    session: Session, agent_id: int, *, before_id: int | None, limit: int
) -> list[NotificationView]:
    """The newest first; those with an id below `before_id`."""
    query = (
        select(Notification, Contact.id, Contact.remark)
        .outerjoin(Conversation, Conversation.id == Notification.conversation_id)
        .outerjoin(Contact, Contact.id == Conversation.contact_id)
        .where(Notification.agent_id == agent_id)
        .order_by(Notification.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(Notification.id < before_id)
    return [_view(*row) for row in session.execute(query)]


def count_unseen(session: Session, agent_id: int) -> int:
    """How many a person has not seen, counted up to 100."""
    found = (
        select(Notification.id)
        .where(Notification.agent_id == agent_id, Notification.seen_at.is_(None))
        .limit(MOST_COUNTED)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(found)) or 0


def wants_browser(session: Session, agent_id: int) -> bool:
    """Whether the person chose to be told by the browser, too."""
    kept = session.scalar(select(Agent.preferences).where(Agent.id == agent_id))
    return preferences_of(kept)["notifications"] is True


def list_calls(session: Session, *, before_id: int | None, limit: int) -> list[CallView]:
    """Calls of webhooks, the newest first."""
    query = select(WebhookCall).order_by(WebhookCall.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(WebhookCall.id < before_id)
    return [
        CallView(
            it.id,
            it.url,
            it.event,
            it.state,
            it.attempts,
            it.next_attempt_at,
            it.last_status,
            CallProblem(it.last_error) if it.last_error else None,
            it.created_at,
            it.settled_at,
        )
        for it in session.scalars(query)
    ]


def due_calls(session: Session, now: datetime, limit: int) -> list[tuple[int, str]]:
    """Ids and addresses of calls that are to be tried now, the longest waiting first."""
    rows = session.execute(
        select(WebhookCall.id, WebhookCall.url)
        .where(
            WebhookCall.state.in_((CallState.QUEUED, CallState.SENDING)),
            WebhookCall.next_attempt_at <= now,
        )
        .order_by(WebhookCall.next_attempt_at, WebhookCall.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def _view(it: Notification, contact_id: int | None, remark: str | None) -> NotificationView:
    return NotificationView(
        id=it.id,
        topic=it.topic,
        conversation_id=it.conversation_id,
        contact_id=contact_id,
        remark=remark or "",
        details=it.details or {},
        created_at=it.created_at,
        seen_at=it.seen_at,
    )
