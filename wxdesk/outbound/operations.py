"""Answers on their way to WeChat: queued with their message, claimed once, settled with the result.

The row is the work. A claim is a conditional update; the call to WeChat is made between two
transactions (outbound/jobs.py); a result settles message, clock and reply window together
(outbound/settling.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, or_, select, update

from wxdesk.accounts.facts import facts_of
from wxdesk.accounts.models import Account
from wxdesk.background_jobs import TRY_ACCOUNT_NOW
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.media.models import Attachment
from wxdesk.outbound import held
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery, Via
from wxdesk.outbound.turns import is_blocked, ring
from wxdesk.plumbing.errors import ConflictError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

MOST_SWEPT = 500
WAITS = (Delivery.HELD,)
FAILED = (Delivery.FAILED, Delivery.UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What must be sent, to whom, for which official account."""

    delivery_id: int
    account_id: int
    contact_id: int
    openid: str
    kind: str
    text: str
    fields: dict[str, Any]
    attachment_id: int | None
    is_by_rule: bool
    window_remaining: int
    is_bulk: bool = False
    wechat_msgid: str | None = None  # of an earlier try that WeChat had taken


def queue_delivery(  # noqa: PLR0913 -- how it leaves, all by name
    uow: UnitOfWork,
    message: Message,
    *,
    is_held: bool = False,
    may_wait: bool = False,
    via: Via = Via.CUSTOMER_SERVICE,
    undo_until: datetime | None = None,
    is_bulk: bool = False,
) -> DeliveryRow:
    """Make the delivery row of a new outgoing message, in its transaction.

    A held one waits until the customer writes; with `may_wait` it becomes one if WeChat refuses.
    With `undo_until` nobody is rung for: it leaves when that is over (outbound/undo.py).
    `is_bulk` is sent to many: behind every answer, never with the slots kept for people.
    """
    row = DeliveryRow(
        message_id=message.id,
        contact_id=message.contact_id,
        next_attempt_at=undo_until or uow.now,
        queued_at=uow.now,
        state=Delivery.HELD if is_held else Delivery.QUEUED,
        may_wait=is_held or may_wait,
        via=via,
        undo_until=undo_until,
        is_bulk=is_bulk,
    )
    uow.session.add(row)
    uow.session.flush()
    if is_held:
        held.offer(uow, uow.session.get_one(Contact, message.contact_id))
    elif undo_until is None:
        ring(uow, row.id, is_bulk=is_bulk)
    return row


def claim_delivery(uow: UnitOfWork, delivery_id: int) -> Parcel | None:
    """Take the row for sending, or None.

    None if another has it, it is not due, or an earlier message to the same customer is still on
    its way.
    """
    claimed = uow.session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.id == delivery_id,
            DeliveryRow.state == Delivery.QUEUED,
            DeliveryRow.next_attempt_at <= uow.now,
            ~is_blocked(),
        )
        .values(
            state=Delivery.SENDING,
            claimed_at=uow.now,
            attempts=DeliveryRow.attempts + 1,
            undo_until=None,
            undo=None,
        )
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return _parcel(uow, uow.session.get_one(DeliveryRow, delivery_id))


def release_held(uow: UnitOfWork, contacts: Iterable[Contact]) -> None:
    """These customers wrote again: their held answers leave now, as many as the window takes.

    For accounts that have the message API only; elsewhere the webhook has taken them.
    """
    by_id = {contact.id: contact for contact in contacts}
    waiting = uow.session.execute(
        select(DeliveryRow.id, DeliveryRow.is_bulk, DeliveryRow.contact_id)
        .where(DeliveryRow.contact_id.in_(sorted(by_id)), DeliveryRow.state == Delivery.HELD)
        .order_by(DeliveryRow.id)
    ).all()
    _release(uow, [(row[0], row[1], by_id[row[2]]) for row in waiting])


def requeue(uow: UnitOfWork, delivery_ids: list[int], states: Sequence[Delivery]) -> None:
    """Send these now, from the first attempt on, as far as they are still in one of the states.

    One that its author may still take back leaves when they no longer can.
    """
    changed = uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(delivery_ids), DeliveryRow.state.in_(states))
        .values(
            state=Delivery.QUEUED,
            next_attempt_at=func.coalesce(
                DeliveryRow.undo_until, literal(uow.now, DeliveryRow.next_attempt_at.type)
            ),
            queued_at=uow.now,
            attempts=0,
            is_stopped=False,
            error_code=None,
            last_error=None,
            rid=None,
            settled_at=None,
        )
        .returning(DeliveryRow.id, DeliveryRow.is_bulk)
        .execution_options(synchronize_session=False)
    ).all()
    for delivery_id, is_bulk in sorted(changed):
        ring(uow, delivery_id, is_bulk=is_bulk)


def try_again(uow: UnitOfWork, message_id: int, *, is_held: bool) -> Message:
    """Send a failed or unconfirmed message again, or keep it for the customer's next message."""
    row, message, contact = _of_message(uow, message_id)
    if row.state not in FAILED:
        raise ConflictError(say("this answer has not failed"))
    if is_held:
        row.state, row.may_wait, row.settled_at = Delivery.HELD, True, None
        row.is_stopped = False
        uow.session.flush()
        held.offer(uow, contact)
    else:
        requeue(uow, [row.id], FAILED)
    uow.announce("inbox", f"conversation:{message.conversation_id}")
    return message


def try_account_now(uow: UnitOfWork, account_id: int, taken: Collection[int]) -> None:
    """What waited for the account (its quota, its keys, its rights) is tried at once."""
    if not facts_of(uow.session, [account_id])[account_id].has_messages:
        return
    delayed = uow.session.scalars(
        select(DeliveryRow.id)
        .join(Contact, Contact.id == DeliveryRow.contact_id)
        .where(
            Contact.account_id == account_id,
            DeliveryRow.state == Delivery.QUEUED,
            DeliveryRow.next_attempt_at > uow.now,
            DeliveryRow.undo_until.is_(None),
        )
        .order_by(DeliveryRow.id)
        .limit(MOST_SWEPT)
    ).all()
    requeue(uow, list(delayed), [Delivery.QUEUED])
    if len(delayed) == MOST_SWEPT:
        uow.enqueue(TRY_ACCOUNT_NOW, account_id)
    release_open(uow, [account_id], taken)


def release_open(uow: UnitOfWork, account_ids: Collection[int], taken: Collection[int]) -> None:
    """Held answers of accounts with the message API whose window is open leave now.

    For those that were held while the account lacked the right, or while a refusal of an older
    send crossed the customer's next message. Not those that the webhook has given out.
    """
    if not account_ids:
        return
    rows = uow.session.execute(
        select(DeliveryRow.id, DeliveryRow.is_bulk, Contact)
        .join(Contact, Contact.id == DeliveryRow.contact_id)
        .join(Account, Account.id == Contact.account_id)
        .where(
            DeliveryRow.state == Delivery.HELD,
            DeliveryRow.id.not_in(sorted(taken)),
            Contact.account_id.in_(sorted(account_ids)),
            Contact.window_closes_at > uow.now,
            Contact.window_remaining > 0,
            or_(~DeliveryRow.is_bulk, Contact.window_remaining > Account.slots_for_people),
        )
        .order_by(DeliveryRow.id)
        .limit(MOST_SWEPT)
    ).all()
    _release(uow, [(row[0], row[1], row[2]) for row in rows])


def _release(uow: UnitOfWork, waiting: Sequence[tuple[int, bool, Contact]]) -> None:
    """Send of these held answers, the oldest first, as many as each customer's window takes.

    Of what is sent to many (the second value) none of the slots that are kept for people.
    """
    contacts = {contact.id: contact for _, _, contact in waiting}
    facts = facts_of(uow.session, sorted({contact.account_id for contact in contacts.values()}))
    left = {contact.id: contact.window_remaining for contact in contacts.values()}
    ready = []
    for delivery_id, is_bulk, contact in sorted(waiting, key=lambda each: (each[1], each[0])):
        kept = facts[contact.account_id].slots_for_people if is_bulk else 0
        if left[contact.id] > kept:
            left[contact.id] -= 1
            ready.append(delivery_id)
    if ready:
        requeue(uow, ready, WAITS)
    held.offer_all(uow, contacts.values())


def _parcel(uow: UnitOfWork, row: DeliveryRow) -> Parcel:
    message = uow.session.get_one(Message, row.message_id)
    contact = uow.session.get_one(Contact, row.contact_id)
    attachment_id = uow.session.scalar(
        select(Attachment.id).where(Attachment.message_id == message.id).limit(1)
    )
    fields = message.payload or {}
    return Parcel(
        delivery_id=row.id,
        account_id=message.account_id,
        contact_id=contact.id,
        openid=contact.openid,
        kind=message.kind,
        text=message.text,
        fields=fields,
        attachment_id=attachment_id or fields.get("attachment_id"),  # a rule's own file
        is_by_rule=message.sender_kind is not SenderKind.AGENT,
        window_remaining=contact.window_remaining,
        is_bulk=row.is_bulk,
        wechat_msgid=row.wechat_msgid,
    )


def _of_message(uow: UnitOfWork, message_id: int) -> tuple[DeliveryRow, Message, Contact]:
    row = uow.session.scalars(
        select(DeliveryRow).where(DeliveryRow.message_id == message_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError(say("there is no answer %(id)d", id=message_id))
    message = uow.session.get_one(Message, message_id)
    return row, message, uow.session.get_one(Contact, row.contact_id)
