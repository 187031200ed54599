"""The table of prepared answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, PrimaryKey


class CannedResponse(Base):
    """A prepared answer; `owner_id` of a personal one, None when all agents share it.

    `text` may hold variables (canned_responses/rules.py); `shortcut` is what agents type after `/`,
    folded as rules.shortcut_of does it, and unique for each owner: a personal one hides a shared
    one of the same shortcut.
    """

    __tablename__ = "canned_responses"
    __table_args__ = (
        Index("uq_canned_responses_owner", "owner_id", "shortcut", unique=True),
        Index(
            "uq_canned_responses_shared",
            "shortcut",
            unique=True,
            sqlite_where=text("owner_id IS NULL"),
            postgresql_where=text("owner_id IS NULL"),
        ),
        Index("ix_canned_responses_used", "use_count", "id"),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    shortcut: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(String(40), default="")
    use_count: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
