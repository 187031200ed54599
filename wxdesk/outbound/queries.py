"""States of deliveries, as the thread shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery


@dataclass(frozen=True, slots=True)
class DeliveryState:
    state: Delivery
    error_code: str | None
    reason: str | None


def list_states(session: Session, message_ids: Iterable[int]) -> dict[int, DeliveryState]:
    """Message id to the state of its delivery; messages without one are left out."""
    rows = session.execute(
        select(
            DeliveryRow.message_id,
            DeliveryRow.state,
            DeliveryRow.error_code,
            DeliveryRow.last_error,
        ).where(DeliveryRow.message_id.in_(list(message_ids)))
    )
    return {
        message_id: DeliveryState(state, code, reason) for message_id, state, code, reason in rows
    }
