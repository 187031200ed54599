"""The control API under /sim: set up accounts, act as customers, order faults, read the logs."""

from __future__ import annotations

from flask import Blueprint

from wxdesk.simulator.control import account_routes, customer_routes, world_routes
from wxdesk.simulator.platform import Platform


def create_blueprint(platform: Platform) -> Blueprint:
    """The routes of /sim."""
    control = Blueprint("control", __name__, url_prefix="/sim")
    account_routes.add_routes(control, platform)
    customer_routes.add_routes(control, platform)
    world_routes.add_routes(control, platform)
    return control
