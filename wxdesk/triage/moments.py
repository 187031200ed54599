"""How the desk stands just now for each account: its hours, who is there, how long it takes.

All accounts together take a handful of queries on indexes, whatever waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent, Team, TeamMember
from wxdesk.agents.rules import ANSWERING_ROLES, Presence
from wxdesk.calendars.queries import calendars_by_id
from wxdesk.calendars.rules import is_open
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.waiting import IS_OPEN
from wxdesk.plumbing.clock import EPOCH
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import RESPONSES, ClockState
from wxdesk.triage.rules import Moment

MOST_ACCOUNTS = 1_000
QUARTER = timedelta(minutes=15)
QUARTERS = 2  # and the one that runs
FEWEST_ANSWERS = 3


def read_moments(session: Session, now: datetime, rates: Mapping[int, float]) -> dict[int, Moment]:
    """By account. `rates`: answers a second, as `read_rates` found them a while ago.

    An account without a team is open around the clock and served by everybody who answers.
    """
    accounts = session.execute(select(Account.id, Account.team_id).limit(MOST_ACCOUNTS)).all()
    hours = _closed_teams(session, now)
    everybody, members = _online(session)
    waiting = _waiting(session)
    return {
        row.id: Moment(
            is_open=row.team_id not in hours,
            is_anybody_online=everybody if row.team_id is None else row.team_id in members,
            waiting=waiting.get(row.id, 0),
            expected_wait_seconds=_expected(waiting.get(row.id, 0), rates.get(row.id)),
        )
        for row in accounts
    }


def read_rates(session: Session, now: datetime) -> dict[int, float]:
    """By account how many waits a second ended with an answer in the last half hour.

    Left out where less than three did: that tells nothing.
    """
    first = (now - EPOCH) // QUARTER - QUARTERS
    rows = session.execute(
        select(SlaClock.account_id, func.count())
        .where(
            SlaClock.clock.in_(RESPONSES),
            SlaClock.ended_quarter >= first,
            SlaClock.state == ClockState.MET,
        )
        .group_by(SlaClock.account_id)
    )
    seconds = (now - EPOCH - first * QUARTER).total_seconds()
    return {account_id: count / seconds for account_id, count in rows if count >= FEWEST_ANSWERS}


def _expected(waiting: int, rate: float | None) -> int | None:
    return None if rate is None else round((waiting + 1) / rate)


def _closed_teams(session: Session, now: datetime) -> Collection[int]:
    rows = session.execute(select(Team.id, Team.calendar_id).where(Team.calendar_id.is_not(None)))
    calendar_of = dict(rows.all())
    calendars = calendars_by_id(session, set(calendar_of.values()))
    closed = {number for number, it in calendars.items() if not is_open(it, now)}
    return {team_id for team_id, calendar_id in calendar_of.items() if calendar_id in closed}


def _online(session: Session) -> tuple[bool, set[int]]:
    """Whether anybody who answers is online, and the teams of those who are."""
    rows = session.execute(
        select(Agent.id, TeamMember.team_id)
        .outerjoin(TeamMember, TeamMember.agent_id == Agent.id)
        .where(Agent.is_active, Agent.presence == Presence.ONLINE, Agent.role.in_(ANSWERING_ROLES))
    ).all()
    return bool(rows), {row.team_id for row in rows if row.team_id is not None}


def _waiting(session: Session) -> Counter[int]:
    """Customers who wait for an answer, by account."""
    rows = session.execute(
        select(Conversation.account_id, func.count())
        .where(
            IS_OPEN,
            Conversation.waiting_since.is_not(None),
            Conversation.is_spam == false(),
        )
        .group_by(Conversation.account_id)
    )
    return Counter(dict(rows.all()))
