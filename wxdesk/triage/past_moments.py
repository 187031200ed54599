"""How the desk of an account stood at a moment of the past: its hours, and who was online."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent, PresenceSpan, Team, TeamMember
from wxdesk.agents.rules import ANSWERING_ROLES, Presence
from wxdesk.calendars.queries import calendars_by_id
from wxdesk.calendars.rules import Calendar, is_open
from wxdesk.triage.rules import Moment


class PastMoments:
    """Hours as the calendar is now; presence as it was noted. Nothing known counts as open."""

    def __init__(self, calendar: Calendar | None, online: Sequence[tuple[datetime, datetime]]):
        self._calendar = calendar
        self._begins = [began_at for began_at, _ in online]
        self._ends = [ended_at for _, ended_at in online]

    def at(self, instant: datetime) -> Moment:
        place = bisect_right(self._begins, instant) - 1
        return Moment(
            is_open=self._calendar is None or is_open(self._calendar, instant),
            is_anybody_online=place >= 0 and instant < self._ends[place],
        )


def read_past_moments(
    session: Session, account_id: int, since: datetime, now: datetime
) -> PastMoments:
    """Of the team that serves the account, of everybody who answers when there is none."""
    account = session.get_one(Account, account_id)
    team = session.get(Team, account.team_id) if account.team_id else None
    calendar_id = team.calendar_id if team else None
    calendar = calendars_by_id(session, [calendar_id]).get(calendar_id or 0)
    spans = select(PresenceSpan.began_at, PresenceSpan.ended_at).where(
        PresenceSpan.presence == Presence.ONLINE,
        or_(PresenceSpan.ended_at.is_(None), PresenceSpan.ended_at > since),
        PresenceSpan.agent_id.in_(_answering(account.team_id)),
    )
    rows = session.execute(spans.order_by(PresenceSpan.began_at, PresenceSpan.id))
    return PastMoments(calendar, _merged((row.began_at, row.ended_at or now) for row in rows))


def _answering(team_id: int | None) -> Select[int]:
    if team_id is not None:
        return select(TeamMember.agent_id).where(TeamMember.team_id == team_id)
    return select(Agent.id).where(Agent.role.in_(ANSWERING_ROLES))


def _merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Spans in the order of their beginning as few that do not touch."""
    found: list[tuple[datetime, datetime]] = []
    for began_at, ended_at in spans:
        if found and began_at <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended_at))
        else:
            found.append((began_at, ended_at))
    return found
