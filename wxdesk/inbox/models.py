"""The table of saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, PrimaryKey


class SavedView(Base):
    """Filters and order of a list under a name: the owner's, or everybody's when shared."""

    __tablename__ = "saved_views"
    __table_args__ = (
        Index("ix_saved_views_owner", "owner_id", "id"),
        Index("ix_saved_views_shared", "is_shared", "id"),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    name: Mapped[str] = mapped_column(String(40))
    is_shared: Mapped[bool] = mapped_column(default=False)
    query: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
