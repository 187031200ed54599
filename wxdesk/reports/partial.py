"""Says since when there is anything to count, where a report asks for a time before."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Message
from wxdesk.reports.local_time import instant_of
from wxdesk.reports.rules import Filters, Period
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock
from wxdesk.words import say

A_DAY = timedelta(days=1)


def partial_notes(session: Session, filters: Filters) -> list[str]:
    """A new desk has no past; one that was upgraded has messages, but no waits of that time."""
    period = filters.period
    message_at = session.scalar(select(func.min(Message.received_at)))
    if message_at is None or message_at >= period.until:
        return []
    quarter = session.scalar(
        select(func.min(SlaClock.started_quarter)).where(SlaClock.clock == Clock.FIRST_RESPONSE)
    )
    notes: list[str] = []
    if period.since <= message_at - A_DAY:
        day = _day(message_at, period)
        notes.append(say("The first message arrived on %(day)s: before there is nothing.", day=day))
    wait_at = None if quarter is None else instant_of(quarter)
    if wait_at is not None and max(period.since, message_at) <= wait_at - A_DAY:
        day = _day(wait_at, period)
        notes.append(
            say("Waits and promises are recorded since %(day)s; messages also before.", day=day)
        )
    return notes


def _day(instant: datetime, period: Period) -> str:
    return instant.astimezone(period.zone).date().isoformat()
