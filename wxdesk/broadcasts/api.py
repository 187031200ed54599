"""The JSON door to broadcasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify, request

from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.broadcasts import operations
from wxdesk.broadcasts.audience import limit_of
from wxdesk.broadcasts.forms import BroadcastForm
from wxdesk.broadcasts.queries import (
    BroadcastView,
    TargetView,
    form_of,
    get_view,
    list_targets,
    list_views,
)
from wxdesk.broadcasts.rules import Audience, BroadcastKind, BroadcastState, Content, TargetState
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    number_field,
    optional_number,
    page_json,
    text_field,
)
from wxdesk.plumbing.translation import translated
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current
from wxdesk.wechat.limits import MassKind
from wxdesk.words import say

bp = Blueprint("broadcasts_api", __name__, url_prefix="/api/v1/broadcasts")

Member = TypeVar("Member", BroadcastKind, BroadcastState, TargetState, MassKind)
TEXTS = ("text", "media_id", "title", "template_id", "url")


@bp.get("")
@requires("campaigns.read")
def list_all() -> Response:
    """The newest first; `account` is a slug."""
    limit, cursor = limit_argument(), cursor_argument(int)
    slug = request.args.get("account", "")
    with current().reading() as session:
        found = list_views(
            session,
            account_id=get_by_slug(session, slug).id if slug else None,
            state=_one_of(BroadcastState, "state", request.args.get("state")),
            before_id=cursor[0] if cursor else None,
            limit=limit + 1,
        )
        items = [_json(view) for view in found[:limit]]
    more = cursor_of((items[-1]["id"],)) if len(found) > limit else None
    return jsonify(page_json(items, more))


@bp.post("")
@requires("campaigns.write")
def create() -> tuple[Response, int]:
    """A draft; nothing is sent before POST …/send."""
    body = json_body()
    with current().reading() as session:
        account_id = get_by_slug(session, text_field(body, "account")).id
    kind = _one_of(BroadcastKind, "kind", body.get("kind"))
    if kind is None:
        raise InvalidInputError("kind", say("choose what is sent"))
    with current().unit_of_work() as uow:
        stored = operations.create(uow, _form(body, account_id, kind), person().id).id
    return _shown(stored), 201


@bp.get("/<int:broadcast_id>")
@requires("campaigns.read")
def show(broadcast_id: int) -> Response:
    return _shown(broadcast_id)


@bp.patch("/<int:broadcast_id>")
@requires("campaigns.write")
def change(broadcast_id: int) -> Response:
    """Write a draft or a scheduled one anew: the named fields; it is a draft then."""
    body = json_body()
    with current().reading() as session:
        before = form_of(get_view(session, broadcast_id).row)
    kept = _fields_of(before)
    content = {**kept["content"], **_object(body, "content")}
    values = {**kept, **body, "content": content}
    with current().unit_of_work() as uow:
        form = _form(values, before.account_id, before.kind)
        operations.change(uow, broadcast_id, form, person().id)
    return _shown(broadcast_id)


@bp.get("/<int:broadcast_id>/people")
@requires("campaigns.read")
def people(broadcast_id: int) -> Response:
    """What became of each person; of templates and notices."""
    limit, cursor = limit_argument(), cursor_argument(int)
    state = _one_of(TargetState, "state", request.args.get("state"))
    after_id = cursor[0] if cursor else 0
    with current().reading() as session:
        get_view(session, broadcast_id)
        found = list_targets(session, broadcast_id, state, after_id=after_id, limit=limit + 1)
    items = [_target_json(it) for it in found[:limit]]
    more = cursor_of((items[-1]["contact_id"],)) if len(found) > limit else None
    return jsonify(page_json(items, more))


@bp.post("/<int:broadcast_id>/dry-run")
@requires("campaigns.write")
def dry_run(broadcast_id: int) -> Response:
    """Whom it would reach now or at `send_at`, and WeChat's limit of that day; nothing is sent."""
    at = _time(json_body())
    with current().unit_of_work() as uow:
        counted = operations.dry_run(uow, broadcast_id, at)
        row = operations.get_locked(uow, broadcast_id)
        account = uow.session.get_one(Account, row.account_id)
        limit = limit_of(uow.session, account, row.kind, at or uow.now, but_id=row.id)
    return jsonify(
        people=counted.people,
        reached=counted.reached,
        exhausted=counted.exhausted,
        blacklisted=counted.blacklisted,
        unfollowed=counted.unfollowed,
        wechat_count=counted.wechat_count,
        left_this_month={str(left): number for left, number in counted.left.items()},
        day=None if limit is None else {"used": limit.used, "most": limit.most},
    )


@bp.post("/<int:broadcast_id>/ask")
@requires("campaigns.write")
def ask(broadcast_id: int) -> Response:
    """Ask those who may approve; `send_at` is when it is to leave."""
    at, me = _time(json_body()), person().id
    return _changed(broadcast_id, lambda uow: operations.ask(uow, broadcast_id, at, me))


@bp.post("/<int:broadcast_id>/send")
@requires("campaigns.write")
def send(broadcast_id: int) -> Response:
    """Now, or at `send_at`; `version` is what was seen."""
    body, me = json_body(), person().id
    at, version = _time(body), number_field(body, "version", 1)
    return _changed(
        broadcast_id, lambda uow: operations.send(uow, broadcast_id, at, me, version=version)
    )


@bp.post("/<int:broadcast_id>/cancel")
@requires("campaigns.write")
def cancel(broadcast_id: int) -> Response:
    me = person().id
    return _changed(broadcast_id, lambda uow: operations.cancel(uow, broadcast_id, me))


@bp.post("/<int:broadcast_id>/pause")
@requires("campaigns.write")
def pause(broadcast_id: int) -> Response:
    me = person().id
    return _changed(broadcast_id, lambda uow: operations.pause(uow, broadcast_id, me))


@bp.post("/<int:broadcast_id>/resume")
@requires("campaigns.write")
def resume(broadcast_id: int) -> Response:
    me = person().id
    return _changed(broadcast_id, lambda uow: operations.resume(uow, broadcast_id, me))


@bp.post("/<int:broadcast_id>/retry")
@requires("campaigns.write")
def retry(broadcast_id: int) -> Response:
    """Those who did not get it for a reason that WeChat told; never unconfirmed ones."""
    me = person().id
    return _changed(broadcast_id, lambda uow: operations.retry(uow, broadcast_id, me))


def _changed(broadcast_id: int, act: Callable[[UnitOfWork], object]) -> Response:
    with current().unit_of_work() as uow:
        act(uow)
    return _shown(broadcast_id)


def _shown(broadcast_id: int) -> Response:
    with current().reading() as session:
        return jsonify(_json(get_view(session, broadcast_id)))


def _form(body: dict[str, Any], account_id: int, kind: BroadcastKind) -> BroadcastForm:
    return BroadcastForm(
        account_id=account_id,
        name=text_field(body, "name"),
        kind=kind,
        audience=Audience(optional_number(body, "tag_id", 1)),
        content=_content(_object(body, "content")),
        per_minute=number_field({"per_minute": 600} | body, "per_minute", 1),
        campaign_id=optional_number(body, "campaign_id", 1),
    )


def _content(given: dict[str, Any]) -> Content:
    mass_kind = _one_of(MassKind, "mass_kind", given.get("mass_kind")) or MassKind.TEXT
    data = _object(given, "data")
    texts = {name: text_field(given, name) for name in TEXTS if name in given}
    return Content(
        mass_kind=mass_kind,
        attachment_id=optional_number(given, "attachment_id", 1),
        data={name: text_field(data, name) for name in data},
        **texts,
    )


def _fields_of(form: BroadcastForm) -> dict[str, Any]:
    content = form.content
    return {
        "name": form.name,
        "tag_id": form.audience.tag_id,
        "per_minute": form.per_minute,
        "campaign_id": form.campaign_id,
        "content": {
            "mass_kind": content.mass_kind,
            "attachment_id": content.attachment_id,
            "data": dict(content.data),
            **{name: getattr(content, name) for name in TEXTS},
        },
    }


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidInputError(name, say("a JSON object is needed"))
    return value


def _time(body: dict[str, Any]) -> datetime | None:
    """`send_at` with its zone; None for now."""
    if body.get("send_at") is None:
        return None
    try:
        at = datetime.fromisoformat(text_field(body, "send_at"))
        return at.astimezone(UTC) if at.tzinfo else _needs_zone()
    except (ValueError, OverflowError):
        return _needs_zone()


def _needs_zone() -> datetime:
    raise InvalidInputError("send_at", say("a time with its zone is needed: 2026-03-02T09:00:00Z"))


def _one_of(kind: type[Member], name: str, value: object) -> Member | None:
    """The member; None when nothing was given."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or value not in list(kind):
        raise InvalidInputError(name, say("one of: %(values)s", values=", ".join(kind)))
    found: Member = kind(value)
    return found


def _json(view: BroadcastView) -> dict[str, Any]:
    row = view.row
    return {
        "id": row.id,
        "account": view.account_slug,
        "version": row.version,
        "state": row.state,
        "kind": row.kind,
        **_fields_of(form_of(row)),
        "tag": view.tag,
        "campaign": view.campaign,
        "waits_for_approval": row.asked_at is not None,
        "people": {state.value: view.by_state.get(state, 0) for state in TargetState},
        "result": row.result,
        "error": translated(row.error) if row.error else None,
        "wechat_msgid": row.wechat_msgid,
        "written_by": {"id": row.written_by_id, "name": view.writer},
        "approved_by": {"id": row.approved_by_id, "name": view.approver}
        if row.approved_by_id
        else None,
        "send_at": iso(row.send_at),
        "sent_at": iso(row.sent_at),
        "ended_at": iso(row.ended_at),
    }


def _target_json(it: TargetView) -> dict[str, Any]:
    return {
        "contact_id": it.contact_id,
        "remark": it.remark,
        "state": it.state,
        "error": translated(it.error) if it.error else None,
        "message_id": it.message_id,
        "conversation_id": it.conversation_id,
        "settled_at": iso(it.settled_at),
    }
