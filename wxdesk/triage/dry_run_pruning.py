"""Dry runs that nobody needs any more: deleted batch by batch."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, delete, func, select, update

from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.dry_runs import UNFINISHED
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion, DryRun

KEPT_FOR = timedelta(days=90)
PRUNED_AT_ONCE = 200

Its = AutoReplyRuleVersion


def prune(uow: UnitOfWork) -> bool:
    """Delete up to 200 runs older than 90 days; True when there may be more.

    Kept: what was last confirmed for a rule that is switched on. Older versions keep their text,
    and do not lead to a run any more.
    """
    old = uow.session.scalars(
        select(DryRun.id)
        .where(
            DryRun.created_at < uow.now - KEPT_FOR,
            DryRun.state.not_in(UNFINISHED),
            DryRun.id.not_in(_confirmed_for_active()),
        )
        .order_by(DryRun.id)
        .limit(PRUNED_AT_ONCE)
    ).all()
    for statement in (
        update(Its).where(Its.dry_run_id.in_(old)).values(dry_run_id=None),
        delete(DryRun).where(DryRun.id.in_(old)),
    ):
        uow.session.execute(statement.execution_options(synchronize_session=False))
    return len(old) == PRUNED_AT_ONCE


def _confirmed_for_active() -> Select[int | None]:
    """Of each rule that is on, the run of the latest version that names one."""
    latest = (
        select(Its.rule_id, func.max(Its.version).label("version"))
        .join(AutoReplyRule, AutoReplyRule.id == Its.rule_id)
        .where(AutoReplyRule.is_active, Its.dry_run_id.is_not(None))
        .group_by(Its.rule_id)
        .subquery()
    )
    return select(Its.dry_run_id).join(
        latest, (latest.c.rule_id == Its.rule_id) & (latest.c.version == Its.version)
    )
