"""The JSON door to tags of conversations."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from wxdesk.agents.access import person, requires
from wxdesk.conversations.rules import COLOURS
from wxdesk.conversations.tagging import (
    TagView,
    create_tag,
    delete_tag,
    get_tag,
    list_conversation_tags,
)
from wxdesk.inbox.tag_changes import rename_tag
from wxdesk.plumbing.http import json_body, text_field
from wxdesk.runtime import current

bp = Blueprint("tags_api", __name__, url_prefix="/api/v1")


@bp.get("/conversation-tags")
@requires("conversations.read")
def show_all() -> Response:
    """All tags by name (at most 500), each with the number of its conversations."""
    with current().reading() as session:
        return jsonify(items=[_tag(tag) for tag in list_conversation_tags(session)])


@bp.post("/conversation-tags")
@requires("shared.write")
def create() -> tuple[Response, int]:
    """{"name", "colour"}."""
    body = json_body()
    colour = text_field(body, "colour") if "colour" in body else COLOURS[0]
    with current().unit_of_work() as uow:
        tag_id = create_tag(uow, text_field(body, "name"), colour).id
    return _shown(tag_id), 201


@bp.patch("/conversation-tags/<int:tag_id>")
@requires("shared.write")
def change(tag_id: int) -> Response:
    """{"name"} or {"colour"} or both."""
    body = json_body()
    name, colour = (text_field(body, key) if key in body else None for key in ("name", "colour"))
    with current().unit_of_work() as uow:
        rename_tag(uow, tag_id, name=name, colour=colour)
    return _shown(tag_id)


@bp.delete("/conversation-tags/<int:tag_id>")
@requires("shared.write")
def delete(tag_id: int) -> Response:
    """Takes it off all conversations; answers on how many it was."""
    with current().unit_of_work() as uow:
        count = delete_tag(uow, tag_id, by=person().id)
    return jsonify(id=tag_id, count=count)


def _shown(tag_id: int) -> Response:
    with current().reading() as session:
        return jsonify(_tag(get_tag(session, tag_id)))


def _tag(tag: TagView) -> dict[str, Any]:
    return {"id": tag.id, "name": tag.name, "colour": tag.colour, "count": tag.count}
