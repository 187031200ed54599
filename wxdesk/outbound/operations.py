"""Answers on their way to WeChat: queued with their message, claimed once, settled with the result.

The row is the work. A claim is a conditional update; the call to WeChat is made between two
transactions (outbound/jobs.py); a result settles message, clock and reply window together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from wxdesk.background_jobs import DELIVER_MESSAGE
from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import get_locked as get_locked_contact
from wxdesk.contacts.operations import spend
from wxdesk.conversations.models import Message
from wxdesk.conversations.operations import changed, get_locked, oldest_unanswered
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import GIVEN_UP_AFTER, Delivery, next_attempt_after
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.operations import person_answered
from wxdesk.words import say

MOST_SWEPT = 500


@dataclass(frozen=True, slots=True)
class Parcel:
    """What must be sent, to whom, for which official account."""

    delivery_id: int
    account_id: int
    openid: str
    text: str


def queue_delivery(uow: UnitOfWork, message: Message) -> DeliveryRow:
    """Make the delivery row of a new outgoing message, in its transaction."""
    row = DeliveryRow(message_id=message.id, contact_id=message.contact_id, next_attempt_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    uow.enqueue(DELIVER_MESSAGE, row.id)
    return row


def claim_delivery(uow: UnitOfWork, delivery_id: int) -> Parcel | None:
    """Take the row for sending, or None.

    None if another has it, it is not due, or an earlier message to the same customer is still on
    its way.
    """
    earlier = aliased(DeliveryRow)
    blocked = (
        select(earlier.id)
        .where(
            earlier.contact_id == DeliveryRow.contact_id,
            earlier.id < DeliveryRow.id,
            earlier.state.in_([Delivery.QUEUED, Delivery.SENDING]),
        )
        .exists()
    )
    claimed = uow.session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.id == delivery_id,
            DeliveryRow.state == Delivery.QUEUED,
            DeliveryRow.next_attempt_at <= uow.now,
            ~blocked,
        )
        .values(state=Delivery.SENDING, claimed_at=uow.now, attempts=DeliveryRow.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        return None
    row = uow.session.get_one(DeliveryRow, delivery_id)
    message = uow.session.get_one(Message, row.message_id)
    contact = uow.session.get_one(Contact, row.contact_id)
    return Parcel(row.id, message.account_id, contact.openid, message.text)


def settle_sent(uow: UnitOfWork, delivery_id: int) -> None:
    """WeChat accepted the message: the clock is met, one message of the quota is spent."""
    row = _settle(uow, delivery_id, Delivery.SENT, None)
    if row is None:
        return
    message = uow.session.get_one(Message, row.message_id)
    spend(get_locked_contact(uow, row.contact_id))
    if message.conversation_id is not None:
        _meet_clock(uow, message, message.conversation_id)


def settle_failed(uow: UnitOfWork, delivery_id: int, error: DeliveryError) -> None:
    """WeChat did not accept it: try again later, or give up and say why."""
    row = uow.session.get_one(DeliveryRow, delivery_id)
    pause = None if error.is_permanent else next_attempt_after(row.attempts)
    if error.is_ambiguous:
        settled = _settle(uow, delivery_id, Delivery.UNCONFIRMED, error)
        if settled is not None:
            spend(get_locked_contact(uow, row.contact_id))
    elif pause is None:
        _settle(uow, delivery_id, Delivery.FAILED, error)
    else:
        _put_back(uow, delivery_id, uow.now + pause, error)


def sweep_deliveries(uow: UnitOfWork) -> None:
    """Ring again for rows whose doorbell was lost; own up to sends that nobody saw the end of."""
    abandoned = uow.session.scalars(
        select(DeliveryRow.id)
        .where(
            DeliveryRow.state == Delivery.SENDING,
            DeliveryRow.claimed_at < uow.now - GIVEN_UP_AFTER,
        )
        .limit(MOST_SWEPT)
    ).all()
    for delivery_id in abandoned:
        lost = DeliveryError(
            say("the process that sent it was stopped"), code="lost", is_ambiguous=True
        )
        settle_failed(uow, delivery_id, lost)
    due = uow.session.scalars(
        select(DeliveryRow.id)
        .where(DeliveryRow.state == Delivery.QUEUED, DeliveryRow.next_attempt_at <= uow.now)
        .order_by(DeliveryRow.next_attempt_at)
        .limit(MOST_SWEPT)
    )
    for delivery_id in due:
        uow.enqueue(DELIVER_MESSAGE, delivery_id)


def _settle(
    uow: UnitOfWork, delivery_id: int, state: Delivery, error: DeliveryError | None
) -> DeliveryRow | None:
    """Note the end of a send; None if it was settled before."""
    settled = uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.state == Delivery.SENDING)
        .values(
            state=state,
            settled_at=uow.now,
            error_code=error.code if error else None,
            last_error=str(error)[:500] if error else None,
        )
        .execution_options(synchronize_session=False)
    )
    row = uow.session.get_one(DeliveryRow, delivery_id, populate_existing=True)
    _announce(uow, row)
    _ring_for_next(uow, row)
    return row if settled.rowcount == 1 else None  # type: ignore[attr-defined]


def _put_back(
    uow: UnitOfWork, delivery_id: int, next_attempt_at: datetime, error: DeliveryError
) -> None:
    uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.state == Delivery.SENDING)
        .values(
            state=Delivery.QUEUED,
            next_attempt_at=next_attempt_at,
            error_code=error.code,
            last_error=str(error)[:500],
        )
        .execution_options(synchronize_session=False)
    )
    _announce(uow, uow.session.get_one(DeliveryRow, delivery_id))


def _ring_for_next(uow: UnitOfWork, row: DeliveryRow) -> None:
    waiting = uow.session.scalars(
        select(DeliveryRow.id)
        .where(DeliveryRow.contact_id == row.contact_id, DeliveryRow.state == Delivery.QUEUED)
        .order_by(DeliveryRow.id)
        .limit(1)
    ).first()
    if waiting is not None:
        uow.enqueue(DELIVER_MESSAGE, waiting)


def _announce(uow: UnitOfWork, row: DeliveryRow) -> None:
    message = uow.session.get_one(Message, row.message_id)
    uow.announce(f"conversation:{message.conversation_id}")


def _meet_clock(uow: UnitOfWork, answer: Message, conversation_id: int) -> None:
    """The answer covers what was recorded before it (the send guard saw to that).

    What came later, or lay in a queue meanwhile, still waits.
    """
    conversation, contact = get_locked(uow, conversation_id)
    newer = oldest_unanswered(uow, conversation_id, after_id=answer.id)
    person_answered(uow, conversation, answer.id, newer)
    changed(uow, conversation, contact.openid)
