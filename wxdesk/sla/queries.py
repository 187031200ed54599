"""Policies and clocks as pages see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, load_only

from wxdesk.plumbing.db import one_of
from wxdesk.sla.models import SlaClock, SlaPolicy, SlaPolicyVersion
from wxdesk.sla.policies import MOST_POLICIES, Book, promise_from, read_book
from wxdesk.sla.rules import Clock, ClockState, Promise, Timing

MOST_VERSIONS = 200
_RUNNING: Select[SlaClock] = (
    select(SlaClock)
    .where(one_of(SlaClock.conversation_id), SlaClock.ended_at.is_(None))
    .order_by(SlaClock.conversation_id, SlaClock.started_at, SlaClock.id)
    .options(
        load_only(
            SlaClock.conversation_id,
            SlaClock.clock,
            SlaClock.state,
            SlaClock.priority,
            SlaClock.policy_id,
            SlaClock.policy_version,
            SlaClock.started_at,
            SlaClock.deadline_at,
            SlaClock.paused_at,
            SlaClock.paused_seconds,
            SlaClock.remaining_seconds,
            SlaClock.breached_at,
        )
    )
)


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy with what it says now."""

    id: int
    position: int
    is_active: bool
    version: int
    promise: Promise
    changed_at: datetime
    changed_by_id: int | None

    @property
    def name(self) -> str:
        return self.promise.name


@dataclass(frozen=True, slots=True)
class ClockView:
    """A running clock as the inbox shows it; `warn_at` is the first warning of its promise.

    Paused, it has no `deadline_at`, and `remaining_seconds` of the promise's hours are left.
    """

    clock: Clock
    state: ClockState
    started_at: datetime
    deadline_at: datetime | None
    breached_at: datetime | None
    remaining_seconds: int | None
    warn_at: datetime | None
    policy_id: int | None
    policy_version: int | None
    policy_name: str


def clocks_of(session: Session, conversation_ids: Collection[int]) -> dict[int, list[ClockView]]:
    """By conversation id its running clocks; those that have none are left out."""
    rows = session.scalars(_RUNNING, {"ids": sorted(conversation_ids)}).all()
    if not rows:
        return {}
    book = read_book(session)
    found: dict[int, list[ClockView]] = defaultdict(list)
    for clock in rows:
        found[clock.conversation_id].append(_clock_view(session, book, clock))
    return dict(found)


def _clock_view(session: Session, book: Book, clock: SlaClock) -> ClockView:
    promise = book.version(session, (clock.policy_id, clock.policy_version))
    is_paused = clock.paused_at is not None
    return ClockView(
        clock=clock.clock,
        state=clock.state,
        started_at=clock.started_at,
        deadline_at=None if is_paused else clock.deadline_at,
        breached_at=clock.breached_at,
        remaining_seconds=clock.remaining_seconds,
        warn_at=None if is_paused else _warn_at(session, book, promise, clock),
        policy_id=clock.policy_id,
        policy_version=clock.policy_version,
        policy_name=promise.name,
    )


def _warn_at(session: Session, book: Book, promise: Promise, clock: SlaClock) -> datetime | None:
    """When its first stage before the deadline falls due; None without one."""
    target = promise.target(clock.clock, clock.priority)
    stages = [it for it in promise.stages if it.fits(clock.clock) and it.is_warning]
    if target is None or clock.deadline_at is None or not stages:
        return None
    calendar = book.calendar(session, promise.calendar_id)
    timing = Timing(clock.started_at, target, calendar, timedelta(seconds=clock.paused_seconds))
    return min(timing.stage_at(stage) for stage in stages)


def list_policies(session: Session) -> list[PolicyView]:
    """In their order, inactive ones too, without archived ones."""
    rows = session.execute(
        select(SlaPolicy, SlaPolicyVersion)
        .join(
            SlaPolicyVersion,
            and_(
                SlaPolicyVersion.policy_id == SlaPolicy.id,
                SlaPolicyVersion.version == SlaPolicy.version,
            ),
        )
        .where(SlaPolicy.archived_at.is_(None))
        .order_by(SlaPolicy.position, SlaPolicy.id)
        .limit(MOST_POLICIES)
    )
    return [_view(policy, version) for policy, version in rows]


def policy_versions(session: Session, policy_id: int) -> list[PolicyView]:
    """Everything that a policy ever said, the latest first (at most 200)."""
    rows = session.execute(
        select(SlaPolicy, SlaPolicyVersion)
        .join(SlaPolicyVersion, SlaPolicyVersion.policy_id == SlaPolicy.id)
        .where(SlaPolicy.id == policy_id)
        .order_by(SlaPolicyVersion.version.desc())
        .limit(MOST_VERSIONS)
    )
    return [_view(policy, version) for policy, version in rows]


def _view(policy: SlaPolicy, version: SlaPolicyVersion) -> PolicyView:
    return PolicyView(
        id=policy.id,
        position=policy.position,
        is_active=policy.is_active,
        version=version.version,
        promise=promise_from(version),
        changed_at=version.created_at,
        changed_by_id=version.created_by_id,
    )
