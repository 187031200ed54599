"""Ratings as other packages see them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxdesk.agents.models import Agent
from wxdesk.plumbing.db import one_of
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import RatingState

LATEST = (
    select(SatisfactionRating)
    .where(
        one_of(SatisfactionRating.conversation_id),
        SatisfactionRating.state != RatingState.UNSENT,
    )
    .order_by(SatisfactionRating.id)
)
REACHED = tuple(state for state in RatingState if state is not RatingState.UNSENT)


@dataclass(frozen=True, slots=True)
class RatingView:
    """What a customer said at the end of a conversation; `score` None while unanswered."""

    id: int
    conversation_id: int
    state: RatingState
    score: int | None
    comment: str
    asked_at: datetime
    rated_at: datetime | None


@dataclass(frozen=True, slots=True)
class RatingLine:
    """A rating with whom it is about; `agent_id` had the conversation when it ended."""

    rating: RatingView
    account_id: int
    contact_id: int
    agent_id: int | None
    agent_name: str | None


@dataclass(frozen=True, slots=True)
class RatingFilter:
    """Which answered ratings; None takes everything, `until` is not included."""

    since: datetime | None = None
    until: datetime | None = None
    agent_id: int | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """How many customers were asked, and how many of these gave each score (1 to 5)."""

    by_score: dict[int, int]
    asked: int

    @property
    def count(self) -> int:
        return sum(self.by_score.values())

    @property
    def average(self) -> float | None:
        if not self.count:
            return None
        total = sum(score * count for score, count in self.by_score.items())
        return round(total / self.count, 2)


def latest_ratings(session: Session, conversation_ids: Collection[int]) -> dict[int, RatingView]:
    """By conversation the rating that was asked for last; none of which the question never left."""
    rows = session.scalars(LATEST, {"ids": list(conversation_ids)})
    return {row.conversation_id: view_of(row) for row in rows}


def list_of_contact(
    session: Session, contact_id: int, *, before_id: int | None, limit: int
) -> list[RatingLine]:
    """What one customer was asked, and said; the newest first, before `before_id`."""
    query = _lines().where(
        SatisfactionRating.contact_id == contact_id,
        SatisfactionRating.state != RatingState.UNSENT,
    )
    if before_id is not None:
        query = query.where(SatisfactionRating.id < before_id)
    rows = session.execute(query.order_by(SatisfactionRating.id.desc()).limit(limit))
    return [_line(row, name) for row, name in rows]


def list_rated(
    session: Session, wanted: RatingFilter, *, before: tuple[datetime, int] | None, limit: int
) -> list[RatingLine]:
    """Answered ratings, the newest answer first, from the one before the key `before`."""
    query = _lines().where(*_conditions(wanted))
    if before is not None:
        key = tuple_(SatisfactionRating.rated_at, SatisfactionRating.id)
        query = query.where(key < tuple_(*before))
    newest_first = (SatisfactionRating.rated_at.desc(), SatisfactionRating.id.desc())
    return [_line(*row) for row in session.execute(query.order_by(*newest_first).limit(limit))]


def summarise(session: Session, wanted: RatingFilter) -> Summary:
    """Who was asked in the period, counted by their answers, whenever these came."""
    rows = session.execute(
        select(SatisfactionRating.score, func.count())
        .where(*_asked_conditions(wanted))
        .group_by(SatisfactionRating.score)
    ).all()
    by_score = {score: count for score, count in rows if score is not None}
    return Summary(by_score, sum(count for _, count in rows))


def view_of(row: SatisfactionRating) -> RatingView:
    """A row as a plain value."""
    return RatingView(
        row.id,
        row.conversation_id,
        row.state,
        row.score,
        row.comment,
        row.asked_at,
        row.rated_at,
    )


def _lines() -> Select[SatisfactionRating, str]:
    return select(SatisfactionRating, Agent.name).outerjoin(
        Agent, Agent.id == SatisfactionRating.agent_id
    )


def _line(row: SatisfactionRating, agent_name: str | None) -> RatingLine:
    return RatingLine(view_of(row), row.account_id, row.contact_id, row.agent_id, agent_name)


def _conditions(wanted: RatingFilter) -> list[ColumnElement[bool]]:
    is_rated = SatisfactionRating.rated_at.is_not(None)
    return [is_rated, *_about(wanted, SatisfactionRating.rated_at)]


def _asked_conditions(wanted: RatingFilter) -> list[ColumnElement[bool]]:
    was_asked = SatisfactionRating.state.in_(REACHED)
    return [was_asked, *_about(wanted, SatisfactionRating.asked_at)]


def _about(wanted: RatingFilter, at: InstrumentedAttribute[Any]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(at >= wanted.since)
    if wanted.until is not None:
        found.append(at < wanted.until)
    if wanted.agent_id is not None:
        found.append(SatisfactionRating.agent_id == wanted.agent_id)
    if wanted.account_id is not None:
        found.append(SatisfactionRating.account_id == wanted.account_id)
    return found
