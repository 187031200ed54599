"""The tables of auto-reply rules and of each of their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, PrimaryKey, enum_of
from wxdesk.triage.rules import Match, ReplyKind


class AutoReplyRule(Base):
    """A rule as it is now; `patterns` holds one pattern a line."""

    __tablename__ = "auto_reply_rules"

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    match: Mapped[Match] = mapped_column(enum_of(Match))
    patterns: Mapped[str] = mapped_column(Text)
    reply_text: Mapped[str] = mapped_column(Text)
    reply_kind: Mapped[ReplyKind] = mapped_column(enum_of(ReplyKind), default=ReplyKind.TEXT)
    reply_content: Mapped[dict[str, Any] | None]
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id"))
    priority: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))


class AutoReplyRuleVersion(Base):
    """What a rule said at one version: what a customer got can always be shown."""

    __tablename__ = "auto_reply_rule_versions"
    __table_args__ = (UniqueConstraint("rule_id", "version"),)

    id: Mapped[PrimaryKey]
    rule_id: Mapped[int] = mapped_column(ForeignKey("auto_reply_rules.id"))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    match: Mapped[Match] = mapped_column(enum_of(Match))
    patterns: Mapped[str] = mapped_column(Text)
    reply_text: Mapped[str] = mapped_column(Text)
    reply_kind: Mapped[ReplyKind] = mapped_column(enum_of(ReplyKind), default=ReplyKind.TEXT)
    reply_content: Mapped[dict[str, Any] | None]
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id"))
    priority: Mapped[int]
    is_active: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
