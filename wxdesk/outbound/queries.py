"""States of deliveries, as the thread shows them; those that nobody sees the end of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import GIVEN_UP_AFTER, LONGEST_HELD, Delivery, Via
from wxdesk.plumbing.db import one_of

MOST_ENDED = 500
STATES = select(
    DeliveryRow.message_id,
    DeliveryRow.state,
    DeliveryRow.error_code,
    DeliveryRow.last_error,
    DeliveryRow.rid,
    DeliveryRow.via,
    DeliveryRow.settled_at,
    DeliveryRow.undo_until,
).where(one_of(DeliveryRow.message_id))


@dataclass(frozen=True, slots=True)
class DeliveryState:
    state: Delivery
    error_code: str | None
    reason: str | None
    rid: str | None
    via: Via
    settled_at: datetime | None
    undo_until: datetime | None


def list_states(session: Session, message_ids: Iterable[int]) -> dict[int, DeliveryState]:
    """Message id to the state of its delivery; messages without one are left out."""
    ids = list(message_ids)
    if not ids:
        return {}
    rows = session.execute(STATES, {"ids": ids})
    return {row[0]: DeliveryState(*row[1:]) for row in rows}


def holds_undoable(session: Session) -> bool:
    """Whether any answer waits for the end of its seconds for undoing."""
    query = select(DeliveryRow.id).where(
        DeliveryRow.state.in_([Delivery.QUEUED, Delivery.HELD]), DeliveryRow.undo_until.is_not(None)
    )
    return session.scalar(query.limit(1)) is not None


def list_abandoned(session: Session, now: datetime) -> list[int]:
    """Up to 500 sends that must have ended long ago."""
    query = select(DeliveryRow.id).where(
        DeliveryRow.state == Delivery.SENDING, DeliveryRow.claimed_at < now - GIVEN_UP_AFTER
    )
    return list(session.scalars(query.order_by(DeliveryRow.id).limit(MOST_ENDED)))


def list_expired(session: Session, now: datetime) -> list[int]:
    """Up to 500 answers that have waited for their customer too long."""
    query = select(DeliveryRow.id).where(
        DeliveryRow.state == Delivery.HELD, DeliveryRow.next_attempt_at < now - LONGEST_HELD
    )
    return list(session.scalars(query.order_by(DeliveryRow.id).limit(MOST_ENDED)))
