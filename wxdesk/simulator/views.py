"""The phone page: a person plays customers in a browser."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from wxdesk.simulator.page_texts import TEXTS


def create_blueprint() -> Blueprint:
    """The route of the page."""
    phone = Blueprint("phone", __name__)

    @phone.get("/")
    def show() -> str:
        language = "en" if request.args.get("lang") == "en" else "zh"
        return render_template("phone.html", language=language, t=TEXTS[language])

    return phone
