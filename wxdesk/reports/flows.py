"""The backlog as a stock: how many customers waited for a person at an instant, and what moved it.

Reckoned back from who waits now, so that only what has happened since the period began is read.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.reports.clock_figures import RESPONSES, fits, still_running
from wxdesk.reports.local_time import quarter_of, quarters_of
from wxdesk.reports.rules import Filters
from wxdesk.sla.models import SlaClock


@dataclass(frozen=True, slots=True)
class Flow:
    """Between two instants: waits begun and ended, and how many there are at the end of it.

    `waiting` is None while the end lies in the future.
    """

    from_quarter: int
    to_quarter: int
    begun: int
    ended: int
    waiting: int | None


def count_waiting(session: Session, filters: Filters) -> int:
    """Customers who wait for a person now, whatever the period."""
    its = SlaClock
    where = (*still_running(*RESPONSES), *fits(filters))
    return session.scalar(select(func.count()).select_from(its).where(*where)) or 0


def read_flows(session: Session, filters: Filters, now: datetime, edges: list[int]) -> list[Flow]:
    """Between each two neighbours of `edges` (quarters, in order).

    "At the end" is the last instant before the quarter begins.
    """
    begun, ended = _moved(session, filters, edges)
    waiting = count_waiting(session, filters) + ended[-1] - begun[-1]
    flows = []
    for number in reversed(range(len(edges) - 1)):
        is_ahead = edges[number] > quarter_of(now)
        flow = Flow(
            edges[number],
            edges[number + 1],
            begun[number],
            ended[number],
            None if is_ahead else waiting,
        )
        flows.append(flow)
        waiting += flow.ended - flow.begun
    return flows[::-1]


def waiting_at_end(session: Session, filters: Filters, now: datetime) -> int | None:
    """The backlog when the period ended, or now while it is not over; None before it begins."""
    if filters.period.since > now:
        return None
    end = quarters_of(filters.period).stop
    (begun,), (ended,) = _moved(session, filters, [end])
    return count_waiting(session, filters) + ended - begun


def _moved(session: Session, filters: Filters, edges: list[int]) -> tuple[list[int], list[int]]:
    """How many waits began, and ended, between each two edges and after the last."""
    its = SlaClock
    found = []
    for quarter in (its.started_quarter, its.ended_quarter):
        rows = session.execute(
            select(quarter, func.count())
            .where(its.clock.in_(RESPONSES), quarter >= edges[0], *fits(filters))
            .group_by(its.clock, quarter)  # as an index has them: nothing is sorted
        )
        counts = [0] * len(edges)
        for at, count in rows:
            counts[bisect_right(edges, at or 0) - 1] += count
        found.append(counts)
    return found[0], found[1]
