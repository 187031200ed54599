"""Marketers' pages: list, add, change and switch auto-reply rules."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import person, requires
from wxdesk.media.api import keep_upload, takes_files
from wxdesk.media.uploads import NewUpload
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import cursor_argument, cursor_of, integer_argument, whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.triage.forms import form_of, read_form
from wxdesk.triage.operations import RuleForm, change_rule, create_rule, switch_rule
from wxdesk.triage.queries import RuleView, get_rule, list_rules, list_versions
from wxdesk.words import say

bp = Blueprint("triage", __name__, url_prefix="/settings/rules")

PAGE = 50


@bp.get("")
@requires("rules.read")
def rules() -> str:
    cursor = cursor_argument(int)
    account_id = integer_argument("account_id")
    with current().reading() as session:
        found = list_rules(
            session, account_id=account_id, after_id=cursor[0] if cursor else 0, limit=PAGE + 1
        )
        accounts = list_names(session)
    more = len(found) > PAGE
    return render_template(
        "triage/settings_rules.html",
        rules=found[:PAGE],
        accounts=accounts,
        account_id=account_id,
        next_cursor=cursor_of((found[PAGE - 1].id,)) if more else None,
    )


@bp.get("/new")
@requires("rules.write")
def new() -> str:
    form = {"match": "contains", "priority": "0", "account_id": request.args.get("account_id", "")}
    return _edit_page(form, {}, None)


@bp.post("/new")
@takes_files
@requires("rules.write")
def create() -> Response | tuple[str, int]:
    form, errors = _read_form()
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                create_rule(uow, form, person().id)
        except InvalidInputError as error:
            errors[error.field] = translated(error.sentence)
        else:
            flash(translated(say("Saved. It answers within a second, if it is switched on.")))
            return redirect(url_for("triage.rules"))
    return _edit_page(request.form.to_dict(), errors, None), 422


@bp.get("/<int:rule_id>")
@requires("rules.write")
def edit(rule_id: int) -> str:
    with current().reading() as session:
        rule = get_rule(session, rule_id)
    return _edit_page(form_of(rule), {}, rule)


@bp.post("/<int:rule_id>")
@takes_files
@requires("rules.write")
def change(rule_id: int) -> Response | tuple[str, int]:
    form, errors = _read_form()
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                change_rule(uow, rule_id, form, person().id)
        except InvalidInputError as error:
            errors[error.field] = translated(error.sentence)
        else:
            flash(translated(say("Saved. It answers within a second, if it is switched on.")))
            return redirect(url_for("triage.rules"))
    with current().reading() as session:
        rule = get_rule(session, rule_id)
    return _edit_page(request.form.to_dict(), errors, rule), 422


@bp.post("/<int:rule_id>/switch")
@requires("rules.write")
def switch(rule_id: int) -> str | Response:
    """Answers the row as a fragment for htmx, or goes back to the list without it."""
    is_active = request.form.get("is_active", "") in ("1", "on", "true")
    with current().unit_of_work() as uow:
        switch_rule(uow, rule_id, is_active=is_active, changed_by_id=person().id)
    if request.headers.get("HX-Request") != "true":
        return redirect(url_for("triage.rules"))
    with current().reading() as session:
        return render_template("triage/_rule_row.html", rule=get_rule(session, rule_id))


def _read_form() -> tuple[RuleForm | None, dict[str, str]]:
    """The form, or None with what is wrong at which field, in the person's language."""
    attachment_id = None
    try:
        attachment_id = _attached()
    except InvalidInputError as error:
        return None, {error.field: translated(error.sentence)}
    form, errors = read_form(request.form.to_dict(), attachment_id)
    return form, {field: translated(sentence) for field, sentence in errors.items()}


def _attached() -> int | None:
    """The id of a file that was chosen in the form; kept for a day if the form is not saved."""
    file = request.files.get("file")
    account_id = whole_number(request.form.get("account_id", ""))
    if file is None or not file.filename or account_id is None:
        return None
    upload = NewUpload(account_id, person().id, file.filename, file.stream.read())
    return keep_upload(current(), upload).id


def _edit_page(form: dict[str, str], errors: dict[str, str], rule: RuleView | None) -> str:
    with current().reading() as session:
        accounts = list_names(session)
        versions = list_versions(session, rule.id) if rule else []
    return render_template(
        "triage/edit_rule.html",
        form=form,
        errors=errors,
        rule=rule,
        accounts=accounts,
        versions=versions,
    )
