"""The filters of a report, as its address writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.reports.rules import LONGEST_PERIOD, QUARTER, Filters, Period, midnight
from wxdesk.settings import Settings
from wxdesk.words import say

Given = Mapping[str, Sequence[str]]  # an address' arguments: request.args.to_dict(flat=False)

MOST_IDS = 50
LARGEST_ID = 2**31 - 1
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2200, 1, 1)
FLAGS = {"1": True, "0": False}
HOURS = {"all": False, "business": True}


class Preset(StrEnum):
    """Periods that move with the day; all but `yesterday` end with today."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "7d"
    FOUR_WEEKS = "28d"
    QUARTER = "90d"
    MONTH = "month"
    CUSTOM = "custom"


DAYS = {Preset.TODAY: 1, Preset.WEEK: 7, Preset.FOUR_WEEKS: 28, Preset.QUARTER: 90}
USUAL = Preset.FOUR_WEEKS


def read_filters(given: Given, settings: Settings, now: datetime) -> Filters:
    """The filters among an address' arguments; empty ones count as missing.

    Raises InvalidInputError that names the argument. Days are those of the desk's time zone.
    """
    texts = {name: _texts(values) for name, values in given.items()}
    return Filters(
        period=_period(texts, ZoneInfo(settings.timezone), now),
        account_ids=_ids(texts, "account"),
        team_ids=_ids(texts, "team"),
        agent_ids=_ids(texts, "agent"),
        tag_ids=_ids(texts, "tag"),
        has_business_hours=_choice(texts, "hours", HOURS, usual=False),
        compares=_choice(texts, "compare", FLAGS, usual=True),
    )


def period_of(preset: Preset, zone: ZoneInfo, now: datetime) -> Period:
    """The period that a preset (not CUSTOM) means at this instant."""
    today = now.astimezone(zone).date()
    if preset is Preset.YESTERDAY:
        return _days(today - timedelta(days=1), today - timedelta(days=1), zone)
    if preset is Preset.MONTH:
        return _days(today.replace(day=1), today, zone)
    return _days(today - timedelta(days=DAYS[preset] - 1), today, zone)


def preset_of(period: Period, now: datetime) -> Preset:
    """The preset that means this period now, CUSTOM when none does: for the page's form."""
    for preset in Preset:
        if preset is not Preset.CUSTOM and period_of(preset, period.zone, now) == period:
            return preset
    return Preset.CUSTOM


def before_of(filters: Filters, now: datetime) -> Filters | None:
    """The same filters over the period before; None when no comparison is asked for.

    Where the period is not over, the one before ends at the same point of it, to the quarter hour:
    a morning is not held against a whole day.
    """
    if not filters.compares:
        return None
    before = filters.period.before()
    if is_unfinished(filters.period, now):
        cut = EPOCH + (filters.period.back(now) - EPOCH) // QUARTER * QUARTER
        before = replace(before, until=min(max(cut, before.since), before.until))
    return replace(filters, period=before)


def is_unfinished(period: Period, now: datetime) -> bool:
    """It has begun and is not over."""
    return period.since < now < period.until


def _period(texts: Mapping[str, list[str]], zone: ZoneInfo, now: datetime) -> Period:
    name = _one(texts, "period")
    try:
        preset = Preset(name) if name else None
    except ValueError:
        values = ", ".join(preset.value for preset in Preset)
        raise InvalidInputError("period", say("one of: %(values)s", values=values)) from None
    has_days = bool(_one(texts, "from") or _one(texts, "to"))
    if preset is None:
        preset = Preset.CUSTOM if has_days else USUAL
    if preset is not Preset.CUSTOM:
        return period_of(preset, zone, now)
    return _custom(texts, zone)


def _custom(texts: Mapping[str, list[str]], zone: ZoneInfo) -> Period:
    first, last = _day(texts, "from"), _day(texts, "to")
    if last < first:
        raise InvalidInputError("to", say("the last day must not be before the first"))
    if last - first >= LONGEST_PERIOD:
        raise InvalidInputError("to", say("at most %(days)d days", days=LONGEST_PERIOD.days))
    return _days(first, last, zone)


def _day(texts: Mapping[str, list[str]], name: str) -> date:
    try:
        day = date.fromisoformat(_one(texts, name))
    except ValueError:
        raise InvalidInputError(name, say("a day such as 2026-03-31 is needed")) from None
    if not FIRST_DAY <= day < LAST_DAY:
        raise InvalidInputError(name, say("a day such as 2026-03-31 is needed"))
    return day


def _days(first: date, last: date, zone: ZoneInfo) -> Period:
    return Period(midnight(first, zone), midnight(last + timedelta(days=1), zone), zone)


def _ids(texts: Mapping[str, list[str]], name: str) -> tuple[int, ...]:
    found = []
    for text in texts.get(name, []):
        number = whole_number(text)
        if number is None or not 0 < number <= LARGEST_ID:
            raise InvalidInputError(name, say("a number is needed"))
        found.append(number)
    if len(found) > MOST_IDS:
        raise InvalidInputError(name, say("at most %(most)d at once", most=MOST_IDS))
    return tuple(dict.fromkeys(found))


def _choice(
    texts: Mapping[str, list[str]], name: str, values: Mapping[str, bool], *, usual: bool
) -> bool:
    text = _one(texts, name)
    if not text:
        return usual
    if text not in values:
        allowed = ", ".join(values)
        raise InvalidInputError(name, say("one of: %(values)s", values=allowed))
    return values[text]


def _one(texts: Mapping[str, list[str]], name: str) -> str:
    values = texts.get(name, [])
    return values[0] if values else ""


def _texts(values: Sequence[str]) -> list[str]:
    return [text for value in values if (text := value.strip())]
