"""What falls due is found by one index and done once: warning stages, and broken promises.

Any number of processes may look at once. What was due while nobody looked is done late, with the
time at which it was due. An event breaks ten thousand promises in one second: where a breach has no
further consequences it is written with a few statements a batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text, update

from wxdesk.contacts.models import Contact
from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import ASLEEP, Status, standing_of
from wxdesk.plumbing.clock import EPOCH, FAR_FUTURE
from wxdesk.plumbing.db import IDS
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.causes import Cause, Missed, causes_of
from wxdesk.sla.clocks import follow
from wxdesk.sla.models import SlaClock
from wxdesk.sla.policies import Version, book_of
from wxdesk.sla.recomputing import show
from wxdesk.sla.rules import Clock, is_breached
from wxdesk.sla.stages import visit

NOW = bindparam("now", type_=SlaClock.check_at.type)
# As in the partial index ix_sla_clocks_check: a bound parameter would keep it unused.
WILL_BE = text("sla_clocks.check_at < '9000-01-01'")
_LOCK = (
    select(SlaClock.id)
    .join(Conversation, Conversation.id == SlaClock.conversation_id)
    .where(SlaClock.check_at <= NOW, WILL_BE)
    .order_by(SlaClock.check_at)
    .limit(bindparam("most"))
    .with_for_update(of=Conversation, skip_locked=True, key_share=True)
)
_READ = (
    select(
        SlaClock.id,
        SlaClock.conversation_id,
        SlaClock.clock,
        SlaClock.check_at,
        SlaClock.deadline_at,
        SlaClock.breached_at,
        SlaClock.policy_id,
        SlaClock.policy_version,
        Conversation.account_id,
        Contact.openid,
        Conversation.status,
        Conversation.team_id,
        Conversation.assignee_id,
        Conversation.assigned_at,
    )
    .join(Conversation, Conversation.id == SlaClock.conversation_id)
    .join(Contact, Contact.id == Conversation.contact_id)
    .where(SlaClock.id.in_(IDS), SlaClock.check_at <= NOW, SlaClock.ended_at.is_(None))
    .order_by(SlaClock.check_at, SlaClock.id)
)


@dataclass(frozen=True, slots=True)
class Due:
    """A clock that is due, with what is asked about its conversation."""

    id: int
    conversation_id: int
    clock: Clock
    check_at: datetime
    deadline_at: datetime | None
    breached_at: datetime | None
    policy_id: int | None
    policy_version: int | None
    account_id: int
    openid: str
    status: Status
    team_id: int | None
    assignee_id: int | None
    assigned_at: datetime | None

    @property
    def promise(self) -> Version:
        return (self.policy_id, self.policy_version)

    def is_broken(self, now: datetime) -> bool:
        at = self.deadline_at
        return at is not None and self.breached_at is None and is_breached(at, now)


def check_due(uow: UnitOfWork, limit: int) -> int:
    """Do what is due for up to `limit` clocks; how many were looked at."""
    ids = lock_due(uow, limit)
    check(uow, ids)
    return len(ids)


def lock_due(uow: UnitOfWork, limit: int, *, without: Collection[int] = ()) -> Sequence[int]:
    """Up to `limit` clocks that are due, the earliest first; their conversations are locked."""
    query = _LOCK.where(SlaClock.id.not_in(without)) if without else _LOCK
    return uow.session.scalars(query, {"now": uow.now, "most": limit}).all()


def check(uow: UnitOfWork, ids: Sequence[int]) -> None:
    """Do what is due for clocks from `lock_due`."""
    if not ids:
        return
    book_of(uow.session)  # waits for who changes promises, and what is read next follows them
    rows: Sequence[Any] = uow.session.execute(_READ, {"ids": ids, "now": uow.now}).all()
    dues = [Due(*row) for row in rows]
    stale = {due.conversation_id for due in dues if due.check_at == EPOCH}
    if stale:
        follow(uow, sorted(stale))
        show(uow, sorted(stale))
    fresh = [due for due in dues if due.conversation_id not in stale]
    plain = _plain(uow, fresh)
    visit(uow, [due.id for due in fresh if due.id not in plain])
    _break(uow, [due for due in fresh if due.id in plain])


def _plain(uow: UnitOfWork, dues: Sequence[Due]) -> frozenset[int]:
    """Broken ones without a consequence: no stages, nobody to wake, one clock of a conversation."""
    book = book_of(uow.session)
    times: dict[int, int] = defaultdict(int)
    for due in dues:
        times[due.conversation_id] += 1
    return frozenset(
        due.id
        for due in dues
        if due.is_broken(uow.now)
        and due.status not in ASLEEP
        and times[due.conversation_id] == 1
        and not book.version(uow.session, due.promise).stages
    )


def _break(uow: UnitOfWork, dues: Sequence[Due]) -> None:
    if not dues:
        return
    causes = causes_of(uow, [_missed(due) for due in dues])
    _write_clocks(uow, causes)
    for clock in Clock:
        ids = [due.conversation_id for due in dues if due.clock is clock]
        if ids:
            _write_conversations(uow, clock, ids)
    for due in dues:
        is_assigned = due.assignee_id is not None
        standing = standing_of(due.status, is_assigned=is_assigned, is_overdue=True)
        standings.remember(uow, due.account_id, due.openid, standing)
    uow.announce("inbox", *(f"conversation:{due.conversation_id}" for due in dues))


def _write_clocks(uow: UnitOfWork, causes: Mapping[int, Cause]) -> None:
    """One statement for each cause and assignee."""
    groups: dict[Cause, list[int]] = defaultdict(list)
    for clock_id, cause in causes.items():
        groups[cause].append(clock_id)
    for cause, ids in groups.items():
        uow.session.execute(
            update(SlaClock)
            .where(SlaClock.id.in_(ids))
            .values(
                breached_at=SlaClock.deadline_at,
                breach_noticed_at=uow.now,
                breach_cause=cause.cause,
                breach_assignee_id=cause.assignee_id,
                check_at=FAR_FUTURE,
            )
            .execution_options(synchronize_session=False)
        )


def _write_conversations(uow: UnitOfWork, clock: Clock, ids: Iterable[int]) -> None:
    """A deadline that passed moves nothing: it was the conversation's place in the queue."""
    deadline_at = getattr(Conversation, f"{clock}_deadline_at")
    uow.session.execute(
        update(Conversation)
        .where(Conversation.id.in_(ids))
        .values(
            {
                f"{clock}_breached_at": deadline_at,
                "is_breached": True,
                "version": Conversation.version + 1,
            }
        )
        .execution_options(synchronize_session=False)
    )


def _missed(due: Due) -> Missed:
    return Missed(
        clock_id=due.id,
        deadline_at=due.deadline_at or due.check_at,
        promise=due.promise,
        team_id=due.team_id,
        assignee_id=due.assignee_id,
        assigned_at=due.assigned_at,
    )
