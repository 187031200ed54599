"""The JSON door to campaigns: make, change, switch, live numbers, entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.campaigns import promise_api, switching
from wxdesk.campaigns.definitions import OUTCOMES, CampaignForm
from wxdesk.campaigns.forms import ShownCampaign, campaign_shown, form_of, form_of_json
from wxdesk.campaigns.live_views import read_now
from wxdesk.campaigns.operations import change_campaign, create_campaign
from wxdesk.campaigns.queries import (
    CampaignView,
    EntryView,
    get_campaign,
    get_definition,
    get_form,
    list_campaigns,
    list_entries,
)
from wxdesk.campaigns.reply_forms import reply_json
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    number_field,
    page_json,
    text_field,
)
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current

bp = Blueprint("campaigns_api", __name__, url_prefix="/api/v1/campaigns")

bp.get("/<int:campaign_id>/prizes")(promise_api.promises)
bp.post("/<int:campaign_id>/prizes/tell")(promise_api.tell)
bp.post("/<int:campaign_id>/prizes/tell-again")(promise_api.tell_once_more)

FIRST = {"match": "exact", "priority": "10", "entries_per_person": "1"}


@bp.get("")
@requires("campaigns.read")
def list_all() -> Response:
    """The latest start first."""
    limit, after = limit_argument(), cursor_argument(datetime, int)
    slug = request.args.get("account", "")
    runtime = current()
    with runtime.reading() as session:
        account_id = get_by_slug(session, slug).id if slug else None
        found = list_campaigns(
            session,
            runtime.clock(),
            account_id=account_id,
            after=(after[0], after[1]) if after else None,
            limit=limit + 1,
        )
        items = [_json(view, *get_definition(session, view)) for view in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return jsonify(page_json(items, cursor_of((last.starts_at, last.id)) if last else None))


@bp.post("")
@requires("campaigns.write")
def create() -> tuple[Response, int]:
    """A new draft; `account` is a slug."""
    body = json_body()
    with current().reading() as session:
        account_id = get_by_slug(session, text_field(body, "account")).id
    shown = ShownCampaign(
        {**FIRST, "account_id": str(account_id)}, switches=frozenset({"answers_attended"})
    )
    form = _form(body, shown)
    with current().unit_of_work() as uow:
        campaign_id = create_campaign(uow, form, actor_id=person().id).id
    return _answer(campaign_id), 201


@bp.get("/<int:campaign_id>")
@requires("campaigns.read")
def show(campaign_id: int) -> Response:
    return _answer(campaign_id)


@bp.patch("/<int:campaign_id>")
@requires("campaigns.write")
def change(campaign_id: int) -> Response:
    """Change the named fields; with `version` only if it is still that one."""
    body, runtime = json_body(), current()
    zone = ZoneInfo(runtime.settings.timezone)
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        before = get_form(session, view)
    shown = campaign_shown(before, zone)
    exact = {"starts_at": before.starts_at, "ends_at": before.ends_at}
    form = _form(body, shown)
    untouched = {name: value for name, value in exact.items() if name not in body}
    version = number_field(body, "version", least=1) if "version" in body else None
    with runtime.unit_of_work() as uow:
        change_campaign(
            uow,
            campaign_id,
            replace(form, **untouched),  # type: ignore[arg-type]
            actor_id=person().id,
            expected_version=version,
        )
    return _answer(campaign_id)


@bp.post("/<int:campaign_id>/live")
@requires("campaigns.write")
def go_live(campaign_id: int) -> Response:
    """With `definition` only if it is still that; needed where a second person must agree."""
    definition = _definition()
    return _switch(
        campaign_id,
        lambda uow: switching.go_live(
            uow, campaign_id, actor_id=person().id, definition=definition
        ),
    )


@bp.post("/<int:campaign_id>/stop")
@requires("campaigns.write")
def stop(campaign_id: int) -> Response:
    return _switch(campaign_id, lambda uow: switching.stop(uow, campaign_id, actor_id=person().id))


@bp.post("/<int:campaign_id>/resume")
@requires("campaigns.write")
def resume(campaign_id: int) -> Response:
    definition = _definition()
    return _switch(
        campaign_id,
        lambda uow: switching.resume(uow, campaign_id, actor_id=person().id, definition=definition),
    )


@bp.post("/<int:campaign_id>/end")
@requires("campaigns.write")
def end(campaign_id: int) -> Response:
    return _switch(campaign_id, lambda uow: switching.end(uow, campaign_id, actor_id=person().id))


@bp.get("/<int:campaign_id>/now")
@requires("campaigns.read")
def now(campaign_id: int) -> Response:
    """The numbers of the live page; a page of JSON every two seconds does no harm."""
    return jsonify(read_now(campaign_id))


@bp.get("/<int:campaign_id>/entries")
@requires("campaigns.read")
def entries(campaign_id: int) -> Response:
    """By id."""
    limit, after = limit_argument(), cursor_argument(int)
    runtime = current()
    with runtime.reading() as session:
        get_campaign(session, campaign_id, runtime.clock())
        found = list_entries(
            session, campaign_id, after_id=after[0] if after else 0, limit=limit + 1
        )
    more = len(found) > limit
    items = [_entry(it) for it in found[:limit]]
    return jsonify(page_json(items, cursor_of((found[limit - 1].id,)) if more else None))


def _definition() -> str | None:
    body = json_body()
    return text_field(body, "definition") if body.get("definition") is not None else None


def _switch(campaign_id: int, deed: Callable[[UnitOfWork], object]) -> Response:
    with current().unit_of_work() as uow:
        deed(uow)
    return _answer(campaign_id)


def _answer(campaign_id: int) -> Response:
    runtime = current()
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        return jsonify(_json(view, *get_definition(session, view)))


def _form(body: dict[str, Any], shown: ShownCampaign) -> CampaignForm:
    zone = ZoneInfo(current().settings.timezone)
    form, errors = form_of(form_of_json(body, shown, zone), zone)
    for field, sentence in errors.items():
        raise InvalidInputError(field, sentence)
    assert form is not None  # noqa: S101 -- without errors there is a form
    return form


def _json(view: CampaignView, form: CampaignForm, definition: str) -> dict[str, Any]:
    return {
        "id": view.id,
        "account": view.account,
        "name": view.name,
        "note": view.note,
        "state": view.state,
        "starts_at": iso(view.starts_at),
        "ends_at": iso(view.ends_at),
        "match": form.match,
        "patterns": form.patterns.splitlines(),
        "exclusions": form.exclusions.splitlines(),
        "scenes": form.scenes.splitlines(),
        "menu_keys": form.menu_keys.splitlines(),
        "is_on_follow": form.is_on_follow,
        "priority": form.priority,
        "answers_attended": form.answers_attended,
        "replies": {outcome.value: reply_json(form, outcome) for outcome in OUTCOMES},
        "entries_per_person": view.entries_per_person,
        "total_entries": view.total_entries,
        "has_codes": view.has_codes,
        "prizes": [{"name": it.name, "quantity": it.quantity} for it in form.prizes],
        "version": view.version,
        "definition": definition,
        "updated_at": iso(view.updated_at),
        "updated_by": view.updated_by,
        "approved_at": iso(view.approved_at),
        "paused_at": iso(view.paused_at),
        "ended_at": iso(view.ended_at),
    }


def _entry(it: EntryView) -> dict[str, Any]:
    return {
        "id": it.id,
        "contact_id": it.contact_id,
        "name": it.name,
        "number": it.number,
        "message_id": it.message_id,
        "rule_id": it.rule_id,
        "code": it.code,
        "prize": it.prize,
        "entered_at": iso(it.entered_at),
    }
