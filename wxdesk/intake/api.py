"""The JSON door to the accounting of all inbound messages."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from wxdesk.agents.access import requires
from wxdesk.intake.queries import account_for_everything
from wxdesk.runtime import current

bp = Blueprint("intake_api", __name__, url_prefix="/api/v1")


@bp.get("/accounting")
@requires("intake.read")
def accounting() -> Response:
    """Every inbound message in exactly one place, and whether the sums agree."""
    runtime = current()
    with runtime.readers() as session:
        found = account_for_everything(session, runtime.redis, runtime.spool)
    return jsonify(found.as_json())
