"""The browser's doors to the inbox: the page of the island, and the live stream."""

from __future__ import annotations

import json

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as WerkzeugResponse

from wxdesk.agents.access import person, requires, signed_session
from wxdesk.agents.rules import ALL_PERMISSIONS
from wxdesk.inbox import spam
from wxdesk.plumbing.http import problem
from wxdesk.plumbing.live import Listener, event_stream
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("inbox", __name__)

RETRY_SECONDS = "20"


@bp.get("/inbox")
@bp.get("/inbox/search", endpoint="search")
@bp.get("/inbox/<int:conversation_id>")
@requires("conversations.read")
def inbox(conversation_id: int | None = None) -> str:
    """The page; the island reads the conversation, or what is searched, from the address."""
    me = person()
    permissions = sorted(name for name in ALL_PERMISSIONS if me.may(name))
    me_json = json.dumps(
        {
            "id": me.id,
            "name": me.name,
            "email": me.email,
            "role": me.role,
            "locale": me.locale,
            "permissions": permissions,
        },
        ensure_ascii=False,
    )
    return render_template(
        "inbox/inbox.html",
        me=me,
        me_json=me_json,
        conversation_id=conversation_id,
        timezone=current().settings.timezone,
    )


@bp.post("/settings/set-aside/spam/<int:contact_id>/undo")
@requires("conversations.reply")
def not_spam(contact_id: int) -> WerkzeugResponse:
    """The customer's conversation is back in the inbox, with all that was set aside."""
    with current().unit_of_work() as uow:
        spam.not_spam(uow, contact_id, agent_id=person().id)
    flash(translated(say("No spam: the conversation is back in the inbox.")))
    return redirect(url_for("intake_pages.set_aside"))


@bp.get("/live")
@signed_session
def live() -> Response:
    """Server-sent events: topics that changed. 503 when this process serves enough browsers."""
    runtime = current()
    listener: Listener = current_app.extensions["wxdesk-listener"]
    mailbox = listener.join()
    if mailbox is None:
        response = problem(503, "Too many live streams", "poll, and try again later")
        response.headers["Retry-After"] = RETRY_SECONDS
        return response
    last_id = request.headers.get("Last-Event-ID") or request.args.get("last_event_id")
    events = event_stream(runtime.live, listener, mailbox, last_id, runtime.clock)
    response = Response(events, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.headers["Cache-Control"] = "no-store"
    return response
