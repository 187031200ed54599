"""The table of deliveries: one row for each message that must reach WeChat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.outbound.rules import Delivery, Via
from wxdesk.plumbing.db import Base, PrimaryKey, enum_of


class DeliveryRow(Base):
    """State and retries of one outgoing message; `contact_id` keeps one customer's order.

    `queued_at` is when it was last given to be sent: no try lasts longer than a window is open.
    `may_wait`: if WeChat does not let us write now, it is held until the customer writes again.
    Until `undo_until` the agent may take it back; it does not leave before that. `undo` is what the
    conversation was like before it (inbox/undo.py); both are emptied when it may leave.
    `is_bulk`: sent to many, behind every one-to-one answer, by a worker of its own. `is_stopped`:
    it was taken back while it was being sent, and is not tried again by itself.
    `wechat_msgid` is WeChat's number of a template message, whose end comes as an event.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "state", "next_attempt_at"),
        Index("ix_deliveries_contact", "contact_id", "state", "id"),
        Index("ix_deliveries_wechat_msgid", "wechat_msgid"),
        Index("ix_deliveries_undo", "state", "undo_until"),
    )

    id: Mapped[PrimaryKey]
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    state: Mapped[Delivery] = mapped_column(enum_of(Delivery), default=Delivery.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(40))
    last_error: Mapped[str | None] = mapped_column(String(500))
    rid: Mapped[str | None] = mapped_column(String(80))
    via: Mapped[Via] = mapped_column(enum_of(Via), default=Via.CUSTOMER_SERVICE)
    wechat_msgid: Mapped[str | None] = mapped_column(String(32))
    may_wait: Mapped[bool] = mapped_column(default=False)
    is_bulk: Mapped[bool] = mapped_column(default=False)
    is_stopped: Mapped[bool] = mapped_column(default=False)
    undo_until: Mapped[datetime | None]
    undo: Mapped[dict[str, Any] | None]
