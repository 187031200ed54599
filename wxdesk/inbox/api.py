"""The JSON door to conversations and messages, for the inbox and for scripts alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import logged_in, person, requires
from wxdesk.agents.preferences import preferences_of
from wxdesk.conversations.filters import Order
from wxdesk.conversations.queries import (
    MessageFilter,
    get_message,
    list_messages,
    page_of,
)
from wxdesk.conversations.rules import Direction, Status
from wxdesk.inbox.contact_shapes import shown_name
from wxdesk.inbox.conversation_shapes import conversations_json
from wxdesk.inbox.filters import Asker, choice, read_filters, read_order
from wxdesk.inbox.openapi import document
from wxdesk.inbox.queries import Personal, Slow, Totals, TotalsCache, personal_counts
from wxdesk.inbox.responses import conversation_response, viewer
from wxdesk.inbox.saved_views import get_view, list_views
from wxdesk.inbox.shapes import messages_json
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import WxdeskError
from wxdesk.plumbing.http import (
    cursor_argument,
    cursor_of,
    ids_argument,
    integer_argument,
    limit_argument,
    page_json,
)
from wxdesk.runtime import current

bp = Blueprint("api", __name__, url_prefix="/api/v1")

CURSOR_KINDS: dict[Order, tuple[type, ...]] = {
    Order.DEADLINE: (int, datetime, datetime, int),
    Order.WAITING: (datetime, int),
    Order.NEWEST: (datetime, int),
    Order.PRIORITY: (int, int, datetime, datetime, int),
}


@bp.get("/inbox/counts")
@requires("conversations.read")
def counts() -> Response:
    """Sizes of the inbox's views; `resolved_today` are the last 24 hours."""
    now, agent_id = current().clock(), person().id
    threshold = timedelta(minutes=int(preferences_of(person().chosen)["slow_alarm_minutes"]))
    cache: TotalsCache = current_app.extensions["wxdesk-totals"]
    with current().reading() as session:
        totals = cache.get(session, now)
        nobodys = cache.nobodys_slow(session, now, threshold)
        mine = personal_counts(session, agent_id, now - threshold, nobodys)
        views = _view_counts(session, cache, Asker(agent_id, now))
    return jsonify(now=iso(now), **_totals(totals, agent_id), **_personal(mine), views=views)


@bp.get("/conversations")
@requires("conversations.read")
def list_all() -> Response:
    """A page in any order; `view` is a saved view, whose filters the other arguments replace.

    Of conversations in `known` only the id is told: the caller has heard of no change since.
    """
    limit, known = limit_argument(), ids_argument("known")
    with current().reading() as session:
        given = _given(session, request.args)
        order = read_order(given) or Order.DEADLINE
        wanted = read_filters(session, given, Asker(person().id, current().clock()))
        after = cursor_argument(*CURSOR_KINDS[order])
        page = page_of(session, wanted, order, after, limit, known)
        told = {item["id"]: item for item in conversations_json(session, page.rows, viewer())}
    items = [told.get(one) or {"id": one} for one in page.ids]
    return jsonify(page_json(items, cursor_of(page.next_key) if page.next_key else None))


@bp.get("/conversations/<int:conversation_id>")
@requires("conversations.read")
def show(conversation_id: int) -> Response:
    return conversation_response(conversation_id)


@bp.get("/messages")
@requires("conversations.read")
def messages() -> Response:
    """Messages in the order in which they were recorded."""
    limit = limit_argument()
    cursor = cursor_argument(int)
    after_id = cursor[0] if cursor else integer_argument("since_id", 0)
    with current().reading() as session:
        wanted = MessageFilter(
            account_id=_account_id(session),
            openid=request.args.get("openid") or None,
            conversation_id=integer_argument("conversation_id"),
            direction=choice(request.args, "direction", Direction),
        )
        rows = list_messages(session, wanted, after_id=after_id or 0, limit=limit + 1)
        items = messages_json(session, rows[:limit])
    more = len(rows) > limit
    return jsonify(page_json(items, cursor_of((rows[limit - 1].message.id,)) if more else None))


@bp.get("/messages/<int:message_id>")
@requires("conversations.read")
def message(message_id: int) -> Response:
    """One message, also one that was taken back."""
    with current().reading() as session:
        return jsonify(messages_json(session, [get_message(session, message_id)])[0])


@bp.get("/openapi.json")
@logged_in
def openapi() -> Response:
    return jsonify(document())


def _given(session: Session, args: Mapping[str, str]) -> dict[str, str]:
    """The arguments over those of the saved view that they name."""
    own = {name: text for name, text in args.items() if text.strip()}
    view_id = integer_argument("view")
    if view_id is None:
        return own
    return {**get_view(session, view_id, person().id).view.query, **own}


def _view_counts(session: Session, cache: TotalsCache, asker: Asker) -> dict[int, int]:
    """A view whose account or tag is gone holds nothing."""
    found, wanted = {}, []
    for row in list_views(session, asker.agent_id):
        try:
            filters = read_filters(session, row.view.query, asker)
        except WxdeskError:
            found[row.view.id] = 0
            continue
        wanted.append(((row.view.id, asker.agent_id, str(row.view.query)), filters))
    sizes = cache.views(session, asker.now, wanted)
    return found | {key[0]: size for (key, _filters), size in zip(wanted, sizes, strict=True)}


def _totals(totals: Totals, agent_id: int) -> dict[str, Any]:
    return {
        "mine": totals.of_person(agent_id),
        "unassigned": totals.of_person(None),
        "all": totals.of_status(Status.OPEN),
        "breached": totals.breached,
        "due_soon": totals.due_soon,
        "closing_soon": totals.closing_soon,
        "pending": totals.of_status(Status.PENDING),
        "snoozed": totals.of_status(Status.SNOOZED),
        "spam": totals.spam,
        "resolved_today": totals.resolved_lately,
        "oldest_waiting_since": iso(totals.oldest_waiting_since),
    }


def _personal(mine: Personal) -> dict[str, Any]:
    return {
        "mentions": mine.mentions,
        "drafts": mine.drafts,
        "slow": {
            "count": mine.slow.count,
            "items": [_slow(one) for one in mine.slow.longest],
        },
    }


def _slow(one: Slow) -> dict[str, Any]:
    return {
        "id": one.conversation_id,
        "contact": {"id": one.contact.id, "name": shown_name(one.contact)},
        "waiting_since": iso(one.waiting_since),
        "assignee_id": one.assignee_id,
    }


def _account_id(session: Session) -> int | None:
    slug = request.args.get("account", "")
    return get_by_slug(session, slug).id if slug else None
