"""What became of the promises: kept, broken, still running; counted by whatever is asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    and_,
    case,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from wxdesk.reports.clock_figures import fits, is_broken, started_in, still_running
from wxdesk.reports.local_time import quarters_of
from wxdesk.reports.packed import Packing, Part, read_packed
from wxdesk.reports.rules import Attainment, Filters
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import ClockState

Key = tuple[Any, ...]
NAMES = ("kept", "broken", "running", "stopped", "none")
Column = SQLColumnExpression[Any]


@dataclass(frozen=True, slots=True)
class Promises:
    """How many waits came to each outcome; `none`: nothing was promised."""

    kept: int = 0
    broken: int = 0
    running: int = 0
    stopped: int = 0
    none: int = 0

    @property
    def attainment(self) -> Attainment:
        return Attainment(self.kept, self.broken, self.running)

    @property
    def share(self) -> float | None:
        return self.attainment.share

    @property
    def promised(self) -> int:
        return self.kept + self.broken + self.running + self.stopped


def count_promises(
    session: Session, filters: Filters, now: datetime, *parts: Part
) -> dict[Key, Promises]:
    """By the parts' values; of waits that began in the period."""
    found: defaultdict[Key, dict[str, int]] = defaultdict(dict)
    packing = Packing((*parts, Part(_of_ended(), 3)))
    where = [*started_in(filters.period), *fits(filters)]
    where.append(SlaClock.state.in_((ClockState.MET, ClockState.STOPPED)))
    ended = Counter(read_packed(session, packing, SlaClock.__table__, where))
    for packed, count in ended.items():
        *key, outcome = packing.unpack(packed)
        found[tuple(key)][NAMES[outcome or 0]] = count
    for row in session.execute(_running(filters, now, parts)):
        *key, outcome, count = row
        counts = found[tuple(key)]
        counts[NAMES[outcome]] = counts.get(NAMES[outcome], 0) + count
    return {key: Promises(**counts) for key, counts in found.items()}


def _of_ended() -> ColumnElement[int]:
    """The place of the outcome in NAMES."""
    its = SlaClock
    return case(
        (its.breached_at.is_not(None), 1),
        (its.deadline_at.is_(None), 4),
        (its.state == ClockState.MET, 0),
        else_=3,
    )


def _running(filters: Filters, now: datetime, parts: Sequence[Part]) -> Select[Any]:
    """A paused clock may have no deadline; what is left of it is promised all the same."""
    its, quarters = SlaClock, quarters_of(filters.period)
    is_paused = and_(its.paused_at.is_not(None), its.remaining_seconds.is_not(None))
    is_promised = or_(its.deadline_at.is_not(None), is_paused)
    outcome = case((is_broken(now), 1), (is_promised, 2), else_=4)
    return counted([*(part.value for part in parts), outcome]).where(
        *still_running(),
        its.started_quarter >= quarters.start,
        its.started_quarter < quarters.stop,
        *fits(filters),
    )


def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Of the rows of a group."""
    return func.sum(case((condition, 1), else_=0))


def coded(column: Any, kind: type[StrEnum]) -> ColumnElement[int]:
    """The place of the column's value in the enum: a number packs, a text does not."""
    places = {member.value: place for place, member in enumerate(kind)}
    return case(places, value=type_coerce(column, String))


def folded(found: Mapping[Key, Promises], *places: int) -> dict[Key, Promises]:
    """The sums by these places of the keys."""
    many: defaultdict[Key, list[Promises]] = defaultdict(list)
    for key, promises in found.items():
        many[tuple(key[place] for place in places)].append(promises)
    return {key: summed(each) for key, each in many.items()}


def summed(many: Iterable[Promises]) -> Promises:
    found = list(many)
    return Promises(*(sum(getattr(each, name) for each in found) for name in NAMES))


def counted(columns: Sequence[Column]) -> Select[Any]:
    """Rows counted by these columns.

    Grouped by labels: PostgreSQL takes two parameters of one value for two expressions.
    """
    labelled: list[Any] = [each.label(f"by_{number}") for number, each in enumerate(columns)]
    return select(*labelled, func.count()).group_by(*labelled)
