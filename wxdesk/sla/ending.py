"""How a clock ends, is broken, or runs on as if it had not ended. The conversation is locked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Conversation, Message
from wxdesk.plumbing.clock import EPOCH, FAR_FUTURE
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.causes import Missed, causes_of
from wxdesk.sla.models import SlaClock, SlaStageEvent
from wxdesk.sla.policies import book_of
from wxdesk.sla.rules import (
    RESPONSES,
    Clock,
    ClockState,
    Timing,
    between,
    is_breached,
    seconds_between,
)

QUARTER_SECONDS = 900


def running_of(
    session: Session, conversation_id: int, clocks: Collection[Clock]
) -> SlaClock | None:
    """The running clock among these, if there is one."""
    book_of(session)
    return session.scalars(
        select(SlaClock).where(
            SlaClock.conversation_id == conversation_id,
            SlaClock.ended_at.is_(None),
            SlaClock.clock.in_(clocks),
        )
    ).one_or_none()


def latest_of(
    session: Session, conversation: Conversation, clocks: Collection[Clock]
) -> SlaClock | None:
    """The latest of these in the present episode, running or ended."""
    book_of(session)
    return session.scalars(
        select(SlaClock)
        .where(
            SlaClock.conversation_id == conversation.id,
            SlaClock.episode == conversation.episode,
            SlaClock.clock.in_(clocks),
        )
        .order_by(SlaClock.started_at.desc(), SlaClock.id.desc())
        .limit(1)
    ).first()


def meet_by_answer(
    uow: UnitOfWork, conversation: Conversation, clock: SlaClock, answer: Message, at: datetime
) -> None:
    """The promise was kept, or kept late, by the author of this answer when WeChat accepted it."""
    meet(uow, conversation, clock, at, agent_id=answer.sender_id)
    clock.answer_id = answer.id
    assigned_at = conversation.assigned_at
    if conversation.assignee_id != answer.sender_id or assigned_at is None:
        return
    if assigned_at < answer.created_at:  # else they took it by answering
        clock.handling_seconds = seconds_between(max(assigned_at, clock.started_at), at)


def meet(
    uow: UnitOfWork,
    conversation: Conversation,
    clock: SlaClock,
    at: datetime,
    *,
    agent_id: int | None,
) -> None:
    """The promise was kept, or kept late: at the event's time, by this person."""
    _end(uow, conversation, clock, at, ClockState.MET)
    clock.agent_id = agent_id
    setattr(conversation, f"{clock.clock}_met_at", at)


def stop(uow: UnitOfWork, conversation: Conversation, clock: SlaClock, at: datetime) -> None:
    """It ended without an answer; a promise that was broken by then stays broken."""
    _end(uow, conversation, clock, at, ClockState.STOPPED)


def revive(conversation: Conversation, clock: SlaClock) -> None:
    """Its end proves not to have been one: the same clock runs on, to the same deadline."""
    clock.state = ClockState.RUNNING
    clock.ended_at = clock.ended_quarter = clock.seconds = clock.business_seconds = None
    clock.agent_id = clock.answer_id = clock.handling_seconds = None
    clock.check_at = EPOCH  # judged anew, whatever fell due meanwhile
    setattr(conversation, f"{clock.clock}_met_at", None)
    if clock.clock in RESPONSES:
        conversation.waiting_since = clock.started_at
        conversation.waiting_message_id = clock.started_by_id


def delete_clocks(uow: UnitOfWork, clocks: Sequence[SlaClock]) -> None:
    ids = [clock.id for clock in clocks]
    uow.session.execute(
        delete(SlaStageEvent)
        .where(SlaStageEvent.clock_id.in_(ids))
        .execution_options(synchronize_session=False)
    )
    for clock in clocks:
        uow.session.delete(clock)
    uow.session.flush()


def note_breaches(uow: UnitOfWork, pairs: Sequence[tuple[Conversation, SlaClock]]) -> None:
    """These promises are broken, since their deadlines, whenever that is noticed."""
    causes = causes_of(uow, [_missed(uow, *pair) for pair in pairs])
    for conversation, clock in pairs:
        clock.breached_at, clock.breach_noticed_at = clock.deadline_at, uow.now
        clock.breach_cause = causes[clock.id].cause
        clock.breach_assignee_id = causes[clock.id].assignee_id
        setattr(conversation, f"{clock.clock}_breached_at", clock.breached_at)


def _missed(uow: UnitOfWork, conversation: Conversation, clock: SlaClock) -> Missed:
    return Missed(
        clock_id=clock.id,
        deadline_at=clock.deadline_at or uow.now,
        promise=(clock.policy_id, clock.policy_version),
        team_id=conversation.team_id,
        assignee_id=conversation.assignee_id,
        assigned_at=conversation.assigned_at,
    )


def resume_paused(uow: UnitOfWork, clock: SlaClock, at: datetime) -> None:
    """The pause is over: what was left of the target begins to count again."""
    if clock.paused_at is None:
        return
    book = book_of(uow.session)
    promise = book.version(uow.session, (clock.policy_id, clock.policy_version))
    calendar = book.calendar(uow.session, promise.calendar_id)
    paused = between(calendar, clock.paused_at, at)
    clock.paused_seconds += paused.total_seconds()
    clock.paused_at = clock.paused_until = clock.remaining_seconds = None
    clock.state = ClockState.RUNNING
    timing = timing_of(uow, clock)
    clock.deadline_at = timing.deadline_at if timing else None


def timing_of(uow: UnitOfWork, clock: SlaClock) -> Timing | None:
    """By the promise that the clock has; None when that has no target for it."""
    book = book_of(uow.session)
    promise = book.version(uow.session, (clock.policy_id, clock.policy_version))
    target = promise.target(clock.clock, clock.priority)
    if target is None:
        return None
    calendar = book.calendar(uow.session, promise.calendar_id)
    return Timing(clock.started_at, target, calendar, paused_of(clock))


def _end(
    uow: UnitOfWork,
    conversation: Conversation,
    clock: SlaClock,
    at: datetime,
    state: ClockState,
) -> None:
    resume_paused(uow, clock, max(at, clock.paused_at or at))
    is_due = clock.deadline_at is not None and is_breached(clock.deadline_at, at)
    if is_due and clock.breached_at is None:
        note_breaches(uow, [(conversation, clock)])
    clock.state, clock.ended_at, clock.ended_quarter = state, at, quarter_of(at)
    clock.check_at = FAR_FUTURE
    clock.team_id = conversation.team_id
    clock.seconds = seconds_between(clock.started_at, at)
    clock.business_seconds = _business_seconds(uow, clock, at)


def _business_seconds(uow: UnitOfWork, clock: SlaClock, at: datetime) -> int | None:
    """By the promise's calendar, else by the team's; None without one."""
    book = book_of(uow.session)
    promise = book.version(uow.session, (clock.policy_id, clock.policy_version))
    calendar = book.calendar(uow.session, promise.calendar_id)
    calendar = calendar or book.team_calendar(uow.session, clock.team_id)
    if calendar is None:
        return None
    return int(between(calendar, clock.started_at, at).total_seconds())


def quarter_of(at: datetime) -> int:
    """The quarter hour since 1970 in which this lies."""
    return int((at - EPOCH).total_seconds() // QUARTER_SECONDS)


def paused_of(clock: SlaClock) -> timedelta:
    """The pauses that are over, as the promise's hours count."""
    return timedelta(seconds=clock.paused_seconds)
