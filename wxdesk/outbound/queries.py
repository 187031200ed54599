"""States of deliveries, as the thread shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery, Via


@dataclass(frozen=True, slots=True)
class DeliveryState:
    state: Delivery
    error_code: str | None
    reason: str | None
    rid: str | None
    via: Via
    settled_at: datetime | None


def list_states(session: Session, message_ids: Iterable[int]) -> dict[int, DeliveryState]:
    """Message id to the state of its delivery; messages without one are left out."""
    rows = session.execute(
        select(
            DeliveryRow.message_id,
            DeliveryRow.state,
            DeliveryRow.error_code,
            DeliveryRow.last_error,
            DeliveryRow.rid,
            DeliveryRow.via,
            DeliveryRow.settled_at,
        ).where(DeliveryRow.message_id.in_(list(message_ids)))
    )
    return {row[0]: DeliveryState(*row[1:]) for row in rows}
