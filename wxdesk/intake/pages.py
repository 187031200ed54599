"""Supervisors' pages: where every message is, and what could not be recorded."""

from __future__ import annotations

from flask import Blueprint, render_template

from wxdesk.agents.access import requires
from wxdesk.campaigns.rules import Silence
from wxdesk.conversations.rules import SPAM
from wxdesk.intake.queries import account_for_everything, list_set_aside, list_spam
from wxdesk.intake.ratings import RATING
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("intake_pages", __name__, url_prefix="/settings")

PAGE = 50
FEW = 10
REASONS = {
    SPAM: say("written by customers who were marked as spam"),
    "event": say("events such as follows and menu clicks"),
    RATING: say("what customers said about the service when they were asked"),
    Silence.QUIET: say("matched a rule that says nothing in such a case"),
    Silence.STOPPED: say("came while their campaign was stopped"),
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
    """What could not be recorded, and on the first page who was marked as spam."""
    cursor = cursor_argument(int)
    with current().reading() as session:
        items = list_set_aside(session, before_id=cursor[0] if cursor else None, limit=PAGE + 1)
        spam = [] if cursor else list_spam(session, before_id=None, limit=FEW + 1)
    next_cursor = cursor_of((items[PAGE - 1].id,)) if len(items) > PAGE else None
    return render_template(
        "intake/set_aside.html",
        items=items[:PAGE],
        next_cursor=next_cursor,
        spam=spam[:FEW],
        has_more_spam=len(spam) > FEW,
    )


@bp.get("/set-aside/spam")
@requires("intake.read")
def spam() -> str:
    """All customers whose messages were set aside as spam."""
    cursor = cursor_argument(int)
    with current().reading() as session:
        spam = list_spam(session, before_id=cursor[0] if cursor else None, limit=PAGE + 1)
    next_cursor = cursor_of((spam[PAGE - 1].last_message_id,)) if len(spam) > PAGE else None
    return render_template("intake/spam.html", spam=spam[:PAGE], next_cursor=next_cursor)
