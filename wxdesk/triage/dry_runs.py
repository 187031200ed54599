"""What changes about dry runs: asked for, claimed by one process, kept step by step, confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.background_jobs import RUN_DRY_RUNS
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.digests import digest_of
from wxdesk.triage.findings import (
    Findings,
    Tally,
    findings_from_json,
    findings_to_json,
    tally_from_json,
    tally_to_json,
)
from wxdesk.triage.models import AutoReplyRule, DryRun
from wxdesk.triage.problems import problems
from wxdesk.triage.rule_forms import RuleForm, cleaned
from wxdesk.triage.rules import DryRunState
from wxdesk.triage.stored import form_of_json, form_to_json
from wxdesk.words import say

USUAL_DAYS = 7
MOST_DAYS = 90
MOST_UNFINISHED = 20
FRESH_FOR = timedelta(days=30)  # an older result says nothing of what customers write today
CLAIM_LASTS = timedelta(seconds=60)
GIVEN_UP_AFTER = timedelta(hours=1)
UNFINISHED = (DryRunState.WAITING, DryRunState.RUNNING)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process alone works on; `tally` is what was counted up to `position_id`."""

    run_id: int
    account_id: int
    rule_id: int | None
    form: RuleForm
    since: datetime
    claimed_at: datetime
    position_id: int
    scanned: int
    tally: Tally
    span: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class DryRunView:
    """A run as pages and the API show it; `findings` once it is done."""

    id: int
    account_id: int
    rule_id: int | None
    rule_version: int | None
    digest: str
    form: RuleForm
    days: int
    state: DryRunState
    scanned: int
    total: int
    is_cut: bool
    findings: Findings | None
    requested_by_id: int | None
    created_at: datetime
    finished_at: datetime | None
    confirmed_by_id: int | None
    confirmed_at: datetime | None


def ask(
    uow: UnitOfWork,
    form: RuleForm,
    *,
    rule_id: int | None,
    days: int,
    requested_by_id: int,
    rule_version: int | None = None,
) -> int:
    """Ask for a run of this rule over the last days; gives its id.

    `rule_version` is what of the stored rule the form began with: the latest if it is not given.
    InvalidInputError names a field that could not be saved either; ConflictError when 20 of this
    person's runs are unfinished.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInputError("days", say("between 1 and %(most)d", most=MOST_DAYS))
    for field, sentence in problems(form).items():
        raise InvalidInputError(field, sentence)
    form = cleaned(form)
    unfinished = select(func.count()).where(
        DryRun.requested_by_id == requested_by_id, DryRun.state.in_(UNFINISHED)
    )
    if (uow.session.scalar(unfinished) or 0) >= MOST_UNFINISHED:
        raise ConflictError(say("too many dry runs of yours are under way; wait for one to end"))
    run = DryRun(
        account_id=form.account_id,
        rule_id=rule_id,
        rule_version=rule_version or _latest(uow, rule_id),
        digest=digest_of(form),
        definition=form_to_json(form),
        days=days,
        requested_by_id=requested_by_id,
        created_at=uow.now,
    )
    uow.session.add(run)
    uow.session.flush()
    return run.id


def _latest(uow: UnitOfWork, rule_id: int | None) -> int | None:
    rule = uow.session.get(AutoReplyRule, rule_id) if rule_id is not None else None
    return rule.version if rule is not None else None


def ring(uow: UnitOfWork) -> None:
    uow.ring(RUN_DRY_RUNS)


def list_unfinished(session: Session, now: datetime) -> list[int]:
    """Runs that nobody works on, the oldest first, at most 50."""
    return list(
        session.scalars(
            select(DryRun.id)
            .where(DryRun.state.in_(UNFINISHED), _is_free(now))
            .order_by(DryRun.id)
            .limit(50)
        )
    )


def claim(uow: UnitOfWork, run_id: int) -> Claim | None:
    """Take a run; None when it is done with, or another process has it. Old ones are given up."""
    taken = uow.session.execute(
        update(DryRun)
        .where(DryRun.id == run_id, DryRun.state.in_(UNFINISHED), _is_free(uow.now))
        .values(state=DryRunState.RUNNING, claimed_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 0:  # type: ignore[attr-defined]
        return None
    run = uow.session.get_one(DryRun, run_id, populate_existing=True)
    if uow.now - run.created_at > GIVEN_UP_AFTER:
        run.state, run.finished_at, run.result = DryRunState.FAILED, uow.now, None
        return None
    kept = run.result or {}
    return Claim(
        run_id=run.id,
        account_id=run.account_id,
        rule_id=run.rule_id,
        form=form_of_json(run.definition),
        since=run.created_at - timedelta(days=run.days),
        claimed_at=uow.now,
        position_id=run.position_id,
        scanned=run.scanned,
        tally=tally_from_json(kept["tally"]) if "tally" in kept else Tally(),
        span=kept.get("span"),
    )


def keep(uow: UnitOfWork, it: Claim, span: Mapping[str, Any], *, is_last: bool) -> bool:
    """Store how far the run has come; False when another process has taken it over."""
    values: dict[str, Any] = {
        "position_id": it.position_id,
        "scanned": it.scanned,
        "total": span["total"],
        "claimed_at": uow.now,
        "result": {"span": dict(span), "tally": tally_to_json(it.tally)},
    }
    if is_last:
        values |= {
            "state": DryRunState.DONE,
            "finished_at": uow.now,
            "claimed_at": None,
            "result": {"span": dict(span), "findings": findings_to_json(it.tally.findings())},
        }
    return _changed(uow, it, values)


def let_go(uow: UnitOfWork, it: Claim) -> None:
    """Others may go on with the run at once."""
    if _changed(uow, it, {"claimed_at": None}):
        ring(uow)


def give_up(uow: UnitOfWork, run_id: int) -> None:
    """The run can't be done: something went wrong on our side, and was logged."""
    uow.session.execute(
        update(DryRun)
        .where(DryRun.id == run_id, DryRun.state.in_(UNFINISHED))
        .values(state=DryRunState.FAILED, finished_at=uow.now, result=None)
        .execution_options(synchronize_session=False)
    )


def confirm(uow: UnitOfWork, run_id: int, confirmed_by_id: int) -> None:
    """Somebody has seen what a run found. Confirming again changes nothing.

    ConflictError while it is not done; NotFoundError when there is none.
    """
    run = uow.session.get(DryRun, run_id, with_for_update=True)
    if run is None:
        raise NotFoundError(say("there is no such dry run"))
    if run.state is not DryRunState.DONE:
        raise ConflictError(say("this dry run has no result yet"), state=run.state.value)
    if run.confirmed_at is None:
        run.confirmed_by_id, run.confirmed_at = confirmed_by_id, uow.now
        subject = f"rule:{run.rule_id}" if run.rule_id else f"dry_run:{run.id}"
        note(uow, "rule.dry_run_seen", subject, actor_id=confirmed_by_id, dry_run=run.id)


def get_run(session: Session, run_id: int) -> DryRunView:
    """NotFoundError when there is none."""
    run = session.get(DryRun, run_id)
    if run is None:
        raise NotFoundError(say("there is no such dry run"))
    return _view(run)


def find_run(session: Session, form: RuleForm, since: datetime) -> DryRunView | None:
    """The latest run of exactly this rule's catching that did not fail, asked for since then."""
    run = session.scalars(
        select(DryRun)
        .where(
            DryRun.account_id == form.account_id,
            DryRun.digest == digest_of(form),
            DryRun.state != DryRunState.FAILED,
            DryRun.created_at >= since,
        )
        .order_by(DryRun.id.desc())
        .limit(1)
    ).first()
    return _view(run) if run else None


def _view(run: DryRun) -> DryRunView:
    kept = run.result or {}
    return DryRunView(
        id=run.id,
        account_id=run.account_id,
        rule_id=run.rule_id,
        rule_version=run.rule_version,
        digest=run.digest,
        form=form_of_json(run.definition),
        days=run.days,
        state=run.state,
        scanned=run.scanned,
        total=run.total,
        is_cut=bool(kept.get("span", {}).get("is_cut")),
        findings=findings_from_json(kept["findings"]) if "findings" in kept else None,
        requested_by_id=run.requested_by_id,
        created_at=run.created_at,
        finished_at=run.finished_at,
        confirmed_by_id=run.confirmed_by_id,
        confirmed_at=run.confirmed_at,
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(DryRun.claimed_at.is_(None), DryRun.claimed_at < now - CLAIM_LASTS)


def _changed(uow: UnitOfWork, it: Claim, values: dict[str, Any]) -> bool:
    """Only while this process has the run."""
    changed = uow.session.execute(
        update(DryRun)
        .where(
            DryRun.id == it.run_id,
            DryRun.state == DryRunState.RUNNING,
            DryRun.claimed_at == it.claimed_at,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]
