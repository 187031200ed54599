"""Every API call of the simulator in one table, and its Flask routes."""

from __future__ import annotations

from flask import Blueprint, Response

from wxdesk.simulator.api import (
    custom_messages,
    mass,
    media_calls,
    menu_calls,
    qr_codes,
    quota_calls,
    tags,
    templates,
    token_calls,
    users,
)
from wxdesk.simulator.api.frame import Access, Api, Asked, answered
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.platform import Platform

PREFIXES = ("/cgi-bin/", "/wxaapi/")


def _all() -> dict[str, Api]:
    groups = (
        token_calls.APIS,
        quota_calls.APIS,
        custom_messages.APIS,
        media_calls.APIS,
        users.APIS,
        tags.APIS,
        qr_codes.APIS,
        templates.APIS,
        mass.APIS,
        menu_calls.APIS,
    )
    table = {api.name: api for group in groups for api in group}
    getter = quota_calls.quota_getter(table)
    table[getter.name] = getter
    return table


TABLE = _all()


def create_blueprint(platform: Platform) -> Blueprint:
    """The routes of /cgi-bin and /wxaapi."""
    routes = Blueprint("api", __name__)
    for api in TABLE.values():
        _add(routes, platform, api)

    @routes.route("/cgi-bin/<path:name>", methods=["GET", "POST"])
    @routes.route("/wxaapi/<path:name>", methods=["GET", "POST"])
    def unknown(name: str) -> Response:
        return answered(platform, Api(name[:100], _refuse_unknown, Access.OPEN, is_post=False))

    return routes


def _add(routes: Blueprint, platform: Platform, api: Api) -> None:
    def view() -> Response:
        return answered(platform, api)

    endpoint = api.path.strip("/").replace("/", "_").replace("-", "_")
    routes.add_url_rule(api.path, endpoint, view, methods=["GET", "POST"])


def _refuse_unknown(asked: Asked) -> dict[str, object]:
    raise ApiError(40066, "invalid url")
