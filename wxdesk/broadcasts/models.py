"""The tables of broadcasts, and of the people that template messages and notices go to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.broadcasts.rules import BroadcastKind, BroadcastState, TargetState
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of


class Broadcast(Base):
    """One sending to many.

    `audience` holds {"tag_id": n} or {"is_to_all": true}; `content` what is sent (kind, text,
    fields, attachment_id, template_id, data, url). `client_key` is WeChat's clientmsgid of a mass
    send: the same one is taken once in 24 hours.
    `result` holds WeChat's own counts when it has told them. `asked_at`: its writer waits for a
    second person's consent. `look_at`: when a mass send is asked about or tried again;
    `was_unanswered`: one of its tries had no answer, so that it may have been sent.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        Index("ix_broadcasts_state", "state", "id"),
        Index("ix_broadcasts_account", "account_id", "sent_at"),
        Index("ix_broadcasts_wechat_msgid", "account_id", "wechat_msgid"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[BroadcastKind] = mapped_column(enum_of(BroadcastKind))
    audience: Mapped[dict[str, Any]]
    content: Mapped[dict[str, Any]]
    state: Mapped[BroadcastState] = mapped_column(
        enum_of(BroadcastState), default=BroadcastState.DRAFT
    )
    send_at: Mapped[datetime | None]
    per_minute: Mapped[int] = mapped_column(default=600)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    counted: Mapped[dict[str, Any] | None]
    collected_to_id: Mapped[int] = mapped_column(BigId, default=0)
    sent_to_at: Mapped[datetime | None]
    client_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    wechat_msgid: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    was_unanswered: Mapped[bool] = mapped_column(default=False)
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    written_by_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    written_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    approved_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BroadcastTarget(Base):
    """One person of a template or subscription broadcast, once."""

    __tablename__ = "broadcast_targets"
    __table_args__ = (
        Index("ix_broadcast_targets_state", "broadcast_id", "state", "contact_id"),
        Index("ix_broadcast_targets_contact", "contact_id"),
        UniqueConstraint("message_id"),
    )

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    state: Mapped[TargetState] = mapped_column(enum_of(TargetState), default=TargetState.LISTED)
    message_id: Mapped[int | None] = mapped_column(BigId)
    settled_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
