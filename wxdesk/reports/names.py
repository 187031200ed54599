"""What periods, filters and the lines behind a number are called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from wxdesk.reports.choices import Choices
from wxdesk.reports.filters import Preset
from wxdesk.reports.parts import CLOCKS
from wxdesk.reports.rules import Filters, Period, Report, Unit
from wxdesk.reports.wording import DASH, Wording
from wxdesk.sla.rules import Clock, ClockState
from wxdesk.words import say

PERIODS = {
    Preset.TODAY: say("Today"),
    Preset.YESTERDAY: say("Yesterday"),
    Preset.WEEK: say("Last 7 days"),
    Preset.FOUR_WEEKS: say("Last 28 days"),
    Preset.QUARTER: say("Last 90 days"),
    Preset.MONTH: say("This month"),
    Preset.CUSTOM: say("Own days"),
}
REPORT_NAMES = {
    "overview": say("Overview"),
    "agents": say("Agents"),
    "teams": say("Teams"),
    "accounts": say("Official accounts"),
    "tags": say("Tags"),
    "hours": say("Hours of the week"),
    "sla": say("Service levels"),
    "breaches": say("Broken promises"),
    "satisfaction": say("Satisfaction"),
    "rules": say("Auto-replies"),
    "campaigns": say("Campaigns"),
    "event": say("Minute by minute"),
    "presence": say("Presence and handling"),
}
STATES = {
    ClockState.RUNNING: say("runs"),
    ClockState.PAUSED: say("paused"),
    ClockState.MET: say("answered"),
    ClockState.STOPPED: say("ended without an answer"),
}
RESOLUTION_STATES = {
    ClockState.MET: say("resolved"),
    ClockState.STOPPED: say("ended without a resolution"),
}
SHORTEST_DAY = timedelta(microseconds=1)


def first_day(period: Period) -> date:
    """The local day in which the period begins."""
    return period.since.astimezone(period.zone).date()


def last_day(period: Period) -> date:
    """The local day of the period's last instant."""
    return (period.until - SHORTEST_DAY).astimezone(period.zone).date()


def report_name(name: str) -> str:
    return REPORT_NAMES.get(name, name)


def what_name(what: str | None) -> str:
    """What a line is about: a clock, or a kind of message."""
    if what is None:
        return ""
    return CLOCKS[Clock(what)] if what in set(Clock) else what


def state_name(state: str | None, what: str | None) -> str:
    """How a clock stands; what ends it differs by what it measures."""
    if state is None:
        return ""
    if state not in set(ClockState):
        return state
    its = ClockState(state)
    return RESOLUTION_STATES.get(its, STATES[its]) if what == Clock.RESOLUTION else STATES[its]


def facts_of(
    report: Report,
    filters: Filters,
    choices: Sequence[Choices],
    wording: Wording,
) -> list[tuple[str, str]]:
    """What a file or mail is about: period, filters, hours, when it was read."""
    period = filters.period
    hours = say("business hours") if filters.has_business_hours else say("all hours")
    facts = [(wording.text(say("Period")), f"{first_day(period)} {DASH} {last_day(period)}")]
    facts += [
        (each.label, ", ".join(option.name for option in each.chosen))
        for each in choices
        if each.chosen
    ]
    facts += [
        (wording.text(say("Durations in")), wording.text(hours)),
        (wording.text(say("Time zone")), str(period.zone)),
        (wording.text(say("Read at")), wording.value(report.as_of, Unit.INSTANT)),
    ]
    return facts
