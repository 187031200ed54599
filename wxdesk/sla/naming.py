"""Policies that name a tag or a team that is to go: they follow a merge, and refuse a removal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import and_, select

from wxdesk.audit.operations import note
from wxdesk.commit_steps import MERGED, TagOf
from wxdesk.plumbing.errors import ConflictError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.models import SlaPolicy, SlaPolicyVersion
from wxdesk.sla.policies import promise_from
from wxdesk.sla.rules import Action, Conditions, Promise, Stage
from wxdesk.sla.stored import conditions_json, stages_json
from wxdesk.words import say

MOST_NAMES = 5  # in one sentence
Merges = Mapping[TagOf, Mapping[int, int]]
_LIVE = (
    select(SlaPolicy, SlaPolicyVersion)
    .join(
        SlaPolicyVersion,
        and_(
            SlaPolicyVersion.policy_id == SlaPolicy.id,
            SlaPolicyVersion.version == SlaPolicy.version,
        ),
    )
    .where(SlaPolicy.archived_at.is_(None))
    .order_by(SlaPolicy.position, SlaPolicy.id)
)


def refuse_tags(uow: UnitOfWork, tag_ids: Sequence[int]) -> None:
    """Tags of conversations are removed: ConflictError with the policies that name them."""
    names = _names(uow, lambda promise: not set(tag_ids).isdisjoint(_tags_of(promise)))
    if names:
        raise ConflictError(
            say(
                "policies of service levels name this tag: %(names)s; change them first",
                names=names,
            )
        )


def refuse_teams(uow: UnitOfWork, team_ids: Sequence[int]) -> None:
    """Teams are removed: ConflictError with the policies that name them."""
    names = _names(uow, lambda promise: not set(team_ids).isdisjoint(_teams_of(promise)))
    if names:
        raise ConflictError(
            say(
                "policies of service levels name this team: %(names)s; change them first",
                names=names,
            )
        )


def replace_merged(uow: UnitOfWork) -> None:
    """After `begin_change`: what names a tag that was merged names the one that stays."""
    merges: Merges = uow.session.info.pop(MERGED, {})
    if not merges:
        return
    for policy, row in uow.session.execute(_LIVE).all():
        promise = promise_from(row)
        conditions = _conditions_after(promise.conditions, merges)
        stages = _stages_after(promise.stages, merges.get(TagOf.CONVERSATION, {}))
        if (conditions, stages) != (promise.conditions, promise.stages):
            _add_version(uow, policy, row, conditions, stages)
    uow.session.flush()


def _add_version(
    uow: UnitOfWork,
    policy: SlaPolicy,
    row: SlaPolicyVersion,
    conditions: Conditions,
    stages: Iterable[Stage],
) -> None:
    policy.version += 1
    uow.session.add(
        SlaPolicyVersion(
            policy_id=policy.id,
            version=policy.version,
            created_at=uow.now,
            created_by_id=None,
            name=row.name,
            conditions=conditions_json(conditions),
            targets=row.targets,
            calendar_id=row.calendar_id,
            pauses_when_pending=row.pauses_when_pending,
            pauses_when_snoozed=row.pauses_when_snoozed,
            stages=stages_json(stages),
        )
    )
    note(
        uow,
        "sla.changed",
        f"policy:{policy.id}",
        name=row.name,
        version=policy.version,
        is_active=policy.is_active,
    )


def _conditions_after(conditions: Conditions, merges: Merges) -> Conditions:
    for kind, into in merges.items():
        tags = frozenset(into.get(each, each) for each in getattr(conditions, kind))
        conditions = replace(conditions, **{kind.value: tags})
    return conditions


def _stages_after(stages: Iterable[Stage], into: Mapping[int, int]) -> tuple[Stage, ...]:
    return tuple(
        replace(stage, actions=tuple(_action_after(each, into) for each in stage.actions))
        for stage in stages
    )


def _action_after(action: Action, into: Mapping[int, int]) -> Action:
    return replace(action, tag_id=into.get(action.tag_id or 0, action.tag_id))


def _names(uow: UnitOfWork, is_meant: Callable[[Promise], bool]) -> str:
    """Of the policies that are not archived, also while they are switched off."""
    promises = [promise_from(row) for _, row in uow.session.execute(_LIVE)]
    found = [promise.name for promise in promises if is_meant(promise)]
    return ", ".join(found[:MOST_NAMES]) + (" …" if len(found) > MOST_NAMES else "")


def _tags_of(promise: Promise) -> set[int]:
    return set(promise.conditions.tag_ids) | {
        action.tag_id
        for stage in promise.stages
        for action in stage.actions
        if action.tag_id is not None
    }


def _teams_of(promise: Promise) -> set[int]:
    return set(promise.conditions.team_ids) | {
        action.to for stage in promise.stages for action in stage.actions if action.to is not None
    }
