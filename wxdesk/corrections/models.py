"""The tables of corrections: one, and a row for each person who got the wrong answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.corrections.rules import CorrectionState, Reach, RecipientState
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of


class Correction(Base):
    """A message to exactly those who got an answer of a rule (versions, outcomes) in a time span.

    `choice` holds rule_ids, versions and outcomes as lists, empty for all; of a campaign's step
    `rule_id` is empty. `collected_to_id` is the position
    in `messages` up to which recipients are listed, `last_id` where that ends. `text` is empty
    until it is written. `needs_approval`: a second person must agree before it begins.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        Index("ix_corrections_state", "state", "id"),
        Index("ix_corrections_rule", "rule_id", "id"),
        UniqueConstraint("created_by_id", "idempotency_key"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("auto_reply_rules.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    name: Mapped[str] = mapped_column(String(80))
    choice: Mapped[dict[str, Any]]
    sent_from: Mapped[datetime]
    sent_until: Mapped[datetime]
    state: Mapped[CorrectionState] = mapped_column(
        enum_of(CorrectionState), default=CorrectionState.COLLECTING
    )
    collected_to_id: Mapped[int] = mapped_column(BigId, default=0)
    last_id: Mapped[int] = mapped_column(BigId)
    text: Mapped[str] = mapped_column(Text, default="")
    per_minute: Mapped[int] = mapped_column(default=60)
    skips_helped: Mapped[bool] = mapped_column(default=True)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    written_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    approved_at: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    sent_to_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CorrectionRecipient(Base):
    """One person, once a correction, however many wrong answers they got.

    `wrong_message_id` is the last of them, `got_at` when the first went; `message_id` is the
    correction. `is_doubtful`: somebody asked to send it again though it may have arrived.
    """

    __tablename__ = "correction_recipients"
    __table_args__ = (
        Index("ix_correction_recipients_state", "correction_id", "state", "contact_id"),
        Index("ix_correction_recipients_turn", "correction_id", "state", "got_at", "contact_id"),
        Index("ix_correction_recipients_contact", "contact_id"),
        UniqueConstraint("message_id"),
    )

    correction_id: Mapped[int] = mapped_column(ForeignKey("corrections.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    wrong_message_id: Mapped[int] = mapped_column(BigId)
    wrong_count: Mapped[int] = mapped_column(default=1)
    got_at: Mapped[datetime]
    reach: Mapped[Reach] = mapped_column(enum_of(Reach))
    state: Mapped[RecipientState] = mapped_column(
        enum_of(RecipientState), default=RecipientState.LISTED
    )
    message_id: Mapped[int | None] = mapped_column(BigId)
    is_doubtful: Mapped[bool] = mapped_column(default=False)
    queued_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
