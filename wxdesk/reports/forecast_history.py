"""What the staffing forecast learns from: waits that began, handling times, who was there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import PresenceSpan, TeamMember
from wxdesk.agents.rules import Presence
from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.rules import QUARTER
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock, ClockState

RESPONSES = (Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose history: empty tuples mean all."""

    account_ids: tuple[int, ...] = ()
    team_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """Whole days from the first to the last; no days at all when `days` is 0.

    `quarters`: how many waits for a person's answer began, by quarter hour since 1970.
    `handling_seconds`: the mean of `measured` answers, None when there is none. `spans`: when
    somebody was online.
    """

    first_day: date
    last_day: date
    quarters: dict[int, int]
    handling_seconds: float | None
    measured: int
    spans: list[tuple[datetime, datetime]]

    @property
    def days(self) -> int:
        return max((self.last_day - self.first_day).days + 1, 0)


def read_history(
    session: Session, scope: Scope, weeks: int, zone: ZoneInfo, now: datetime
) -> History:
    """The last whole weeks until yesterday, or since the first wait of the desk."""
    last_day = now.astimezone(zone).date() - A_DAY
    first_day = last_day - timedelta(days=7 * weeks - 1)
    began_at = _first_wait(session)
    if began_at is None:
        return History(last_day + A_DAY, last_day, {}, None, 0, [])
    # The day on which the desk began is not whole.
    first_day = max(first_day, began_at.astimezone(zone).date() + A_DAY)
    since, until = _begins(first_day, zone), _begins(last_day + A_DAY, zone)
    handling, measured = _handling(session, scope, since, until)
    return History(
        first_day,
        last_day,
        _quarters(session, scope, since, until),
        handling,
        measured,
        _online(session, scope.team_ids, since, until),
    )


def _first_wait(session: Session) -> datetime | None:
    firsts = [
        session.scalar(select(func.min(SlaClock.started_quarter)).where(SlaClock.clock == clock))
        for clock in RESPONSES
    ]
    known = [first for first in firsts if first is not None]
    return EPOCH + min(known) * QUARTER if known else None


def _quarters(session: Session, scope: Scope, since: datetime, until: datetime) -> dict[int, int]:
    rows = session.execute(
        select(SlaClock.started_quarter, func.count())
        .where(*_began(since, until), *_of(scope))
        .group_by(SlaClock.started_quarter)
    )
    return dict(rows.all())


def _handling(
    session: Session, scope: Scope, since: datetime, until: datetime
) -> tuple[float | None, int]:
    mean, count = session.execute(
        select(func.avg(SlaClock.handling_seconds), func.count(SlaClock.handling_seconds)).where(
            *_began(since, until), *_of(scope), SlaClock.state == ClockState.MET
        )
    ).one()
    return (None if mean is None else float(mean)), count


def _online(
    session: Session, team_ids: Collection[int], since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Cut to the period; a span that still runs goes on to its end."""
    its = PresenceSpan
    query = select(its.began_at, its.ended_at).where(
        its.presence == Presence.ONLINE,
        its.began_at < until,
        or_(its.ended_at > since, its.ended_at.is_(None)),
    )
    if team_ids:
        members = select(TeamMember.agent_id).where(TeamMember.team_id.in_(team_ids))
        query = query.where(its.agent_id.in_(members))
    return [
        (max(began_at, since), min(ended_at or until, until))
        for began_at, ended_at in session.execute(query)
    ]


def _began(since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    return [
        SlaClock.clock.in_(RESPONSES),
        SlaClock.started_quarter >= (since - EPOCH) // QUARTER,
        SlaClock.started_quarter < (until - EPOCH) // QUARTER,
    ]


def _of(scope: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if scope.account_ids:
        found.append(SlaClock.account_id.in_(scope.account_ids))
    if scope.team_ids:
        found.append(SlaClock.team_id.in_(scope.team_ids))
    return found


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
