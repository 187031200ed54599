"""Why a promise was broken: who had the conversation, who was there, who had room."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import or_, select

from wxdesk.agents.models import Agent, PresenceSpan, TeamMember
from wxdesk.agents.rules import ANSWERING_ROLES, Presence
from wxdesk.assignment.queries import loads_of
from wxdesk.calendars.rules import is_open
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.policies import Version, book_of
from wxdesk.sla.rules import INSTANT, BreachCause


@dataclass(frozen=True, slots=True)
class Missed:
    """A deadline that passed, and whose the conversation was."""

    clock_id: int
    deadline_at: datetime
    promise: Version
    team_id: int | None
    assignee_id: int | None
    assigned_at: datetime | None

    @property
    def had_by(self) -> int | None:
        """Who had it at the deadline: nobody, if it was given to somebody later."""
        if self.assigned_at is not None and self.assigned_at > self.deadline_at:
            return None
        return self.assignee_id


@dataclass(frozen=True, slots=True)
class Cause:
    """Of one breach; the assignee is who had the conversation at the deadline."""

    cause: BreachCause
    assignee_id: int | None


@dataclass(frozen=True, slots=True)
class _Span:
    began_at: datetime
    ended_at: datetime | None

    def covers(self, at: datetime) -> bool:
        return self.began_at <= at and (self.ended_at is None or at < self.ended_at)


_began_at = attrgetter("began_at")


@dataclass(frozen=True, slots=True)
class _People:
    """Who could answer, when who was online (in order of time), and who has room now."""

    members: Mapping[int, frozenset[int]]
    all_of_them: frozenset[int]
    spans: Mapping[int, Sequence[_Span]]
    with_room: frozenset[int]

    def online(self, team_id: int | None, at: datetime) -> set[int]:
        wanted = self.members.get(team_id or 0) or self.all_of_them
        return {agent_id for agent_id in wanted if self._was_online(agent_id, at)}

    def _was_online(self, agent_id: int, at: datetime) -> bool:
        """Spans of one person never overlap: it is the last that had begun, or none."""
        spans = self.spans.get(agent_id, ())
        number = bisect_right(spans, at, key=_began_at)
        return number > 0 and spans[number - 1].covers(at)


def causes_of(uow: UnitOfWork, missed: Sequence[Missed]) -> dict[int, Cause]:
    """By clock id; with a fixed number of statements."""
    if not missed:
        return {}
    people = _people(uow, missed)
    return {one.clock_id: _cause(uow, one, people) for one in missed}


def _cause(uow: UnitOfWork, one: Missed, people: _People) -> Cause:
    if _is_closed(uow, one):
        return Cause(BreachCause.OUT_OF_HOURS, one.had_by)
    if one.had_by is not None:
        return Cause(BreachCause.ASSIGNED_SILENT, one.had_by)
    online = people.online(one.team_id, one.deadline_at)
    if not online:
        return Cause(BreachCause.NOBODY_ONLINE, None)
    if not online & people.with_room:
        return Cause(BreachCause.AT_CAPACITY, None)
    return Cause(BreachCause.NOT_TAKEN, None)


def _is_closed(uow: UnitOfWork, one: Missed) -> bool:
    """A deadline at the very end of the hours lies within them."""
    book = book_of(uow.session)
    promise = book.version(uow.session, one.promise)
    calendars = (
        book.calendar(uow.session, promise.calendar_id),
        book.team_calendar(uow.session, one.team_id),
    )
    return any(it is not None and not is_open(it, one.deadline_at - INSTANT) for it in calendars)


def _people(uow: UnitOfWork, missed: Sequence[Missed]) -> _People:
    deadlines = [one.deadline_at for one in missed]
    rows = uow.session.execute(
        select(Agent.id, Agent.capacity).where(Agent.is_active, Agent.role.in_(ANSWERING_ROLES))
    )
    capacities: dict[int, int] = dict(rows.all())
    loads = loads_of(uow.session, capacities)
    return _People(
        members=_members(uow, {one.team_id for one in missed if one.team_id is not None}),
        all_of_them=frozenset(capacities),
        spans=_spans(uow, min(deadlines), max(deadlines)),
        with_room=frozenset(it for it, most in capacities.items() if loads.get(it, 0) < most),
    )


def _members(uow: UnitOfWork, team_ids: set[int]) -> dict[int, frozenset[int]]:
    if not team_ids:
        return {}
    rows = uow.session.execute(
        select(TeamMember.team_id, TeamMember.agent_id).where(TeamMember.team_id.in_(team_ids))
    )
    found: dict[int, set[int]] = defaultdict(set)
    for team_id, agent_id in rows:
        found[team_id].add(agent_id)
    return {team_id: frozenset(agents) for team_id, agents in found.items()}


def _spans(uow: UnitOfWork, first: datetime, last: datetime) -> dict[int, list[_Span]]:
    rows = uow.session.execute(
        select(PresenceSpan.agent_id, PresenceSpan.began_at, PresenceSpan.ended_at)
        .where(
            PresenceSpan.presence == Presence.ONLINE,
            PresenceSpan.began_at <= last,
            or_(PresenceSpan.ended_at.is_(None), PresenceSpan.ended_at > first),
        )
        .order_by(PresenceSpan.began_at, PresenceSpan.id)
    )
    found: dict[int, list[_Span]] = defaultdict(list)
    for agent_id, began_at, ended_at in rows:
        found[agent_id].append(_Span(began_at, ended_at))
    return found
