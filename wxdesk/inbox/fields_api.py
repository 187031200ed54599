"""The JSON door to a company's own fields of its customers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from wxdesk.agents.access import person, requires
from wxdesk.contacts import fields
from wxdesk.contacts.fields import FieldView
from wxdesk.contacts.rules import FieldKind
from wxdesk.conversations.queries import open_conversation_ids
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import json_body, number_field, text_field, whole_number
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("fields_api", __name__, url_prefix="/api/v1")


@bp.get("/contact-fields")
@requires("conversations.read")
def show_all() -> Response:
    """All fields in their order (at most 50)."""
    with current().reading() as session:
        return jsonify(items=[_field(field) for field in fields.list_fields(session)])


@bp.post("/contact-fields")
@requires("shared.write")
def create() -> tuple[Response, int]:
    """{"name", "kind": text | number | date | choice, "choices": [..] of a choice}."""
    body = json_body()
    kind = text_field(body, "kind")
    if kind not in list(FieldKind):
        raise InvalidInputError("kind", say("one of: %(values)s", values=", ".join(FieldKind)))
    with current().unit_of_work() as uow:
        field = fields.create_field(
            uow, text_field(body, "name"), FieldKind(kind), _choices(body) or ()
        )
        field_id = field.id
    return _shown(field_id), 201


@bp.patch("/contact-fields/<int:field_id>")
@requires("shared.write")
def change(field_id: int) -> Response:
    """{"name"}, {"choices"}, {"position"} (from 0), or several; the kind stays."""
    body = json_body()
    name = text_field(body, "name") if "name" in body else None
    with current().unit_of_work() as uow:
        fields.change_field(uow, field_id, name=name, choices=_choices(body))
        if "position" in body:
            fields.move_field(uow, field_id, number_field(body, "position"))
    return _shown(field_id)


@bp.delete("/contact-fields/<int:field_id>")
@requires("shared.write")
def delete(field_id: int) -> Response:
    """Removes its values too; answers of how many customers."""
    with current().unit_of_work() as uow:
        count = fields.delete_field(uow, field_id, by=person().id)
    return jsonify(id=field_id, count=count)


@bp.get("/contacts/<int:contact_id>/fields")
@requires("conversations.read")
def show_values(contact_id: int) -> Response:
    return _values(contact_id)


@bp.put("/contacts/<int:contact_id>/fields")
@requires("conversations.reply")
def set_values(contact_id: int) -> Response:
    """{"values": {field id: text or null}}: those that are named, all or nothing."""
    values = _given(json_body().get("values"))
    with current().unit_of_work() as uow:
        fields.set_values(uow, contact_id, values)
        ids = open_conversation_ids(uow.session, {contact_id})
        uow.announce(f"contact:{contact_id}", *(f"conversation:{each}" for each in ids))
    return _values(contact_id)


def _choices(body: dict[str, Any]) -> list[str] | None:
    if "choices" not in body:
        return None
    choices = body["choices"]
    if not isinstance(choices, list) or len(choices) > fields.MOST_CHOICES:
        raise InvalidInputError("choices", say("1 to %(most)d choices", most=fields.MOST_CHOICES))
    return [text_field({"choices": choice}, "choices") for choice in choices]


def _given(values: object) -> dict[int, str | None]:
    if not isinstance(values, dict) or len(values) > fields.MOST_FIELDS:
        raise InvalidInputError("values", say("an object of field ids and values is needed"))
    found: dict[int, str | None] = {}
    for key, value in values.items():
        field_id = whole_number(str(key))
        if field_id is None:
            raise InvalidInputError("values", say("an object of field ids and values is needed"))
        found[field_id] = None if value is None else text_field({key: value}, key)
    return found


def _values(contact_id: int) -> Response:
    with current().reading() as session:
        found = fields.values_of(session, contact_id)
    items = [
        {
            "id": it.field.id,
            "name": it.field.name,
            "kind": it.field.kind,
            "choices": list(it.field.choices),
            "value": it.value,
        }
        for it in found
    ]
    return jsonify(items=items)


def _shown(field_id: int) -> Response:
    with current().reading() as session:
        return jsonify(_field(fields.get_field(session, field_id)))


def _field(field: FieldView) -> dict[str, Any]:
    return {
        "id": field.id,
        "name": field.name,
        "kind": field.kind,
        "choices": list(field.choices),
        "position": field.position,
    }
