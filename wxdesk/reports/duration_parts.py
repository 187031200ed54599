"""The same columns and figures of waits in every report, each with its definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wxdesk.reports.clock_figures import RESPONSES, Waits
from wxdesk.reports.rules import Behind, Column, Filters, Unit, Value
from wxdesk.sla.rules import Clock
from wxdesk.words import say

RECEIVED = say(
    "Messages of customers that arrived in the period and went to people or were answered by a "
    "rule. Events, ratings and what was set aside as spam don't count."
)
AUTO_ANSWERED = say("Messages in that a rule answered and that went to no person.")
BY_RULES = say("Answers that rules gave in the period.")
BY_PEOPLE = say(
    "Answers that people wrote in the period; what was taken back in time doesn't count, parts of "
    "a long text count one by one."
)
MEDIAN = say("Half of them took at most so long.")
P90 = say("Nine of ten took at most so long (nearest rank).")
P95 = say("19 of 20 took at most so long (nearest rank).")
LONGEST = say("The longest one.")
FIRST_RESPONSE = say(
    "From the first message that nobody had answered, by WeChat's time, until WeChat accepted the "
    "first answer of a person in the episode. Automatic answers never count. Of the customers who "
    "began to wait in the period and were answered. Median: half of them took at most so long; p90 "
    "and p95: nine of ten and 19 of 20 did (nearest rank)."
)
TURN = say(
    "From the oldest message that nobody had answered until WeChat accepted a person's answer, in "
    "every turn: first and next responses together. Of the waits that began in the period and "
    "were answered. Median: half of them took at most so long; p90 and p95: nine of ten and 19 of "
    "20 did (nearest rank)."
)
RESOLUTION = say(
    "From the message that opened the conversation (again) until it was resolved, an episode at a "
    "time. Of the episodes that began in the period and are resolved. Median: half of them took at "
    "most so long; p90 and p95: nine of ten and 19 of 20 did (nearest rank)."
)
ATTAINMENT = say(
    "Kept / (kept + broken), of the waits that began in the period. Broken is what missed its "
    "deadline, also while it still runs; what still runs in time is not counted. – is 0 of 0."
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A duration that reports show: the clocks that it is made of, and what its columns are called.

    `clock` is the name that sources know it by.
    """

    key: str
    clock: str
    definition: str
    name: str
    count: str
    median: str
    p90: str
    p95: str
    longest: str


FIRST = Measure(
    key="first",
    clock=Clock.FIRST_RESPONSE.value,
    definition=FIRST_RESPONSE,
    name=say("First response"),
    count=say("First responses"),
    median=say("First response, median"),
    p90=say("First response, p90"),
    p95=say("First response, p95"),
    longest=say("First response, longest"),
)
TURNS = Measure(
    key="turn",
    clock="responses",
    definition=TURN,
    name=say("Reply time per turn"),
    count=say("Turns answered"),
    median=say("Reply time, median"),
    p90=say("Reply time, p90"),
    p95=say("Reply time, p95"),
    longest=say("Reply time, longest"),
)
RESOLUTIONS = Measure(
    key="resolution",
    clock=Clock.RESOLUTION.value,
    definition=RESOLUTION,
    name=say("Resolution per episode"),
    count=say("Episodes resolved"),
    median=say("Resolution, median"),
    p90=say("Resolution, p90"),
    p95=say("Resolution, p95"),
    longest=say("Resolution, longest"),
)
MEASURES = (FIRST, TURNS, RESOLUTIONS)
CLOCKS_OF = {FIRST: (Clock.FIRST_RESPONSE,), TURNS: RESPONSES, RESOLUTIONS: (Clock.RESOLUTION,)}


def duration_columns(its: Measure) -> tuple[Column, ...]:
    """How many, median, p90, p95 and the longest."""
    return (
        Column(f"{its.key}_count", its.count, Unit.COUNT, its.definition),
        Column(f"{its.key}_median", its.median, Unit.SECONDS, MEDIAN),
        Column(f"{its.key}_p90", its.p90, Unit.SECONDS, P90),
        Column(f"{its.key}_p95", its.p95, Unit.SECONDS, P95),
        Column(f"{its.key}_longest", its.longest, Unit.SECONDS, LONGEST),
    )


def duration_values(waits: Waits) -> tuple[Value, ...]:
    its = waits.durations
    return its.count, its.median, its.p90, its.p95, its.longest


def behind_durations(its: Measure, narrows: Mapping[str, str]) -> dict[str, Behind]:
    behind = Behind("clocks", {"clock": its.clock, "outcome": "timed", **narrows})
    parts = ("count", "median", "p90", "p95", "longest")
    return {f"{its.key}_{part}": behind for part in parts}


PROMISES = (
    Column("kept", say("Kept"), Unit.COUNT, say("Answered by the deadline, or resolved by it.")),
    Column(
        "broken",
        say("Broken"),
        Unit.COUNT,
        say("The deadline was missed, whether or not the customer still waits."),
    ),
    Column(
        "undecided",
        say("Running"),
        Unit.COUNT,
        say("Still running with the deadline ahead, or paused: no part of the share."),
    ),
    Column("share", say("Kept in time"), Unit.SHARE, ATTAINMENT),
)


def promise_values(waits: Waits) -> tuple[Value, ...]:
    its = waits.attainment
    return its.met, its.breached, its.running, its.share


def behind_promises(clock: str, narrows: Mapping[str, str]) -> dict[str, Behind]:
    return {
        outcome: Behind("clocks", {"clock": clock, "outcome": outcome, **narrows})
        for outcome in ("kept", "broken", "undecided")
    }


def business_notes(filters: Filters, waits: Iterable[Waits]) -> list[str]:
    """Says how many waits have no business hours where these are asked for."""
    left_out = sum(each.met - len(each.seconds) for each in waits)
    if not filters.has_business_hours or not left_out:
        return []
    return [
        say(
            "Without business hours, and so no part of the durations: %(count)d (neither the "
            "promise nor the team has a calendar).",
            count=left_out,
        )
    ]
