"""Working on a correction: people are given to be sent at its rate, and watched.

A person's row, their message and its delivery change in one transaction, with the correction
locked: a worker that is killed anywhere leaves each of them sent once, or still to be sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, case, func, literal, or_, select, update

from wxdesk.audit.operations import note
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind, Status
from wxdesk.corrections.listing import collect, is_there, list_missed
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.queries import next_recipients
from wxdesk.corrections.rules import (
    A_MINUTE,
    ON_THEIR_WAY,
    RECORDED_WITHIN,
    WAIT_FOR_THEM,
    CorrectionState,
    Reach,
    RecipientState,
    filled,
    room_of,
)
from wxdesk.corrections.stopping import is_one_leaving, withdraw_wrong
from wxdesk.outbound.bulk import MOST_WITHDRAWN, may_still_leave, send_again, withdraw_bulk
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

SOURCE = "correction"
TAKEN_BACK = say("a colleague took it back")
SETTLE_BATCH = 500
AT_ONCE = 20  # messages in one transaction: others wait for the order of messages meanwhile
STATES = {
    Delivery.QUEUED: RecipientState.QUEUED,
    Delivery.SENDING: RecipientState.QUEUED,
    Delivery.HELD: RecipientState.WAITS,
    Delivery.SENT: RecipientState.SENT,
    Delivery.FAILED: RecipientState.FAILED,
    Delivery.UNCONFIRMED: RecipientState.UNCONFIRMED,
    Delivery.WITHDRAWN: RecipientState.LEFT_OUT,
}
FOLLOWED = (*ON_THEIR_WAY, RecipientState.FAILED, RecipientState.UNCONFIRMED)
TO_SEND_AGAIN = (Delivery.WITHDRAWN, Delivery.FAILED)

Its = CorrectionRecipient


def feed(uow: UnitOfWork, row: Correction) -> bool:
    """Give the next few people to be sent, or end it; whether more can be done at once.

    The correction is locked. Everybody is judged anew at this moment.
    """
    if row.state is not CorrectionState.SENDING:
        return False
    if row.collected_to_id < row.last_id:
        collect(uow, row)
        return True
    room = _room(uow, row)
    found = next_recipients(uow.session, row, uow.now, AT_ONCE)
    if not found:
        return _end(uow, row)
    write_in_order(uow.session, Message.__tablename__)
    open_ids = _open_conversations(uow, [contact.id for _, contact, _ in found])
    done = 0
    for it, contact, reach in found:
        if reach is Reach.NOW:
            if room <= 0:
                break
            room -= 1
        _give(uow, row, it, contact, reach=reach, conversation_id=open_ids.get(contact.id))
        done += 1
    return done == AT_ONCE


def follow(uow: UnitOfWork, correction_id: int) -> bool:
    """Note what became of up to 500 messages; whether there may be more.

    Who was being sent it when it was taken back, and did not get it, is listed again; who was given
    it by the webhook at that moment has it.
    """
    is_ours = and_(DeliveryRow.state == Delivery.WITHDRAWN, DeliveryRow.is_stopped)
    shown = case(
        *((DeliveryRow.state == of, literal(state.value)) for of, state in STATES.items()),
    )
    changed = uow.session.execute(
        select(
            Its.contact_id,
            DeliveryRow.state,
            DeliveryRow.settled_at,
            DeliveryRow.last_error,
            is_ours.label("is_ours"),
        )
        .join(DeliveryRow, DeliveryRow.message_id == Its.message_id)
        .where(
            Its.correction_id == correction_id,
            or_(
                and_(Its.state.in_(FOLLOWED), Its.state != shown),
                and_(Its.state == RecipientState.LISTED, DeliveryRow.state == Delivery.SENT),
            ),
        )
        .limit(SETTLE_BATCH)
    ).all()
    rows = [
        {
            "correction_id": correction_id,
            "contact_id": it.contact_id,
            "state": STATES[it.state],
            "settled_at": it.settled_at,
            "error": TAKEN_BACK if it.state is Delivery.WITHDRAWN else it.last_error,
        }
        for it in changed
        if not it.is_ours
    ]
    if rows:
        uow.session.execute(update(Its), rows)
    _list_again(uow, correction_id, [it.contact_id for it in changed if it.is_ours])
    return len(changed) == SETTLE_BATCH


def take_back(uow: UnitOfWork, row: Correction) -> bool:
    """Withdraw up to 500 messages that have not left; whether there may be more.

    Their people are listed again: nothing has reached them.
    """
    waiting = uow.session.execute(
        select(Its.message_id, Its.contact_id)
        .join(DeliveryRow, DeliveryRow.message_id == Its.message_id)
        .where(
            Its.correction_id == row.id,
            Its.state.in_(ON_THEIR_WAY),
            may_still_leave(),
        )
        .order_by(Its.state)  # "queued" before "waits": those would leave now
        .limit(MOST_WITHDRAWN)
    ).all()
    withdrawn = withdraw_bulk(uow, [it.message_id for it in waiting])
    _list_again(uow, row.id, [it.contact_id for it in waiting if it.message_id in withdrawn])
    return len(waiting) == MOST_WITHDRAWN


def _list_again(uow: UnitOfWork, correction_id: int, contact_ids: Sequence[int]) -> None:
    uow.session.execute(
        update(Its)
        .where(Its.correction_id == correction_id, Its.contact_id.in_(contact_ids))
        .values(state=RecipientState.LISTED, queued_at=None, settled_at=None, error=None)
        .execution_options(synchronize_session=False)
    )


def _room(uow: UnitOfWork, row: Correction) -> int:
    last_minute, on_their_way = uow.session.execute(
        select(
            func.coalesce(func.sum(case((Its.queued_at > uow.now - A_MINUTE, 1), else_=0)), 0),
            func.coalesce(func.sum(case((Its.state == RecipientState.QUEUED, 1), else_=0)), 0),
        ).where(Its.correction_id == row.id, Its.queued_at.is_not(None))
    ).one()
    return room_of(row.per_minute, last_minute=last_minute, on_their_way=on_their_way)


def _give(
    uow: UnitOfWork,
    row: Correction,
    it: CorrectionRecipient,
    contact: Contact,
    *,
    reach: Reach,
    conversation_id: int | None,
) -> None:
    """Queue, hold or leave out; `queued_at` counts for the rate, so only for what is sent now."""
    it.reach, it.error = reach, None
    is_held = reach in WAIT_FOR_THEM
    if reach is not Reach.NOW and not is_held:
        it.state, it.settled_at = RecipientState.LEFT_OUT, uow.now
        return
    it.state = RecipientState.WAITS if is_held else RecipientState.QUEUED
    it.queued_at, it.settled_at = None if is_held else uow.now, None
    if it.message_id is not None:
        _give_again(uow, it, is_held=is_held)
        return
    message = _message(uow, row, contact, conversation_id)
    it.message_id = message.id
    queue_delivery(uow, message, is_held=is_held, may_wait=True, is_bulk=True)
    if conversation_id is not None:
        uow.announce(f"conversation:{conversation_id}")


def _give_again(uow: UnitOfWork, it: CorrectionRecipient, *, is_held: bool) -> None:
    """One that was taken back or had failed; unless a push has taken it out meanwhile.

    What may have arrived only if somebody asked for that.
    """
    states = (*TO_SEND_AGAIN, Delivery.UNCONFIRMED) if it.is_doubtful else TO_SEND_AGAIN
    it.is_doubtful = False
    if it.message_id is not None and not send_again(uow, [it.message_id], states, is_held=is_held):
        it.state = RecipientState.QUEUED  # `follow` sees what became of it


def _message(
    uow: UnitOfWork, row: Correction, contact: Contact, conversation_id: int | None
) -> Message:
    message = Message(
        account_id=row.account_id,
        contact_id=contact.id,
        conversation_id=conversation_id,
        direction=Direction.OUTGOING,
        kind=OutgoingKind.TEXT,
        text=filled(row.text, contact.remark),
        sender_kind=SenderKind.SYSTEM,
        sender_id=row.id,
        source=SOURCE,
        idempotency_key=f"{SOURCE}-{row.id}-{contact.id}",
        created_at=uow.now,
        received_at=uow.now,
    )
    uow.session.add(message)
    uow.session.flush()
    return message


def _open_conversations(uow: UnitOfWork, contact_ids: Sequence[int]) -> dict[int, int]:
    """Where colleagues look: the unresolved conversation of each customer that has one."""
    rows = uow.session.execute(
        select(Conversation.contact_id, Conversation.id).where(
            Conversation.contact_id.in_(contact_ids), Conversation.status != Status.RESOLVED
        )
    )
    return {row.contact_id: row.id for row in rows}


def _end(uow: UnitOfWork, row: Correction) -> bool:
    """Everybody has been given out: look for answers recorded since; then it is done.

    Not before the chosen time is over, nor while a wrong answer may still leave.
    """
    row.sent_to_at = row.sent_to_at or uow.now
    newest = uow.session.scalar(select(func.max(Message.id))) or 0
    if is_there(uow, row, newest):
        row.last_id = newest
        return True
    on_their_way = and_(Its.correction_id == row.id, Its.state == RecipientState.QUEUED)
    if uow.now < row.sent_until + RECORDED_WITHIN:
        return False
    if uow.session.scalar(select(Its.contact_id).where(on_their_way).limit(1)) is not None:
        return False
    if list_missed(uow, row):
        return True
    if is_one_leaving(uow, row):
        return withdraw_wrong(uow, row)
    row.state, row.ended_at = CorrectionState.DONE, uow.now
    note(uow, "correction.ended", f"correction:{row.id}", name=row.name)
    return False
