"""The page of webhook calls: what was sent, what failed and why, and how calls are signed."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.audit.operations import note
from wxdesk.notifications.calling import SIGNATURE, secret_of
from wxdesk.notifications.operations import retry_call
from wxdesk.notifications.queries import list_calls
from wxdesk.notifications.rules import MOST_TRIES, PROBLEMS, CallState
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("webhooks", __name__, url_prefix="/settings/webhooks")

PAGE = 50
STATES = {
    CallState.QUEUED: say("waiting"),
    CallState.SENDING: say("being sent"),
    CallState.SENT: say("taken"),
    CallState.FAILED: say("failed"),
}


@bp.get("")
@requires("sla.write")
def webhooks() -> str:
    cursor = cursor_argument(int)
    with current().reading() as session:
        found = list_calls(session, before_id=cursor[0] if cursor else None, limit=PAGE + 1)
    may_see = person().may("accounts.write")
    return render_template(
        "notifications/webhooks.html",
        calls=found[:PAGE],
        next_cursor=cursor_of((found[PAGE - 1].id,)) if len(found) > PAGE else None,
        secret=secret_of(current().settings.secret_key) if may_see else None,
        header=SIGNATURE,
        states=STATES,
        problems=PROBLEMS,
        most_tries=MOST_TRIES,
    )


@bp.post("/<int:call_id>/retry")
@requires("sla.write")
def retry(call_id: int) -> Response:
    with current().unit_of_work() as uow:
        retry_call(uow, call_id)
        note(uow, "webhook.retried", f"webhook:{call_id}", actor_id=person().id)
    flash(translated(say("The call is tried again.")))
    return redirect(url_for("webhooks.webhooks"))
