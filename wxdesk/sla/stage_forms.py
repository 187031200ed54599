"""The stages in the form of a policy: when each falls due, and what happens then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from wxdesk.plumbing.http import whole_number
from wxdesk.sla.rules import Action, Clock, Deed, Stage, When, Whom
from wxdesk.words import say

ANY = "any"
POOL = "pool"
MOST_SHOWN = 20

Values = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class ShownStage:
    """A stage as it is typed: of each kind of action at most one. `to` is a team's id or `pool`."""

    key: str = ""
    clock: str = ANY
    when: str = When.PERCENT.value
    amount: str = "75"
    whom: tuple[str, ...] = ()
    priority: str = ""
    to: str = ""
    tag_id: str = ""
    url: str = ""


def read_stages(values: Values) -> tuple[ShownStage, ...]:
    """What was typed: each `stages` is the number in the names of a stage's fields."""
    numbers = dict.fromkeys(values.getlist("stages")[:MOST_SHOWN])
    return tuple(_typed(values, f"stage-{number}-") for number in numbers)


def stage_shown(stage: Stage) -> ShownStage:
    by_deed = {action.do: action for action in stage.actions}
    notify = by_deed.get(Deed.NOTIFY, Action(Deed.NOTIFY))
    reassign = by_deed.get(Deed.REASSIGN)
    tag = by_deed.get(Deed.TAG, Action(Deed.TAG))
    return ShownStage(
        key=stage.key,
        clock=stage.clock.value if stage.clock else ANY,
        when=stage.when.value,
        amount=str(stage.amount),
        whom=tuple(one.value for one in notify.whom),
        priority=by_deed.get(Deed.PRIORITY, Action(Deed.PRIORITY)).priority or "",
        to="" if reassign is None else str(reassign.to or POOL),
        tag_id=str(tag.tag_id or ""),
        url=by_deed.get(Deed.WEBHOOK, Action(Deed.WEBHOOK)).url or "",
    )


def read_stage(shown: ShownStage) -> tuple[Stage | None, str]:
    """The stage, or None with what is wrong with it."""
    amount = whole_number(shown.amount)
    if amount is None:
        return None, say("a whole number is needed")
    if shown.when not in list(When) or shown.clock not in [ANY, *Clock]:
        return None, say("choose which clock and when")
    actions = tuple(_actions(shown))
    if not actions:
        return None, say("choose what happens then")
    clock = None if shown.clock == ANY else Clock(shown.clock)
    return Stage(shown.key, clock, When(shown.when), amount, actions), ""


def _actions(shown: ShownStage) -> Iterator[Action]:
    whom = tuple(Whom(one) for one in dict.fromkeys(shown.whom) if one in list(Whom))
    if whom:
        yield Action(Deed.NOTIFY, whom=whom)
    if shown.priority:
        yield Action(Deed.PRIORITY, priority=shown.priority)
    if shown.to:
        yield Action(Deed.REASSIGN, to=None if shown.to == POOL else whole_number(shown.to) or 0)
    if shown.tag_id:
        yield Action(Deed.TAG, tag_id=whole_number(shown.tag_id) or 0)
    if shown.url.strip():
        yield Action(Deed.WEBHOOK, url=shown.url.strip())


def _typed(values: Values, prefix: str) -> ShownStage:
    return ShownStage(
        key=values.get(f"{prefix}key", "")[:25],
        clock=values.get(f"{prefix}clock", ""),
        when=values.get(f"{prefix}when", ""),
        amount=values.get(f"{prefix}amount", "")[:10],
        whom=tuple(values.getlist(f"{prefix}whom")),
        priority=values.get(f"{prefix}priority", "")[:20],
        to=values.get(f"{prefix}to", "")[:20],
        tag_id=values.get(f"{prefix}tag_id", "")[:20],
        url=values.get(f"{prefix}url", "")[:2000],
    )
