"""Posters: a picture is sent, and comes back with the code on it; of many codes in an archive.

Nothing is kept of what was sent.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request

from wxdesk.agents.access import requires
from wxdesk.media.api import takes_files
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.qr_codes.archives import MOST_POSTERS, zip_of
from wxdesk.qr_codes.file_views import (
    attachment,
    picture,
    query_of,
    read_wanted,
    ready_code,
    ready_codes,
)
from wxdesk.qr_codes.posters import (
    LEAST_PERCENT,
    MOST_PERCENT,
    Backdrop,
    Layout,
    Place,
    font_file,
)
from wxdesk.qr_codes.queries import CodeView
from wxdesk.words import say

USUAL = {"place": "bottom_right", "percent": "28", "has_label": "1"}


def add_to(bp: Blueprint) -> None:
    """These endpoints belong to the pages' blueprint."""
    bp.get("/<int:code_id>/poster", endpoint="poster")(poster)
    bp.post("/<int:code_id>/poster", endpoint="draw_poster")(draw_poster)
    bp.get("/posters", endpoint="posters")(posters)
    bp.post("/posters", endpoint="draw_posters")(draw_posters)


@requires("campaigns.read")
def poster(code_id: int) -> str:
    return _page([ready_code(code_id)], code_id, USUAL, {})


@takes_files
@requires("campaigns.read")
def draw_poster(code_id: int) -> Response | tuple[str, int] | tuple[Response, int]:
    """The poster of one code: a file, or with `preview` what the page's script shows."""
    code = ready_code(code_id)
    try:
        layout = _layout()
        made = _backdrop().with_code(code.url, code.label, layout)
    except InvalidInputError as error:
        return _refused(error, [code], code_id)
    return picture(code, made.data, made.content_type, made.suffix)


@requires("campaigns.read")
def posters() -> str:
    return _page(ready_codes(MOST_POSTERS), None, USUAL, {})


@takes_files
@requires("campaigns.read")
def draw_posters() -> Response | tuple[str, int] | tuple[Response, int]:
    """An archive of posters; with `preview` the first of them."""
    codes = ready_codes(MOST_POSTERS)
    try:
        backdrop, layout = _backdrop(), _layout()
        first = backdrop.with_code(codes[0].url, codes[0].label, layout)
    except InvalidInputError as error:
        return _refused(error, codes, None)
    if request.form.get("preview"):
        return picture(codes[0], first.data, first.content_type, first.suffix)

    def draw(code: CodeView) -> tuple[bytes, str]:
        made = backdrop.with_code(code.url, code.label, layout)
        return made.data, made.suffix

    headers = attachment("posters.zip")
    return Response(zip_of(codes, draw), mimetype="application/zip", headers=headers)


def _refused(
    error: InvalidInputError, codes: list[CodeView], code_id: int | None
) -> tuple[str, int] | tuple[Response, int]:
    sentence = translated(error.sentence)
    if request.form.get("preview"):
        return jsonify(field=error.field, message=sentence), 422
    return _page(codes, code_id, request.form.to_dict(), {error.field: sentence}), 422


def _backdrop() -> Backdrop:
    file = request.files.get("background")
    if file is None or not file.filename:
        raise InvalidInputError("background", say("choose a picture"))
    with file.stream as stream:
        return Backdrop(stream.read())


def _layout() -> Layout:
    try:
        place = Place(request.form.get("place", ""))
    except ValueError:
        values = ", ".join(Place)
        raise InvalidInputError("place", say("one of: %(values)s", values=values)) from None
    percent = whole_number(request.form.get("percent", ""))
    if percent is None:
        raise InvalidInputError("percent", say("a whole number is needed"))
    return Layout(place, percent, has_label=request.form.get("has_label") == "1")


def _page(
    codes: list[CodeView], code_id: int | None, form: dict[str, str], errors: dict[str, str]
) -> str:
    return render_template(
        "qr_codes/poster.html",
        codes=codes,
        code_id=code_id,
        form=form,
        errors=errors,
        places=list(Place),
        has_font=font_file() is not None,
        least=LEAST_PERCENT,
        most=MOST_PERCENT,
        query=query_of(read_wanted(request.args)),
    )
