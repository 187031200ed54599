"""The tables of auto-reply rules, of each of their versions, and of dry runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of
from wxdesk.triage.rules import DryRunState, Match, ReplyKind, Trigger


class AutoReplyRule(Base):
    """A rule as it is now; `patterns` and `exclusions` hold one pattern a line.

    The shapes of `conditions`, `limits` and `more_replies` ({"replies": [...]}) are those of
    triage/stored.py. A campaign's rule names it.
    """

    __tablename__ = "auto_reply_rules"

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    match: Mapped[Match] = mapped_column(enum_of(Match))
    patterns: Mapped[str] = mapped_column(Text)
    trigger: Mapped[Trigger] = mapped_column(enum_of(Trigger), default=Trigger.TEXT)
    exclusions: Mapped[str] = mapped_column(Text, default="")
    conditions: Mapped[dict[str, Any] | None]
    more_replies: Mapped[dict[str, Any] | None]
    limits: Mapped[dict[str, Any] | None]
    passes_on: Mapped[bool] = mapped_column(default=False)
    answers_attended: Mapped[bool] = mapped_column(default=False)
    waiting_minutes: Mapped[int | None]
    reply_text: Mapped[str] = mapped_column(Text)
    reply_kind: Mapped[ReplyKind] = mapped_column(enum_of(ReplyKind), default=ReplyKind.TEXT)
    reply_content: Mapped[dict[str, Any] | None]
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id"))
    priority: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    archived_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))


class AutoReplyRuleVersion(Base):
    """What a rule said at one version: what a customer got can always be shown."""

    __tablename__ = "auto_reply_rule_versions"
    __table_args__ = (
        UniqueConstraint("rule_id", "version"),
        Index("ix_auto_reply_rule_versions_dry_run", "dry_run_id"),
    )

    id: Mapped[PrimaryKey]
    rule_id: Mapped[int] = mapped_column(ForeignKey("auto_reply_rules.id"))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    match: Mapped[Match] = mapped_column(enum_of(Match))
    patterns: Mapped[str] = mapped_column(Text)
    trigger: Mapped[Trigger] = mapped_column(enum_of(Trigger), default=Trigger.TEXT)
    exclusions: Mapped[str] = mapped_column(Text, default="")
    conditions: Mapped[dict[str, Any] | None]
    more_replies: Mapped[dict[str, Any] | None]
    limits: Mapped[dict[str, Any] | None]
    passes_on: Mapped[bool] = mapped_column(default=False)
    answers_attended: Mapped[bool] = mapped_column(default=False)
    waiting_minutes: Mapped[int | None]
    reply_text: Mapped[str] = mapped_column(Text)
    reply_kind: Mapped[ReplyKind] = mapped_column(enum_of(ReplyKind), default=ReplyKind.TEXT)
    reply_content: Mapped[dict[str, Any] | None]
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id"))
    priority: Mapped[int]
    is_active: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    dry_run_id: Mapped[int | None] = mapped_column(ForeignKey("dry_runs.id"))


class DryRun(Base):
    """What a rule would have caught in the last days, counted before it is switched on.

    `digest` is of all that decides which messages it catches (triage/dry_runs.py): a rule can be
    switched on when a run with its digest was confirmed. `definition` is the rule as it was asked
    about; `position_id` the message up to which it was looked at, `result` what was found.
    """

    __tablename__ = "dry_runs"
    __table_args__ = (
        Index("ix_dry_runs_state", "state", "id"),
        Index("ix_dry_runs_digest", "account_id", "digest", "id"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("auto_reply_rules.id"))
    rule_version: Mapped[int | None]
    digest: Mapped[str] = mapped_column(String(64))
    definition: Mapped[dict[str, Any]]
    days: Mapped[int]
    state: Mapped[DryRunState] = mapped_column(enum_of(DryRunState), default=DryRunState.WAITING)
    scanned: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    position_id: Mapped[int] = mapped_column(BigId, default=0)
    result: Mapped[dict[str, Any] | None]
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    confirmed_at: Mapped[datetime | None]
