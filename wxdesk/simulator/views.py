"""The phone page: a person plays customers in a browser; and the files that it shows."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request

from wxdesk.simulator.page_texts import TEXTS
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.voices import to_wav


def create_blueprint(platform: Platform) -> Blueprint:
    """The page, and files by their id: /files for desks (no token), /sim/media for the page."""
    phone = Blueprint("phone", __name__)

    @phone.get("/files/<media_id>")
    @phone.get("/sim/media/<media_id>")
    def file(media_id: str) -> Response:
        media = platform.state.media.peek(media_id)
        if media is None:
            abort(404)
        try:
            content = platform.state.media.read(media)
        except OSError:
            abort(404)
        response = Response(content)
        response.headers["Content-Type"] = media.content_type
        return response

    @phone.get("/sim/media/<media_id>/sound")
    def sound(media_id: str) -> Response:
        media = platform.state.media.peek(media_id)
        if media is None or media.kind != "voice":
            abort(404)
        made = to_wav(platform.state.media.read(media))
        if made is None:
            abort(404)
        return Response(made, mimetype="audio/wav")

    @phone.get("/")
    def show() -> str:
        language = "en" if request.args.get("lang") == "en" else "zh"
        return render_template("phone.html", language=language, t=TEXTS[language])

    return phone
