"""Admins' pages: official accounts, their connection test, keys and quotas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from redis import RedisError
from werkzeug.wrappers import Response

from wxdesk.accounts.checks import STEP_NAMES, Result, Step
from wxdesk.accounts.clients import client_for
from wxdesk.accounts.connection import not_run, run_step, webhook_url
from wxdesk.accounts.forms import (
    Errors,
    form_of,
    read_change,
    read_new,
    read_rotation,
    shown_again,
)
from wxdesk.accounts.keys import KeysOnce, forget_previous_keys, rotate_keys
from wxdesk.accounts.operations import (
    change_account,
    clear_problem,
    create_account,
    quota_cleared,
    record_check,
)
from wxdesk.accounts.pushes import PushesSeen, pushes_seen
from wxdesk.accounts.queries import (
    AccountKeys,
    AccountView,
    get_keys,
    get_view,
    list_templates,
    list_views,
)
from wxdesk.accounts.rights import capability_rows
from wxdesk.accounts.rules import AccountForm
from wxdesk.agents.access import person, requires
from wxdesk.agents.queries import list_teams, team_names
from wxdesk.background_jobs import REFRESH_ACCOUNT_TEMPLATES
from wxdesk.plumbing.errors import ConfigurationError, DeliveryError, InvalidInputError
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.wechat.error_codes import meaning_of_text
from wxdesk.wechat.quota import Quotas
from wxdesk.words import say

bp = Blueprint("accounts", __name__, url_prefix="/settings/accounts")

PAGE = 50
ASKS_WECHAT = frozenset({Step.TOKEN, Step.WHITELIST, Step.CLOCK, Step.PERMISSIONS})


@dataclass(frozen=True, slots=True)
class Standing:
    """What Redis knows of an account; `is_known` is False while Redis is away."""

    pushes: PushesSeen
    used_up: dict[str, datetime]
    is_known: bool = True


@bp.get("")
@requires("accounts.write")
def accounts() -> str:
    cursor = cursor_argument(int)
    with current().reading() as session:
        found = list_views(session, after_id=cursor[0] if cursor else 0, limit=PAGE + 1)
    shown = found[:PAGE]
    return render_template(
        "accounts/accounts.html",
        accounts=shown,
        standings=_standings(shown),
        now=current().clock(),
        next_cursor=cursor_of((shown[-1].id,)) if len(found) > PAGE else None,
    )


@bp.get("/new")
@requires("accounts.write")
def new() -> str:
    form = {"mode": "safe", "account_type": "service", "is_verified": "1"}
    return _new_page(form, {})


@bp.post("/new")
@requires("accounts.write")
def create() -> str | tuple[str, int]:
    """The keys are in the answer, once; nothing can show them later."""
    form, errors = read_new(request.form)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                create_account(uow, current().vault, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            return _keys_page(form.slug, KeysOnce(form.token, form.aes_key), form)
    return _new_page(shown_again(request.form), errors), 422


@bp.get("/<slug>")
@requires("accounts.write")
def account(slug: str) -> str:
    return _account_page(slug, {})


@bp.get("/<slug>/edit")
@requires("accounts.write")
def edit(slug: str) -> str:
    found = _view(slug)
    return _edit_page(found, form_of(found), {})


@bp.post("/<slug>/edit")
@requires("accounts.write")
def change(slug: str) -> Response | tuple[str, int]:
    found = _view(slug)
    form, errors = read_change(request.form, has_aes_key=found.has_aes_key)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                vault = current().vault
                change_account(uow, vault, found.id, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved. Every process uses the new values within a second.")))
            return redirect(url_for("accounts.account", slug=slug))
    return _edit_page(found, shown_again(request.form), errors), 422


@bp.post("/<slug>/keys")
@requires("accounts.write")
def rotate(slug: str) -> str | tuple[str, int]:
    """New keys become current, the old ones stay accepted; the new ones are shown once."""
    found = _view(slug)
    try:
        with current().unit_of_work() as uow:
            fresh = rotate_keys(
                uow,
                current().vault,
                found.id,
                read_rotation(request.form),
                seen_mark=request.form.get("seen_mark", ""),
                actor_id=person().id,
            )
    except InvalidInputError as error:
        return _account_page(slug, {error.field: error.sentence}), 422
    return _keys_page(slug, fresh, None)


@bp.post("/<slug>/keys/forget")
@requires("accounts.write")
def forget_keys(slug: str) -> Response:
    found = _view(slug)
    with current().unit_of_work() as uow:
        forget_previous_keys(uow, found.id, actor_id=person().id)
    flash(translated(say("The old keys are not accepted any more.")))
    return redirect(url_for("accounts.account", slug=slug, _anchor="keys"))


@bp.post("/<slug>/check")
@requires("accounts.write")
def check_all(slug: str) -> Response:
    """Every step, one after another, for browsers without scripts."""
    found = _view(slug)
    is_silent = False
    for step in Step:
        if is_silent and step in ASKS_WECHAT:
            result = not_run(step, current())
        else:
            result = run_step(current(), _keys(found.id), step)
        is_silent = is_silent or result.reached_nobody
        _record(found.id, result)
    return redirect(url_for("accounts.account", slug=slug, _anchor="check"))


@bp.post("/<slug>/check/<step>")
@requires("accounts.write")
def check(slug: str, step: str) -> str | Response:
    """One step; answers its line as a fragment to the page's script, else goes back."""
    if step not in list(Step):
        abort(404)
    found = _view(slug)
    result = run_step(current(), _keys(found.id), Step(step))
    _record(found.id, result)
    if request.headers.get("X-Fragment") != "1":
        return redirect(url_for("accounts.account", slug=slug, _anchor="check"))
    return render_template(
        "accounts/_step.html",
        account=found,
        step=result.step,
        result=result,
        step_names=STEP_NAMES,
        standing=_standings([found])[found.id],
    )


@bp.post("/<slug>/quota/clear")
@requires("accounts.write")
def clear_quota(slug: str) -> Response:
    """Ask WeChat to set the account's daily counts to nothing."""
    found = _view(slug)
    keys = _keys(found.id)
    try:
        if keys is None:
            raise DeliveryError(say("the stored secrets can't be opened"), code="secrets")
        client_for(current(), keys).clear_quota()
    except DeliveryError as error:
        meaning = meaning_of_text(error.code)
        sentences = [error.sentence, meaning.advice if meaning else ""]
        reason = " – ".join(translated(each) for each in sentences if each)
        flash(translated(say("Not cleared: %(reason)s", reason=reason)), "error")
    else:
        with current().unit_of_work() as uow:
            quota_cleared(uow, found.id, actor_id=person().id)
        flash(translated(say("WeChat counts from nothing again. Ten times a month are allowed.")))
    return redirect(url_for("accounts.account", slug=slug, _anchor="quota"))


@bp.post("/<slug>/problem/clear")
@requires("accounts.write")
def problem_mended(slug: str) -> Response:
    found = _view(slug)
    with current().unit_of_work() as uow:
        clear_problem(uow, found.id, actor_id=person().id)
    return redirect(url_for("accounts.account", slug=slug))


@bp.post("/<slug>/templates")
@requires("accounts.write")
def fetch_templates(slug: str) -> Response:
    """A worker asks WeChat; the page shows the new list when it is loaded again."""
    found = _view(slug)
    with current().unit_of_work() as uow:
        uow.enqueue(REFRESH_ACCOUNT_TEMPLATES, found.id)
    flash(translated(say("The templates are being fetched. Load this page again in a moment.")))
    return redirect(url_for("accounts.account", slug=slug, _anchor="templates"))


def _view(slug: str) -> AccountView:
    with current().reading() as session:
        return get_view(session, slug)


def _keys(account_id: int) -> AccountKeys | None:
    """None when this installation's secret key does not open them."""
    try:
        with current().reading() as session:
            return get_keys(session, current().vault, account_id)
    except ConfigurationError:
        return None


def _record(account_id: int, result: Result) -> None:
    with current().unit_of_work() as uow:
        record_check(uow, account_id, result, actor_id=person().id)


def _standings(shown: list[AccountView]) -> dict[int, Standing]:
    runtime = current()
    try:
        pushes = pushes_seen(runtime.redis, [account.id for account in shown])
        return {
            account.id: Standing(
                pushes[account.id],
                Quotas(runtime.redis, account.app_id, runtime.clock).used_up(),
            )
            for account in shown
        }
    except RedisError:
        return {account.id: Standing(PushesSeen(), {}, is_known=False) for account in shown}


def _account_page(slug: str, errors: Errors) -> str:
    with current().reading() as session:
        found = get_view(session, slug)
        templates = list_templates(session, found.id)
        team = team_names(session, [found.team_id])
    return render_template(
        "accounts/account.html",
        account=found,
        standing=_standings([found])[found.id],
        step_names=STEP_NAMES,
        steps=[(step, found.report.of(step)) for step in Step],
        rows=capability_rows(
            found.account_type,
            found.report,
            is_verified=found.is_verified,
            is_refused=found.messages_refused_at is not None,
        ),
        templates=templates,
        team=team.get(found.team_id or 0),
        url=webhook_url(current().settings.public_url, slug),
        errors=_translated(errors),
        now=current().clock(),
    )


def _new_page(form: dict[str, str], errors: Errors) -> str:
    url = webhook_url(current().settings.public_url, "")
    return render_template(
        "accounts/new.html", form=form, errors=_translated(errors), url_start=url
    )


def _edit_page(account: AccountView, form: dict[str, str], errors: Errors) -> str:
    with current().reading() as session:
        teams = list_teams(session)
    return render_template(
        "accounts/edit.html", account=account, form=form, errors=_translated(errors), teams=teams
    )


def _keys_page(slug: str, keys: KeysOnce, form: AccountForm | None) -> str:
    return render_template(
        "accounts/keys_once.html",
        account=_view(slug),
        keys=keys,
        is_new=form is not None,
        url=webhook_url(current().settings.public_url, slug),
    )


def _translated(errors: Errors) -> Errors:
    return {field: translated(sentence) for field, sentence in errors.items()}
