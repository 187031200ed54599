"""What must not leave any more: wrong answers on their way, corrections that nobody needs now."""

from __future__ import annotations

from sqlalchemy import select, update

from wxdesk.accounts.models import Account
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.corrections.choosing import is_of, reach_of
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.queries import choice_of
from wxdesk.corrections.rules import (
    ON_THEIR_WAY,
    UNWANTED,
    CorrectionState,
    Reach,
    RecipientState,
)
from wxdesk.outbound.bulk import MOST_WITHDRAWN, WAITING, may_still_leave, withdraw_bulk
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.unit_of_work import UnitOfWork

Its = CorrectionRecipient


def stop(uow: UnitOfWork, row: Correction) -> bool:
    """Withdraw up to 500 of either kind; whether there may be more. The correction is locked."""
    if row.state not in (CorrectionState.SENDING, CorrectionState.DONE):
        return row.state is CorrectionState.PAUSED and withdraw_wrong(uow, row)
    is_full = leave_out(uow, row)
    return withdraw_wrong(uow, row) or is_full


def withdraw_wrong(uow: UnitOfWork, row: Correction) -> bool:
    """Wrong answers that have not left never do; whether there may be more of them."""
    waiting = uow.session.scalars(
        select(Message.id)
        .join(DeliveryRow, DeliveryRow.message_id == Message.id)
        .where(is_of(choice_of(row)), DeliveryRow.is_bulk, may_still_leave())
        .limit(MOST_WITHDRAWN)
    ).all()
    withdraw_bulk(uow, waiting)
    return len(waiting) == MOST_WITHDRAWN


def is_one_leaving(uow: UnitOfWork, row: Correction) -> bool:
    """Whether a wrong answer is being sent at this moment, or waits for it."""
    query = (
        select(Message.id)
        .join(DeliveryRow, DeliveryRow.message_id == Message.id)
        .where(is_of(choice_of(row)), DeliveryRow.state.in_([*WAITING, Delivery.SENDING]))
    )
    return uow.session.scalar(query.limit(1)) is not None


def leave_out(uow: UnitOfWork, row: Correction) -> bool:
    """Take back what waits for people who have been helped or can't get it any more.

    Whether there may be more of them.
    """
    reach = reach_of(uow.now, Its.wrong_message_id, skips_helped=row.skips_helped)
    found = uow.session.execute(
        select(Its.message_id, reach)
        .join(Contact, Contact.id == Its.contact_id)
        .join(Account, Account.id == Contact.account_id)
        .join(DeliveryRow, DeliveryRow.message_id == Its.message_id)
        .where(
            Its.correction_id == row.id,
            Its.state.in_(ON_THEIR_WAY),
            DeliveryRow.state.in_(WAITING),
            reach.in_([each.value for each in UNWANTED]),
        )
        .limit(MOST_WITHDRAWN)
    ).all()
    withdrawn = withdraw_bulk(uow, [each[0] for each in found if each[0] is not None])
    for reach_name in {name for _, name in found}:
        ids = [each for each, name in found if name == reach_name and each in withdrawn]
        uow.session.execute(
            update(Its)
            .where(Its.correction_id == row.id, Its.message_id.in_(ids))
            .values(
                state=RecipientState.LEFT_OUT,
                reach=Reach(reach_name),
                settled_at=uow.now,
                error=None,
            )
            .execution_options(synchronize_session=False)
        )
    return len(found) == MOST_WITHDRAWN
