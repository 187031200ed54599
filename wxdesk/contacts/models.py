"""The table of customers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.contacts.rules import Window, pseudonym
from wxdesk.plumbing.db import Base, PrimaryKey


class Contact(Base):
    """One customer of one official account, with the state of the reply window."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("openid", "account_id"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    openid: Mapped[str] = mapped_column(String(64))
    remark: Mapped[str] = mapped_column(String(60), default="")
    is_following: Mapped[bool] = mapped_column(default=True)
    window_closes_at: Mapped[datetime | None]
    window_remaining: Mapped[int] = mapped_column(default=0)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    @property
    def name(self) -> str:
        return pseudonym(self.id, self.remark)

    @property
    def window(self) -> Window | None:
        if self.window_closes_at is None:
            return None
        return Window(self.window_closes_at, self.window_remaining)
