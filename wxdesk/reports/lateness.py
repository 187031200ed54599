"""How late answers to broken promises were: whole seconds between two instants, in SQL."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from wxdesk.contacts.models import Contact
from wxdesk.reports.clock_figures import fits, started_in
from wxdesk.reports.local_time import is_whole, quarters_of
from wxdesk.reports.packed import Packing, Part, read_packed
from wxdesk.reports.rules import Filters, Period
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import ClockState


class SecondsBetween(GenericFunction[int]):
    """Whole seconds from the first instant to the second, which is not earlier."""

    type = Integer()
    inherit_cache = True


@compiles(SecondsBetween, "sqlite")
def _on_sqlite(element: SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    """Instants are texts of one length there; from the 20th character on, parts of a second."""
    begin, end = (compiler.process(each, **options) for each in element.clauses)
    return (
        f"(CAST(strftime('%s', {end}) AS INTEGER) - CAST(strftime('%s', {begin}) AS INTEGER)"
        f" - (substr({end}, 20) < substr({begin}, 20)))"
    )


@compiles(SecondsBetween, "postgresql")
def _on_postgresql(element: SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = (compiler.process(each, **options) for each in element.clauses)
    return f"CAST(floor(extract(epoch FROM {end} - {begin})) AS INTEGER)"


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken promise; `missed_at` is the deadline."""

    clock: SlaClock
    remark: str
    missed_at: datetime

    def late_seconds(self, now: datetime) -> int:
        """From the deadline until the wait ended, or until now."""
        return int(((self.clock.ended_at or now) - self.missed_at).total_seconds())


def breached(filters: Filters) -> list[ColumnElement[bool]]:
    """Waits that began in the period and whose missed deadline was noticed."""
    return [*began_in(filters.period), *fits(filters), SlaClock.breached_at.is_not(None)]


def unnoticed(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    """The few whose deadline passed since the last check, two seconds ago."""
    its = SlaClock
    return [
        *started_in(filters.period),
        *fits(filters),
        its.state == ClockState.RUNNING,
        its.breached_at.is_(None),
        its.deadline_at < now,
    ]


def began_in(period: Period) -> list[ColumnElement[bool]]:
    """Without the clocks' names, so that a small index of special rows is taken."""
    its, quarters = SlaClock, quarters_of(period)
    found: list[ColumnElement[bool]] = [
        its.started_quarter >= quarters.start,
        its.started_quarter < quarters.stop,
    ]
    if not is_whole(period.since):
        found.append(its.started_at >= period.since)
    if not is_whole(period.until):
        found.append(its.started_at < period.until)
    return found


def late_by(session: Session, filters: Filters) -> Counter[int]:
    """{seconds late: how many}, of broken promises of the period whose wait has ended."""
    its = SlaClock
    packing = Packing((Part(SecondsBetween(its.breached_at, its.ended_at), 40),))
    where = [*breached(filters), its.ended_at.is_not(None)]
    packed = Counter(read_packed(session, packing, its.__table__, where))
    return Counter({packing.unpack(each)[0] or 0: count for each, count in packed.items()})


def latest(session: Session, filters: Filters, now: datetime, most: int) -> list[Breach]:
    """Broken promises, the waits that began last (by the quarter hour) first."""
    its = SlaClock
    found = []
    for missed_at, where in (
        (its.breached_at, breached(filters)),
        (its.deadline_at, unnoticed(filters, now)),
    ):
        rows = session.execute(
            select(its, Contact.remark, missed_at)
            .join(Contact, Contact.id == its.contact_id)
            .where(*where)
            .order_by(its.started_quarter.desc(), its.id.desc())
            .limit(most)
        )
        found += [Breach(clock, remark, missed) for clock, remark, missed in rows if missed]
    found.sort(key=lambda breach: (breach.clock.started_at, breach.clock.id), reverse=True)
    return found[:most]
