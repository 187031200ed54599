"""The tables of notifications and of calls to other systems."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.notifications.rules import CallState, Topic
from wxdesk.plumbing.db import Base, PrimaryKey, enum_of


class Notification(Base):
    """One line for one person; `once_key` makes the same event tell each person once."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("agent_id", "once_key"),
        Index("ix_notifications_agent", "agent_id", "seen_at", "id"),
        Index("ix_notifications_agent_id", "agent_id", "id"),
        Index("ix_notifications_created", "created_at"),
        Index("ix_notifications_conversation", "conversation_id"),
    )

    id: Mapped[PrimaryKey]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    topic: Mapped[Topic] = mapped_column(enum_of(Topic, "notificationtopic"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    details: Mapped[dict[str, Any] | None]
    once_key: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class WebhookCall(Base):
    """One signed POST to another system; the row is the work, tried a limited number of times.

    `next_attempt_at` of a call that is being sent is when another process takes it up.
    """

    __tablename__ = "webhook_calls"
    __table_args__ = (
        UniqueConstraint("once_key"),
        Index("ix_webhook_calls_due", "state", "next_attempt_at"),
        Index("ix_webhook_calls_created", "created_at"),
    )

    id: Mapped[PrimaryKey]
    url: Mapped[str] = mapped_column(String(500))
    event: Mapped[str] = mapped_column(String(40))
    body: Mapped[dict[str, Any]]
    once_key: Mapped[str] = mapped_column(String(120))
    state: Mapped[CallState] = mapped_column(enum_of(CallState, "webhookcallstate"))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
