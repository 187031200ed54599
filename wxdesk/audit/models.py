"""The table of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, PrimaryKey


class AuditEntry(Base):
    """One deed. `actor_id` is None for the desk itself; `subject` is like "contact:12".

    `details` never hold secrets, texts of customers or openids.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at", "at", "id"),
        Index("ix_audit_entries_subject", "subject", "id"),
        Index("ix_audit_entries_action", "action", "id"),
        Index("ix_audit_entries_actor", "actor_id", "id"),
    )

    id: Mapped[PrimaryKey]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(60))
    details: Mapped[dict[str, Any] | None]
