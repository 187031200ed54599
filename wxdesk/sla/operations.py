"""Policies: made, changed (which makes a version), moved, archived; the clocks follow."""

from __future__ import annotations

from sqlalchemy import func, select

from wxdesk.audit.operations import note
from wxdesk.conversations.rules import Priority
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.models import SlaPolicy, SlaPolicyVersion
from wxdesk.sla.policies import MOST_POLICIES, begin_change
from wxdesk.sla.problems import policy_problems
from wxdesk.sla.recomputing import follow_all
from wxdesk.sla.rules import Conditions, PolicyForm, Targets
from wxdesk.sla.stored import conditions_json, stages_json, targets_json
from wxdesk.words import say


def create_policy(uow: UnitOfWork, form: PolicyForm, *, actor_id: int | None = None) -> SlaPolicy:
    """Last in the order; InvalidInputError names the field. Running clocks follow at once."""
    begin_change(uow.session)
    _refuse(uow, form)
    live = _live_ids(uow)
    if len(live) >= MOST_POLICIES:
        raise ConflictError(say("there are %(most)d policies at most", most=MOST_POLICIES))
    last = uow.session.scalar(select(func.max(SlaPolicy.position))) or 0
    policy = SlaPolicy(position=last + 1, is_active=form.is_active, version=1, created_at=uow.now)
    uow.session.add(policy)
    uow.session.flush()
    _add_version(uow, policy, form, actor_id)
    note(uow, "sla.created", f"policy:{policy.id}", actor_id=actor_id, name=form.name)
    follow_all(uow)
    return policy


def change_policy(
    uow: UnitOfWork,
    policy_id: int,
    form: PolicyForm,
    *,
    actor_id: int | None = None,
    expected_version: int | None = None,
) -> SlaPolicy:
    """Another version, unless nothing differs; switching on or off makes none.

    ConflictError when it has another version by now than the one that was shown.
    """
    begin_change(uow.session)
    policy = _get_locked(uow, policy_id)
    if expected_version not in (None, policy.version):
        raise ConflictError(say("it was changed since this page was loaded"))
    current = _current(uow, policy)
    _refuse(uow, form, current.calendar_id)
    policy.is_active = form.is_active
    if _values(form) != {name: getattr(current, name) for name in _values(form)}:
        policy.version += 1
        _add_version(uow, policy, form, actor_id)
    note(
        uow,
        "sla.changed",
        f"policy:{policy.id}",
        actor_id=actor_id,
        name=form.name,
        version=policy.version,
        is_active=form.is_active,
    )
    uow.session.flush()
    follow_all(uow)
    return policy


def move_policy(
    uow: UnitOfWork, policy_id: int, position: int, *, actor_id: int | None = None
) -> None:
    """To this place in the order, from 1; beyond the end means last."""
    begin_change(uow.session)
    policy = _get_locked(uow, policy_id)
    rows = uow.session.scalars(
        select(SlaPolicy)
        .where(SlaPolicy.archived_at.is_(None))
        .order_by(SlaPolicy.position, SlaPolicy.id)
        .with_for_update(key_share=True)
    ).all()
    order = [row for row in rows if row is not policy]
    order.insert(max(0, position - 1), policy)
    for place, row in enumerate(order, 1):
        row.position = place
    note(uow, "sla.moved", f"policy:{policy.id}", actor_id=actor_id, position=policy.position)
    uow.session.flush()
    follow_all(uow)


def archive_policy(uow: UnitOfWork, policy_id: int, *, actor_id: int | None = None) -> None:
    """It promises nothing any more; its versions stay for the reports."""
    begin_change(uow.session)
    policy = _get_locked(uow, policy_id)
    policy.archived_at = uow.now
    note(uow, "sla.archived", f"policy:{policy.id}", actor_id=actor_id)
    uow.session.flush()
    follow_all(uow)


def set_policy(uow: UnitOfWork, account_id: int, targets: Targets, name: str = "") -> SlaPolicy:
    """A promise for one account around the clock, without pauses and stages; made or changed."""
    form = PolicyForm(
        name=name or f"{account_id}",
        targets={Priority.NORMAL: targets},
        conditions=Conditions(account_ids=frozenset({account_id})),
        pauses_when_pending=False,
        pauses_when_snoozed=False,
    )
    for policy in uow.session.scalars(
        select(SlaPolicy).where(SlaPolicy.archived_at.is_(None)).order_by(SlaPolicy.position)
    ):
        if _current(uow, policy).conditions == conditions_json(form.conditions):
            return change_policy(uow, policy.id, form)
    return create_policy(uow, form)


def _refuse(uow: UnitOfWork, form: PolicyForm, kept_calendar_id: int | None = None) -> None:
    for field, sentence in policy_problems(uow, form, kept_calendar_id).items():
        raise InvalidInputError(field, sentence)


def _live_ids(uow: UnitOfWork) -> list[int]:
    query = select(SlaPolicy.id).where(SlaPolicy.archived_at.is_(None))
    return list(uow.session.scalars(query))


def _get_locked(uow: UnitOfWork, policy_id: int) -> SlaPolicy:
    policy = uow.session.get(SlaPolicy, policy_id, with_for_update=True, populate_existing=True)
    if policy is None or policy.archived_at is not None:
        raise NotFoundError(say("there is no such policy"))
    return policy


def _current(uow: UnitOfWork, policy: SlaPolicy) -> SlaPolicyVersion:
    return uow.session.scalars(
        select(SlaPolicyVersion).where(
            SlaPolicyVersion.policy_id == policy.id, SlaPolicyVersion.version == policy.version
        )
    ).one()


def _values(form: PolicyForm) -> dict[str, object]:
    return {
        "name": form.name.strip(),
        "conditions": conditions_json(form.conditions),
        "targets": targets_json(form.targets),
        "calendar_id": form.calendar_id,
        "pauses_when_pending": form.pauses_when_pending,
        "pauses_when_snoozed": form.pauses_when_snoozed,
        "stages": stages_json(form.stages),
    }


def _add_version(
    uow: UnitOfWork, policy: SlaPolicy, form: PolicyForm, actor_id: int | None
) -> None:
    row = SlaPolicyVersion(
        policy_id=policy.id,
        version=policy.version,
        created_at=uow.now,
        created_by_id=actor_id,
        **_values(form),
    )
    uow.session.add(row)
    uow.session.flush()
