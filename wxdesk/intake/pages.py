"""Supervisors' pages: where every message is, and what could not be recorded."""

from __future__ import annotations

from flask import Blueprint, render_template

from wxdesk.agents.access import requires
from wxdesk.intake.queries import account_for_everything, list_set_aside
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("intake_pages", __name__, url_prefix="/settings")

PAGE = 50
REASONS = {
    "event": say("events such as follows and menu clicks"),
    "unrecordable": say("could not be recorded"),
}


@bp.get("/accounting")
@requires("intake.read")
def accounting() -> str:
    runtime = current()
    with runtime.readers() as session:
        found = account_for_everything(session, runtime.redis, runtime.spool)
    numbers = found.as_json()
    numbers["set_aside"] = {
        translated(REASONS.get(reason, reason)): count for reason, count in found.set_aside.items()
    }
    return render_template("intake/accounting.html", accounting=numbers)


@bp.get("/set-aside")
@requires("intake.read")
def set_aside() -> str:
    cursor = cursor_argument(int)
    with current().reading() as session:
        items = list_set_aside(session, before_id=cursor[0] if cursor else None, limit=PAGE + 1)
    next_cursor = cursor_of((items[PAGE - 1].id,)) if len(items) > PAGE else None
    return render_template("intake/set_aside.html", items=items[:PAGE], next_cursor=next_cursor)
