"""What must not leave any more: messages of a broadcast that was paused or cancelled."""

from __future__ import annotations

from sqlalchemy import select, update

from wxdesk.broadcasts.models import BroadcastTarget
from wxdesk.broadcasts.rules import TargetState
from wxdesk.outbound.bulk import MOST_WITHDRAWN, may_still_leave, withdraw_bulk
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.unit_of_work import UnitOfWork

Its = BroadcastTarget


def take_back(uow: UnitOfWork, broadcast_id: int) -> None:
    """Withdraw what has not left, up to 500 messages: more are never on their way at a time.

    Their people are listed again: nothing has reached them. The broadcast is locked.
    """
    message_ids = uow.session.scalars(
        select(Its.message_id)
        .join(DeliveryRow, DeliveryRow.message_id == Its.message_id)
        .where(Its.broadcast_id == broadcast_id, Its.state == TargetState.QUEUED, may_still_leave())
        .limit(MOST_WITHDRAWN)
    ).all()
    withdrawn = withdraw_bulk(uow, [each for each in message_ids if each is not None])
    uow.session.execute(
        update(Its)
        .where(Its.broadcast_id == broadcast_id, Its.message_id.in_(sorted(withdrawn)))
        .values(state=TargetState.LISTED, settled_at=None, error=None)
        .execution_options(synchronize_session="fetch")
    )
