"""The seconds in which an answer can still be taken back: it waits, and leaves when they are over.

Until then no doorbell rings and no push takes it. Whoever changes the row first decides: taking
back and sending are conditional updates of the same row.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select, update

from wxdesk.background_jobs import DELIVER_MESSAGE
from wxdesk.contacts.models import Contact
from wxdesk.conversations.counted import counts_change
from wxdesk.conversations.models import Message
from wxdesk.outbound import held
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import LONGEST_UNDO, Delivery
from wxdesk.outbound.turns import ring_for_next
from wxdesk.plumbing.errors import ConflictError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

MOST_RELEASED = 500
WAITING = (Delivery.QUEUED, Delivery.HELD)


def release_undoable(uow: UnitOfWork) -> None:
    """Ring for answers whose time has come (at most 500 a call); held ones are offered to pushes.

    No answer waits longer than ten seconds, even if a clock was set back meanwhile.
    """
    due = uow.session.scalars(
        select(DeliveryRow.id)
        .where(
            DeliveryRow.state.in_(WAITING),
            or_(
                DeliveryRow.undo_until <= uow.now,
                DeliveryRow.undo_until > uow.now + LONGEST_UNDO,
            ),
        )
        .order_by(DeliveryRow.undo_until)
        .limit(MOST_RELEASED)
    ).all()
    if not due:
        return
    released = uow.session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.id.in_(due),
            DeliveryRow.state.in_(WAITING),
            DeliveryRow.undo_until.is_not(None),
        )
        .values(undo_until=None, undo=None, next_attempt_at=uow.now)
        .returning(DeliveryRow.id, DeliveryRow.contact_id, DeliveryRow.state)
        .execution_options(synchronize_session=False)
    ).all()
    for delivery_id, _, state in sorted(released):
        if state is Delivery.QUEUED:
            uow.enqueue(DELIVER_MESSAGE, delivery_id)
    held_for = sorted({row[1] for row in released if row[2] is Delivery.HELD})
    held.offer_all(uow, uow.session.scalars(select(Contact).where(Contact.id.in_(held_for))))


def take_back(uow: UnitOfWork, parts: Sequence[Message]) -> None:
    """None of these messages (the parts of one answer) leaves; ConflictError if one may have.

    All or nothing: the caller's transaction must end with the error.
    """
    ids = [part.id for part in parts]
    taken = uow.session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.message_id.in_(ids),
            DeliveryRow.state.in_(WAITING),
            DeliveryRow.undo_until > uow.now,
            DeliveryRow.attempts == 0,
        )
        .values(state=Delivery.WITHDRAWN, settled_at=uow.now, undo_until=None)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != len(ids):  # type: ignore[attr-defined]
        raise ConflictError(_too_late(uow, ids))
    for part in parts:
        part.undone_at = uow.now
        counts_change(uow, part.received_at)
    contact_id = parts[0].contact_id
    held.offer(uow, uow.session.get_one(Contact, contact_id))
    ring_for_next(uow, contact_id)


def _too_late(uow: UnitOfWork, message_ids: Sequence[int]) -> str:
    """Why: an answer that nobody could undo, or one that is gone."""
    states = set(
        uow.session.scalars(
            select(DeliveryRow.state).where(DeliveryRow.message_id.in_(message_ids))
        )
    )
    if states & {Delivery.SENT, Delivery.SENDING, Delivery.UNCONFIRMED}:
        return say("too late: the answer has left")
    if Delivery.HELD in states:
        return say("the seconds for undoing are over; an answer that waits can be withdrawn")
    if Delivery.QUEUED in states:
        return say("too late: the answer is on its way")
    return say("this answer can't be undone any more")
