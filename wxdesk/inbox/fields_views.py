"""Supervisors' page of the company's own fields of customers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from wxdesk.agents.access import person, requires
from wxdesk.contacts import fields
from wxdesk.contacts.rules import FieldKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("fields", __name__, url_prefix="/settings/fields")


@bp.get("")
@requires("shared.write")
def index() -> str:
    return _index({}, {})


@bp.post("")
@requires("shared.write")
def create() -> Redirect | tuple[str, int]:
    form = request.form.to_dict()
    kind = form.get("kind", "text")
    try:
        if kind not in list(FieldKind):
            kinds = ", ".join(FieldKind)
            raise InvalidInputError("kind", say("one of: %(values)s", values=kinds))
        with current().unit_of_work() as uow:
            choices = _choices(form)
            fields.create_field(uow, form.get("name", ""), FieldKind(kind), choices)
    except InvalidInputError as error:
        return _index(form, {error.field: translated(error.sentence)}), 422
    return redirect(url_for("fields.index"))


@bp.get("/<int:field_id>")
@requires("shared.write")
def edit(field_id: int) -> str:
    return _edit(field_id, None, {})


@bp.post("/<int:field_id>")
@requires("shared.write")
def change(field_id: int) -> Redirect | tuple[str, int]:
    form = request.form.to_dict()
    try:
        with current().unit_of_work() as uow:
            choices = _choices(form) if "choices" in form else None
            fields.change_field(uow, field_id, name=form.get("name", ""), choices=choices)
    except InvalidInputError as error:
        return _edit(field_id, form, {error.field: translated(error.sentence)}), 422
    flash(translated(say("Saved.")))
    return redirect(url_for("fields.index"))


@bp.post("/<int:field_id>/move")
@requires("shared.write")
def move(field_id: int) -> Redirect:
    """`by` -1 or 1."""
    with current().unit_of_work() as uow:
        ids = [field.id for field in fields.list_fields(uow.session)]
        place = ids.index(field_id) if field_id in ids else 0
        step = -1 if request.form.get("by") == "-1" else 1
        fields.move_field(uow, field_id, max(0, place + step))
    return redirect(url_for("fields.index"))


@bp.post("/<int:field_id>/delete")
@requires("shared.write")
def delete(field_id: int) -> Redirect:
    with current().unit_of_work() as uow:
        count = fields.delete_field(uow, field_id, by=person().id)
    flash(translated(say("Deleted, with the values of %(count)d customers.", count=count)))
    return redirect(url_for("fields.index"))


def _choices(form: dict[str, str]) -> list[str]:
    """One a line."""
    return form.get("choices", "").splitlines()


def _index(form: dict[str, str], errors: dict[str, str]) -> str:
    with current().reading() as session:
        found = fields.list_fields(session)
        counts = fields.count_values(session)
    return render_template(
        "fields/index.html", fields=found, counts=counts, form=form, errors=errors
    )


def _edit(field_id: int, form: dict[str, str] | None, errors: dict[str, str]) -> str:
    with current().reading() as session:
        field = fields.get_field(session, field_id)
        count = fields.count_values(session).get(field_id, 0)
    shown = form or {"name": field.name, "choices": "\n".join(field.choices)}
    return render_template("fields/edit.html", it=field, count=count, form=shown, errors=errors)
