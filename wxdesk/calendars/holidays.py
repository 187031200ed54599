"""China's public holidays and make-up workdays (调休), as the package chinesecalendar knows them.

The State Council announces a year's days in about November of the year before; a new version of the
package follows. Days after `known_until()` count as ordinary days, and pages say so.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from chinese_calendar import constants

from wxdesk.calendars.rules import Holiday
from wxdesk.words import say

NAMES = {
    "New Year's Day": say("New Year's Day"),
    "Spring Festival": say("Spring Festival"),
    "Tomb-sweeping Day": say("Tomb-sweeping Day"),
    "Labour Day": say("Labour Day"),
    "Dragon Boat Festival": say("Dragon Boat Festival"),
    "National Day": say("National Day"),
    "Mid-autumn Festival": say("Mid-autumn Festival"),
}


def china(day: date) -> Holiday | None:
    """The public holiday or make-up workday on this day; None on ordinary and on unknown days."""
    worked = constants.workdays.get(day)
    if worked is not None:
        return Holiday(_name(worked), is_workday=True)
    free = constants.holidays.get(day)
    return None if free is None else Holiday(_name(free), is_workday=False)


@cache
def known_until() -> date:
    """The last day of the last year that the package knows."""
    return date(max(constants.holidays).year, 12, 31)


def _name(known: str) -> str:
    return NAMES.get(known, known)
