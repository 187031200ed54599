"""What is sent to many, by a worker of its own: sent behind every answer, taken back together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from wxdesk.background_jobs import DELIVER_BULK
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.outbound import held
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import requeue
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.unit_of_work import UnitOfWork

MOST_WITHDRAWN = 500
WAITING = (Delivery.QUEUED, Delivery.HELD)


def may_still_leave() -> ColumnElement[bool]:
    """What there is to withdraw: it waits, or is being sent and would be tried again."""
    is_sending = and_(DeliveryRow.state == Delivery.SENDING, ~DeliveryRow.is_stopped)
    return or_(DeliveryRow.state.in_(WAITING), is_sending)


def withdraw_bulk(uow: UnitOfWork, message_ids: Collection[int]) -> set[int]:
    """Take back what was sent to many and has not left; ids of the messages that do not go.

    At most 500 a call. One that is being sent at this moment becomes sent, or it is withdrawn when
    WeChat does not take it: it is not tried again.
    """
    if len(message_ids) > MOST_WITHDRAWN:
        raise ValueError(f"{len(message_ids)} messages; at most {MOST_WITHDRAWN} are withdrawn")
    rows = uow.session.execute(
        select(DeliveryRow.id, DeliveryRow.message_id, DeliveryRow.contact_id, DeliveryRow.state)
        .where(
            DeliveryRow.message_id.in_(sorted(message_ids)), DeliveryRow.is_bulk, may_still_leave()
        )
        .order_by(DeliveryRow.id)
        .with_for_update()
    ).all()
    waiting = [row for row in rows if row.state in WAITING]
    _change(uow, waiting, state=Delivery.WITHDRAWN, settled_at=uow.now)
    _change(uow, [row for row in rows if row.state is Delivery.SENDING], is_stopped=True)
    held_for = sorted({row.contact_id for row in waiting if row.state is Delivery.HELD})
    held.offer_all(uow, uow.session.scalars(select(Contact).where(Contact.id.in_(held_for))))
    if waiting:
        uow.ring(DELIVER_BULK)  # it blocked nothing else: all other answers go first anyway
    return {row.message_id for row in waiting}


def _change(uow: UnitOfWork, rows: Sequence[Any], **values: Any) -> None:
    ids = [row.id for row in rows]
    uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def is_stopped(session: Session, delivery_id: int) -> bool:
    """Whether it was taken back since it was claimed; asked right before it is sent."""
    query = select(DeliveryRow.is_stopped).where(DeliveryRow.id == delivery_id)
    return bool(session.scalar(query))


def withdraw_of_rules(uow: UnitOfWork, rule_ids: Collection[int]) -> int:
    """Take back what these rules said to many and has not left; gives how many messages."""
    count, last_id = 0, 0
    while True:
        page = uow.session.scalars(
            select(Message.id)
            .join(DeliveryRow, DeliveryRow.message_id == Message.id)
            .where(
                may_still_leave(),
                DeliveryRow.is_bulk,
                Message.sender_kind == SenderKind.RULE,
                Message.sender_id.in_(rule_ids),
                Message.id > last_id,
            )
            .order_by(Message.id)
            .limit(MOST_WITHDRAWN)
        ).all()
        if page:
            count += len(withdraw_bulk(uow, page))
            last_id = page[-1]
        if len(page) < MOST_WITHDRAWN:
            return count


def send_again(
    uow: UnitOfWork,
    message_ids: Collection[int],
    states: Sequence[Delivery],
    *,
    is_held: bool = False,
) -> set[int]:
    """Queue what was sent to many once more, or hold it until the customer writes.

    As far as it is still in one of the states; ids of the messages that it was done for.
    """
    found = uow.session.execute(
        select(DeliveryRow.id, DeliveryRow.message_id, DeliveryRow.contact_id).where(
            DeliveryRow.message_id.in_(sorted(message_ids)),
            DeliveryRow.is_bulk,
            DeliveryRow.state.in_(states),
        )
    ).all()
    if not is_held:
        requeue(uow, [row.id for row in found], states)
        return {row.message_id for row in found}
    uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_([row.id for row in found]), DeliveryRow.state.in_(states))
        .values(
            state=Delivery.HELD,
            may_wait=True,
            next_attempt_at=uow.now,
            queued_at=uow.now,
            attempts=0,
            is_stopped=False,
            settled_at=None,
            error_code=None,
            last_error=None,
        )
        .execution_options(synchronize_session=False)
    )
    contact_ids = sorted({row.contact_id for row in found})
    held.offer_all(uow, uow.session.scalars(select(Contact).where(Contact.id.in_(contact_ids))))
    return {row.message_id for row in found}
