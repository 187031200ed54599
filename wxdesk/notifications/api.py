"""What the bell shows: a person's own notifications, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify

from wxdesk.agents.access import logged_in, person
from wxdesk.notifications.operations import mark_seen
from wxdesk.notifications.queries import (
    NotificationView,
    count_unseen,
    list_notifications,
    wants_browser,
)
from wxdesk.notifications.rules import Topic, title_of
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.http import (
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    number_field,
    page_json,
)
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("notifications_api", __name__, url_prefix="/api/v1/notifications")

LINES = 20


@bp.get("")
@logged_in
def list_own() -> Response:
    """One's own notifications, the newest first, and how many are new (at most 100)."""
    limit = limit_argument(LINES)
    cursor = cursor_argument(int)
    with current().reading() as session:
        found = list_notifications(
            session, person().id, before_id=cursor[0] if cursor else None, limit=limit + 1
        )
        unseen = count_unseen(session, person().id)
    items = [_line(it) for it in found[:limit]]
    next_cursor = cursor_of((found[limit - 1].id,)) if len(found) > limit else None
    return jsonify(page_json(items, next_cursor) | {"unseen": unseen})


@bp.get("/unseen")
@logged_in
def unseen() -> Response:
    """How many are new, and the newest of those: for a bell that asks often."""
    with current().reading() as session:
        count = count_unseen(session, person().id)
        newest = list_notifications(session, person().id, before_id=None, limit=1) if count else []
        is_told = wants_browser(session, person().id)
    is_new = bool(newest) and newest[0].seen_at is None
    line = _line(newest[0]) if is_new else None
    return jsonify(unseen=count, newest=line, tells_browser=is_told)


@bp.post("/seen")
@logged_in
def seen() -> Response:
    """{"until_id": n}: all up to n are read; {"id": n}: that one."""
    body = json_body()
    name = "id" if "id" in body else "until_id"
    number = number_field(body, name, 1)
    with current().unit_of_work() as uow:
        mark_seen(uow, person().id, number, only_id=number if name == "id" else None)
        count = count_unseen(uow.session, person().id)
    return jsonify(unseen=count)


def _line(it: NotificationView) -> dict[str, Any]:
    return {
        "id": it.id,
        "topic": it.topic,
        "title": translated(title_of(it.topic, str(it.details.get("clock", "")))),
        "text": _text(it),
        "customer": _customer(it),
        "conversation_id": it.conversation_id,
        "link": _link(it),
        "details": dict(it.details),
        "created_at": iso(it.created_at),
        "seen_at": iso(it.seen_at),
    }


def _customer(it: NotificationView) -> str | None:
    if it.contact_id is None:
        return None
    return it.remark or translated(say("WeChat user %(number)s", number=f"{it.contact_id:04d}"))


def _text(it: NotificationView) -> str:
    """Which promise, and until when; in the time of the desk."""
    parts = [str(it.details[name]) for name in ("policy", "report", "name") if it.details.get(name)]
    deadline_at = it.details.get("deadline_at")
    if isinstance(deadline_at, str):
        at = datetime.fromisoformat(deadline_at).astimezone(ZoneInfo(current().settings.timezone))
        parts.append(translated(say("due at %(time)s", time=f"{at:%m-%d %H:%M}")))
    return " · ".join(parts)


def _link(it: NotificationView) -> str | None:
    if it.conversation_id is not None:
        return f"/inbox/{it.conversation_id}"
    if it.topic is Topic.REPORT_FAILED:
        return "/reports/mails"
    return str(it.details["link"]) if "link" in it.details else None
