"""The form of a policy: what was typed, and what follows from it or stands wrong at its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from werkzeug.datastructures import MultiDict

from wxdesk.conversations.rules import Priority
from wxdesk.plumbing.http import whole_number
from wxdesk.sla.durations import print_duration, read_duration
from wxdesk.sla.rules import Clock, Conditions, PolicyForm, Promise, Stage, Targets
from wxdesk.sla.stage_forms import ShownStage, read_stage, read_stages, stage_shown
from wxdesk.words import say

Errors = dict[str, str]
Values = MultiDict[str, str]

ID_FIELDS = ("account_ids", "team_ids", "tag_ids", "contact_tag_ids", "campaign_ids")
PRIORITIES = (Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW)
CLOCKS = tuple(Clock)
EXAMPLE = Targets(300, 600, None)


@dataclass(frozen=True, slots=True)
class ShownTargets:
    """One priority's targets as text; `is_own` false: those of normal hold."""

    is_own: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """What the form of a policy starts with, or shows again; `version` is the one it began with."""

    name: str = ""
    is_active: bool = True
    ids: Mapping[str, frozenset[int]] = field(default_factory=dict)
    priorities: frozenset[str] = frozenset()
    targets: Mapping[str, ShownTargets] = field(default_factory=dict)
    calendar_id: str = ""
    pauses_when_pending: bool = True
    pauses_when_snoozed: bool = True
    stages: tuple[ShownStage, ...] = ()
    version: int | None = None


def new_policy() -> ShownPolicy:
    return ShownPolicy(targets=_targets_shown({Priority.NORMAL: EXAMPLE}))


def policy_shown(promise: Promise, *, is_active: bool) -> ShownPolicy:
    """A stored policy."""
    conditions = promise.conditions
    return ShownPolicy(
        name=promise.name,
        is_active=is_active,
        ids={name: getattr(conditions, name) for name in ID_FIELDS},
        priorities=conditions.priorities,
        targets=_targets_shown(promise.targets or {Priority.NORMAL: EXAMPLE}),
        calendar_id=str(promise.calendar_id or ""),
        pauses_when_pending=promise.pauses_when_pending,
        pauses_when_snoozed=promise.pauses_when_snoozed,
        stages=tuple(stage_shown(stage) for stage in promise.stages),
        version=promise.version,
    )


def policy_again(values: Values) -> ShownPolicy:
    """What was typed."""
    return ShownPolicy(
        name=values.get("name", ""),
        is_active="is_active" in values,
        ids={name: _ids(values, name) for name in ID_FIELDS},
        priorities=frozenset(values.getlist("priorities")),
        targets={priority: _typed_targets(values, priority) for priority in PRIORITIES},
        calendar_id=values.get("calendar_id", ""),
        pauses_when_pending="pauses_when_pending" in values,
        pauses_when_snoozed="pauses_when_snoozed" in values,
        stages=read_stages(values),
        version=whole_number(values.get("version", "")),
    )


def form_of(shown: ShownPolicy, next_key: Callable[[], str]) -> tuple[PolicyForm | None, Errors]:
    """The policy, or what can't be read; `next_key` names stages that are new."""
    errors: Errors = {}
    targets: dict[str, Targets] = {
        priority.value: _targets(priority, shown.targets[priority], errors)
        for priority in PRIORITIES
        if shown.targets[priority].is_own
    }
    calendar_id = whole_number(shown.calendar_id) if shown.calendar_id else None
    if shown.calendar_id and calendar_id is None:
        errors["calendar_id"] = say("there is no such calendar")
    stages = _stages(shown, next_key, errors)
    if errors:
        return None, errors
    return PolicyForm(
        name=shown.name,
        targets=targets,
        conditions=Conditions(**shown.ids, priorities=shown.priorities),
        calendar_id=calendar_id,
        pauses_when_pending=shown.pauses_when_pending,
        pauses_when_snoozed=shown.pauses_when_snoozed,
        stages=stages,
        is_active=shown.is_active,
    ), errors


def _stages(shown: ShownPolicy, next_key: Callable[[], str], errors: Errors) -> tuple[Stage, ...]:
    found = []
    for number, each in enumerate(shown.stages):
        stage, problem = read_stage(replace(each, key=each.key or next_key()))
        if stage is None:
            errors[f"stages.{number}"] = problem
        else:
            found.append(stage)
    return tuple(found)


def _targets(priority: Priority, shown: ShownTargets, errors: Errors) -> Targets:
    seconds: dict[str, int | None] = {}
    for clock in CLOCKS:
        text = shown.texts.get(clock, "").strip()
        name = f"{clock}_seconds"
        seconds[name] = read_duration(text) if text else None
        if text and seconds[name] is None:
            errors[f"targets.{priority}.{name}"] = say("minutes like 90, or hours like 8h")
    return Targets(**seconds)


def _targets_shown(targets: Mapping[str, Targets]) -> dict[str, ShownTargets]:
    """A priority without targets of its own is shown with those of normal."""
    normal = targets.get(Priority.NORMAL, EXAMPLE)
    return {
        priority: ShownTargets(
            is_own=priority in targets,
            texts={
                clock: print_duration(getattr(targets.get(priority, normal), f"{clock}_seconds"))
                for clock in CLOCKS
            },
        )
        for priority in PRIORITIES
    }


def _typed_targets(values: Values, priority: Priority) -> ShownTargets:
    return ShownTargets(
        is_own=priority is Priority.NORMAL or f"own_{priority}" in values,
        texts={clock: values.get(f"{priority}_{clock}", "")[:40] for clock in CLOCKS},
    )


def _ids(values: Values, name: str) -> frozenset[int]:
    numbers = (whole_number(text) for text in values.getlist(name))
    return frozenset(number for number in numbers if number)
