"""The tables of campaigns: entries, prize codes, prizes, draws and promises."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.campaigns.rules import CodeState, PromiseState
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of


class Campaign(Base):
    """A marketer's event of one account.

    Its triggers and replies are auto-reply rules that name it (`campaign_id`). `approved_at` is
    when it was switched on; its state follows (campaigns/rules.state_of). `entries_per_person` 0
    means no limit. `stopped_by_id` and `paused_at`: the stop button.
    """

    __tablename__ = "campaigns"
    __table_args__ = (Index("ix_campaigns_account", "account_id", "starts_at"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    entries_per_person: Mapped[int] = mapped_column(default=1)
    total_entries: Mapped[int | None]
    has_codes: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    updated_at: Mapped[datetime]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    approved_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    stopped_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    ended_at: Mapped[datetime | None]


class CampaignEntry(Base):
    """One accepted entry; `number` counts a person's entries of the campaign from 1."""

    __tablename__ = "campaign_entries"
    __table_args__ = (
        UniqueConstraint("campaign_id", "contact_id", "number"),
        UniqueConstraint("message_id"),
        Index("ix_campaign_entries_time", "campaign_id", "entered_at", "id"),
        Index("ix_campaign_entries_contact", "contact_id"),
    )

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    number: Mapped[int]
    message_id: Mapped[int] = mapped_column(BigId)
    rule_id: Mapped[int] = mapped_column(ForeignKey("auto_reply_rules.id"))
    entered_at: Mapped[datetime]


class PrizeCode(Base):
    """A code that is given to one person once, in the order of ids. `batch` is its import.

    `lease` is the mark of the Redis that it was offered in, with the number of the offer
    (campaigns/offering.py).
    """

    __tablename__ = "prize_codes"
    __table_args__ = (
        UniqueConstraint("campaign_id", "code"),
        Index("ix_prize_codes_state", "campaign_id", "state", "id"),
        Index(
            "ix_prize_codes_offer",
            "campaign_id",
            "lease",
            sqlite_where=text("lease IS NOT NULL"),
            postgresql_where=text("lease IS NOT NULL"),
        ),
        Index(
            "ix_prize_codes_contact",
            "contact_id",
            sqlite_where=text("contact_id IS NOT NULL"),
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
        Index(
            "uq_prize_codes_entry",
            "entry_id",
            unique=True,
            sqlite_where=text("entry_id IS NOT NULL"),
            postgresql_where=text("entry_id IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    code: Mapped[str] = mapped_column(String(100))
    prize: Mapped[str] = mapped_column(String(80), default="")
    batch: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[CodeState] = mapped_column(enum_of(CodeState), default=CodeState.FREE)
    lease: Mapped[str | None] = mapped_column(String(40))
    offered_at: Mapped[datetime | None]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("campaign_entries.id"))
    given_at: Mapped[datetime | None]


class CodeImport(Base):
    """A file of codes on its way into the pool; gone once all of it is in, or out again.

    The campaign's codes with ids after `after_id` are its own: nobody sees them or gets one before
    it is complete (campaigns/code_import.py). `mark` names who writes it, `beat_at` is when they
    last did.
    """

    __tablename__ = "prize_code_imports"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    mark: Mapped[str] = mapped_column(String(16))
    after_id: Mapped[int] = mapped_column(BigId)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    is_broken: Mapped[bool] = mapped_column(default=False)
    beat_at: Mapped[datetime]


class PendingEntry(Base):
    """A push that nothing was said to yet: decided and answered by a job (campaigns/entering.py).

    `answers` holds, by outcome, what was ready to be said when it arrived; `mark` names the push.
    """

    __tablename__ = "campaign_pending"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index("ix_campaign_pending_order", "campaign_id", "id"),
    )

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    message_id: Mapped[int] = mapped_column(BigId)
    rule_id: Mapped[int] = mapped_column(ForeignKey("auto_reply_rules.id"))
    rule_version: Mapped[int]
    matched: Mapped[str] = mapped_column(String(200), default="")
    mark: Mapped[str] = mapped_column(String(16))
    answers: Mapped[dict[str, Any]]
    arrived_at: Mapped[datetime]


class CampaignTally(Base):
    """How many pushes a campaign's rules met in one minute (UTC), by what was answered.

    `outcome` is one of triage/rules.Outcome, or why nothing was said (campaigns/rules.Silence).
    """

    __tablename__ = "campaign_tallies"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int]


class Prize(Base):
    """What can be won in a campaign's draw, and how many of it."""

    __tablename__ = "campaign_prizes"
    __table_args__ = (UniqueConstraint("campaign_id", "name"),)

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    quantity: Mapped[int]


class Draw(Base):
    """A draw that anybody can repeat: seed, method, and a digest of who was in it.

    `record` holds the prizes and quantities of then and whether each person could win once only.
    """

    __tablename__ = "campaign_draws"
    __table_args__ = (Index("ix_campaign_draws_campaign", "campaign_id", "id"),)

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    seed: Mapped[str] = mapped_column(String(100))
    method: Mapped[str] = mapped_column(String(40))
    last_entry_id: Mapped[int] = mapped_column(BigId)
    entry_count: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    record: Mapped[dict[str, Any]]
    drawn_by_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    drawn_at: Mapped[datetime]


class Promise(Base):
    """A prize that somebody won, tracked until they have it. `place` is its order in the draw.

    `told_message_id` is the one message that told the winner (campaigns/telling.py).
    """

    __tablename__ = "campaign_promises"
    __table_args__ = (
        UniqueConstraint("draw_id", "place"),
        Index("ix_campaign_promises_state", "campaign_id", "state", "id"),
        Index("ix_campaign_promises_contact", "contact_id"),
    )

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    draw_id: Mapped[int] = mapped_column(ForeignKey("campaign_draws.id"))
    place: Mapped[int]
    prize: Mapped[str] = mapped_column(String(80))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("campaign_entries.id"))
    state: Mapped[PromiseState] = mapped_column(
        enum_of(PromiseState), default=PromiseState.PROMISED
    )
    note: Mapped[str] = mapped_column(String(500), default="")
    tracking: Mapped[str] = mapped_column(String(100), default="")
    told_message_id: Mapped[int | None] = mapped_column(BigId)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
