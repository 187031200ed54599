"""The browser's doors to the inbox: the page of the island, and the live stream."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, render_template, request

from wxdesk.agents.access import person, requires, signed_session
from wxdesk.plumbing.http import problem
from wxdesk.plumbing.live import Listener, event_stream
from wxdesk.runtime import current

bp = Blueprint("inbox", __name__)

RETRY_SECONDS = "20"


@bp.get("/inbox")
@bp.get("/inbox/<int:conversation_id>")
@requires("conversations.read")
def inbox(conversation_id: int | None = None) -> str:
    """The page; the island reads the conversation from the address."""
    me = person()
    permissions = sorted(
        name
        for name in ("conversations.read", "conversations.reply", "conversations.assign")
        if me.may(name)
    )
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
