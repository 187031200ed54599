"""The tables of promises and of the clocks that measure them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.conversations.rules import Priority
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of
from wxdesk.sla.rules import BreachCause, Clock, ClockState


class SlaPolicy(Base):
    """One promise; the first by `position` whose conditions fit a conversation is its promise.

    What it says stands in its version `version`; every change makes another one.
    """

    __tablename__ = "sla_policies"
    __table_args__ = (Index("ix_sla_policies_order", "archived_at", "position", "id"),)

    id: Mapped[PrimaryKey]
    position: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class SlaPolicyVersion(Base):
    """What a promise said from `created_at` on: whom it is for, targets, hours, pauses, stages.

    The JSON columns are rules.Conditions, rules.Targets (by priority) and rules.Stage as plain
    values. `calendar_id` NULL: around the clock.
    """

    __tablename__ = "sla_policy_versions"
    __table_args__ = (UniqueConstraint("policy_id", "version"),)

    id: Mapped[PrimaryKey]
    policy_id: Mapped[int] = mapped_column(ForeignKey("sla_policies.id"))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    conditions: Mapped[dict[str, Any]]
    targets: Mapped[dict[str, Any]]
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("business_calendars.id"))
    pauses_when_pending: Mapped[bool] = mapped_column(default=True)
    pauses_when_snoozed: Mapped[bool] = mapped_column(default=True)
    stages: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))


class SlaClock(Base):
    """One wait, from when the customer began to wait until it ended; with a promise or without.

    first_response and next_response: from the oldest unanswered message's time until the first
    human answer that WeChat accepted. resolution: an episode, from the message that opened the
    conversation (again) until it was resolved. `episode` counts within the conversation, from 1.

    `deadline_at` NULL: nothing was promised. `policy_id` NULL with a deadline: the built-in
    promise. A paused clock has `paused_at`, `paused_until` (where the end is known already), what
    is left in `remaining_seconds`, and its deadline as it was then; `paused_seconds` sums up the
    pauses that are over. Both count as the policy's calendar does, where it has one.
    `ended_at` is the event's time: `met` by an answer or the end, `stopped` when it ended without
    (resolved unanswered, spam, merged). `seconds` is ended_at - started_at, never less than 0;
    `business_seconds` the part within the business hours of the policy's or else the team's
    calendar, NULL where there is none. `breached_at` is the deadline that was missed, whenever
    that was noticed (`breach_noticed_at`); cause and assignee are those of that instant.
    `handling_seconds`: from when the agent who answered had it (assigned, and the customer waited)
    until then; NULL where another had it, or nobody until the answer itself.
    `after_*`: the automatic answer that the customer got within the hour before they began to
    wait, if any: the rule may have answered wrongly. `started_quarter` and `ended_quarter` are
    quarter hours since 1970 (UTC). `check_at` is when the next stage or the deadline falls due.
    """

    __tablename__ = "sla_clocks"
    __table_args__ = (
        Index(
            "ix_sla_clocks_check",
            "check_at",
            sqlite_where=text("check_at < '9000-01-01'"),
            postgresql_where=text("check_at < '9000-01-01'"),
        ),
        Index("ix_sla_clocks_conversation", "conversation_id", "state", "clock"),
        Index("ix_sla_clocks_contact", "contact_id"),
        Index(
            "uq_sla_clocks_response",
            "conversation_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND clock <> 'resolution'"),
            postgresql_where=text("ended_at IS NULL AND clock <> 'resolution'"),
        ),
        Index(
            "uq_sla_clocks_resolution",
            "conversation_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND clock = 'resolution'"),
            postgresql_where=text("ended_at IS NULL AND clock = 'resolution'"),
        ),
        Index(
            "ix_sla_clocks_running",
            "started_quarter",
            "conversation_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(  # reports read it alone: it holds every column that they group by
            "ix_sla_clocks_started",
            "clock",
            "started_quarter",
            "state",
            "account_id",
            "team_id",
            "agent_id",
            "policy_id",
            "policy_version",
            "priority",
            "seconds",
            "business_seconds",
            "handling_seconds",
            "deadline_at",
            "breached_at",
            "conversation_id",
        ),
        Index(
            "ix_sla_clocks_ended",
            "clock",
            "ended_quarter",
            "state",
            "account_id",
            "team_id",
            "agent_id",
            "conversation_id",
        ),
        Index(
            "ix_sla_clocks_breached",
            "started_quarter",
            "id",
            sqlite_where=text("breached_at IS NOT NULL"),
            postgresql_where=text("breached_at IS NOT NULL"),
        ),
        Index(
            "ix_sla_clocks_after",
            "started_quarter",
            "after_rule_id",
            "after_rule_version",
            "after_message_id",
            "after_seconds",
            "state",
            "clock",
            "account_id",
            "team_id",
            "agent_id",
            "conversation_id",
            sqlite_where=text("after_rule_id IS NOT NULL"),
            postgresql_where=text("after_rule_id IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    clock: Mapped[Clock] = mapped_column(enum_of(Clock))
    episode: Mapped[int] = mapped_column(default=1)
    state: Mapped[ClockState] = mapped_column(enum_of(ClockState), default=ClockState.RUNNING)
    priority: Mapped[Priority] = mapped_column(enum_of(Priority, "clockpriority"))
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("sla_policies.id"))
    policy_version: Mapped[int | None]
    started_at: Mapped[datetime]
    started_quarter: Mapped[int]
    started_by_id: Mapped[int | None] = mapped_column(BigId)
    deadline_at: Mapped[datetime | None]
    check_at: Mapped[datetime] = mapped_column(default=FAR_FUTURE)
    paused_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    paused_seconds: Mapped[float] = mapped_column(default=0.0)
    remaining_seconds: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    ended_quarter: Mapped[int | None]
    answer_id: Mapped[int | None] = mapped_column(BigId)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    seconds: Mapped[int | None]
    business_seconds: Mapped[int | None]
    handling_seconds: Mapped[int | None]
    breached_at: Mapped[datetime | None]
    breach_noticed_at: Mapped[datetime | None]
    breach_cause: Mapped[BreachCause | None] = mapped_column(enum_of(BreachCause))
    breach_assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    after_message_id: Mapped[int | None] = mapped_column(BigId)
    after_rule_id: Mapped[int | None]
    after_rule_version: Mapped[int | None]
    after_seconds: Mapped[int | None]


class SlaStageEvent(Base):
    """A stage of a clock fell due; its actions were done once. `stage`: policy id, colon, key."""

    __tablename__ = "sla_stage_events"
    __table_args__ = (UniqueConstraint("clock_id", "stage"),)

    id: Mapped[PrimaryKey]
    clock_id: Mapped[int] = mapped_column(ForeignKey("sla_clocks.id"))
    stage: Mapped[str] = mapped_column(String(40))
    due_at: Mapped[datetime]
    happened_at: Mapped[datetime]
    results: Mapped[dict[str, Any] | None]
