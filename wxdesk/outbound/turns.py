"""Whose turn it is: a customer's answers keep their order, what is sent to many stands behind."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from wxdesk.background_jobs import DELIVER_BULK, DELIVER_MESSAGE
from wxdesk.contacts.models import Contact
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.unit_of_work import UnitOfWork

ON_THEIR_WAY = (Delivery.QUEUED, Delivery.SENDING)


def is_blocked() -> ColumnElement[bool]:
    """Another message that goes the same way to the same customer must leave before.

    Before a person's answer that is an earlier one to this customer; before what is sent to many
    also every answer to this customer, however late it was written.
    """
    other = aliased(DeliveryRow)
    return (
        select(other.id)
        .where(
            other.contact_id == DeliveryRow.contact_id,
            other.via == DeliveryRow.via,
            other.state.in_(ON_THEIR_WAY),
            or_(
                and_(~DeliveryRow.is_bulk, ~other.is_bulk, other.id < DeliveryRow.id),
                and_(DeliveryRow.is_bulk, other.is_bulk, other.id < DeliveryRow.id),
                and_(DeliveryRow.is_bulk, ~other.is_bulk),
            ),
        )
        .exists()
    )


def next_bulk(session: Session, now: datetime) -> int | None:
    """The oldest delivery to many that may leave now, of accounts without an answer that is due."""
    busy = (
        select(Contact.account_id)
        .join(DeliveryRow, DeliveryRow.contact_id == Contact.id)
        .where(
            DeliveryRow.state == Delivery.QUEUED,
            DeliveryRow.next_attempt_at <= now,
            ~DeliveryRow.is_bulk,
            ~is_blocked(),
        )
        .distinct()
    )
    due = (
        select(DeliveryRow.id)
        .join(Contact, Contact.id == DeliveryRow.contact_id)
        .where(
            DeliveryRow.state == Delivery.QUEUED,
            DeliveryRow.next_attempt_at <= now,
            DeliveryRow.is_bulk,
            ~is_blocked(),
            Contact.account_id.not_in(list(session.scalars(busy))),
        )
        .order_by(DeliveryRow.next_attempt_at, DeliveryRow.id)
        .limit(1)
    )
    return session.scalar(due)


def ring(uow: UnitOfWork, delivery_id: int, *, is_bulk: bool) -> None:
    """After the commit its worker looks: one call for each answer, one for all that is bulk."""
    if is_bulk:
        uow.ring(DELIVER_BULK)
    else:
        uow.enqueue(DELIVER_MESSAGE, delivery_id)


def ring_for_next(uow: UnitOfWork, contact_id: int) -> None:
    """What waits for the same customer had to wait for its turn."""
    waiting = uow.session.execute(
        select(DeliveryRow.id, DeliveryRow.is_bulk)
        .where(DeliveryRow.contact_id == contact_id, DeliveryRow.state == Delivery.QUEUED)
        .order_by(DeliveryRow.is_bulk, DeliveryRow.id)
        .limit(1)
    ).first()
    if waiting is not None:
        ring(uow, waiting[0], is_bulk=waiting[1])
