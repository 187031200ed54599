"""How a delivery ends: message, clock, reply window and account's state in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, literal, null, select, update

from wxdesk.accounts.operations import note_messages_refused, note_problem
from wxdesk.background_jobs import DELIVER_BULK, DELIVER_MESSAGE
from wxdesk.contacts import windows
from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import get_locked as get_locked_contact
from wxdesk.contacts.rules import SyncState
from wxdesk.conversations.counted import counts_change
from wxdesk.conversations.merging import get_surviving
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed, oldest_unanswered
from wxdesk.conversations.rules import SenderKind
from wxdesk.outbound import held
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import MOST_SWEPT
from wxdesk.outbound.rules import (
    LONGEST_OWN_WAIT,
    LONGEST_WAIT,
    NO_MESSAGES,
    NO_RIGHT,
    Delivery,
    NextStep,
    Refusal,
    Sending,
    Via,
    next_step,
)
from wxdesk.outbound.turns import is_blocked, next_bulk, ring_for_next
from wxdesk.plumbing.errors import ConflictError, DeliveryError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.episodes import answer_failed
from wxdesk.sla.waiting import person_answered
from wxdesk.wechat.error_codes import Action, meaning_of_text
from wxdesk.words import say

WOULD_LEAVE = (Delivery.QUEUED, Delivery.HELD)


def settle_sent(uow: UnitOfWork, delivery_id: int, *, wechat_msgid: str | None = None) -> None:
    """WeChat accepted the message: the clock is met, one message of the quota is spent."""
    row = _settle(uow, delivery_id, Delivery.SENT, None)
    if wechat_msgid is not None:  # also when WeChat's event was quicker than its answer
        uow.session.get_one(DeliveryRow, delivery_id).wechat_msgid = wechat_msgid
    if row is None:
        return
    if row.via is Via.CUSTOMER_SERVICE:
        _spend(uow, row)
    _meet_clock(uow, row)


def settle_failed(uow: UnitOfWork, delivery_id: int, error: DeliveryError) -> None:
    """WeChat did not accept it: try again later, hold it, or give up and say why."""
    row = uow.session.get_one(DeliveryRow, delivery_id)
    message = uow.session.get_one(Message, row.message_id)
    claimed_at = row.claimed_at or uow.now
    refusal = _refusal(row, error)
    is_patient = message.sender_kind is SenderKind.AGENT or (row.is_bulk and row.may_wait)
    sending = Sending(
        attempts=row.attempts,
        queued_at=row.queued_at or message.created_at,
        is_text=message.kind == "text" and is_patient,
        may_wait=row.may_wait,
        patience=LONGEST_WAIT if is_patient else LONGEST_OWN_WAIT,
    )
    step = next_step(refusal, sending, uow.now)
    if not _take(uow, delivery_id, step, error):
        return
    _learn(uow, message, claimed_at, refusal, str(error))
    if step.state is Delivery.UNCONFIRMED and row.via is Via.CUSTOMER_SERVICE:
        _spend(uow, row)
    if step.state in (Delivery.FAILED, Delivery.HELD):
        _end_later_parts(uow, message, step.state)
    if step.state is not Delivery.QUEUED and message.conversation_id is not None:
        conversation, contact = _conversation_of(uow, message)
        changed(uow, conversation, contact)  # its window may be another now
        if step.state is not Delivery.HELD and message.sender_kind is SenderKind.AGENT:
            answer_failed(uow, conversation, contact, message.id)


def withdraw(uow: UnitOfWork, message_id: int) -> Message:
    """Take back an answer that waits for the customer; ConflictError if it does not any more."""
    message = uow.session.get(Message, message_id)
    row = _delivery_of(uow, message_id)
    if message is None or row is None:
        raise NotFoundError(say("there is no answer %(id)d", id=message_id))
    if not _end_held(uow, row, {"state": Delivery.WITHDRAWN, "undo_until": None, "undo": None}):
        raise ConflictError(say("this answer does not wait any more"))
    return message


def settle_passive(
    uow: UnitOfWork, contact: Contact, delivery_ids: Sequence[int], left_at: datetime
) -> None:
    """The webhook gave these held answers out in its answer to a push.

    Whatever became of them meanwhile (withdrawn by an agent, queued because the account was
    verified), they have left, and the rows say so.
    """
    rows = uow.session.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.id.in_(list(delivery_ids)),
            DeliveryRow.state.in_([Delivery.HELD, Delivery.WITHDRAWN, Delivery.QUEUED]),
        )
        .order_by(DeliveryRow.id)
    ).all()
    for row in rows:
        row.state, row.via, row.settled_at = Delivery.SENT, Via.PASSIVE, left_at
        row.error_code = row.last_error = None
        message = uow.session.get_one(Message, row.message_id)
        if message.undone_at is not None:
            message.undone_at = None
            counts_change(uow, message.received_at)
        uow.session.flush()
        _meet_clock(uow, row, left_at)
        _announce(uow, row)
    held.taken(uow, contact)


def settle_unrecorded(uow: UnitOfWork, delivery_id: int) -> None:
    """The webhook gave it out long ago, and nothing was ever recorded: it may have arrived."""
    reason = say("the process that sent it was stopped")
    row = uow.session.get_one(DeliveryRow, delivery_id)
    values = {"state": Delivery.UNCONFIRMED, "error_code": "lost", "last_error": reason}
    _end_held(uow, row, values)


def note_template_result(uow: UnitOfWork, account_id: int, wechat_msgid: str, status: str) -> None:
    """WeChat's event says how a template message ended; a failure is shown on its message."""
    if status == "success" or not wechat_msgid:
        return
    row = uow.session.scalars(
        select(DeliveryRow)
        .join(Message, Message.id == DeliveryRow.message_id)
        .where(DeliveryRow.wechat_msgid == wechat_msgid, Message.account_id == account_id)
        .limit(1)
    ).first()
    if row is not None and row.state is Delivery.SENT:
        row.state, row.error_code = Delivery.FAILED, "template"
        row.last_error = say("WeChat did not deliver the template message (%(why)s)", why=status)
        _announce(uow, row)
        _bring_back(uow, row)


def settle_abandoned(uow: UnitOfWork, delivery_id: int) -> None:
    """Nobody saw the end of this send: it may have arrived."""
    reason = say("the process that sent it was stopped")
    settle_failed(uow, delivery_id, DeliveryError(reason, code="lost", is_ambiguous=True))


def settle_expired(uow: UnitOfWork, delivery_id: int) -> None:
    """After a month a held answer does not fit any more: it failed, an agent may decide anew."""
    reason = say("the customer has not written for a month")
    row = uow.session.get_one(DeliveryRow, delivery_id)
    values = {"state": Delivery.FAILED, "error_code": "expired", "last_error": reason}
    _end_held(uow, row, values)


def ring_for_due(uow: UnitOfWork) -> None:
    """Ring again for rows whose doorbell was lost, or whose time for another try has come."""
    if next_bulk(uow.session, uow.now) is not None:
        uow.ring(DELIVER_BULK)
    due = uow.session.scalars(
        select(DeliveryRow.id)
        .where(
            DeliveryRow.state == Delivery.QUEUED,
            DeliveryRow.next_attempt_at <= uow.now,
            ~DeliveryRow.is_bulk,
            ~is_blocked(),
        )
        .order_by(DeliveryRow.next_attempt_at)
        .limit(MOST_SWEPT)
    )
    for delivery_id in due:
        uow.enqueue(DELIVER_MESSAGE, delivery_id)


def _end_held(uow: UnitOfWork, row: DeliveryRow, values: dict[str, Any]) -> bool:
    """An answer that waited does not go, and the customer waits again; False if it did not wait.

    The conversation is locked before the row, as in whatever else ends what waits.
    """
    message = uow.session.get_one(Message, row.message_id)
    if message.conversation_id is not None:
        get_surviving(uow, message.conversation_id)
    ended = uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == row.id, DeliveryRow.state == Delivery.HELD)
        .values(**values, settled_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        return False
    uow.session.refresh(row)
    held.offer(uow, uow.session.get_one(Contact, row.contact_id))
    _bring_back(uow, row)
    return True


def _bring_back(uow: UnitOfWork, row: DeliveryRow) -> None:
    """A person's answer did not go: its conversation must not stay put away."""
    message = uow.session.get_one(Message, row.message_id)
    if message.conversation_id is None:
        return
    conversation, contact = _conversation_of(uow, message)
    if message.sender_kind is SenderKind.AGENT:
        answer_failed(uow, conversation, contact, message.id)
    changed(uow, conversation, contact)


def _delivery_of(uow: UnitOfWork, message_id: int) -> DeliveryRow | None:
    query = select(DeliveryRow).where(DeliveryRow.message_id == message_id)
    return uow.session.scalars(query).one_or_none()


def _refusal(row: DeliveryRow, error: DeliveryError) -> Refusal:
    meaning = meaning_of_text(error.code)
    is_message = row.via is Via.CUSTOMER_SERVICE
    return Refusal(
        code=error.code,
        action=meaning.action if meaning else None,
        is_permanent=error.is_permanent,
        is_ambiguous=error.is_ambiguous,
        retry_at=error.retry_at,
        is_uncounted=error.is_uncounted,
        lacks_messages=is_message and error.code in (NO_MESSAGES, NO_RIGHT),
    )


def _end_later_parts(uow: UnitOfWork, message: Message, state: Delivery) -> None:
    """The rest of a long text does not go out without its beginning."""
    if message.part_number is None:
        return
    rest = (
        select(Message.id)
        .where(
            Message.contact_id == message.contact_id,
            Message.sender_id == message.sender_id,
            Message.created_at == message.created_at,
            Message.part_number > message.part_number,
        )
        .scalar_subquery()
    )
    uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.message_id.in_(rest), DeliveryRow.state == Delivery.QUEUED)
        .values(
            state=state,
            settled_at=uow.now,
            error_code="part",
            last_error=say("an earlier part of the same text was not sent"),
        )
        .execution_options(synchronize_session=False)
    )


def _settle(
    uow: UnitOfWork, delivery_id: int, state: Delivery, error: DeliveryError | None
) -> DeliveryRow | None:
    """Note the end of a send; None if it was settled before."""
    if not _take(uow, delivery_id, NextStep(state), error):
        return None
    return uow.session.get_one(DeliveryRow, delivery_id)


def _take(uow: UnitOfWork, delivery_id: int, step: NextStep, error: DeliveryError | None) -> bool:
    """From `sending` to the next state, once; False if another was quicker."""
    is_queued = step.state is Delivery.QUEUED
    values: dict[str, Any] = {
        "state": step.state,
        "settled_at": None if is_queued else uow.now,
        "error_code": error.code[:40] if error else None,
        "last_error": str(error)[:500] if error else None,
        "rid": (error.rid[:80] or None) if error else None,
    }
    if is_queued:
        values["next_attempt_at"] = step.at
    if step.state in WOULD_LEAVE:
        values |= _unless_stopped(step.state, uow.now)
    if error is not None and error.is_uncounted:
        values["attempts"] = DeliveryRow.attempts - 1
    settled = uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.state == Delivery.SENDING)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    row = uow.session.get_one(DeliveryRow, delivery_id, populate_existing=True)
    _announce(uow, row)
    if row.state is not Delivery.QUEUED:
        ring_for_next(uow, row.contact_id)
    if step.state is Delivery.HELD:
        held.offer(uow, uow.session.get_one(Contact, row.contact_id))
    return bool(settled.rowcount == 1)  # type: ignore[attr-defined]


def _unless_stopped(state: Delivery, now: datetime) -> dict[str, Any]:
    """Whoever took it back while it was being sent does not want another try."""
    kind, settled_at = DeliveryRow.state.type, literal(now, DeliveryRow.settled_at.type)
    withdrawn = literal(Delivery.WITHDRAWN, kind)
    otherwise = null() if state is Delivery.QUEUED else settled_at
    return {
        "state": case((DeliveryRow.is_stopped, withdrawn), else_=literal(state, kind)),
        "settled_at": case((DeliveryRow.is_stopped, settled_at), else_=otherwise),
    }


def _learn(
    uow: UnitOfWork, message: Message, claimed_at: datetime, refusal: Refusal, reason: str
) -> None:
    """What WeChat's refusal says about the customer, the window or the account.

    The window that is corrected is the one of when it was sent, not one opened since.
    """
    if refusal.action in (Action.CLOSE_WINDOW, Action.SPEND_WINDOW):
        contact = get_locked_contact(uow, message.contact_id)
        windows.correct(uow, contact, refusal.code, before=claimed_at)
    elif refusal.action is Action.BLACKLISTED:
        contact = get_locked_contact(uow, message.contact_id)
        if contact.blacklist_state is SyncState.SYNCED:  # else an agent has just decided otherwise
            contact.is_blacklisted = True
    elif refusal.action is Action.CUSTOMER_LEFT:
        contact = get_locked_contact(uow, message.contact_id)
        contact.is_following, contact.profile_due_at = False, uow.now
    elif refusal.lacks_messages and refusal.code == NO_MESSAGES:
        note_messages_refused(uow, message.account_id)
    elif refusal.action is Action.ACCOUNT:
        note_problem(uow, message.account_id, refusal.code, reason)


def _spend(uow: UnitOfWork, row: DeliveryRow) -> None:
    windows.spend(uow, get_locked_contact(uow, row.contact_id))


def _announce(uow: UnitOfWork, row: DeliveryRow) -> None:
    message = uow.session.get_one(Message, row.message_id)
    uow.announce(f"conversation:{message.conversation_id}")


def _meet_clock(uow: UnitOfWork, row: DeliveryRow, answered_at: datetime | None = None) -> None:
    """The answer covers what was recorded before it (the send guard saw to that).

    What came later, or lay in a queue meanwhile, still waits.
    """
    answer = uow.session.get_one(Message, row.message_id)
    if answer.conversation_id is None or answer.sender_kind is not SenderKind.AGENT:
        return  # what the desk asks by itself answers nothing
    conversation, contact = _conversation_of(uow, answer)
    newer = oldest_unanswered(uow, conversation.id, after_id=answer.id)
    person_answered(uow, conversation, answer, newer, answered_at)
    changed(uow, conversation, contact)


def _conversation_of(uow: UnitOfWork, message: Message) -> tuple[Conversation, Contact]:
    """Locked; where the message went if conversations were merged while WeChat was asked."""
    conversation = get_surviving(uow, message.conversation_id or 0)
    return conversation, uow.session.get_one(Contact, conversation.contact_id)
