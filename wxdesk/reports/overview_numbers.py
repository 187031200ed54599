"""The figures of the overview's period, each with its definition and what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wxdesk.reports.clock_figures import RESPONSES, Waits
from wxdesk.reports.duration_parts import (
    ATTAINMENT,
    AUTO_ANSWERED,
    BY_PEOPLE,
    BY_RULES,
    FIRST,
    RECEIVED,
    RESOLUTIONS,
    TURNS,
    Measure,
    behind_durations,
)
from wxdesk.reports.parts import share
from wxdesk.reports.rules import Behind, Unit, Value
from wxdesk.reports.wrong_hits import WRONG_MEANS
from wxdesk.sla.rules import Clock
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of one period; None where the filters leave nothing to say of."""

    received: int | None
    auto_answered: int | None
    by_rules: int | None
    by_people: int | None
    wrong_hits: int
    waits: Mapping[Clock, Waits]
    durations: Mapping[Measure, tuple[Value, ...]]
    waiting_at_end: int | None

    def of(self, clock: Clock) -> Waits:
        return self.waits.get(clock, Waits())

    def sum_of(self, name: str) -> int:
        """Over both responses."""
        return sum(int(getattr(self.of(clock), name)) for clock in RESPONSES)


@dataclass(frozen=True, slots=True)
class Number:
    """A figure of the period: how it is taken from the numbers, and what it says."""

    key: str
    label: str
    definition: str
    unit: Unit
    take: Callable[[Numbers], Value]
    behind: Behind | None = None
    is_good_when_higher: bool | None = None


def _message_count(
    name: str, label: str, definition: str, what: str, good: bool | None = None
) -> Number:
    return Number(
        key=name,
        label=label,
        definition=definition,
        unit=Unit.COUNT,
        take=lambda it: getattr(it, name),
        behind=Behind("messages", {"what": what}),
        is_good_when_higher=good,
    )


def _duration(measure: Measure, part: str, label: str) -> Number:
    place = ("count", "median", "p90", "p95", "longest").index(part)
    return Number(
        key=f"{measure.key}_{part}",
        label=label,
        definition=measure.definition,
        unit=Unit.SECONDS,
        take=lambda it: it.durations[measure][place],
        behind=behind_durations(measure, {})[f"{measure.key}_{part}"],
        is_good_when_higher=False,
    )


def _kept(clock: Clock, label: str) -> Number:
    return Number(
        key=f"{clock.value}_share",
        label=label,
        definition=ATTAINMENT,
        unit=Unit.SHARE,
        take=lambda it: it.of(clock).attainment.share,
        behind=Behind("clocks", {"clock": clock.value, "outcome": "broken"}),
        is_good_when_higher=True,
    )


def _wrong_rate(it: Numbers) -> Value:
    return None if it.by_rules is None else share(it.wrong_hits, it.by_rules)


def _rule_share(it: Numbers) -> Value:
    if it.received is None or it.auto_answered is None:
        return None
    return share(it.auto_answered, it.received)


NUMBERS = (
    _message_count("received", say("Messages in"), RECEIVED, "in"),
    _message_count("auto_answered", say("Answered by a rule"), AUTO_ANSWERED, "auto_answered"),
    Number(
        key="auto_answered_share",
        label=say("Answered by a rule, of all"),
        definition=say("Messages in that a rule answered and no person got / messages in."),
        unit=Unit.SHARE,
        take=_rule_share,
        behind=Behind("messages", {"what": "auto_answered"}),
    ),
    _message_count("by_rules", say("Answers of rules"), BY_RULES, "by_rules"),
    _message_count("by_people", say("Answers of people"), BY_PEOPLE, "by_people"),
    Number(
        key="wrong_hits",
        label=say("Wrong hits"),
        definition=WRONG_MEANS,
        unit=Unit.COUNT,
        take=lambda it: it.wrong_hits,
        behind=Behind("wrong_hits"),
        is_good_when_higher=False,
    ),
    Number(
        key="wrong_hit_rate",
        label=say("Wrong-hit rate"),
        definition=say("Wrong hits / answers of rules in the period. – is 0 of 0."),
        unit=Unit.SHARE,
        take=_wrong_rate,
        behind=Behind("wrong_hits"),
        is_good_when_higher=False,
    ),
    Number(
        key="begun",
        label=say("Waits begun"),
        definition=say("How often a customer began to wait for a person, however it ended."),
        unit=Unit.COUNT,
        take=lambda it: it.sum_of("begun"),
        behind=Behind("clocks", {"clock": "responses"}),
    ),
    Number(
        key="stopped",
        label=say("Ended without an answer"),
        definition=say(
            "Waits that began in the period and ended without a person's answer: resolved, spam, "
            "merged, or the customer was forgotten."
        ),
        unit=Unit.COUNT,
        take=lambda it: it.sum_of("stopped"),
        behind=Behind("clocks", {"clock": "responses", "outcome": "stopped"}),
        is_good_when_higher=False,
    ),
    Number(
        key="waiting_at_end",
        label=say("Backlog at the end"),
        definition=say(
            "Customers whose wait for a person had begun and not ended when the period did (now, "
            "while it is not over). A stock: also those who began to wait before it."
        ),
        unit=Unit.COUNT,
        take=lambda it: it.waiting_at_end,
        is_good_when_higher=False,
    ),
    _duration(FIRST, "median", FIRST.median),
    _duration(FIRST, "p90", FIRST.p90),
    _duration(TURNS, "median", TURNS.median),
    _duration(TURNS, "p90", TURNS.p90),
    _duration(RESOLUTIONS, "median", RESOLUTIONS.median),
    _duration(RESOLUTIONS, "p90", RESOLUTIONS.p90),
    _kept(Clock.FIRST_RESPONSE, say("First responses in time")),
    _kept(Clock.NEXT_RESPONSE, say("Next responses in time")),
    _kept(Clock.RESOLUTION, say("Resolutions in time")),
)
