"""The clocks follow their conversations, in the transaction that changes these.

Whatever changed (status, who waits, priority, team, tags, promises, calendars), each running clock
is compared with its conversation: begun, stopped, paused, resumed, given its promise and deadline.
`due_at` and `is_breached` of a conversation are derived here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm.util import identity_key

from wxdesk.contacts.models import Contact
from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import rank
from wxdesk.conversations.rules import Status
from wxdesk.plumbing.clock import EPOCH, FAR_FUTURE
from wxdesk.plumbing.db import IDS, insert_rows
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.before import give_after
from wxdesk.sla.ending import quarter_of, stop, timing_of
from wxdesk.sla.models import SlaClock
from wxdesk.sla.policies import book_of, facts_of
from wxdesk.sla.rules import BUILT_IN, Clock, ClockState, Promise, check_at, running_response
from wxdesk.sla.sleeping import follow_sleep

Row = TypeVar("Row", Conversation, Contact)

_BEGUN = tuple(column.name for column in SlaClock.__table__.columns if column.name != "id")
_RUNNING = select(SlaClock).where(SlaClock.conversation_id.in_(IDS), SlaClock.ended_at.is_(None))


@dataclass(slots=True)
class Followed:
    """A conversation with its running clocks, while they are compared."""

    conversation: Conversation
    contact: Contact
    promise: Promise
    response: SlaClock | None = None
    resolution: SlaClock | None = None
    begun: list[SlaClock] = field(default_factory=list)
    moved: SlaClock | None = None

    @property
    def running(self) -> list[SlaClock]:
        return [it for it in (self.response, self.resolution) if it is not None]

    @property
    def new_starts(self) -> list[SlaClock]:
        return [*self.begun, *([self.moved] if self.moved is not None else [])]


def follow(uow: UnitOfWork, conversation_ids: Sequence[int]) -> None:
    """Before the commit, for all conversations that changed; these are locked."""
    if not conversation_ids:
        return
    with uow.session.no_autoflush:  # one UPDATE of each conversation
        followed = _read(uow, conversation_ids)
        for one in followed:
            _follow_waiting(uow, one)
            _follow_episode(uow, one)
        give_after(uow, [clock for one in followed for clock in one.new_starts])
        for one in followed:
            for clock in one.running:
                _give_promise(uow, one, clock)
                follow_sleep(uow, one.conversation, one.promise, clock)
            _derive(uow, one)
    uow.session.flush()
    rows = [_row(clock) for one in followed for clock in one.begun]
    if rows:
        insert_rows(uow.session, SlaClock, rows)


def _read(uow: UnitOfWork, conversation_ids: Sequence[int]) -> list[Followed]:
    conversations = _found(uow, Conversation, conversation_ids)
    contacts = {
        contact.id: contact
        for contact in _found(uow, Contact, {it.contact_id for it in conversations})
    }
    book = book_of(uow.session)
    facts = facts_of(uow.session, conversations, book.promises)
    followed = {
        it.id: Followed(it, contacts[it.contact_id], book.promise_of(facts[it.id]))
        for it in conversations
        if it.contact_id in contacts  # else the customer was deleted in this transaction
    }
    for clock in uow.session.scalars(_RUNNING, {"ids": sorted(followed)}):
        one = followed[clock.conversation_id]
        if clock.ended_at is not None:
            continue  # in this transaction
        if clock.clock is Clock.RESOLUTION:
            one.resolution = clock
        else:
            one.response = clock
    return list(followed.values())


def _found(uow: UnitOfWork, model: type[Row], ids: Collection[int]) -> list[Row]:
    """In the order of ids; what this transaction holds already is not read again."""
    known = uow.session.identity_map
    found = {row_id: known.get(identity_key(model, row_id)) for row_id in sorted(ids)}
    missing = [row_id for row_id, row in found.items() if row is None]
    if missing:
        rows = uow.session.scalars(select(model).where(model.id.in_(missing)))
        found |= {row.id: row for row in rows}
    return [row for row in found.values() if row is not None]


def _follow_waiting(uow: UnitOfWork, one: Followed) -> None:
    """Who waits has a response clock, from when they began to wait."""
    conversation, clock = one.conversation, one.response
    since = conversation.waiting_since
    if since is None:
        if clock is not None:
            stop(uow, conversation, clock, conversation.resolved_at or uow.now)
            one.response = None
    elif clock is None:
        has_answer = conversation.first_response_met_at is not None
        kind = running_response(has_answer=has_answer)
        one.response = _begin(one, kind, since, conversation.waiting_message_id)
    elif clock.started_at != since:
        clock.started_at, clock.started_quarter = since, quarter_of(since)
        clock.started_by_id = conversation.waiting_message_id
        one.moved = clock


def _follow_episode(uow: UnitOfWork, one: Followed) -> None:
    """Each episode has one resolution clock, until it is resolved."""
    conversation, clock = one.conversation, one.resolution
    if conversation.status is Status.RESOLVED:
        if clock is not None:
            stop(uow, conversation, clock, conversation.resolved_at or uow.now)
            one.resolution = None
    elif clock is None:
        since = conversation.waiting_since or uow.now
        if conversation.episode == 1:
            since = min(since, conversation.opened_at)
        one.resolution = _begin(one, Clock.RESOLUTION, since, conversation.waiting_message_id)


def _row(clock: SlaClock) -> dict[str, Any]:
    return {name: getattr(clock, name) for name in _BEGUN}


def _begin(one: Followed, clock: Clock, started_at: datetime, message_id: int | None) -> SlaClock:
    conversation = one.conversation
    begun = SlaClock(
        conversation_id=conversation.id,
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        team_id=conversation.team_id,
        clock=clock,
        episode=conversation.episode,
        state=ClockState.RUNNING,
        priority=conversation.priority,
        started_at=started_at,
        started_quarter=quarter_of(started_at),
        started_by_id=message_id,
        check_at=FAR_FUTURE,
        paused_seconds=0.0,
    )
    one.begun.append(begun)
    return begun


def _give_promise(uow: UnitOfWork, one: Followed, clock: SlaClock) -> None:
    """The promise of the moment, and what follows from it; a broken one stays as it was."""
    conversation, promise = one.conversation, one.promise
    clock.team_id = conversation.team_id
    if clock.breached_at is not None:
        if clock.check_at == EPOCH:
            clock.check_at = uow.now  # stages after the breach may be due
        return
    before = (clock.policy_id, clock.policy_version, clock.deadline_at)
    clock.priority = conversation.priority
    clock.policy_id, clock.policy_version = promise.policy_id, promise.version
    timing = timing_of(uow, clock)
    deadline_at = timing.deadline_at if timing else None
    if (promise.policy_id, promise.version, deadline_at) != before or clock.check_at < uow.now:
        clock.deadline_at = deadline_at
        clock.check_at = check_at(promise, clock.clock, timing)


def _derive(uow: UnitOfWork, one: Followed) -> None:
    """What lists and panels show of the clocks, and the place in the queue."""
    conversation = one.conversation
    was_breached = conversation.is_breached
    for clock in one.running:
        its = clock.clock
        shown = None if clock.paused_at is not None else clock.deadline_at
        _set(conversation, f"{its}_deadline_at", shown)
        _set(conversation, f"{its}_breached_at", clock.breached_at)
    dues = [
        it.deadline_at for it in one.running if it.deadline_at is not None and it.paused_at is None
    ]
    _set(conversation, "due_at", min(dues, default=FAR_FUTURE))
    _set(conversation, "is_breached", any(it.breached_at is not None for it in one.running))
    rank(conversation, one.contact, uow.now)
    if conversation.is_breached != was_breached and conversation.status is not Status.RESOLVED:
        standing = conversation.standing
        standings.remember(uow, conversation.account_id, one.contact.openid, standing)


def _set(conversation: Conversation, name: str, value: object) -> None:
    if getattr(conversation, name) != value:
        setattr(conversation, name, value)


def begin_resolution(uow: UnitOfWork, conversation: Conversation) -> None:
    """An agent begins a new episode: nobody wrote, so it counts from now."""
    contact = uow.session.get_one(Contact, conversation.contact_id)
    one = Followed(conversation, contact, BUILT_IN)
    uow.session.add(_begin(one, Clock.RESOLUTION, uow.now, None))
    uow.session.flush()
