"""Conversations sleep and wake, and get a priority.

Why a sleeping conversation comes back by itself: conversations/waking.py. Its clocks run on, or
pause where the promise says so. One whose promise is broken already can sleep for a time, but not
without end while the customer waits and could still be answered.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.conversations.answered import is_unanswered
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.rules import ASLEEP, LONGEST_SNOOZE, Priority, Status, Waking
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.conversations.waking import leave_absent_agents, wake
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


def snooze(uow: UnitOfWork, conversation_id: int, *, agent_id: int, until: datetime | None) -> None:
    """Lay the conversation aside until this time (a year at most), or until the customer writes.

    InvalidInputError `until`; ConflictError when it is resolved, or without a time while the
    customer waits past the promise.
    """
    if until is not None:
        _refuse_time(uow, until)
    conversation, contact = _get_unresolved(uow, conversation_id)
    _refuse_burying(uow, conversation, contact, until)
    if (conversation.status, conversation.snoozed_until) == (Status.SNOOZED, until):
        return
    conversation.status, conversation.snoozed_until = Status.SNOOZED, until
    changed(uow, conversation, contact)
    note_activity(uow, conversation, Activity.SNOOZED, by=agent_id, until=iso(until))


def pend(uow: UnitOfWork, conversation_id: int, *, agent_id: int) -> None:
    """Nothing to do until the customer writes; ConflictError as for a snooze without a time."""
    conversation, contact = _get_unresolved(uow, conversation_id)
    _refuse_burying(uow, conversation, contact, None)
    if conversation.status is Status.PENDING:
        return
    conversation.status, conversation.snoozed_until = Status.PENDING, None
    changed(uow, conversation, contact)
    note_activity(uow, conversation, Activity.PENDED, by=agent_id)


def wake_up(uow: UnitOfWork, conversation_id: int, *, agent_id: int | None) -> bool:
    """Open a sleeping conversation again by hand; False when it does not sleep."""
    conversation, contact = get_locked(uow, conversation_id)
    if conversation.status not in ASLEEP:
        return False
    conversation.status, conversation.snoozed_until = Status.OPEN, None
    leave_absent_agents(uow, [conversation])
    changed(uow, conversation, contact)
    note_activity(uow, conversation, Activity.REOPENED, by=agent_id)
    return True


def wake_due(uow: UnitOfWork, limit: int) -> int:
    """Wake up to `limit` conversations whose time has come; how many. Safe to run twice at once."""
    rows = uow.session.execute(
        select(Conversation, Contact)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.status == Status.SNOOZED, Conversation.snoozed_until <= uow.now)
        .order_by(Conversation.snoozed_until)
        .limit(limit)
        .with_for_update(of=Conversation, skip_locked=True, key_share=True)
    ).all()
    wake(uow, [conversation for conversation, _ in rows], Waking.TIME)
    for conversation, contact in rows:
        changed(uow, conversation, contact)
    return len(rows)


def set_priority(
    uow: UnitOfWork, conversation_id: int, priority: Priority, *, agent_id: int
) -> None:
    conversation, contact = get_locked(uow, conversation_id)
    before = conversation.priority
    if before is priority:
        return
    conversation.priority = priority
    changed(uow, conversation, contact)
    note_activity(
        uow,
        conversation,
        Activity.PRIORITY,
        by=agent_id,
        priority=priority.value,
        before=before.value,
    )


def _get_unresolved(uow: UnitOfWork, conversation_id: int) -> tuple[Conversation, Contact]:
    conversation, contact = get_locked(uow, conversation_id)
    if conversation.status is Status.RESOLVED:
        raise ConflictError(say("the conversation is resolved"))
    return conversation, contact


def _refuse_time(uow: UnitOfWork, until: datetime) -> None:
    if until <= uow.now:
        raise InvalidInputError("until", say("this time has passed"))
    if until > uow.now + LONGEST_SNOOZE:
        raise InvalidInputError("until", say("a year ahead at most"))


def _refuse_burying(
    uow: UnitOfWork, conversation: Conversation, contact: Contact, until: datetime | None
) -> None:
    """Who waits and can still be answered must come back before it is too late."""
    closes_at = contact.window_closes_at
    can_answer = closes_at is not None and closes_at > uow.now and contact.window_remaining > 0
    if not can_answer or not is_unanswered(uow.session, conversation):
        return
    if until is None and (conversation.is_breached or conversation.due_at < uow.now):
        raise ConflictError(say("the customer waits for an answer: answer first, or choose a time"))
    is_closing = conversation.urgency_rank == 0
    if is_closing and closes_at is not None and (until is None or until >= closes_at):
        raise InvalidInputError(
            "until",
            say("the customer waits, and can't be answered any more then: choose an earlier time"),
            closes_at=iso(closes_at),
        )
