"""The tables of QR codes and of their scans."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of
from wxdesk.qr_codes.rules import CodeKind, QrState


class QrCode(Base):
    """A QR code of one account, made by WeChat (docs/wechat.md#qr); `cost_cents` of money spent.

    The row is the work: `waiting` until a job has asked WeChat. `lives_seconds` is None for a
    permanent one.
    """

    __tablename__ = "qr_codes"
    __table_args__ = (
        UniqueConstraint("account_id", "scene"),
        Index("ix_qr_codes_folder", "account_id", "folder", "id"),
        Index("ix_qr_codes_due", "state", "next_attempt_at"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    scene: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(80))
    kind: Mapped[CodeKind] = mapped_column(enum_of(CodeKind))
    folder: Mapped[str] = mapped_column(String(60), default="")
    cost_cents: Mapped[int | None] = mapped_column(BigId)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    lives_seconds: Mapped[int | None]
    state: Mapped[QrState] = mapped_column(enum_of(QrState), default=QrState.WAITING)
    ticket: Mapped[str | None] = mapped_column(String(300))
    url: Mapped[str | None] = mapped_column(String(300))
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class QrScan(Base):
    """A customer scanned a QR code; `is_follow`: and began to follow by it.

    Without `contact_id` when the customer's row was deleted.
    """

    __tablename__ = "qr_scans"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index("ix_qr_scans_scene", "account_id", "scene", "scanned_at"),
        Index("ix_qr_scans_contact", "contact_id", "scanned_at"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    scene: Mapped[str] = mapped_column(String(64))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    message_id: Mapped[int] = mapped_column(BigId)
    is_follow: Mapped[bool]
    scanned_at: Mapped[datetime]
