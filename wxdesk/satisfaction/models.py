"""The table of satisfaction ratings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of
from wxdesk.satisfaction.rules import RatingState


class SatisfactionRating(Base):
    """One question after one resolved conversation, and what the customer said.

    `resolved_at` is the end that was asked about: a conversation that ended twice may be rated
    twice. `agent_id` had it then. A low score's comment is asked for with `comment_message_id` and
    waited for until `comment_until`.
    """

    __tablename__ = "satisfaction_ratings"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score_range"),
        Index("uq_satisfaction_ratings_end", "conversation_id", "resolved_at", unique=True),
        Index("ix_satisfaction_ratings_contact", "contact_id", "id"),
        Index("ix_satisfaction_ratings_rated", "rated_at"),
        Index("ix_satisfaction_ratings_asked", "state", "asked_at"),
        Index(
            "ix_satisfaction_ratings_comment",
            "contact_id",
            "comment_until",
            sqlite_where=text("comment_until IS NOT NULL"),
            postgresql_where=text("comment_until IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    resolved_at: Mapped[datetime]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    message_id: Mapped[int | None] = mapped_column(BigId)
    state: Mapped[RatingState] = mapped_column(enum_of(RatingState), default=RatingState.ASKED)
    score: Mapped[int | None]
    comment: Mapped[str] = mapped_column(Text, default="")
    comment_message_id: Mapped[int | None] = mapped_column(BigId)
    comment_until: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    rated_at: Mapped[datetime | None]
