"""Supervisors' page of the tags of conversations: names, colours, merging, CSV files."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response as Redirect

from wxdesk.agents.access import person, requires
from wxdesk.conversations import tag_files
from wxdesk.conversations.rules import COLOURS
from wxdesk.conversations.tagging import create_tag, delete_tag, get_tag, list_conversation_tags
from wxdesk.inbox.tag_changes import merge_tag, rename_tag
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.imports import Plan, forget, keep, kept
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("tags", __name__, url_prefix="/settings/tags")

COLOUR_NAMES = {
    "blue": say("blue"),
    "azure": say("azure"),
    "green": say("green"),
    "lime": say("lime"),
    "yellow": say("yellow"),
    "orange": say("orange"),
    "red": say("red"),
    "pink": say("pink"),
    "purple": say("purple"),
    "gray": say("gray"),
}


@bp.get("")
@requires("shared.write")
def index() -> str:
    return _index({}, {})


@bp.post("")
@requires("shared.write")
def create() -> Redirect | tuple[str, int]:
    form = request.form.to_dict()
    try:
        with current().unit_of_work() as uow:
            create_tag(uow, form.get("name", ""), form.get("colour", COLOURS[0]))
    except InvalidInputError as error:
        return _index(form, {error.field: translated(error.sentence)}), 422
    return redirect(url_for("tags.index"))


@bp.get("/<int:tag_id>")
@requires("shared.write")
def edit(tag_id: int) -> str:
    return _edit(tag_id, None, {})


@bp.post("/<int:tag_id>")
@requires("shared.write")
def change(tag_id: int) -> Redirect | tuple[str, int]:
    form = request.form.to_dict()
    try:
        with current().unit_of_work() as uow:
            rename_tag(uow, tag_id, name=form.get("name", ""), colour=form.get("colour"))
    except InvalidInputError as error:
        return _edit(tag_id, form, {error.field: translated(error.sentence)}), 422
    flash(translated(say("Saved.")))
    return redirect(url_for("tags.index"))


@bp.post("/<int:tag_id>/merge")
@requires("shared.write")
def merge(tag_id: int) -> Redirect | tuple[str, int]:
    into_id = whole_number(request.form.get("into", ""))
    if into_id is None:
        return _edit(tag_id, None, {"into": translated(say("choose another tag"))}), 422
    with current().unit_of_work() as uow:
        count = merge_tag(uow, tag_id, into_id, by=person().id)
    flash(translated(say("Merged. It was on %(count)d conversations.", count=count)))
    return redirect(url_for("tags.index"))


@bp.post("/<int:tag_id>/delete")
@requires("shared.write")
def delete(tag_id: int) -> Redirect | tuple[str, int]:
    try:
        with current().unit_of_work() as uow:
            count = delete_tag(uow, tag_id, by=person().id)
    except ConflictError as error:
        return _edit(tag_id, None, {"delete": translated(error.sentence)}), 409
    flash(translated(say("Deleted. It was on %(count)d conversations.", count=count)))
    return redirect(url_for("tags.index"))


@bp.get("/export.csv")
@requires("shared.write")
def export() -> Response:
    with current().reading() as session:
        tags = list_conversation_tags(session)
    text = tag_files.export(tags, is_chinese=str(get_locale()).startswith("zh"))
    disposition = 'attachment; filename="wxdesk-tags.csv"'
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": disposition})


@bp.get("/import")
@requires("shared.write")
def choose_file() -> str:
    return _import_page()


@bp.post("/import")
@requires("shared.write")
def look_at_file() -> str | tuple[str, int]:
    """What the file would do; nothing changes yet."""
    file = request.files.get("file")
    data = file.stream.read() if file is not None else b""
    if not data:
        return _import_page(error=translated(say("choose a CSV file"))), 422
    return _look(data)


@bp.post("/import/confirm")
@requires("shared.write")
def confirm_file() -> Redirect | str | tuple[str, int]:
    token, runtime = request.form.get("token", ""), current()
    data = kept(runtime.redis, person().id, token)
    if data is None:
        return _import_page(error=translated(say("that took too long: choose it again"))), 422
    try:
        with runtime.unit_of_work() as uow:
            plan = tag_files.carry_out(uow, data, request.form.get("digest", ""))
    except ConflictError as error:
        return _look(data, error=translated(error.sentence))
    forget(runtime.redis, person().id, token)
    added, changed = plan.count("new"), plan.count("changed")
    flash(
        translated(say("Imported: %(new)d new, %(changed)d changed.", new=added, changed=changed))
    )
    return redirect(url_for("tags.index"))


def _look(data: bytes, error: str | None = None) -> str | tuple[str, int]:
    runtime = current()
    try:
        with runtime.reading() as session:
            plan = tag_files.plan_of(session, data)
    except InvalidInputError as problem:
        return _import_page(error=translated(problem.sentence)), 422
    page = _import_page(plan=plan, token=keep(runtime.redis, person().id, data), error=error)
    return (page, 409) if error else page


def _import_page(*, plan: Plan | None = None, token: str = "", error: str | None = None) -> str:
    return render_template("tags/import.html", plan=plan, token=token, error=error, scope=None)


def _index(form: dict[str, str], errors: dict[str, str]) -> str:
    with current().reading() as session:
        tags = list_conversation_tags(session)
    return render_template(
        "tags/index.html", tags=tags, form=form, errors=errors, colours=_colours()
    )


def _edit(tag_id: int, form: dict[str, str] | None, errors: dict[str, str]) -> str:
    with current().reading() as session:
        tag = get_tag(session, tag_id)
        others = [other for other in list_conversation_tags(session) if other.id != tag_id]
    return render_template(
        "tags/edit.html",
        tag=tag,
        others=others,
        form=form or {"name": tag.name, "colour": tag.colour},
        errors=errors,
        colours=_colours(),
    )


def _colours() -> list[tuple[str, str]]:
    return [(colour, translated(COLOUR_NAMES[colour])) for colour in COLOURS]
