"""The table that keeps the sums right after messages were deleted with their customer."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base


class ForgottenMessages(Base):
    """How many inbound messages of an account were deleted: a number, and nothing else of them."""

    __tablename__ = "forgotten_messages"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
