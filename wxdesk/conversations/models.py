"""The tables of conversations and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.conversations.rules import (
    Direction,
    Place,
    Priority,
    SenderKind,
    Standing,
    Status,
    standing_of,
)
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of


class Conversation(Base):
    """One matter of one customer, from the first message until it is resolved.

    `due_at` is the earliest deadline of a running clock, FAR_FUTURE when none runs, and
    `queued_at` the time that decides between equal deadlines (oldest unanswered, else latest
    activity): together with the id they are the order of the inbox, so they are never NULL.
    `waiting_message_id` is the message that started the running clock: only an answer recorded
    after it meets that clock. `version` grows with every change that an agent sees.
    `urgency_rank` is 0 while somebody waits and the reply window is about to close, else 1;
    `urgent_at` is when it closes, or `due_at`; `window_check_at` is when that must be judged again.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index(
            "uq_conversations_open_contact",
            "contact_id",
            unique=True,
            sqlite_where=text("status <> 'resolved'"),
            postgresql_where=text("status <> 'resolved'"),
        ),
        Index("ix_conversations_queue", "status", "urgency_rank", "urgent_at", "queued_at", "id"),
        Index("ix_conversations_waiting", "status", "queued_at", "id"),
        Index("ix_conversations_any_queue", "urgency_rank", "urgent_at", "queued_at", "id"),
        Index("ix_conversations_any_newest", "last_message_at", "id"),
        Index(
            "ix_conversations_assignee",
            "assignee_id",
            "status",
            "urgency_rank",
            "urgent_at",
            "queued_at",
            "id",
        ),
        Index("ix_conversations_window_check", "window_check_at"),
        Index("ix_conversations_newest", "status", "last_message_at", "id"),
        Index("ix_conversations_check", "is_breached", "due_at"),
        Index("ix_conversations_contact", "contact_id", "id"),
        Index("ix_conversations_resolved", "resolved_at"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    status: Mapped[Status] = mapped_column(enum_of(Status), default=Status.OPEN)
    priority: Mapped[Priority] = mapped_column(enum_of(Priority), default=Priority.NORMAL)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    waiting_message_id: Mapped[int | None] = mapped_column(BigId)
    last_message_id: Mapped[int | None] = mapped_column(BigId)
    last_message_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(default=FAR_FUTURE)
    is_breached: Mapped[bool] = mapped_column(default=False)
    urgency_rank: Mapped[int] = mapped_column(default=1)
    urgent_at: Mapped[datetime] = mapped_column(default=FAR_FUTURE)
    window_check_at: Mapped[datetime] = mapped_column(default=FAR_FUTURE)
    first_response_deadline_at: Mapped[datetime | None]
    first_response_met_at: Mapped[datetime | None]
    first_response_breached_at: Mapped[datetime | None]
    next_response_deadline_at: Mapped[datetime | None]
    next_response_met_at: Mapped[datetime | None]
    next_response_breached_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def standing(self) -> Standing:
        return standing_of(
            self.status, is_assigned=self.assignee_id is not None, is_overdue=self.is_breached
        )


class Message(Base):
    """One message, from or to the customer.

    `once_key` makes an inbound push unique (docs/wechat.md#once). `created_at` is when it was
    written (WeChat's time for incoming), `received_at` when it reached us: the thread's order.
    An automatic answer names rule, version and the matched keyword, and the message it answers.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("once_key", "account_id"),
        UniqueConstraint("sender_id", "idempotency_key"),
        Index("ix_messages_thread", "contact_id", "received_at", "id"),
        Index("ix_messages_conversation", "conversation_id", "received_at"),
        Index("ix_messages_place", "direction", "place", "set_aside_reason"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    direction: Mapped[Direction] = mapped_column(enum_of(Direction))
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text, default="")
    payload: Mapped[dict[str, Any] | None]
    wechat_msg_id: Mapped[str | None] = mapped_column(String(32))
    once_key: Mapped[str | None] = mapped_column(String(64))
    place: Mapped[Place | None] = mapped_column(enum_of(Place))
    set_aside_reason: Mapped[str | None] = mapped_column(String(40))
    sender_kind: Mapped[SenderKind] = mapped_column(enum_of(SenderKind))
    sender_id: Mapped[int | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    rule_version: Mapped[int | None]
    matched: Mapped[str | None] = mapped_column(String(200))
    reply_to_id: Mapped[int | None] = mapped_column(BigId)
    part_number: Mapped[int | None]
    part_count: Mapped[int | None]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
