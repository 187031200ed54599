"""How the values of reports are written for people: one way for pages, files and mails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from wxdesk.plumbing.clock import iso
from wxdesk.reports.rules import Figure, Unit, Value
from wxdesk.words import Words, say

DASH = "–"
MINUTE, HOUR, DAY = 60, 3600, 86_400
NEGLIGIBLE = 0.0005  # a change that would be written as 0.0 %

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes values in one language and one time zone."""

    translate: Translate
    zone: ZoneInfo

    def text(self, text: str) -> str:
        """Our own sentences in the reader's language; names of people and tags as they are."""
        return self.translate(text) if isinstance(text, Words) else text

    def value(self, value: Value, unit: Unit) -> str:
        """A dash for None, which is never 0."""
        if value is None:
            return DASH
        if isinstance(value, datetime):
            return f"{value.astimezone(self.zone):%Y-%m-%d %H:%M}"
        if isinstance(value, str):
            return self.text(value)
        return self._number(value, unit)

    @property
    def units(self) -> tuple[str, str, str, str]:
        """The short names of day, hour, minute and second, for axes."""
        day, hour, minute, second = say("d"), say("h"), say("min"), say("s")
        say_it = self.translate
        return say_it(day), say_it(hour), say_it(minute), say_it(second)

    def _number(self, value: float, unit: Unit) -> str:
        if unit is Unit.SECONDS:
            return self.duration(round(value))
        if unit is Unit.SHARE:
            return _share(value)
        if unit is Unit.SCORE:
            return f"{value:.2f}"
        return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"

    def duration(self, seconds: int) -> str:
        """The two largest units: 45 s, 4 min 05 s, 2 h 30 min, 3 d 4 h."""
        if seconds < MINUTE:
            return self.translate(say("%(s)d s", s=seconds))
        if seconds < HOUR:
            minutes, rest = divmod(seconds, MINUTE)
            return self.translate(say("%(m)d min %(s)02d s", m=minutes, s=rest))
        if seconds < DAY:
            hours, rest = divmod(seconds // MINUTE, 60)
            return self.translate(say("%(h)d h %(m)02d min", h=hours, m=rest))
        days, rest = divmod(seconds // HOUR, 24)
        return self.translate(say("%(d)d d %(h)d h", d=days, h=rest))


def _share(value: float) -> str:
    """Only nothing is 0 %, and only all is 100 %."""
    if 0 < value < NEGLIGIBLE:
        return "<0.1%"
    if 1 - NEGLIGIBLE <= value < 1:
        return ">99.9%"
    return f"{value * 100:.1f}%"


@dataclass(frozen=True, slots=True)
class Change:
    """From the period before to this one; `is_good` None: neither good nor bad."""

    text: str
    is_up: bool | None
    is_good: bool | None


def change_of(figure: Figure, wording: Wording) -> Change | None:
    """How a figure changed; None where one of the two is missing or is no number."""
    now, before = figure.value, figure.before
    if not isinstance(now, int | float) or not isinstance(before, int | float):
        return None
    if now == before:
        return Change(wording.translate(say("as before")), None, None)
    is_up = now > before
    good = figure.is_good_when_higher
    return Change(
        _difference(now, before, figure.unit, wording),
        is_up,
        good if good is None else is_up == good,
    )


def _difference(now: float, before: float, unit: Unit, wording: Wording) -> str:
    """Shares in points, everything else in per cent of what was before."""
    sign = "+" if now > before else "−"
    if unit is Unit.SHARE:
        points = f"{abs(now - before) * 100:.1f}"
        return wording.translate(say("%(sign)s%(points)s points", sign=sign, points=points))
    if before == 0:
        return f"{sign}{wording.value(now, unit)}"
    share = abs(now - before) / abs(before)
    return f"{sign}{share * 100:.1f}%" if share >= NEGLIGIBLE else f"{sign}<0.1%"


def plain(value: Value) -> str | int | float | bool | None:
    """For JSON: instants in UTC as ISO 8601, our own sentences in English."""
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, str) else value
