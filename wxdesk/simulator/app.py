"""The simulator's Flask app: WeChat's API, the control API and the phone page."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from wxdesk.simulator import api, control, views
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.gate import is_own_host, is_own_origin
from wxdesk.simulator.platform import Platform

MOST_BODY_BYTES = 1024 * 1024


def create_app(state: Platform) -> Flask:
    """An app over this platform; closing the platform stays with the caller."""
    app = Flask(
        "wxdesk.simulator",
        template_folder="../templates/simulator",
        static_folder="../static/simulator",
        static_url_path="/static",
    )
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.register_blueprint(api.create_blueprint(state))
    app.register_blueprint(control.create_blueprint(state))
    app.register_blueprint(views.create_blueprint())
    app.register_error_handler(BadInputError, _bad_input)
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(lambda: _refuse_strangers(state))
    app.after_request(_harden)
    return app


def _refuse_strangers(platform: Platform) -> tuple[Response, int] | None:
    """Keep foreign names (DNS rebinding) and foreign pages off everything but WeChat's API."""
    if request.path.startswith("/cgi-bin/"):
        return None
    if not is_own_host(request.host, platform.allowed_hosts):
        return jsonify(field="Host", message="only a loopback or configured name is served"), 403
    if not is_own_origin(request.method, request.headers.get("Origin"), request.host):
        return jsonify(field="Origin", message="other sites may not call this"), 403
    return None


def _harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _bad_input(error: BadInputError) -> tuple[Response, int]:
    return jsonify(field=error.field, message=error.message), 400


def _http_error(error: HTTPException) -> tuple[Response, int]:
    return jsonify(field="request", message=error.name), error.code or 500
