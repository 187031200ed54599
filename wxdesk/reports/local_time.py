"""Quarter hours since 1970 (UTC) and the local days and hours that they lie in. Exact over DST.

Every zone of today is a whole number of quarter hours away from UTC, so a quarter lies in one hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, SQLColumnExpression, case, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.db import UTCDateTime
from wxdesk.reports.rules import QUARTER, Period
from wxdesk.reports.rules import midnight as midnight

A_DAY = 96
AN_HOUR = 4
A_WEEK = 168  # hours
MONDAY = 4 * A_DAY  # 1970-01-05, in quarters


@dataclass(frozen=True, slots=True)
class Offset:
    """From this quarter on local time is so many quarters ahead of UTC."""

    from_quarter: int
    quarters: int


class QuarterOf(GenericFunction[int]):
    """The quarter hour of a column of instants."""

    type = BigInteger()
    inherit_cache = True


@compiles(QuarterOf, "sqlite")
def _on_sqlite(element: QuarterOf, compiler: SQLCompiler, **options: Any) -> str:
    return (
        f"(CAST(strftime('%s', {compiler.process(element.clauses, **options)}) AS INTEGER) / 900)"
    )


@compiles(QuarterOf, "postgresql")
def _on_postgresql(element: QuarterOf, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(element.clauses, **options)
    return f"CAST(floor(extract(epoch FROM {instant}) / 900) AS BIGINT)"


class BeginningOf(GenericFunction[datetime]):
    """When the quarter of a column begins, to be compared with a column of instants."""

    type = UTCDateTime()
    inherit_cache = True


@compiles(BeginningOf, "sqlite")
def _begins_on_sqlite(element: BeginningOf, compiler: SQLCompiler, **options: Any) -> str:
    return f"datetime(({compiler.process(element.clauses, **options)}) * 900, 'unixepoch')"


@compiles(BeginningOf, "postgresql")
def _begins_on_postgresql(element: BeginningOf, compiler: SQLCompiler, **options: Any) -> str:
    return f"to_timestamp(({compiler.process(element.clauses, **options)}) * 900)"


def quarter_of(instant: datetime) -> int:
    return (instant - EPOCH) // QUARTER


def instant_of(quarter: int) -> datetime:
    """When the quarter begins, in UTC."""
    return EPOCH + quarter * QUARTER


def is_whole(instant: datetime) -> bool:
    """Whether a quarter begins at this instant."""
    return not (instant - EPOCH) % QUARTER


def quarters_of(period: Period) -> range:
    """The quarters that the period touches."""
    return range(quarter_of(period.since), -(-(period.until - EPOCH) // QUARTER))


def offsets_of(period: Period) -> list[Offset]:
    """How far local time is from UTC in the period: one, and one more for each change of clocks."""
    quarters = quarters_of(period)
    found = [Offset(quarters.start, _ahead(period.zone, quarters.start))]
    for quarter in [*quarters[A_DAY::A_DAY], quarters.stop]:
        if _ahead(period.zone, quarter) != found[-1].quarters:
            first = next(
                each
                for each in range(quarter - A_DAY + 1, quarter + 1)
                if _ahead(period.zone, each) != found[-1].quarters
            )
            found.append(Offset(first, _ahead(period.zone, first)))
    return found


def local(quarter: SQLColumnExpression[int], period: Period) -> ColumnElement[int]:
    """The column's quarter in local time: `// 96` is the day, `// 4` the hour."""
    first, *later = offsets_of(period)
    if not later:
        return quarter + literal(first.quarters)
    steps = [(quarter >= each.from_quarter, literal(each.quarters)) for each in reversed(later)]
    return quarter + case(*steps, else_=literal(first.quarters))


def local_day(quarter: SQLColumnExpression[int], period: Period) -> ColumnElement[int]:
    """The column's local day, in days since 1970-01-01 (`day_of`)."""
    return local(quarter, period) // A_DAY


def hour_of_week(quarter: SQLColumnExpression[int], period: Period) -> ColumnElement[int]:
    """The column's local hour of the week: 0 is Monday from midnight to one o'clock."""
    return ((local(quarter, period) - MONDAY + A_WEEK * AN_HOUR) // AN_HOUR) % A_WEEK


def day_of(number: int) -> date:
    """Of `local_day`."""
    return EPOCH.date() + timedelta(days=number)


def days_of(period: Period) -> list[date]:
    """The local days that the period touches."""
    first = period.since.astimezone(period.zone).date()
    last = (period.until - timedelta(microseconds=1)).astimezone(period.zone).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def quarters_of_hour(period: Period, hour: int) -> Iterator[int]:
    """The quarters of the period that lie in a local hour of the week."""
    for quarter in quarters_of(period):
        at = instant_of(quarter).astimezone(period.zone)
        if at.weekday() * 24 + at.hour == hour:
            yield quarter


def _ahead(zone: ZoneInfo, quarter: int) -> int:
    offset = instant_of(quarter).astimezone(zone).utcoffset() or timedelta(0)
    return offset // QUARTER
