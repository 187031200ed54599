"""Customers wait, and people answer. What a clock is made of follows before the commit (clocks.py).

A wait stands in the conversation (`waiting_since`, `waiting_message_id`); its clock is a row.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import wrote_at
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.clocks import follow
from wxdesk.sla.ending import meet_by_answer, running_of, stop
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import RESPONSES, ClockState, running_response


def customer_waits(conversation: Conversation, written_at: datetime, message_id: int) -> None:
    """From the oldest unanswered message on; writing more does not move it.

    A message that was recorded late moves it back, but a broken promise stays as it is.
    """
    since = conversation.waiting_since
    clock = running_response(has_answer=conversation.first_response_met_at is not None)
    is_broken = getattr(conversation, f"{clock}_breached_at") is not None
    if since is not None and (since <= written_at or is_broken):
        return
    conversation.waiting_since = written_at
    first_id = conversation.waiting_message_id
    conversation.waiting_message_id = min(first_id, message_id) if first_id else message_id
    if since is None:
        for column in ("deadline_at", "met_at", "breached_at"):
            setattr(conversation, f"{clock}_{column}", None)


def waits_for_answer_to(conversation: Conversation, message: Message) -> None:
    """From when this recorded message was written."""
    written_at = wrote_at(message.created_at, message.received_at)
    customer_waits(conversation, written_at, message.id)


def person_answered(
    uow: UnitOfWork,
    conversation: Conversation,
    answer: Message,
    newer: Message | None,
    answered_at: datetime | None = None,
) -> None:
    """WeChat accepted a human answer (just now): the clock that it answers is met, or was broken.

    `newer` is the oldest message that the answer did not cover: its clock runs on. An answer to an
    earlier episode does not meet the clock of this one; one that was on its way when the
    conversation was resolved still meets the clock that the end had stopped.
    """
    at = answered_at or uow.now
    waiting_id = conversation.waiting_message_id
    if waiting_id is None or waiting_id >= answer.id:
        _meet_stopped(uow, conversation, answer, at)
        return
    clock = running_of(uow.session, conversation.id, RESPONSES)
    if clock is None or clock.started_at != conversation.waiting_since:
        follow(uow, [conversation.id])
        clock = running_of(uow.session, conversation.id, RESPONSES)
    if clock is not None:
        meet_by_answer(uow, conversation, clock, answer, at)
    conversation.waiting_since = conversation.waiting_message_id = None
    if newer is not None:
        waits_for_answer_to(conversation, newer)


def waiting_ends(uow: UnitOfWork, conversation: Conversation, at: datetime) -> None:
    """The conversation ends without a further answer: the clock stops unmet."""
    clock = running_of(uow.session, conversation.id, RESPONSES)
    if clock is not None:
        stop(uow, conversation, clock, at)
    conversation.waiting_since = conversation.waiting_message_id = None


def _meet_stopped(
    uow: UnitOfWork, conversation: Conversation, answer: Message, at: datetime
) -> None:
    """The answer was written before the end that stopped its clock, and arrived after it."""
    clock = uow.session.scalars(
        select(SlaClock)
        .where(
            SlaClock.conversation_id == conversation.id,
            SlaClock.clock.in_(RESPONSES),
            SlaClock.started_by_id < answer.id,
        )
        .order_by(SlaClock.started_at.desc(), SlaClock.id.desc())
        .limit(1)
    ).first()
    if clock is None or clock.state is not ClockState.STOPPED or clock.ended_at is None:
        return
    if clock.ended_at >= answer.created_at:
        met_at = getattr(conversation, f"{clock.clock}_met_at")
        meet_by_answer(uow, conversation, clock, answer, at)
        if clock.episode != conversation.episode:
            setattr(conversation, f"{clock.clock}_met_at", met_at)
