"""The figures of this moment, each with its definition and what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wxdesk.reports.rules import Behind, Figure, Unit, Value
from wxdesk.reports.standing import DUE_WITHIN, Standing
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class _Shown:
    """`narrows` of the list of waits behind it; None where there is none."""

    key: str
    label: str
    definition: str
    take: Callable[[Standing], Value]
    narrows: Mapping[str, str] | None = None
    unit: Unit = Unit.COUNT


SHOWN = (
    _Shown(
        "now_waiting",
        say("Customers waiting"),
        say("Customers who wait for a person's answer at this moment, paused ones too."),
        lambda it: it.waiting,
        {"clock": "responses"},
    ),
    _Shown(
        "now_oldest",
        say("Oldest unanswered"),
        say("How long the customer has waited who has waited longest, by WeChat's time."),
        lambda it: it.oldest_seconds,
        {"clock": "responses"},
        Unit.SECONDS,
    ),
    _Shown(
        "now_breached",
        say("Promise broken"),
        say("Conversations of which a deadline has passed and whose clock still runs."),
        lambda it: it.breached,
        {"clock": "any", "breached": "1"},
    ),
    _Shown(
        "now_due",
        say("Due within 15 minutes"),
        say("Conversations of which a deadline comes within 15 minutes; paused ones have none."),
        lambda it: it.due,
        {"clock": "any", "due": str(int(DUE_WITHIN.total_seconds()))},
    ),
    _Shown(
        "now_unassigned",
        say("Waiting with nobody"),
        say("Customers who wait and whose conversation nobody has taken."),
        lambda it: it.unassigned,
        {"clock": "responses", "unassigned": "1"},
    ),
    _Shown(
        "now_online",
        say("Agents online"),
        say("People who may answer customers and are online, neither away nor offline."),
        lambda it: it.online,
    ),
    _Shown(
        "now_load",
        say("Load of those online"),
        say(
            "All of their open conversations, whatever the account or tag / how many they may have"
            " at once. – is nobody online."
        ),
        lambda it: it.load,
        unit=Unit.SHARE,
    ),
)


def standing_figures(standing: Standing) -> tuple[Figure, ...]:
    """Their keys begin with now_: they stand under a heading of their own."""
    return tuple(
        Figure(
            key=it.key,
            label=it.label,
            definition=it.definition,
            value=it.take(standing),
            unit=it.unit,
            behind=None if it.narrows is None else Behind("waiting", it.narrows),
            is_good_when_higher=None if it.narrows is None else False,
        )
        for it in SHOWN
    )
