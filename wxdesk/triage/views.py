"""Marketers' pages: the list of auto-reply rules, their editor, versions and switches."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import person, requires
from wxdesk.media.api import keep_upload, takes_files
from wxdesk.media.uploads import NewUpload
from wxdesk.plumbing.errors import InvalidInputError, NotAllowedError
from wxdesk.plumbing.http import cursor_argument, cursor_of, integer_argument, whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.triage import dry_runs
from wxdesk.triage.changes import changes_of
from wxdesk.triage.choices import read_choices
from wxdesk.triage.digests import digest_of
from wxdesk.triage.forms import ShownRule, form_of, new_rule, rule_again, rule_shown
from wxdesk.triage.listing import ORDER, RuleFilter, RuleState, page_of
from wxdesk.triage.operations import (
    UnseenError,
    archive_rule,
    change_rule,
    check_version,
    create_rule,
    refuse_of_campaign,
    restore_rule,
    roll_back,
    switch_rule,
)
from wxdesk.triage.queries import RuleView, get_form, get_rule, get_version, list_versions, views_of
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Trigger, default_passes_on
from wxdesk.triage.standing import standing_of
from wxdesk.triage.variables import MEANINGS
from wxdesk.words import say

bp = Blueprint("triage", __name__, url_prefix="/settings/rules")

PAGE = 50


@bp.get("")
@requires("rules.read")
def rules() -> str:
    wanted = _filter()
    after = cursor_argument(int, int, int, int)
    with current().reading() as session:
        page = page_of(session, wanted, after, PAGE)
        found = views_of(session, page.ids)
        standing = standing_of(session, {rule.account_id for rule in found}, current().clock())
        accounts = list_names(session)
    return render_template(
        "triage/rules.html",
        rules=found,
        standing=standing,
        accounts=accounts,
        wanted=wanted,
        states=list(RuleState),
        triggers=ORDER,
        next_cursor=cursor_of(page.next_key) if page.next_key else None,
    )


@bp.get("/new")
@requires("rules.write")
def new() -> str:
    return _edit_page(new_rule(request.args.get("account_id", "")), {}, None)


@bp.post("/new")
@takes_files
@requires("rules.write")
def create() -> Response | tuple[str, int]:
    return _save(None)


@bp.get("/<int:rule_id>")
@requires("rules.read")
def edit(rule_id: int) -> str:
    """The editor; with `dry_run` it starts with what was tried there."""
    run_id = integer_argument("dry_run")
    with current().reading() as session:
        rule = get_rule(session, rule_id)
        form = rule.form
        if run_id is not None:
            run = dry_runs.get_run(session, run_id)
            form = run.form if run.rule_id == rule_id else form
    return _edit_page(rule_shown(form, _zone()), {}, rule)


@bp.post("/<int:rule_id>")
@takes_files
@requires("rules.write")
def change(rule_id: int) -> Response | tuple[str, int]:
    with current().reading() as session:
        rule = get_rule(session, rule_id)
    return _save(rule)


@bp.post("/<int:rule_id>/switch")
@requires("rules.write")
def switch(rule_id: int) -> Response:
    """Off at once. On only after a dry run that somebody has seen: else to its page."""
    is_active = request.form.get("is_active", "") in ("1", "on", "true")
    try:
        with current().unit_of_work() as uow:
            if is_active:
                refuse_of_campaign(get_form(uow.session, rule_id))
                check_version(uow, rule_id, whole_number(request.form.get("version", "")))
            switch_rule(uow, rule_id, is_active=is_active, changed_by_id=person().id)
    except UnseenError:
        return redirect(url_for("dry_runs.of_rule", rule_id=rule_id))
    sentence = (
        say("Switched on.") if is_active else say("Switched off. No process answers with it.")
    )
    flash(translated(sentence))
    return redirect(_back())


@bp.post("/<int:rule_id>/archive")
@requires("rules.write")
def archive(rule_id: int) -> Response:
    with current().unit_of_work() as uow:
        refuse_of_campaign(get_form(uow.session, rule_id))
        archive_rule(uow, rule_id, person().id)
    flash(translated(say("Archived. It answers no more; its versions and numbers stay.")))
    return redirect(url_for("triage.rules"))


@bp.post("/<int:rule_id>/restore")
@requires("rules.write")
def restore(rule_id: int) -> Response:
    with current().unit_of_work() as uow:
        restore_rule(uow, rule_id, person().id)
    flash(translated(say("Brought back, switched off.")))
    return redirect(url_for("triage.edit", rule_id=rule_id))


@bp.get("/<int:rule_id>/versions")
@requires("rules.read")
def versions(rule_id: int) -> str:
    """Every version with what was changed in it, of archived rules too."""
    with current().reading() as session:
        rule = get_rule(session, rule_id)
        found = list_versions(session, rule_id)
        choices = read_choices(session)
    return render_template(
        "triage/versions.html", rule=rule, versions=changes_of(found, choices, _zone())
    )


@bp.post("/<int:rule_id>/roll-back")
@requires("rules.write")
def go_back(rule_id: int) -> Response:
    """To `version`, as a new version. What would be caught differently is tried first."""
    version = whole_number(request.form.get("version", ""))
    if version is None:
        raise InvalidInputError("version", say("a whole number is needed"))
    try:
        with current().unit_of_work() as uow:
            roll_back(uow, rule_id, version, person().id)
    except UnseenError:
        return _try_version(rule_id, version)
    flash(translated(say("Rolled back to version %(version)s.", version=version)))
    return redirect(url_for("triage.edit", rule_id=rule_id))


def _try_version(rule_id: int, version: int) -> Response:
    with current().reading() as session:
        rule = get_rule(session, rule_id)
        form = get_version(session, rule_id, version)
    return _try(replace(form, is_active=rule.form.is_active), rule)


def _save(rule: RuleView | None) -> Response | tuple[str, int]:
    """Stored; with `do=try` put to real messages next.

    What an active rule would catch differently is stored only when somebody has seen the result.
    """
    shown, errors = _typed()
    form = None
    if not errors:
        form, errors = form_of(shown, _zone(), is_active=rule is not None and rule.form.is_active)
    if form is None:
        return _edit_page(shown, errors, rule), 422
    if rule is not None and rule.form.campaign_id is not None:
        raise InvalidInputError("campaign_id", say("a campaign's rules are changed with it"))
    is_other = rule is not None and digest_of(form) != digest_of(rule.form)
    try:
        if rule is not None and rule.form.is_active and is_other:
            return _try(form, rule)
        rule_id = _store(form, rule)
        if request.form.get("do") == "try":
            return redirect(url_for("dry_runs.of_rule", rule_id=rule_id))
    except InvalidInputError as error:
        return _edit_page(shown, {error.field: error.sentence}, rule), 422
    except NotAllowedError:
        sentence = say("while the rule is on, only somebody who may approve can change it")
        return _edit_page(shown, {"form": sentence}, rule), 422
    flash(translated(say("Saved.")))
    return redirect(url_for("triage.edit", rule_id=rule_id))


def _store(form: RuleForm, rule: RuleView | None) -> int:
    with current().unit_of_work() as uow:
        if rule is None:
            return create_rule(uow, form, person().id).id
        return change_rule(uow, rule.id, form, person().id).id


def _try(form: RuleForm, rule: RuleView) -> Response:
    with current().unit_of_work() as uow:
        run_id = dry_runs.ask(
            uow,
            form,
            rule_id=rule.id,
            days=dry_runs.USUAL_DAYS,
            requested_by_id=person().id,
            rule_version=rule.version,
        )
        dry_runs.ring(uow)
    return redirect(url_for("dry_runs.result", run_id=run_id))


def _typed() -> tuple[ShownRule, dict[str, str]]:
    """What was typed, with the ids of files that were chosen in the form."""
    files: dict[str, int] = {}
    errors: dict[str, str] = {}
    account_id = whole_number(request.form.get("account_id", ""))
    for name, file in request.files.items():
        prefix = name.removesuffix("file")
        if not file.filename or account_id is None:
            continue
        try:
            upload = NewUpload(account_id, person().id, file.filename, file.stream.read())
            files[prefix] = keep_upload(current(), upload).id
        except InvalidInputError as error:
            errors[f"{prefix}attachment_id"] = error.sentence
    return rule_again(request.form, files), errors


def _edit_page(form: ShownRule, errors: dict[str, str], rule: RuleView | None) -> str:
    with current().reading() as session:
        choices = read_choices(session)
        standing = standing_of(session, {rule.account_id} if rule else set(), current().clock())
    return render_template(
        "triage/edit.html",
        form=form,
        errors={field: translated(sentence) for field, sentence in errors.items()},
        rule=rule,
        choices=choices,
        overlaps=standing.of_rule(rule.id) if rule else [],
        triggers=ORDER,
        translated=translated,
        meanings=MEANINGS,
        passing=[trigger.value for trigger in Trigger if default_passes_on(trigger)],
    )


def _filter() -> RuleFilter:
    state, trigger = request.args.get("state", ""), request.args.get("trigger", "")
    return RuleFilter(
        account_id=integer_argument("account_id"),
        state=RuleState(state) if state in list(RuleState) else None,
        trigger=Trigger(trigger) if trigger in list(Trigger) else None,
        words=request.args.get("q", "")[:80],
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(current().settings.timezone)


def _back() -> str:
    """The list with its filters, or the rule's own page: whichever the switch stood on."""
    then = request.form.get("then", "")
    home = url_for("triage.rules")
    return then if then.startswith(home) and "//" not in then else home
