"""The tables of policies and breaches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, PrimaryKey, enum_of
from wxdesk.sla.rules import Clock, Targets


class SlaPolicy(Base):
    """The promise of one official account: seconds until a person answers."""

    __tablename__ = "sla_policies"

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), unique=True)
    first_response_seconds: Mapped[int]
    next_response_seconds: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def targets(self) -> Targets:
        return Targets(self.first_response_seconds, self.next_response_seconds)


class SlaBreach(Base):
    """One broken promise; `breached_at` is the deadline, `recorded_at` when we noticed."""

    __tablename__ = "sla_breaches"
    __table_args__ = (UniqueConstraint("conversation_id", "clock", "breached_at"),)

    id: Mapped[PrimaryKey]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    clock: Mapped[Clock] = mapped_column(enum_of(Clock))
    breached_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
