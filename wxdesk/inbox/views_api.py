"""The JSON door to saved views."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from wxdesk.agents.access import person, requires
from wxdesk.inbox.saved_views import (
    Editor,
    ViewForm,
    ViewRow,
    change_view,
    create_view,
    delete_view,
    get_view,
    list_views,
    may_edit,
)
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import json_body, text_field
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("views_api", __name__, url_prefix="/api/v1")


@bp.get("/views")
@requires("conversations.read")
def list_all() -> Response:
    """One's own and the shared ones."""
    with current().reading() as session:
        rows = list_views(session, person().id)
    return jsonify(items=[_view(row) for row in rows])


@bp.post("/views")
@requires("conversations.read")
def create() -> tuple[Response, int]:
    """Takes {"name", "query": {filters of GET /conversations}, "is_shared"}."""
    with current().unit_of_work() as uow:
        view_id = create_view(uow, _form(json_body(), is_new=True), _editor()).id
    return _answer(view_id), 201


@bp.patch("/views/<int:view_id>")
@requires("conversations.read")
def change(view_id: int) -> Response:
    with current().unit_of_work() as uow:
        change_view(uow, view_id, _form(json_body()), _editor())
    return _answer(view_id)


@bp.delete("/views/<int:view_id>")
@requires("conversations.read")
def delete(view_id: int) -> tuple[str, int]:
    with current().unit_of_work() as uow:
        delete_view(uow, view_id, _editor())
    return "", 204


def _editor() -> Editor:
    return Editor(person().id, person().may("shared.write"))


def _answer(view_id: int) -> Response:
    with current().reading() as session:
        return jsonify(_view(get_view(session, view_id, person().id)))


def _form(body: dict[str, Any], *, is_new: bool = False) -> ViewForm:
    query = body.get("query", {} if is_new else None)
    if query is not None and not isinstance(query, dict):
        raise InvalidInputError("query", say("an object of filters is needed"))
    is_shared = body.get("is_shared")
    if is_shared is not None and not isinstance(is_shared, bool):
        raise InvalidInputError("is_shared", say("true or false is needed"))
    name = text_field(body, "name") if is_new or "name" in body else None
    return ViewForm(name, query, is_shared)


def _view(row: ViewRow) -> dict[str, Any]:
    view = row.view
    return {
        "id": view.id,
        "name": view.name,
        "is_shared": view.is_shared,
        "owner": {"id": view.owner_id, "name": row.owner},
        "query": view.query,
        "may_edit": may_edit(view, _editor()),
    }
