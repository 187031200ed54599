"""Clocks of conversations: started by a customer, met by a person, ended, checked.

All changes happen in the transaction of their cause. `due_at` and `is_breached` of a conversation
are derived here and nowhere else.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed
from wxdesk.conversations.rules import ASLEEP, Status, Waking, wrote_at
from wxdesk.conversations.waking import wake
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.db import insert_new
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.models import SlaBreach, SlaPolicy
from wxdesk.sla.rules import Clock, Targets, is_breached, target_problem


def customer_waits(
    conversation: Conversation, targets: Targets, wrote_at: datetime, message_id: int
) -> None:
    """Start the clock at the oldest unanswered message; writing more does not move it.

    A message that was recorded late moves it back, but a broken promise stays as it is.
    """
    waiting_since = conversation.waiting_since
    if waiting_since is not None and (waiting_since <= wrote_at or conversation.is_breached):
        return
    conversation.waiting_since = wrote_at
    first_id = conversation.waiting_message_id
    conversation.waiting_message_id = min(first_id, message_id) if first_id else message_id
    clock = running_clock(conversation)
    setattr(conversation, f"{clock}_deadline_at", wrote_at + targets.of(clock))
    setattr(conversation, f"{clock}_met_at", None)
    setattr(conversation, f"{clock}_breached_at", None)
    _derive(conversation)


def person_answered(
    uow: UnitOfWork,
    conversation: Conversation,
    answer_id: int,
    newer: Message | None,
    answered_at: datetime | None = None,
) -> None:
    """WeChat accepted a human answer (just now): the clock that it answers is met, or was broken.

    `newer` is the oldest message that the answer did not cover: its clock runs on. An answer to an
    earlier episode meets nothing; one that was on its way when the conversation was resolved
    still meets the clock that the end had stopped.
    """
    at = answered_at or uow.now
    if conversation.waiting_message_id is None:
        _meet_stopped_clock(uow, conversation, at)
    elif conversation.waiting_message_id < answer_id:
        _end_clock(uow, conversation, at, is_met=True)
        if newer is not None:
            waits_for_answer_to(uow, conversation, newer)


def waits_for_answer_to(uow: UnitOfWork, conversation: Conversation, message: Message) -> None:
    """The clock runs from when this recorded message was written."""
    written = wrote_at(message.created_at, message.received_at)
    targets = targets_of(uow, conversation.account_id)
    customer_waits(conversation, targets, written, message.id)


def waiting_ends(uow: UnitOfWork, conversation: Conversation) -> None:
    """The conversation is resolved without a further answer: the clock stops unmet."""
    _end_clock(uow, conversation, uow.now, is_met=False)


def waiting_resumes(
    conversation: Conversation, waiting_since: datetime, message_id: int | None
) -> None:
    """What `waiting_ends` stopped runs on to the same deadline, unless it was met meanwhile."""
    clock = running_clock(conversation)
    deadline_at = getattr(conversation, f"{clock}_deadline_at")
    if deadline_at is None or getattr(conversation, f"{clock}_met_at") is not None:
        return
    conversation.waiting_since, conversation.waiting_message_id = waiting_since, message_id
    _derive(conversation)


def running_clock(conversation: Conversation) -> Clock:
    """First response until a person has answered in this episode, then next response."""
    if conversation.first_response_met_at is None:
        return Clock.FIRST_RESPONSE
    return Clock.NEXT_RESPONSE


def targets_of(uow: UnitOfWork, account_id: int) -> Targets:
    """The account's promise; the default one if nobody has set any."""
    policy = uow.session.scalars(
        select(SlaPolicy).where(SlaPolicy.account_id == account_id)
    ).one_or_none()
    return policy.targets if policy else Targets()


def set_policy(uow: UnitOfWork, account_id: int, targets: Targets) -> None:
    """Change an account's promise, and the running clocks with it, in one transaction."""
    for field in ("first_response_seconds", "next_response_seconds"):
        if problem := target_problem(getattr(targets, field)):
            raise InvalidInputError(field, problem)
    policy = uow.session.scalars(
        select(SlaPolicy).where(SlaPolicy.account_id == account_id).with_for_update()
    ).one_or_none()
    if policy is None:
        policy = SlaPolicy(account_id=account_id, version=0)
        uow.session.add(policy)
    policy.first_response_seconds = targets.first_response_seconds
    policy.next_response_seconds = targets.next_response_seconds
    policy.version += 1
    _reset_running_clocks(uow, account_id, targets)


def record_due_breaches(uow: UnitOfWork, limit: int) -> int:
    """Mark up to `limit` broken promises as breached at their deadline; returns how many.

    Safe to run twice at once: the rows are locked, and a breach is unique.
    """
    due = uow.session.scalars(
        select(Conversation)
        .where(Conversation.is_breached.is_(False), Conversation.due_at < uow.now)
        .order_by(Conversation.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    openids = _openids(uow, [conversation.contact_id for conversation in due])
    for conversation in due:
        clock = running_clock(conversation)
        _record_breach(uow, conversation, clock)
        conversation.is_breached = True
        conversation.version += 1
        openid = openids[conversation.contact_id]
        standings.remember(uow, conversation.account_id, openid, conversation.standing)
        uow.announce("inbox", f"conversation:{conversation.id}")
    _wake_breached(uow, [conversation for conversation in due if conversation.status in ASLEEP])
    return len(due)


def _wake_breached(uow: UnitOfWork, sleeping: list[Conversation]) -> None:
    """A broken promise ends the sleep: the conversation goes back to the queue, on top."""
    if not sleeping:
        return
    wake(uow, sleeping, Waking.BREACHED)
    ids = [conversation.contact_id for conversation in sleeping]
    rows = uow.session.scalars(select(Contact).where(Contact.id.in_(ids)))
    contacts = {contact.id: contact for contact in rows}
    for conversation in sleeping:
        changed(uow, conversation, contacts[conversation.contact_id])


def _openids(uow: UnitOfWork, contact_ids: list[int]) -> dict[int, str]:
    rows = uow.session.execute(
        select(Contact.id, Contact.openid).where(Contact.id.in_(contact_ids))
    )
    return dict(rows.all())


def _end_clock(
    uow: UnitOfWork, conversation: Conversation, event_at: datetime, *, is_met: bool
) -> None:
    if conversation.waiting_since is None:
        return
    clock = running_clock(conversation)
    deadline_at = getattr(conversation, f"{clock}_deadline_at")
    if is_breached(deadline_at, event_at):
        _record_breach(uow, conversation, clock)
    if is_met:
        setattr(conversation, f"{clock}_met_at", event_at)
    conversation.waiting_since = None
    conversation.waiting_message_id = None
    _derive(conversation)


def _meet_stopped_clock(uow: UnitOfWork, conversation: Conversation, at: datetime) -> None:
    clock = running_clock(conversation)
    deadline_at = getattr(conversation, f"{clock}_deadline_at")
    if deadline_at is not None and getattr(conversation, f"{clock}_met_at") is None:
        if is_breached(deadline_at, at):
            _record_breach(uow, conversation, clock)
        setattr(conversation, f"{clock}_met_at", at)


def _derive(conversation: Conversation) -> None:
    if conversation.waiting_since is None:
        conversation.due_at = FAR_FUTURE
        conversation.is_breached = False
        return
    clock = running_clock(conversation)
    conversation.due_at = getattr(conversation, f"{clock}_deadline_at")
    conversation.is_breached = getattr(conversation, f"{clock}_breached_at") is not None


def _record_breach(uow: UnitOfWork, conversation: Conversation, clock: Clock) -> None:
    deadline_at = getattr(conversation, f"{clock}_deadline_at")
    setattr(conversation, f"{clock}_breached_at", deadline_at)
    breach = {
        "conversation_id": conversation.id,
        "clock": clock,
        "breached_at": deadline_at,
        "recorded_at": uow.now,
        "assignee_id": conversation.assignee_id,
    }
    uow.session.execute(insert_new(uow.session, SlaBreach), breach)


def _reset_running_clocks(uow: UnitOfWork, account_id: int, targets: Targets) -> None:
    running = uow.session.scalars(
        select(Conversation)
        .where(
            Conversation.account_id == account_id,
            Conversation.status != Status.RESOLVED,
            Conversation.due_at < FAR_FUTURE,
            Conversation.is_breached.is_(False),
        )
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(yield_per=500)
    )
    for conversation in running:
        clock = running_clock(conversation)
        assert conversation.waiting_since is not None  # noqa: S101 -- due_at says that it runs
        deadline_at = conversation.waiting_since + targets.of(clock)
        setattr(conversation, f"{clock}_deadline_at", deadline_at)
        conversation.version += 1
        _derive(conversation)
        if conversation.urgency_rank:  # else the reply window decides
            conversation.urgent_at = conversation.due_at
    uow.announce("inbox")
