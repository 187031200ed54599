"""The tables of bulk actions: a run, and a row for each conversation in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.bulk_actions.rules import BulkAction, RowState, RunState
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of


class BulkRun(Base):
    """One action on all conversations that a query found when it was started.

    `query` has the filters of the list, None when conversations were named one by one; rows are
    collected in the order of ids up to `collected_to_id`, never beyond `last_id`, the newest
    conversation at the start. `seen_message_id` was the newest message then: where somebody wrote
    after it nothing is ended or answered. `replied_at` is when its latest answers were sent.
    """

    __tablename__ = "bulk_runs"
    __table_args__ = (
        Index("ix_bulk_runs_state", "state", "id"),
        Index("ix_bulk_runs_agent", "agent_id", "id"),
        UniqueConstraint("agent_id", "idempotency_key"),
    )

    id: Mapped[PrimaryKey]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    action: Mapped[BulkAction] = mapped_column(enum_of(BulkAction))
    arguments: Mapped[dict[str, Any] | None]
    query: Mapped[dict[str, Any] | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[RunState] = mapped_column(enum_of(RunState), default=RunState.COLLECTING)
    last_id: Mapped[int] = mapped_column(BigId)
    collected_to_id: Mapped[int] = mapped_column(BigId, default=0)
    seen_message_id: Mapped[int] = mapped_column(BigId)
    replied_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class BulkRow(Base):
    """What became of one conversation in a run.

    `error` is a sentence as its template and its values, so that each reader gets it translated.
    """

    __tablename__ = "bulk_rows"
    __table_args__ = (
        Index("ix_bulk_rows_state", "run_id", "state", "conversation_id"),
        Index("ix_bulk_rows_conversation", "conversation_id"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("bulk_runs.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[RowState] = mapped_column(enum_of(RowState), default=RowState.WAITING)
    error: Mapped[dict[str, Any] | None]
    settled_at: Mapped[datetime | None]
