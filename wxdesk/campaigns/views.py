"""Marketers' pages: campaigns, one with all its parts, and the buttons that switch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import person, requires
from wxdesk.campaigns import code_views, draw_views, entry_views, promise_views, switching
from wxdesk.campaigns.code_queries import count_codes
from wxdesk.campaigns.definition_marks import mark_of
from wxdesk.campaigns.definitions import OUTCOMES
from wxdesk.campaigns.forms import (
    FIRST_REPLIES,
    Errors,
    ShownCampaign,
    campaign_again,
    campaign_shown,
    form_of,
    new_campaign,
)
from wxdesk.campaigns.operations import change_campaign, create_campaign
from wxdesk.campaigns.queries import (
    CampaignView,
    get_campaign,
    get_form,
    list_campaigns,
    sums_of,
)
from wxdesk.campaigns.reply_forms import prefix_of
from wxdesk.campaigns.rules import CampaignState
from wxdesk.campaigns.ways_in import list_ways
from wxdesk.media.api import keep_upload, takes_files
from wxdesk.media.uploads import NewUpload
from wxdesk.plumbing.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    WxdeskError,
)
from wxdesk.plumbing.http import cursor_argument, cursor_of, integer_argument, whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current
from wxdesk.triage.operations import is_seen_rule
from wxdesk.words import say

bp = Blueprint("campaigns", __name__, url_prefix="/campaigns")

PAGE = 30

bp.post("/<int:campaign_id>/codes")(takes_files(code_views.upload))
bp.get("/<int:campaign_id>/codes")(code_views.codes)
bp.get("/<int:campaign_id>/codes/importing")(code_views.importing)
bp.post("/<int:campaign_id>/codes/void")(code_views.void)
bp.post("/<int:campaign_id>/codes/release")(code_views.release)
bp.get("/<int:campaign_id>/entries")(entry_views.entries)
bp.get("/<int:campaign_id>/entries.csv")(entry_views.entries_csv)
bp.get("/<int:campaign_id>/entries.xlsx")(entry_views.entries_xlsx)
bp.get("/<int:campaign_id>/draws")(draw_views.draws)
bp.post("/<int:campaign_id>/draws")(draw_views.draw_now)
bp.get("/<int:campaign_id>/draws/<int:draw_id>")(draw_views.one_draw)
bp.get("/<int:campaign_id>/draws/<int:draw_id>/pool.csv")(draw_views.pool_csv)
bp.get("/<int:campaign_id>/prizes")(promise_views.promises)
bp.post("/<int:campaign_id>/prizes/<int:promise_id>", endpoint="change_promise")(
    promise_views.change
)
bp.post("/<int:campaign_id>/prizes/tell")(promise_views.tell)
bp.post("/<int:campaign_id>/prizes/tell-again")(promise_views.tell_once_more)
bp.get("/<int:campaign_id>/prizes.csv")(promise_views.export)
bp.get("/<int:campaign_id>/prizes/import")(promise_views.choose_file)
bp.post("/<int:campaign_id>/prizes/import")(promise_views.look_at_file)
bp.post("/<int:campaign_id>/prizes/import/confirm")(promise_views.confirm_file)


@bp.get("")
@requires("campaigns.read")
def campaigns() -> str:
    """The latest start first; `account_id` chooses an account."""
    runtime = current()
    account_id = integer_argument("account_id")
    after = cursor_argument(datetime, int)
    with runtime.reading() as session:
        now = runtime.clock()
        found = list_campaigns(
            session,
            now,
            account_id=account_id,
            after=after,
            limit=PAGE + 1,
        )
        sums = sums_of(session, found[:PAGE])
        accounts = list_names(session)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return render_template(
        "campaigns/campaigns.html",
        campaigns=found[:PAGE],
        sums=sums,
        accounts=accounts,
        account_id=account_id,
        next_cursor=cursor_of((last.starts_at, last.id)) if last else None,
    )


@bp.get("/new")
@requires("campaigns.write")
def new() -> str:
    """An empty form, or (`copy`) that of another campaign with a new schedule."""
    runtime = current()
    zone, now = ZoneInfo(runtime.settings.timezone), runtime.clock()
    first = {outcome.value: translated(text) for outcome, text in FIRST_REPLIES.items()}
    shown = new_campaign(zone, now, first)
    copied = integer_argument("copy")
    if copied is not None:
        with runtime.reading() as session:
            form = get_form(session, get_campaign(session, copied, now))
        again = campaign_shown(form, zone)
        texts = {**again.texts, **{name: shown.text(name) for name in ("starts_at", "ends_at")}}
        shown = replace(again, texts=texts)
    return _edit_page(shown, {}, None)


@bp.post("/new")
@takes_files
@requires("campaigns.write")
def create() -> Response | tuple[str, int]:
    return _save(None)


@bp.get("/<int:campaign_id>")
@requires("campaigns.read")
def campaign(campaign_id: int) -> str:
    """What it is, what is missing before it can go live, and its buttons."""
    return _campaign_page(campaign_id)


@bp.get("/<int:campaign_id>/edit")
@requires("campaigns.write")
def edit(campaign_id: int) -> str:
    runtime = current()
    zone = ZoneInfo(runtime.settings.timezone)
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        form = get_form(session, view)
    return _edit_page(campaign_shown(form, zone, version=view.version), {}, view)


@bp.post("/<int:campaign_id>/edit")
@takes_files
@requires("campaigns.write")
def change(campaign_id: int) -> Response | tuple[str, int]:
    runtime = current()
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
    return _save(view)


@bp.post("/<int:campaign_id>/live")
@requires("campaigns.write")
def go_live(campaign_id: int) -> Response | tuple[str, int]:
    done = say("It is live: its rules answer within a second, from the start on.")
    return _switch(
        campaign_id,
        lambda uow: switching.go_live(
            uow, campaign_id, actor_id=person().id, definition=_definition()
        ),
        done,
    )


@bp.post("/<int:campaign_id>/stop")
@requires("campaigns.write")
def stop(campaign_id: int) -> Response | tuple[str, int]:
    """One click, no question: within a second nothing of it answers any more."""
    done = say("Stopped. Within a second none of its rules answers any more.")
    return _switch(
        campaign_id, lambda uow: switching.stop(uow, campaign_id, actor_id=person().id), done
    )


@bp.post("/<int:campaign_id>/resume")
@requires("campaigns.write")
def resume(campaign_id: int) -> Response | tuple[str, int]:
    done = say("It goes on: its rules answer again within a second.")
    return _switch(
        campaign_id,
        lambda uow: switching.resume(
            uow, campaign_id, actor_id=person().id, definition=_definition()
        ),
        done,
    )


@bp.post("/<int:campaign_id>/end")
@requires("campaigns.write")
def end(campaign_id: int) -> Response | tuple[str, int]:
    done = say("It has ended.")
    return _switch(
        campaign_id, lambda uow: switching.end(uow, campaign_id, actor_id=person().id), done
    )


@bp.post("/<int:campaign_id>/ask")
@requires("campaigns.write")
def ask(campaign_id: int) -> Response | tuple[str, int]:
    done = say("Asked. Whoever may approve sees it at the bell.")
    return _switch(
        campaign_id,
        lambda uow: switching.ask_to_approve(uow, campaign_id, actor_id=person().id),
        done,
    )


def _definition() -> str | None:
    """The mark of what the page showed when its button was clicked."""
    return request.form.get("definition") or None


def _switch(
    campaign_id: int, deed: Callable[[UnitOfWork], object], done: str
) -> Response | tuple[str, int]:
    """Do it and go back to the page of the button; what is missing is said on the campaign's."""
    try:
        with current().unit_of_work() as uow:
            deed(uow)
    except (ConflictError, NotAllowedError) as error:
        if isinstance(error, NotAllowedError):
            sentence = say("The account asks for the consent of a person who may approve.")
        else:
            sentence = error.sentence  # type: ignore[assignment]
        return _campaign_page(campaign_id, translated(sentence)), 409
    flash(translated(done))
    is_from_live = request.form.get("back") == "live"
    endpoint = "campaigns_live.live" if is_from_live else "campaigns.campaign"
    return redirect(url_for(endpoint, campaign_id=campaign_id))


def _save(view: CampaignView | None) -> Response | tuple[str, int]:
    runtime = current()
    account_id = whole_number(request.form.get("account_id", "")) if view is None else None
    files, errors = _kept_files(account_id if view is None else view.account_id)
    shown = campaign_again(request.form, files)
    if view is not None:
        shown = replace(shown, texts={**shown.texts, "account_id": str(view.account_id)})
    form, wrong = form_of(shown, ZoneInfo(runtime.settings.timezone))
    errors = wrong | errors
    if form is not None and not errors:
        try:
            with runtime.unit_of_work() as uow:
                if view is None:
                    stored = create_campaign(uow, form, actor_id=person().id)
                else:
                    stored = change_campaign(
                        uow,
                        view.id,
                        form,
                        actor_id=person().id,
                        expected_version=shown.version,
                    )
        except (InvalidInputError, ConflictError, NotAllowedError) as error:
            errors[getattr(error, "field", "form")] = _sentence(error)
        else:
            flash(translated(say("Saved.")))
            return redirect(url_for("campaigns.campaign", campaign_id=stored.id))
    return _edit_page(shown, errors, view), 422


def _kept_files(account_id: int | None) -> tuple[dict[str, int], Errors]:
    """Ids of the files that were chosen for replies, by outcome; what can't be taken at its field.

    They are kept before the rest is looked at, so that nobody chooses them twice.
    """
    files: dict[str, int] = {}
    errors: Errors = {}
    for outcome in OUTCOMES:
        prefix = prefix_of(outcome)
        file = request.files.get(f"{prefix}file")
        if account_id is None or file is None or not file.filename:
            continue
        try:
            upload = NewUpload(account_id, person().id, file.filename, file.stream.read())
            files[outcome.value] = keep_upload(current(), upload).id
        except (InvalidInputError, NotFoundError) as error:
            errors[f"{prefix}file"] = error.sentence
    return files, errors


def _sentence(error: WxdeskError) -> str:
    if isinstance(error, NotAllowedError):
        return say("The account asks for the consent of a person who may approve.")
    if isinstance(error, ConflictError) and error.extra.get("needs") == "dry_run":
        return say(
            "it answers now, and this changes which messages it catches: stop it first, change it, "
            "and try it before it goes on"
        )
    return error.sentence


def _campaign_page(campaign_id: int, problem: str | None = None) -> str:
    runtime = current()
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        ways = list_ways(session, campaign_id)
        is_ready = view.state in (CampaignState.DRAFT, CampaignState.PAUSED)
        unseen = (
            {
                way.rule_id
                for way in ways
                if way.is_active and not is_seen_rule(session, way.form, runtime.clock())
            }
            if is_ready
            else set()
        )
        form = get_form(session, view)
        codes = count_codes(session, campaign_id) if view.has_codes else None
        sums = sums_of(session, [view])[view.id]
    return render_template(
        "campaigns/campaign.html",
        campaign=view,
        ways=ways,
        unseen=unseen,
        form=form,
        codes=codes,
        sums=sums,
        outcomes=OUTCOMES,
        problem=problem,
        is_writer=view.updated_by_id == person().id,
        definition=mark_of(view, ways),
    )


def _edit_page(shown: ShownCampaign, errors: Errors, view: CampaignView | None) -> str:
    with current().reading() as session:
        accounts = list_names(session)
    return render_template(
        "campaigns/edit_campaign.html",
        campaign=view,
        form=shown,
        errors={field: translated(sentence) for field, sentence in errors.items()},
        accounts=accounts,
        outcomes=OUTCOMES,
        zone=current().settings.timezone,
    )
