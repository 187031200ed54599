"""Intervals of a day: as people type them (09:00-12:00, 13:00-18:00), as rows keep them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from wxdesk.calendars.rules import DAY_MINUTES, Interval
from wxdesk.words import say

MOST_INTERVALS = 12
WEEKDAYS = range(1, 8)
_SPLIT = re.compile(r"[,,、;;\n]+")
_INTERVAL = re.compile(
    r"([0-9]{1,2})[::]([0-9]{2})\s*(?:-|–|—|~|~|至|到)\s*([0-9]{1,2})[::]([0-9]{2})"
)

Week = tuple[tuple[Interval, ...], ...]
Pairs = list[list[str]]


class HoursError(ValueError):
    """What was typed is no list of intervals; `sentence` says why, for people."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def read_intervals(text: str) -> tuple[Interval, ...]:
    """The intervals of one day in order; empty text is a closed day. HoursError says what is wrong.

    One that ends at or before its beginning goes on past midnight.
    """
    parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
    if len(parts) > MOST_INTERVALS:
        raise HoursError(say("at most %(most)d intervals a day", most=MOST_INTERVALS))
    found = sorted(_interval(part) for part in parts)
    for earlier, later in pairwise(found):
        if later.start < earlier.end:
            raise HoursError(
                say(
                    "%(first)s and %(second)s overlap",
                    first=print_interval(earlier),
                    second=print_interval(later),
                )
            )
    return tuple(found)


def overlap_in(week: Week) -> int | None:
    """The first weekday (1 to 7) whose night runs into the hours of the next day; None: no one."""
    for weekday in WEEKDAYS:
        today, tomorrow = week[weekday - 1], week[weekday % 7]
        if today and tomorrow and today[-1].end - DAY_MINUTES > tomorrow[0].start:
            return weekday
    return None


def print_intervals(intervals: Sequence[Interval]) -> str:
    return ", ".join(print_interval(each) for each in intervals)


def print_interval(interval: Interval) -> str:
    return "-".join(_pair(interval))


def to_pairs(intervals: Sequence[Interval]) -> Pairs:
    """As rows keep them: [["09:00", "12:00"], ...]."""
    return [list(_pair(each)) for each in intervals]


def of_pairs(pairs: Sequence[Sequence[str]]) -> tuple[Interval, ...]:
    return tuple(
        _from(_minutes(*first.split(":")), _minutes(*last.split(":"))) for first, last in pairs
    )


def week_to_json(week: Week) -> dict[str, Any]:
    return {str(weekday): to_pairs(week[weekday - 1]) for weekday in WEEKDAYS}


def week_of_json(kept: dict[str, Any]) -> Week:
    return tuple(of_pairs(kept.get(str(weekday), [])) for weekday in WEEKDAYS)


def _interval(text: str) -> Interval:
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise HoursError(
            say("%(text)s is no interval; like this: 09:00-12:00, 13:00-18:00", text=text[:40])
        )
    start, end = _minutes(match[1], match[2]), _minutes(match[3], match[4])
    if start >= DAY_MINUTES or end > DAY_MINUTES or int(match[2]) > 59 or int(match[4]) > 59:
        raise HoursError(say("%(text)s: times go from 00:00 to 24:00", text=text[:40]))
    return _from(start, end)


def _from(start: int, end: int) -> Interval:
    return Interval(start, end if end > start else end + DAY_MINUTES)


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


def _pair(interval: Interval) -> tuple[str, str]:
    end = interval.end if interval.end <= DAY_MINUTES else interval.end - DAY_MINUTES
    return _clock(interval.start), _clock(end)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
