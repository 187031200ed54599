"""Marketers' pages: dry runs of a rule before it is switched on, and what overlaps."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import person, requires
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotAllowedError
from wxdesk.plumbing.http import integer_argument, whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.triage import dry_runs, trying_views
from wxdesk.triage.changes import Change, differences
from wxdesk.triage.choices import read_choices
from wxdesk.triage.digests import digest_of
from wxdesk.triage.dry_run_steps import work
from wxdesk.triage.dry_runs import DryRunView
from wxdesk.triage.operations import (
    ask_for_approval,
    change_rule,
    check_version,
    locked,
    switch_rule,
    writer_of,
)
from wxdesk.triage.queries import RuleView, get_rule, names_of
from wxdesk.triage.result_chart import days_chart
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.samples import samples_of
from wxdesk.triage.standing import standing_of
from wxdesk.triage.words import parts_of
from wxdesk.words import say

bp = Blueprint("dry_runs", __name__, url_prefix="/settings/rules")
bp.register_blueprint(trying_views.bp)

CAMPAIGNS = "/campaigns/"
WAIT_SECONDS = 1.0


@bp.get("/<int:rule_id>/dry-run")
@requires("rules.read")
def of_rule(rule_id: int) -> str | Response:
    """The latest run of the rule as it is stored; a page that starts one when there is none."""
    now = current().clock()
    with current().reading() as session:
        rule = get_rule(session, rule_id)
        run = dry_runs.find_run(session, rule.form, now - dry_runs.FRESH_FOR)
    if run is not None and request.args.get("again", "") != "1":
        return redirect(url_for("dry_runs.result", run_id=run.id, then=_then() or None))
    return render_template("triage/dry_run_start.html", rule=rule, then=_then(), days=_DAYS)


@bp.post("/<int:rule_id>/dry-run")
@requires("rules.write")
def start(rule_id: int) -> Response:
    days = whole_number(request.form.get("days", ""))
    if days is None:
        raise InvalidInputError("days", say("a whole number is needed"))
    with current().reading() as session:
        rule = get_rule(session, rule_id)
    return _start(rule.form, rule_id, rule.version, days)


@bp.post("/dry-runs/<int:run_id>/again")
@requires("rules.write")
def again(run_id: int) -> Response:
    """The same rule over other days, or over the messages that came meanwhile."""
    days = whole_number(request.form.get("days", ""))
    if days is None:
        raise InvalidInputError("days", say("a whole number is needed"))
    with current().reading() as session:
        run = dry_runs.get_run(session, run_id)
    return _start(run.form, run.rule_id, run.rule_version, days)


@bp.get("/dry-runs/<int:run_id>")
@requires("rules.read")
def result(run_id: int) -> str:
    with current().reading() as session:
        run = dry_runs.get_run(session, run_id)
    return _result_page(run, {})


@bp.get("/dry-runs/<int:run_id>/state")
@requires("rules.read")
def state(run_id: int) -> str | Response:
    """How far it has come, for htmx; when it has ended the page is loaded anew."""
    with current().reading() as session:
        run = dry_runs.get_run(session, run_id)
    if run.state in dry_runs.UNFINISHED:
        return render_template("triage/_dry_run_state.html", run=run, then=_then())
    answer = Response("")
    answer.headers["HX-Redirect"] = url_for("dry_runs.result", run_id=run_id, then=_then() or None)
    return answer


@bp.post("/dry-runs/<int:run_id>/apply")
@requires("rules.write")
def apply(run_id: int) -> Response | tuple[str, int]:
    """Seen: the rule that was tried is stored and switched on, or somebody is asked to do that."""
    with current().reading() as session:
        run = dry_runs.get_run(session, run_id)
        rule = get_rule(session, run.rule_id) if run.rule_id else None
    if rule is None:
        raise InvalidInputError("rule_id", say("this dry run was of no stored rule"))
    try:
        if rule.form.campaign_id is not None:
            _confirm(run.id)
            return redirect(_then() or f"{CAMPAIGNS}{rule.form.campaign_id}")
        if request.form.get("do") == "ask":
            return _ask_for_approval(run, rule)
        _switch_on(run, rule)
    except (ConflictError, InvalidInputError, NotAllowedError) as error:
        sentence = error.sentence or say("you may not do this")
        return _result_page(run, {"form": translated(sentence)}), 422
    flash(translated(say("Switched on. It answers within a second, in every process.")))
    return redirect(url_for("triage.edit", rule_id=rule.id))


@bp.get("/overlaps")
@requires("rules.read")
def overlaps() -> str:
    """Which active rules of an account can never answer, and which meet for the same messages."""
    with current().reading() as session:
        accounts = list_names(session)
        account_id = integer_argument("account_id") or (accounts[0].id if accounts else None)
        ids = {account_id} if account_id else set()
        standing = standing_of(session, ids, current().clock())
        found = [one for losing in standing.losing.values() for one in losing]
        names = names_of(session, {each for one in found for each in (one.rule_id, one.other_id)})
    return render_template(
        "triage/overlaps.html",
        overlaps=found[:MOST_SHOWN],
        count=len(found),
        names=names,
        accounts=accounts,
        account_id=account_id,
        translated=translated,
    )


_DAYS = (1, 3, 7, 14, 30, 90)
MOST_SHOWN = 500


def _start(form: RuleForm, rule_id: int | None, version: int | None, days: int) -> Response:
    with current().unit_of_work() as uow:
        run_id = dry_runs.ask(
            uow,
            form,
            rule_id=rule_id,
            days=days,
            requested_by_id=person().id,
            rule_version=version,
        )
        dry_runs.ring(uow)
    work(current(), run_id, WAIT_SECONDS)
    return redirect(url_for("dry_runs.result", run_id=run_id, then=_then() or None))


def _confirm(run_id: int) -> None:
    with current().unit_of_work() as uow:
        dry_runs.confirm(uow, run_id, person().id)


def _switch_on(run: DryRunView, rule: RuleView) -> None:
    """In one transaction: nothing is confirmed when the rule can't be switched on."""
    with current().unit_of_work() as uow:
        dry_runs.confirm(uow, run.id, person().id)
        if is_same(run, rule):
            check_version(uow, rule.id, whole_number(request.form.get("version", "")))
            switch_rule(uow, rule.id, is_active=True, changed_by_id=person().id, dry_run_id=run.id)
        elif _is_pending(run, rule) and locked(uow, rule.id).version == run.rule_version:
            form = replace(run.form, is_active=True)
            change_rule(uow, rule.id, form, person().id, dry_run_id=run.id)
        else:
            raise ConflictError(say("the rule was changed since; try it again as it is now"))


def _ask_for_approval(run: DryRunView, rule: RuleView) -> Response:
    with current().unit_of_work() as uow:
        dry_runs.confirm(uow, run.id, person().id)
        ask_for_approval(uow, rule.id, person().id)
    flash(translated(say("Colleagues who may approve were told.")))
    return redirect(url_for("dry_runs.result", run_id=run.id))


def _result_page(run: DryRunView, errors: dict[str, str]) -> str:
    zone = ZoneInfo(current().settings.timezone)
    found = run.findings
    with current().reading() as session:
        rule = get_rule(session, run.rule_id) if run.rule_id else None
        choices = read_choices(session)
        names = names_of(session, {*found.beaten_by, *found.taken_from} if found else set())
        samples = samples_of(session, found) if found else None
        approval = _approval(session, rule) if rule else ""
    is_pending = rule is not None and _is_pending(run, rule)
    changes: tuple[Change, ...] = ()
    if rule is not None and is_pending:
        changes = differences(rule.form, replace(run.form, is_active=True), choices, zone)
    return render_template(
        "triage/dry_run.html",
        run=run,
        rule=rule,
        parts=parts_of(rule.form if rule and is_same(run, rule) else run.form, choices, zone),
        changes=changes,
        is_pending=is_pending,
        is_outdated=rule is not None and not is_pending and not is_same(run, rule),
        names=names,
        samples=samples,
        chart=days_chart(found, run.created_at, run.days, zone) if found else None,
        approval=translated(approval),
        is_unfinished=run.state in dry_runs.UNFINISHED,
        then=_then(),
        days=_DAYS,
        errors=errors,
    )


def _approval(session: Session, rule: RuleView) -> str:
    """Why this person may not switch the rule on; "" when they may."""
    if not session.get_one(Account, rule.account_id).needs_approval:
        return ""
    if not person().may("campaigns.approve"):
        return say("this account asks for a supervisor's approval")
    if writer_of(session, rule.id) == person().id:
        return say("this account asks for a second person: whoever wrote it can't approve it")
    return ""


def is_same(run: DryRunView, rule: RuleView) -> bool:
    """Whether the rule as it stands catches exactly what was tried."""
    return run.digest == digest_of(rule.form)


def _is_pending(run: DryRunView, rule: RuleView) -> bool:
    """Whether the run is of a change that waits; nobody changed the rule after it was typed."""
    is_change = rule.form.is_active and not is_same(run, rule)
    return is_change and run.rule_version == rule.version


def _then() -> str:
    """Where to go afterwards: a page of a campaign, or nowhere."""
    then = request.values.get("then", "")
    return then if then.startswith(CAMPAIGNS) and "//" not in then and "\\" not in then else ""
