"""What a report is made of: periods, figures, tables; exact percentiles. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
LONGEST_PERIOD = timedelta(days=400)


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"


class MailState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Unit(StrEnum):
    """How a number is written: `share` is 0..1 and shown as per cent, `instant` is a datetime."""

    COUNT = "count"
    SECONDS = "seconds"
    SHARE = "share"
    SCORE = "score"
    INSTANT = "instant"
    TEXT = "text"


class ChartKind(StrEnum):
    LINE = "line"
    BARS = "bars"
    STACKED = "stacked"
    HEAT = "heat"


Value = int | float | str | datetime | None  # None is shown as a dash, never as 0


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on, before `until`; days and hours of the week are those of `zone`."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    def before(self) -> Period:
        """The period of as many local days, or as long, that ends where this one begins."""
        since = self.back(self.since)
        if self._days is not None:  # where clocks skip midnight a day begins at one o'clock
            since = midnight((self.since.astimezone(self.zone) - self._days).date(), self.zone)
        return Period(since, self.since, self.zone)

    def back(self, instant: datetime) -> datetime:
        """The same point of the period before: where clocks change a day is not 24 hours long."""
        if self._days is None:
            return instant - (self.until - self.since)
        return (instant.astimezone(self.zone) - self._days).astimezone(UTC)

    @property
    def _days(self) -> timedelta | None:
        """Of how many local days it is made; None where these are not whole."""
        first, last = (at.astimezone(self.zone).date() for at in (self.since, self.until))
        are_whole = (self.since, self.until) == (
            midnight(first, self.zone),
            midnight(last, self.zone),
        )
        return last - first if are_whole else None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report is about; an empty tuple means all. Ids of rows, tags of conversations."""

    period: Period
    account_ids: tuple[int, ...] = ()
    team_ids: tuple[int, ...] = ()
    agent_ids: tuple[int, ...] = ()
    tag_ids: tuple[int, ...] = ()
    has_business_hours: bool = False  # durations within business hours instead of all hours
    compares: bool = True


@dataclass(frozen=True, slots=True)
class Durations:
    """Of `count` whole numbers of seconds; the four are None when there is none."""

    count: int
    median: int | None
    p90: int | None
    p95: int | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class Attainment:
    """Promises that were kept and broken; those that still run are no part of the share."""

    met: int
    breached: int
    running: int

    @property
    def share(self) -> float | None:
        """Met / (met + breached); None for 0/0."""
        ended = self.met + self.breached
        return self.met / ended if ended else None


@dataclass(frozen=True, slots=True)
class Behind:
    """Which conversations are behind a number: a name of reports/behind and what narrows it."""

    name: str
    narrows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its definition; `before` is that of the period before."""

    key: str
    label: str
    definition: str
    value: Value
    unit: Unit
    before: Value = None
    behind: Behind | None = None
    is_good_when_higher: bool | None = None


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: str
    unit: Unit
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`values` in the order of the columns; `behind` by column key."""

    values: tuple[Value, ...]
    behind: Mapping[str, Behind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """`chart` draws the columns `drawn` over the first column; HEAT needs day, hour, value."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    chart: ChartKind | None = None
    drawn: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`notes` explain what is partial or empty; `as_of` is when the figures were read."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    as_of: datetime


def durations(counts: Mapping[int, int]) -> Durations:
    """Exact percentiles by nearest rank of {seconds: how many}."""
    total = sum(counts.values())
    if total == 0:
        return Durations(0, None, None, None, None)
    ordered = sorted(counts)
    return Durations(
        total,
        _ranked(ordered, counts, total, 50),
        _ranked(ordered, counts, total, 90),
        _ranked(ordered, counts, total, 95),
        ordered[-1],
    )


def _ranked(ordered: list[int], counts: Mapping[int, int], total: int, percent: int) -> int:
    """The smallest value that at least `percent` of all do not exceed."""
    rank = -(-total * percent // 100)
    seen = 0
    for value in ordered:
        seen += counts[value]
        if seen >= rank:
            return value
    return ordered[-1]
