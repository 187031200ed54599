"""The tables of roll-ups and of reports that are sent by e-mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of
from wxdesk.reports.rules import Every, MailState


class MessageTally(Base):
    """How many messages arrived in a quarter hour (since 1970, UTC), by account and kind.

    Of the messages up to the position's id; what came later is read from the messages themselves.
    `kind` is one of volumes.KINDS. Internal lines and answers that were taken back don't count.
    """

    __tablename__ = "message_tallies"

    quarter: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    messages: Mapped[int]


class SenderTally(Base):
    """How many of the outgoing ones who wrote: an agent, or a rule in one of its versions.

    NULL is stored as 0 so that the key is unique. The same messages as in MessageTally.
    """

    __tablename__ = "sender_tallies"

    quarter: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True)
    sender_kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    sender_id: Mapped[int] = mapped_column(primary_key=True)
    rule_version: Mapped[int] = mapped_column(primary_key=True)
    messages: Mapped[int]


class TallyPosition(Base):
    """The one row says up to which message (by id) the tallies go."""

    __tablename__ = "tally_position"

    id: Mapped[PrimaryKey]
    message_id: Mapped[int] = mapped_column(BigId)


class StaleTally(Base):
    """A quarter whose messages changed after they were counted: its tallies are not read."""

    __tablename__ = "stale_tallies"

    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ReportSchedule(Base):
    """A report that goes to people by e-mail, every day or every week, at an hour of the desk."""

    __tablename__ = "report_schedules"
    __table_args__ = (Index("ix_report_schedules_due", "is_active", "next_run_at"),)

    id: Mapped[PrimaryKey]
    report: Mapped[str] = mapped_column(String(40))
    filters: Mapped[dict[str, Any]]
    every: Mapped[Every] = mapped_column(enum_of(Every))
    weekday: Mapped[int] = mapped_column(default=1)
    hour: Mapped[int] = mapped_column(default=9)
    recipients: Mapped[dict[str, Any]]
    locale: Mapped[str] = mapped_column(String(10))
    owner_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    is_active: Mapped[bool] = mapped_column(default=True)
    next_run_at: Mapped[datetime]
    created_at: Mapped[datetime]


class ReportMail(Base):
    """One run of a schedule; the row is the work, and is sent once."""

    __tablename__ = "report_mails"
    __table_args__ = (
        Index("uq_report_mails_run", "schedule_id", "due_at", unique=True),
        Index("ix_report_mails_due", "state", "next_attempt_at"),
    )

    id: Mapped[PrimaryKey]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("report_schedules.id"))
    due_at: Mapped[datetime]
    state: Mapped[MailState] = mapped_column(enum_of(MailState))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(300))
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
