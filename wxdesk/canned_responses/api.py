"""The JSON door to prepared answers."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request

from wxdesk.agents.access import person, requires
from wxdesk.canned_responses import operations
from wxdesk.canned_responses.operations import CannedForm, Writer
from wxdesk.canned_responses.queries import (
    CannedFilter,
    CannedView,
    Scope,
    get_canned,
    list_canned,
)
from wxdesk.canned_responses.rules import Situation, fill, values_of
from wxdesk.conversations.queries import get_conversation
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
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("canned_api", __name__, url_prefix="/api/v1")

LONGEST_Q = 100


@bp.get("/canned-responses")
@requires("conversations.reply")
def show_all() -> Response:
    """What this agent may use; `scope` mine or shared, `folder` by its name."""
    limit = limit_argument()
    wanted = CannedFilter(
        agent_id=person().id,
        scope=_scope(),
        q=request.args.get("q", "").strip()[:LONGEST_Q],
        folder=request.args.get("folder"),
    )
    cursor = cursor_argument(int, int, int, int)
    with current().reading() as session:
        found = list_canned(session, wanted, after=cursor, limit=limit + 1)
    more = len(found) > limit
    items = [_canned(view) for view, _ in found[:limit]]
    return jsonify(page_json(items, cursor_of(found[limit - 1][1]) if more else None))


@bp.post("/canned-responses")
@requires("conversations.reply")
def create() -> tuple[Response, int]:
    """{"shortcut", "title", "text", "folder", "is_personal"}; shared ones need shared.write."""
    body = json_body()
    form = _form(body, CannedForm("", "", ""))
    with current().unit_of_work() as uow:
        row = operations.create_canned(uow, form, _writer(), is_personal=_is_personal(body))
        canned_id = row.id
    return _shown(canned_id), 201


@bp.patch("/canned-responses/<int:canned_id>")
@requires("conversations.reply")
def change(canned_id: int) -> Response:
    """Change the named fields."""
    body = json_body()
    with current().unit_of_work() as uow:
        row = operations.locked(uow, canned_id, _writer())
        form = _form(body, CannedForm(row.shortcut, row.title, row.text, row.folder))
        operations.change_canned(uow, canned_id, form, _writer())
    return _shown(canned_id)


@bp.delete("/canned-responses/<int:canned_id>")
@requires("conversations.reply")
def delete(canned_id: int) -> tuple[str, int]:
    with current().unit_of_work() as uow:
        operations.delete_canned(uow, canned_id, _writer())
    return "", 204


@bp.post("/canned-responses/<int:canned_id>/fill")
@requires("conversations.reply")
def filled(canned_id: int) -> Response:
    """{"conversation_id"}: the text with the variables of that conversation filled in."""
    conversation_id = number_field(json_body(), "conversation_id", least=1)
    runtime = current()
    with runtime.reading() as session:
        canned = get_canned(session, canned_id, person().id)
        row = get_conversation(session, conversation_id)
        situation = Situation(
            remark=row.contact.remark,
            agent=person().name,
            account=row.account.name,
            conversation_id=conversation_id,
            local_now=runtime.clock().astimezone(ZoneInfo(runtime.settings.timezone)),
        )
    result = fill(canned.text, values_of(situation))
    return jsonify(text=result.text, unknown=list(result.unknown))


@bp.post("/canned-responses/<int:canned_id>/used")
@requires("conversations.reply")
def used(canned_id: int) -> tuple[str, int]:
    """An answer made of it was sent."""
    with current().unit_of_work() as uow:
        operations.note_use(uow, canned_id, person().id)
    return "", 204


def _writer() -> Writer:
    return Writer(person().id, person().may("shared.write"))


def _scope() -> Scope:
    text = request.args.get("scope", "").strip() or Scope.ALL
    if text not in list(Scope):
        raise InvalidInputError("scope", say("one of: %(values)s", values=", ".join(Scope)))
    return Scope(text)


def _form(body: dict[str, Any], before: CannedForm) -> CannedForm:
    values = {
        name: text_field(body, name) if name in body else getattr(before, name)
        for name in operations.WRITTEN
    }
    return CannedForm(**values)


def _is_personal(body: dict[str, Any]) -> bool:
    value = body.get("is_personal", True)
    if not isinstance(value, bool):
        raise InvalidInputError("is_personal", say("true or false is needed"))
    return value


def _shown(canned_id: int) -> Response:
    with current().reading() as session:
        return jsonify(_canned(get_canned(session, canned_id, person().id)))


def _canned(view: CannedView) -> dict[str, Any]:
    return {
        "id": view.id,
        "shortcut": view.shortcut,
        "title": view.title,
        "text": view.text,
        "folder": view.folder,
        "is_personal": view.is_personal,
        "is_shadowed": view.is_shadowed,
        "use_count": view.use_count,
        "used_at": iso(view.used_at),
        "updated_at": iso(view.updated_at),
        "may_edit": view.is_personal or person().may("shared.write"),
    }
