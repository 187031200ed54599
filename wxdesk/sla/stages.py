"""Warning stages and escalation: each happens once, with what it does, in order of their times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import changed
from wxdesk.conversations.rules import ASLEEP, Waking
from wxdesk.conversations.waking import wake
from wxdesk.notifications.operations import notify_all
from wxdesk.notifications.rules import Notice
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.db import insert_rows
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.actions import Escalation, act
from wxdesk.sla.ending import note_breaches, timing_of
from wxdesk.sla.models import SlaClock, SlaStageEvent
from wxdesk.sla.policies import book_of
from wxdesk.sla.rules import Promise, Stage, Timing, check_at, is_breached


@dataclass(frozen=True, slots=True)
class Visited:
    """A due clock of a locked conversation, with the promise that it has."""

    clock: SlaClock
    conversation: Conversation
    contact: Contact
    promise: Promise
    timing: Timing | None


def visit(uow: UnitOfWork, clock_ids: Sequence[int]) -> None:
    """Break what is broken, do the stages that are due, and say when to look again."""
    if not clock_ids:
        return
    visited = _read(uow, clock_ids)
    broken = [one for one in visited if _is_broken(one.clock, uow.now)]
    note_breaches(uow, [(one.conversation, one.clock) for one in broken])
    sleeping = {one.conversation.id: one.conversation for one in broken}
    wake(uow, [it for it in sleeping.values() if it.status in ASLEEP], Waking.BREACHED)
    _do_stages(uow, visited)
    for one in visited:
        one.clock.check_at = _next_check(one, uow.now)
    for one in broken:
        changed(uow, one.conversation, one.contact)


def _read(uow: UnitOfWork, clock_ids: Sequence[int]) -> list[Visited]:
    rows = uow.session.execute(
        select(SlaClock, Conversation, Contact)
        .join(Conversation, Conversation.id == SlaClock.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(SlaClock.id.in_(clock_ids), SlaClock.ended_at.is_(None))
        .order_by(SlaClock.check_at, SlaClock.id)
        .execution_options(populate_existing=True)
    ).all()
    book = book_of(uow.session)
    return [
        Visited(
            clock,
            conversation,
            contact,
            book.version(uow.session, (clock.policy_id, clock.policy_version)),
            timing_of(uow, clock),
        )
        for clock, conversation, contact in rows
    ]


def _is_broken(clock: SlaClock, now: datetime) -> bool:
    at = clock.deadline_at
    return at is not None and clock.breached_at is None and is_breached(at, now)


def _next_check(one: Visited, now: datetime) -> datetime:
    if one.clock.paused_at is not None:
        return FAR_FUTURE
    return check_at(one.promise, one.clock.clock, one.timing, now)


def _do_stages(uow: UnitOfWork, visited: Sequence[Visited]) -> None:
    """All that are due, the earliest first; whatever was done is written with its results."""
    due = [
        (at, number, one, stage)
        for number, one in enumerate(visited)
        for at, stage in _due_stages(one, uow.now)
    ]
    if not due:
        return
    done = _done_before(uow, [one.clock.id for one in visited])
    rows: list[dict[str, Any]] = []
    notices: list[Notice] = []
    for at, _, one, stage in sorted(due, key=lambda each: each[:2]):
        escalation = Escalation(one.clock, one.conversation, one.contact, one.promise, stage)
        if escalation.kept_key in done[one.clock.id]:
            continue
        results = act(uow, escalation, notices)
        rows.append(
            {
                "clock_id": one.clock.id,
                "stage": escalation.kept_key,
                "due_at": at,
                "happened_at": uow.now,
                "results": {"actions": results},
            }
        )
    notify_all(uow, notices)
    if rows:
        insert_rows(uow.session, SlaStageEvent, rows)


def _due_stages(one: Visited, now: datetime) -> Iterable[tuple[datetime, Stage]]:
    if one.timing is None or one.clock.paused_at is not None:
        return
    for stage in one.promise.stages:
        if stage.fits(one.clock.clock) and (at := one.timing.stage_at(stage)) <= now:
            yield at, stage


def _done_before(uow: UnitOfWork, clock_ids: Sequence[int]) -> dict[int, set[str]]:
    rows = uow.session.execute(
        select(SlaStageEvent.clock_id, SlaStageEvent.stage).where(
            SlaStageEvent.clock_id.in_(clock_ids)
        )
    )
    done: dict[int, set[str]] = defaultdict(set)
    for clock_id, stage in rows:
        done[clock_id].add(stage)
    return done
