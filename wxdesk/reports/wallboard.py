"""What the wall shows: who waits now, who works, and how the day goes. A few short queries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, func, literal_column, select, true
from sqlalchemy.orm import Session

from wxdesk.agents.queries import AgentView, list_agents
from wxdesk.agents.rules import Presence
from wxdesk.conversations.models import Conversation
from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.clock_figures import RESPONSES, Key, Waits, total, waits_by
from wxdesk.reports.event_figures import read_course
from wxdesk.reports.local_time import midnight
from wxdesk.reports.promises import how_many
from wxdesk.reports.rules import QUARTER, Filters, Period
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock

KEPT_SECONDS = 1.0
MOST_KEPT = 50
MOST_AGENTS = 60
COURSE = timedelta(hours=4)
DUE_SOON = timedelta(minutes=15)
A_DAY = timedelta(days=1)
ORDER = {Presence.ONLINE: 0, Presence.AWAY: 1, Presence.OFFLINE: 2}


@dataclass(frozen=True, slots=True)
class Queue:
    """Open conversations without spam.

    `waiting` for an answer, since `oldest_since` at most; `breached` promises, and those `due`
    within 15 minutes.
    """

    load: int = 0
    waiting: int = 0
    breached: int = 0
    due: int = 0
    oldest_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AgentLine:
    """One agent of the wall; `answers` are those of today."""

    id: int
    name: str
    presence: Presence
    capacity: int
    queue: Queue
    answers: int


@dataclass(frozen=True, slots=True)
class Today:
    """First responses of waits that began today; None for no answer yet, or no promise decided."""

    begun: int
    answers: int
    median_seconds: int | None
    in_time: float | None
    broken: int


@dataclass(frozen=True, slots=True)
class Quarter:
    """How many began to wait in a quarter hour, and how many waited at its end (or now)."""

    begins: datetime
    began: int
    backlog: int


@dataclass(frozen=True, slots=True)
class Wall:
    now: datetime
    all: Queue
    unassigned: Queue
    agents: list[AgentLine]
    more_agents: int
    today: Today
    course: list[Quarter]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose wall: empty tuples mean all."""

    team_ids: tuple[int, ...] = ()
    account_ids: tuple[int, ...] = ()


def read_wall(session: Session, scope: Scope, zone: ZoneInfo, now: datetime) -> Wall:
    queues = _queues(session, scope, now)
    filters = _today(scope, zone, now)
    waits = waits_by(session, filters, now, SlaClock.agent_id, clocks=RESPONSES)
    first, both = total(waits, Clock.FIRST_RESPONSE), total(waits, *RESPONSES)
    agents = _agents(session, scope, queues, _answers(waits))
    return Wall(
        now=now,
        all=_sum(queues),
        unassigned=queues.get(None, Queue()),
        agents=agents[:MOST_AGENTS],
        more_agents=max(len(agents) - MOST_AGENTS, 0),
        today=Today(
            begun=both.begun,
            answers=both.met,
            median_seconds=first.durations.median,
            in_time=both.attainment.share,
            broken=both.broken,
        ),
        course=_course(session, filters, now),
    )


def _queues(session: Session, scope: Scope, now: datetime) -> dict[int | None, Queue]:
    """By assignee; None: nobody has them."""
    its = Conversation
    waits = its.waiting_since.is_not(None)
    is_due = and_(its.is_breached == false(), its.due_at <= now + DUE_SOON)
    where: list[ColumnElement[bool]] = [
        its.status == literal_column("'open'"),
        its.is_spam == false(),
    ]
    if scope.team_ids:
        where.append(its.team_id.in_(scope.team_ids))
    if scope.account_ids:
        where.append(its.account_id.in_(scope.account_ids))
    rows = session.execute(
        select(
            its.assignee_id,
            func.count(),
            how_many(waits),
            how_many(its.is_breached == true()),
            how_many(is_due),
            func.min(its.waiting_since),
        )
        .where(*where)
        .group_by(its.assignee_id)
    )
    return {
        assignee: Queue(load, waiting, breached, due, oldest_since)
        for assignee, load, waiting, breached, due, oldest_since in rows
    }


def _sum(queues: dict[int | None, Queue]) -> Queue:
    found = list(queues.values())
    since = [each.oldest_since for each in found if each.oldest_since is not None]
    return Queue(
        load=sum(each.load for each in found),
        waiting=sum(each.waiting for each in found),
        breached=sum(each.breached for each in found),
        due=sum(each.due for each in found),
        oldest_since=min(since, default=None),
    )


def _agents(
    session: Session,
    scope: Scope,
    queues: dict[int | None, Queue],
    answers: dict[int, int],
) -> list[AgentLine]:
    """Who is here, or has something to do: the online first, then by how long somebody waits."""
    lines = [
        AgentLine(
            it.id,
            it.name,
            it.presence,
            it.capacity,
            queues.get(it.id, Queue()),
            answers.get(it.id, 0),
        )
        for it in list_agents(session)
        if it.may_reply and (_is_of(it, scope) or it.id in queues)
    ]
    lines = [it for it in lines if it.presence is not Presence.OFFLINE or it.queue.load]
    far = datetime.max.replace(tzinfo=EPOCH.tzinfo)
    lines.sort(key=lambda it: (ORDER[it.presence], it.queue.oldest_since or far, it.name))
    return lines


def _is_of(agent: AgentView, scope: Scope) -> bool:
    return not scope.team_ids or any(team.id in scope.team_ids for team in agent.teams)


def _answers(waits: dict[Key, Waits]) -> dict[int, int]:
    """By agent how many waits of today they ended."""
    found: dict[int, int] = {}
    for (_, agent_id), its in waits.items():
        if agent_id is not None:
            found[agent_id] = found.get(agent_id, 0) + its.met
    return found


def _course(session: Session, filters: Filters, now: datetime) -> list[Quarter]:
    zone = filters.period.zone
    until = EPOCH - (EPOCH - now) // QUARTER * QUARTER
    period = Period(until - COURSE, until, zone)
    wanted = Filters(period, filters.account_ids, filters.team_ids)
    return [
        Quarter(step.begins, step.began or 0, step.backlog or 0)
        for step in read_course(session, wanted, now, QUARTER).steps
    ]


def _today(scope: Scope, zone: ZoneInfo, now: datetime) -> Filters:
    day = now.astimezone(zone).date()
    period = Period(midnight(day, zone), midnight(day + A_DAY, zone), zone)
    return Filters(period, scope.account_ids, scope.team_ids, compares=False)


@dataclass(slots=True)
class WallCache:
    """What this process read last, for a second: however many walls there are."""

    timer: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _walls: dict[Scope, tuple[float, Wall]] = field(default_factory=dict)

    def get(self, scope: Scope, read: Callable[[], Wall]) -> Wall:
        """One thread reads while the others wait for its result."""
        with self._lock:
            kept = self._walls.get(scope)
            if kept is None or self.timer() - kept[0] > KEPT_SECONDS:
                if len(self._walls) >= MOST_KEPT:
                    self._walls.clear()
                kept = self._walls[scope] = (self.timer(), read())
            return kept[1]
