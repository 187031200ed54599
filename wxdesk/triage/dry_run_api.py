"""The JSON door to dry runs: what a rule would have caught, before it is switched on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.plumbing.http import json_body, number_field, text_field
from wxdesk.runtime import current
from wxdesk.triage import dry_runs
from wxdesk.triage.dry_run_steps import WAIT_SECONDS, work
from wxdesk.triage.dry_runs import USUAL_DAYS, get_run
from wxdesk.triage.inputs import form_of_body
from wxdesk.triage.queries import get_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import DryRunState
from wxdesk.triage.shapes import run_json

UNNAMED = {"name": "dry run", "reply_text": "dry run"}  # neither decides what is caught

bp = Blueprint("dry_runs_api", __name__, url_prefix="/api/v1/rules")


@bp.post("/dry-run")
@requires("rules.write")
def ask() -> tuple[Response, int]:
    """A rule's fields as for POST /rules, or `rule_id` with the fields that differ.

    200 with the result when it is there within 3 seconds, else 202.
    """
    body = json_body()
    days = number_field({"days": USUAL_DAYS} | body, "days")
    rule_id = number_field(body, "rule_id", least=1) if "rule_id" in body else None
    form = _form(body, rule_id)
    with current().unit_of_work() as uow:
        run_id = dry_runs.ask(uow, form, rule_id=rule_id, days=days, requested_by_id=person().id)
        dry_runs.ring(uow)
    work(current(), run_id, WAIT_SECONDS)
    with current().reading() as session:
        run = get_run(session, run_id)
    return jsonify(run_json(run)), 200 if run.state is DryRunState.DONE else 202


@bp.get("/dry-runs/<int:run_id>")
@requires("rules.read")
def one(run_id: int) -> Response:
    with current().reading() as session:
        return jsonify(run_json(get_run(session, run_id)))


@bp.post("/dry-runs/<int:run_id>/confirm")
@requires("rules.write")
def confirm(run_id: int) -> Response:
    """Somebody has seen the result: now a rule that catches the same can be switched on."""
    with current().unit_of_work() as uow:
        dry_runs.confirm(uow, run_id, person().id)
    with current().reading() as session:
        return jsonify(run_json(get_run(session, run_id)))


def _form(body: dict[str, Any], rule_id: int | None) -> RuleForm:
    with current().reading() as session:
        if rule_id is not None:
            rule = get_rule(session, rule_id)
            return form_of_body(body, rule.account_id, rule.form)
        account_id = get_by_slug(session, text_field(body, "account")).id
    return form_of_body(UNNAMED | body, account_id, None)
