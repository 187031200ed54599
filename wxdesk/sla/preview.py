"""Which open conversations a change of the policies would touch, before it is saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.models import SlaClock
from wxdesk.sla.policies import Book, facts_of, read_book
from wxdesk.sla.problems import policy_problems
from wxdesk.sla.queries import PolicyView, list_policies
from wxdesk.sla.rules import Clock, PolicyForm, Promise, Timing

MOST_SAMPLES = 50
MOST_CONVERSATIONS = 20_000
BATCH = 500
NEW = 0  # no policy has this id
_ASKED_FOR = (
    Conversation.account_id,
    Conversation.contact_id,
    Conversation.team_id,
    Conversation.priority,
)
_MEASURED = (
    SlaClock.conversation_id,
    SlaClock.clock,
    SlaClock.policy_id,
    SlaClock.started_at,
    SlaClock.deadline_at,
    SlaClock.breached_at,
    SlaClock.paused_seconds,
)


@dataclass(frozen=True, slots=True)
class Touched:
    """A conversation whose policy or deadline would change; a policy None is the built-in one."""

    conversation_id: int
    contact_id: int
    clock: Clock
    old_policy: str | None
    new_policy: str | None
    old_deadline: datetime | None
    new_deadline: datetime | None
    is_overdue: bool
    customer: str = "–"


@dataclass(frozen=True, slots=True)
class Preview:
    """`count` of `looked_at` open conversations; not `is_whole`: there are still more of them."""

    count: int
    overdue: int
    looked_at: int
    is_whole: bool
    samples: tuple[Touched, ...]


def touched_by(session: Session, form: PolicyForm, policy_id: int | None, now: datetime) -> Preview:
    """What saving this form would do; `policy_id` None for a new policy, last in the order.

    InvalidInputError when it can't be saved. Broken promises stay as they are and aren't counted.
    """
    views = list_policies(session)
    kept_id = next((it.promise.calendar_id for it in views if it.id == policy_id), None)
    for field, sentence in policy_problems(UnitOfWork(session, now), form, kept_id).items():
        raise InvalidInputError(field, sentence)
    book = read_book(session)
    book.promises = _promises(views, form, policy_id)
    names = {view.id: view.name for view in views} | {NEW: form.name}
    count = overdue = looked_at = 0
    samples: list[Touched] = []
    for batch in _open(session):
        looked_at += len(batch)
        for one in _touched(session, book, batch, names):
            count += 1
            would_be_late = one.new_deadline is not None and one.new_deadline < now
            overdue += would_be_late
            if len(samples) < MOST_SAMPLES:
                samples.append(replace(one, is_overdue=would_be_late))
    is_whole = looked_at < MOST_CONVERSATIONS
    return Preview(count, overdue, looked_at, is_whole, _with_names(session, samples))


def _promises(
    views: Sequence[PolicyView], form: PolicyForm, policy_id: int | None
) -> list[Promise]:
    """All active ones in their order, with the changed or new one in its place."""
    changed = Promise(
        policy_id=policy_id or NEW,
        name=form.name,
        conditions=form.conditions,
        targets=form.targets,
        calendar_id=form.calendar_id,
        stages=form.stages,
    )
    found = [
        changed if view.id == policy_id else view.promise
        for view in views
        if (form.is_active if view.id == policy_id else view.is_active)
    ]
    return [*found, changed] if policy_id is None and form.is_active else found


def _open(session: Session) -> Iterator[Sequence[Conversation]]:
    """Conversations with a running clock, in batches."""
    last_id, seen = 0, 0
    while seen < MOST_CONVERSATIONS:
        ids = (
            select(SlaClock.conversation_id)
            .where(SlaClock.ended_at.is_(None), SlaClock.conversation_id > last_id)
            .distinct()
            .order_by(SlaClock.conversation_id)
            .limit(BATCH)
            .subquery()
        )
        rows = session.scalars(
            select(Conversation)
            .options(load_only(*_ASKED_FOR))
            .where(Conversation.id.in_(select(ids.c.conversation_id)))
            .order_by(Conversation.id)
        ).all()
        if not rows:
            return
        yield rows
        last_id, seen = rows[-1].id, seen + len(rows)


def _touched(
    session: Session, book: Book, conversations: Sequence[Conversation], names: dict[int, str]
) -> Iterator[Touched]:
    """The first clock of each, answers first, that would get another policy or deadline."""
    facts = facts_of(session, conversations, book.promises)
    ids = [one.id for one in conversations]
    clocks: dict[int, list[SlaClock]] = defaultdict(list)
    for clock in session.scalars(
        select(SlaClock)
        .options(load_only(*_MEASURED))
        .where(SlaClock.conversation_id.in_(ids), SlaClock.ended_at.is_(None))
        .order_by(SlaClock.clock == Clock.RESOLUTION)
    ):
        clocks[clock.conversation_id].append(clock)
    for one in conversations:
        promise = book.promise_of(facts[one.id])
        for clock in clocks[one.id]:
            deadline_at = _deadline(session, book, promise, clock, one.priority)
            is_moved = deadline_at != clock.deadline_at or promise.policy_id != clock.policy_id
            if clock.breached_at is None and is_moved:
                yield Touched(
                    conversation_id=one.id,
                    contact_id=one.contact_id,
                    clock=clock.clock,
                    old_policy=_name(names, clock.policy_id),
                    new_policy=_name(names, promise.policy_id),
                    old_deadline=_shown(clock.deadline_at),
                    new_deadline=_shown(deadline_at),
                    is_overdue=False,
                )
                break


def _deadline(
    session: Session, book: Book, promise: Promise, clock: SlaClock, priority: str
) -> datetime | None:
    target = promise.target(clock.clock, priority)
    if target is None:
        return None
    calendar = book.calendar(session, promise.calendar_id)
    paused = timedelta(seconds=clock.paused_seconds)
    return Timing(clock.started_at, target, calendar, paused).deadline_at


def _with_names(session: Session, samples: Sequence[Touched]) -> tuple[Touched, ...]:
    ids = sorted({one.contact_id for one in samples})
    rows = session.scalars(select(Contact).where(Contact.id.in_(ids)))
    names = {contact.id: contact.name for contact in rows}
    return tuple(replace(one, customer=names.get(one.contact_id, "–")) for one in samples)


def _name(names: dict[int, str], policy_id: int | None) -> str | None:
    return None if policy_id is None else names.get(policy_id, f"#{policy_id}")


def _shown(deadline_at: datetime | None) -> datetime | None:
    return None if deadline_at is None or deadline_at >= FAR_FUTURE else deadline_at
