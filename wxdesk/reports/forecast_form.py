"""What the forecast's address asks for, as values or as sentences at their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

from wxdesk.plumbing.http import whole_number
from wxdesk.reports.erlang import Target
from wxdesk.reports.forecast import USUAL_HANDLING_SECONDS, PlannedEvent, Staffing
from wxdesk.reports.forecast_history import Scope
from wxdesk.words import say

Kind = TypeVar("Kind")

Errors = dict[str, str]
Given = Mapping[str, str]

# By the name of a field: the least, the most and the usual number.
NUMBERS = {
    "weeks": (1, 26, 8),
    "share": (1, 99, 80),
    "within": (1, 86_400, 60),
    "handling": (1, 7_200, None),
    "at_once": (1, 20, 1),
    "away": (0, 90, 0),
    "day": (1, 7, None),
    "team": (1, 2**31 - 1, None),
    "account": (1, 2**31 - 1, None),
    "hours": (1, 72, 2),
    "people": (1, 200_000, None),
    "asking": (1, 100, 10),
}
BASES = ("mean", "busiest")


@dataclass(frozen=True, slots=True)
class Asked:
    """A forecast as somebody asked for it; `handling` None: as measured. `day` is 1 for Monday."""

    numbers: Mapping[str, int | None]
    basis: str
    starts_at: datetime | None

    @property
    def scope(self) -> Scope:
        return Scope(self._ids("account"), self._ids("team"))

    @property
    def weeks(self) -> int:
        return self.numbers["weeks"] or 1

    @property
    def target(self) -> Target:
        return Target((self.numbers["share"] or 0) / 100, self.numbers["within"] or 0)

    @property
    def event(self) -> PlannedEvent | None:
        people = self.numbers["people"]
        if self.starts_at is None or people is None:
            return None
        hours, asking = self.numbers["hours"] or 1, self.numbers["asking"] or 0
        return PlannedEvent(self.starts_at, hours * 2, people, asking / 100)

    def staffing(self, measured_seconds: float | None) -> Staffing:
        """With the given handling time, else the measured one, else two minutes."""
        seconds = self.numbers["handling"] or measured_seconds or USUAL_HANDLING_SECONDS
        away = (self.numbers["away"] or 0) / 100
        return Staffing(self.target, max(seconds, 1), self.numbers["at_once"] or 1, away)

    def _ids(self, name: str) -> tuple[int, ...]:
        number = self.numbers[name]
        return () if number is None else (number,)


@dataclass(frozen=True, slots=True)
class Form:
    """What is shown in the fields again, and what is wrong with it."""

    shown: dict[str, str] = field(default_factory=dict)
    errors: Errors = field(default_factory=dict)


def read_asked(given: Given, zone: ZoneInfo) -> tuple[Asked | None, Form]:
    """None for what was asked when a field can't be taken."""
    form = Form()
    numbers = {name: _number(given, name, form) for name in NUMBERS}
    basis = given.get("basis", "").strip() or BASES[0]
    form.shown["basis"] = basis
    if basis not in BASES:
        form.errors["basis"] = say("one of: %(values)s", values=", ".join(BASES))
    starts_at = _starts_at(given, zone, form)
    if starts_at is not None and numbers["people"] is None and "people" not in form.errors:
        form.errors["people"] = say("how many people an hour do you expect?")
    if starts_at is None and numbers["people"] is not None and "date" not in form.errors:
        form.errors["date"] = say("on which day?")
    return (None if form.errors else Asked(numbers, basis, starts_at)), form


def _number(given: Given, name: str, form: Form) -> int | None:
    least, most, usual = NUMBERS[name]
    text = given.get(name, "").strip()
    form.shown[name] = text or ("" if usual is None else str(usual))
    if not text:
        return usual
    number = whole_number(text)
    if number is None or not least <= number <= most:
        sentence = say("a whole number from %(least)d to %(most)d", least=least, most=most)
        form.errors[name] = sentence
        return None
    return number


def _starts_at(given: Given, zone: ZoneInfo, form: Form) -> datetime | None:
    """The half hour in which the event begins; the evening at 8 when no time is given."""
    day = _read(given, "date", date.fromisoformat, say("a day such as 2026-03-31 is needed"), form)
    hour = _read(given, "time", time.fromisoformat, say("a time such as 20:00 is needed"), form)
    form.shown["time"] = form.shown["time"] or "20:00"
    if day is None or "time" in form.errors:
        return None
    if not 2000 <= day.year < 2200:
        form.errors["date"] = say("a day such as 2026-03-31 is needed")
        return None
    at = hour or time(20)
    begins = time(at.hour, at.minute // 30 * 30)
    return datetime.combine(day, begins, zone).astimezone(UTC)


def _read(
    given: Given, name: str, read: Callable[[str], Kind], sentence: str, form: Form
) -> Kind | None:
    text = given.get(name, "").strip()[:20]
    form.shown[name] = text
    if not text:
        return None
    try:
        return read(text)
    except ValueError:
        form.errors[name] = sentence
        return None
