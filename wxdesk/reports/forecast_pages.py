"""The forecast as its page shows it: a week in one table, a day and an event in detail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from wxdesk.reports.forecast import (
    A_DAY,
    HALF_HOUR,
    Need,
    PlannedEvent,
    Staffing,
    arrivals,
    event_of,
    present,
    week_of,
)
from wxdesk.reports.forecast_history import History

LEVELS = 5
FOLDED_FROM = 4  # half hours in which nobody is needed, shown as one line


@dataclass(frozen=True, slots=True)
class Cell:
    """`level` 0 to 5 is the depth of the colour; `is_short`: fewer are usually online."""

    agents: int | None
    level: int
    is_short: bool
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One half hour on seven days, or several in which nobody is needed (`cells` empty)."""

    begins: str
    ends: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """One half hour of a day or of an event; `usual` is what it needs without the event."""

    begins: str
    need: Need
    online: float | None
    is_short: bool
    usual: Need | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """`week` is Monday 00:00 on; `day` (1 to 7) is the one that is shown in detail.

    `hours_a_week` are the agents' hours of the week, with paid time away.
    """

    history: History
    staffing: Staffing
    lines: list[Line]
    week: list[Detail]
    day: int
    event: list[Detail]
    peak: Need | None
    peak_begins: str
    hours_a_week: float
    questions_a_week: float
    weekdays_unknown: int

    @property
    def details(self) -> list[Detail]:
        return self.week[(self.day - 1) * A_DAY : self.day * A_DAY]


def make_forecast(
    history: History,
    staffing: Staffing,
    zone: ZoneInfo,
    *,
    busiest: bool,
    day: int | None,
    event: PlannedEvent | None,
) -> Forecast:
    """`day`: 1 for Monday; None takes the day of the peak."""
    first, last = history.first_day, history.last_day
    arriving = arrivals(history.quarters, first, last, zone, busiest=busiest)
    online = present(history.spans, first, last, zone)
    week = week_of(arriving, staffing)
    peak = max(week, key=lambda need: need.agents or 0, default=None)
    peak = peak if peak is not None and peak.agents else None
    busiest_day = peak.begins // A_DAY + 1 if peak else 1
    return Forecast(
        history=history,
        staffing=staffing,
        lines=_lines(week, online),
        week=_details(week, online),
        day=day or busiest_day,
        event=_event(event, arriving, online, staffing, zone) if event else [],
        peak=peak,
        peak_begins=_clock(peak.begins % A_DAY) if peak else "",
        hours_a_week=sum(need.paid or 0 for need in week) / 2,
        questions_a_week=sum(need.questions or 0 for need in week),
        weekdays_unknown=sum(need.questions is None for need in week) // A_DAY,
    )


def is_short(need: Need, online: float | None) -> bool:
    """Fewer are usually there than are needed, by more than a tenth of one."""
    return need.agents is not None and online is not None and need.agents - online > 0.1


def _lines(week: Sequence[Need], online: Sequence[float | None]) -> list[Line]:
    most = max((need.agents or 0 for need in week), default=0)
    found: list[Line] = []
    quiet: list[int] = []
    for number in range(A_DAY):
        indexes = range(number, len(week), A_DAY)
        if all(week[index].agents == 0 or week[index].questions is None for index in indexes):
            quiet.append(number)
            continue
        found += _quiet_lines(quiet, week, online, most)
        quiet = []
        found.append(_line(number, week, online, most))
    return found + _quiet_lines(quiet, week, online, most)


def _quiet_lines(
    quiet: Sequence[int], week: Sequence[Need], online: Sequence[float | None], most: int
) -> list[Line]:
    if len(quiet) >= FOLDED_FROM:
        return [Line(_clock(quiet[0]), _clock(quiet[-1] + 1), ())]
    return [_line(number, week, online, most) for number in quiet]


def _line(number: int, week: Sequence[Need], online: Sequence[float | None], most: int) -> Line:
    indexes = range(number, len(week), A_DAY)
    cells = tuple(_cell(week[index], online[index], most) for index in indexes)
    return Line(_clock(number), _clock(number + 1), cells)


def _cell(need: Need, online: float | None, most: int) -> Cell:
    if need.questions is None:
        return Cell(None, 0, is_short=False, is_unknown=True)
    level = math.ceil((need.agents or 0) / max(most, LEVELS) * LEVELS)
    return Cell(need.agents, level, is_short(need, online), is_unknown=False)


def _details(week: Sequence[Need], online: Sequence[float | None]) -> list[Detail]:
    return [
        Detail(_clock(need.begins % A_DAY), need, there, is_short(need, there))
        for need, there in zip(week, online, strict=True)
    ]


def _event(
    event: PlannedEvent,
    arriving: Sequence[float | None],
    online: Sequence[float | None],
    staffing: Staffing,
    zone: ZoneInfo,
) -> list[Detail]:
    return [
        Detail(
            _span(at, zone),
            need,
            online[need.begins],
            is_short(need, online[need.begins]),
            usual,
        )
        for at, need, usual in event_of(event, arriving, staffing, zone)
    ]


def _span(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M}–{(at + HALF_HOUR).astimezone(zone):%H:%M}"


def _clock(half_hour: int) -> str:
    return f"{half_hour // 2:02d}:{half_hour % 2 * 30:02d}"
