"""The table of pushes that could not be recorded and wait for a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, PrimaryKey


class SetAsidePush(Base):
    """A stream entry that failed again and again: nothing of it is lost, nothing waits for it."""

    __tablename__ = "set_aside_pushes"

    id: Mapped[PrimaryKey]
    entry_id: Mapped[str] = mapped_column(String(80), unique=True)
    account_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(500))
    attempts: Mapped[int]
    payload: Mapped[str] = mapped_column(Text)
    set_aside_at: Mapped[datetime]
