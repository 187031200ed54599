"""Clocks pause while their conversation sleeps, where the promise says so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Status, wrote_at
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.ending import resume_paused, timing_of
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import ClockState, Promise, between, check_at, is_breached


def follow_sleep(
    uow: UnitOfWork, conversation: Conversation, promise: Promise, clock: SlaClock
) -> None:
    """Paused while the conversation sleeps, where the promise says so; what is broken runs on."""
    pauses = {
        Status.PENDING: promise.pauses_when_pending,
        Status.SNOOZED: promise.pauses_when_snoozed,
    }
    sleeps = pauses.get(conversation.status, False)
    if clock.paused_at is not None and not sleeps:
        _wake(uow, conversation, promise, clock)
    elif sleeps and clock.breached_at is None:
        _pause(uow, conversation, clock)


def _pause(uow: UnitOfWork, conversation: Conversation, clock: SlaClock) -> None:
    if clock.paused_at is None:
        if clock.deadline_at is not None and is_breached(clock.deadline_at, uow.now):
            return  # the check finds it, and it is broken
        clock.state, clock.paused_at = ClockState.PAUSED, uow.now
    timing = timing_of(uow, clock)
    calendar = timing.calendar if timing else None
    until = conversation.snoozed_until
    clock.paused_until = until
    clock.check_at = FAR_FUTURE
    clock.remaining_seconds = None
    if clock.deadline_at is not None:
        left = between(calendar, clock.paused_at, clock.deadline_at)
        clock.remaining_seconds = int(left.total_seconds())


def _wake(uow: UnitOfWork, conversation: Conversation, promise: Promise, clock: SlaClock) -> None:
    """At the time that was set, or when the customer wrote: noticing it late prolongs nothing."""
    paused_at = clock.paused_at or uow.now
    ends = [uow.now, clock.paused_until or uow.now]
    if conversation.last_message_at > paused_at:
        ends.append(_wrote_after(uow, conversation.id, paused_at) or uow.now)
    resume_paused(uow, clock, max(paused_at, min(ends)))
    clock.check_at = check_at(promise, clock.clock, timing_of(uow, clock))


def _wrote_after(uow: UnitOfWork, conversation_id: int, at: datetime) -> datetime | None:
    """When the customer wrote the first message that arrived since then."""
    row = uow.session.execute(
        select(Message.created_at, Message.received_at)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == Direction.INCOMING,
            Message.received_at > at,
        )
        .order_by(Message.received_at, Message.id)
        .limit(1)
    ).first()
    return None if row is None else wrote_at(*row)
