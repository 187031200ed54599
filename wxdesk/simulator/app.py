"""The simulator's Flask app: WeChat's API, the control API and the phone page."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from wxdesk.simulator import views
from wxdesk.simulator.api import routes
from wxdesk.simulator.control import routes as control
from wxdesk.simulator.errors import ApiError, BadInputError
from wxdesk.simulator.gate import is_own_host, is_own_origin
from wxdesk.simulator.platform import Platform

MOST_BODY_BYTES = 1024 * 1024
MOST_UPLOAD_BYTES = 12 * 1024 * 1024
OPEN_PREFIXES = (*routes.PREFIXES, "/files/")


def create_app(state: Platform) -> Flask:
    """An app over this platform; closing the platform stays with the caller."""
    app = Flask(
        "wxdesk.simulator",
        template_folder="../templates/simulator",
        static_folder="../static/simulator",
        static_url_path="/static",
    )
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.register_blueprint(routes.create_blueprint(state))
    app.register_blueprint(control.create_blueprint(state))
    app.register_blueprint(views.create_blueprint(state))
    app.register_error_handler(BadInputError, _bad_input)
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(_allow_uploads)
    app.before_request(lambda: _refuse_strangers(state))
    app.after_request(_harden)
    return app


def _allow_uploads() -> None:
    if request.mimetype == "multipart/form-data":
        request.max_content_length = MOST_UPLOAD_BYTES


def _refuse_strangers(platform: Platform) -> tuple[Response, int] | None:
    """Keep foreign names (DNS rebinding) and foreign pages off everything but WeChat's API."""
    if request.path.startswith(OPEN_PREFIXES):
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
    if request.path.startswith(routes.PREFIXES) and error.code == 413:
        return jsonify(ApiError(45001, "media size out of limit").as_json()), 200
    return jsonify(field="request", message=error.name), error.code or 500
