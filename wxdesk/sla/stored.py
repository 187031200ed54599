"""Promises as their rows hold them: JSON values to plain classes, and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from wxdesk.sla.rules import Action, Clock, Conditions, Deed, Stage, Targets, When, Whom

ANY = "any"


def conditions_from(kept: Mapping[str, Any]) -> Conditions:
    return Conditions(
        **{one.name: frozenset(kept.get(one.name) or ()) for one in fields(Conditions)}
    )


def conditions_json(conditions: Conditions) -> dict[str, Any]:
    """Without the lists that are empty."""
    return {name: sorted(values) for name, values in asdict(conditions).items() if values}


def targets_from(kept: Mapping[str, Any]) -> dict[str, Targets]:
    return {
        priority: Targets(**{one.name: values.get(one.name) for one in fields(Targets)})
        for priority, values in kept.items()
    }


def targets_json(targets: Mapping[str, Targets]) -> dict[str, Any]:
    return {priority: asdict(values) for priority, values in targets.items()}


def stages_from(kept: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(_stage_from(each) for each in kept.get("stages") or ())


def stages_json(stages: Iterable[Stage]) -> dict[str, Any]:
    return {"stages": [_stage_json(stage) for stage in stages]}


def _stage_from(kept: Mapping[str, Any]) -> Stage:
    ((when, amount),) = kept["when"].items()
    clock = kept.get("clock", ANY)
    return Stage(
        key=kept["key"],
        clock=None if clock == ANY else Clock(clock),
        when=When(when),
        amount=int(amount),
        actions=tuple(_action_from(each) for each in kept.get("actions") or ()),
    )


def _stage_json(stage: Stage) -> dict[str, Any]:
    return {
        "key": stage.key,
        "clock": stage.clock.value if stage.clock else ANY,
        "when": {stage.when.value: stage.amount},
        "actions": [_action_json(action) for action in stage.actions],
    }


def _action_from(kept: Mapping[str, Any]) -> Action:
    to = kept.get("to")
    return Action(
        do=Deed(kept["do"]),
        whom=tuple(Whom(each) for each in kept.get("whom") or ()),
        priority=kept.get("priority"),
        to=to if isinstance(to, int) else None,
        tag_id=kept.get("tag_id"),
        url=kept.get("url"),
    )


def _action_json(action: Action) -> dict[str, Any]:
    match action.do:
        case Deed.NOTIFY:
            more: dict[str, Any] = {"whom": [each.value for each in action.whom]}
        case Deed.PRIORITY:
            more = {"priority": action.priority}
        case Deed.REASSIGN:
            more = {"to": "pool" if action.to is None else action.to}
        case Deed.TAG:
            more = {"tag_id": action.tag_id}
        case Deed.WEBHOOK:
            more = {"url": action.url}
    return {"do": action.do.value, **more}
