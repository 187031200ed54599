"""The JSON door to conversations and messages, for the inbox and for scripts alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import logged_in, person, requires
from wxdesk.conversations import operations as conversations
from wxdesk.conversations.queries import (
    ConversationFilter,
    MessageFilter,
    Order,
    get_conversation,
    last_message_id,
    list_conversations,
    list_messages,
    list_thread,
    order_key,
)
from wxdesk.conversations.rules import Direction, Status
from wxdesk.inbox import operations
from wxdesk.inbox.answers_api import thread_moved
from wxdesk.inbox.conversation_shapes import conversations_json
from wxdesk.inbox.openapi import document
from wxdesk.inbox.operations import ThreadMovedError, claim_next, resolve
from wxdesk.inbox.queries import TotalsCache
from wxdesk.inbox.shapes import messages_json
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    LARGEST_ID,
    boolean_argument,
    cursor_argument,
    cursor_of,
    integer_argument,
    json_body,
    limit_argument,
    number_field,
    page_json,
)
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("api", __name__, url_prefix="/api/v1")

CURSOR_KINDS: dict[Order, tuple[type, ...]] = {
    Order.DEADLINE: (int, datetime, datetime, int),
    Order.WAITING: (datetime, int),
    Order.NEWEST: (datetime, int),
}


@bp.get("/me")
@logged_in
def me() -> Response:
    it = person()
    return jsonify(id=it.id, name=it.name, email=it.email, role=it.role, locale=it.locale)


@bp.get("/inbox/counts")
@requires("conversations.read")
def counts() -> Response:
    """Sizes of the inbox's views; `resolved_today` are the last 24 hours."""
    now = current().clock()
    cache: TotalsCache = current_app.extensions["wxdesk-totals"]
    with current().reading() as session:
        totals = cache.get(session, now)
    return jsonify(
        now=iso(now),
        mine=totals.by_assignee.get(person().id, 0),
        unassigned=totals.by_assignee.get(None, 0),
        all=totals.all,
        breached=totals.breached,
        due_soon=totals.due_soon,
        resolved_today=totals.resolved_lately,
    )


@bp.get("/conversations")
@requires("conversations.read")
def list_all() -> Response:
    order = _choice("order", Order, Order.DEADLINE)
    kinds = CURSOR_KINDS[order]
    limit = limit_argument()
    with current().reading() as session:
        wanted = _conversation_filter(session)
        rows = list_conversations(session, wanted, order, cursor_argument(*kinds), limit + 1)
        items = conversations_json(session, rows[:limit], current().clock())
    more = len(rows) > limit
    return jsonify(page_json(items, cursor_of(order_key(rows[limit - 1], order)) if more else None))


@bp.get("/conversations/<int:conversation_id>")
@requires("conversations.read")
def show(conversation_id: int) -> Response:
    return _conversation(conversation_id)


@bp.get("/conversations/<int:conversation_id>/thread")
@requires("conversations.read")
def thread(conversation_id: int) -> Response:
    """A page of the customer's whole history, oldest first; the cursor leads to older ones."""
    limit = limit_argument()
    before = cursor_argument(datetime, int)
    with current().reading() as session:
        contact_id = get_conversation(session, conversation_id).contact.id
        newest = last_message_id(session, contact_id)  # first: never one that is not in the page
        rows = list_thread(session, contact_id, before=before, limit=limit + 1)
        page = rows[:limit]
        items = messages_json(session, page[::-1])
    oldest = page[-1].message if len(rows) > limit else None
    cursor = cursor_of((oldest.received_at, oldest.id)) if oldest else None
    return jsonify({**page_json(items, cursor), "last_message_id": newest})


@bp.post("/conversations/<int:conversation_id>/assign")
@requires("conversations.assign")
def assign(conversation_id: int) -> Response:
    """{"assignee": "me"} claims; with "take_over": true also from a colleague; null gives back."""
    body = json_body()
    if "assignee" not in body:
        raise InvalidInputError("assignee", say('"me", an agent\'s id, or null'))
    agent_id = _assignee(body["assignee"])
    with current().unit_of_work() as uow:
        if agent_id is not None and body.get("take_over") is not True:
            conversations.claim(uow, conversation_id, agent_id)
        else:
            conversations.assign(uow, conversation_id, agent_id)
    return _conversation(conversation_id)


@bp.post("/conversations/next")
@requires("conversations.assign")
def take_next() -> Response:
    """Claim the most urgent unassigned conversation; 204 when none waits."""
    with current().unit_of_work() as uow:
        conversation_id = claim_next(uow, person().id)
    if conversation_id is None:
        return Response(status=204)
    return _conversation(conversation_id)


@bp.post("/conversations/<int:conversation_id>/resolve")
@requires("conversations.reply")
def end(conversation_id: int) -> Response:
    """With `last_seen_message_id`: 409 with the newer messages when somebody wrote after it."""
    body = json_body()
    last_seen = (
        number_field(body, "last_seen_message_id")
        if body.get("last_seen_message_id") is not None
        else None
    )
    try:
        with current().unit_of_work() as uow:
            resolve(uow, conversation_id, agent_id=person().id, last_seen_message_id=last_seen)
    except ThreadMovedError as error:
        return thread_moved(conversation_id, last_seen or 0, error)
    return _conversation(conversation_id)


@bp.post("/conversations/<int:conversation_id>/reopen")
@requires("conversations.reply")
def reopen(conversation_id: int) -> Response:
    with current().unit_of_work() as uow:
        operations.reopen(uow, conversation_id)
    return _conversation(conversation_id)


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
            direction=_choice("direction", Direction, None),
        )
        rows = list_messages(session, wanted, after_id=after_id or 0, limit=limit + 1)
        items = messages_json(session, rows[:limit])
    more = len(rows) > limit
    return jsonify(page_json(items, cursor_of((rows[limit - 1].message.id,)) if more else None))


@bp.get("/openapi.json")
@logged_in
def openapi() -> Response:
    return jsonify(document())


def _conversation(conversation_id: int) -> Response:
    with current().reading() as session:
        row = get_conversation(session, conversation_id)
        return jsonify(conversations_json(session, [row], current().clock())[0])


def _conversation_filter(session: Session) -> ConversationFilter:
    assignee = request.args.get("assignee", "")
    assignee_id = {"": None, "me": person().id, "none": 0}.get(assignee, -1)
    if assignee_id == -1:
        assignee_id = integer_argument("assignee")
    return ConversationFilter(
        status=_choice("status", Status, None),
        assignee_id=assignee_id,
        account_id=_account_id(session),
        openid=request.args.get("openid") or None,
        is_breached=boolean_argument("breached"),
    )


def _account_id(session: Session) -> int | None:
    slug = request.args.get("account", "")
    return get_by_slug(session, slug).id if slug else None


def _choice(name: str, kind: Any, default: Any) -> Any:
    text = request.args.get(name, "")
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        raise InvalidInputError(
            name, say("one of: %(values)s", values=", ".join(member.value for member in kind))
        ) from None


def _assignee(value: Any) -> int | None:
    if value is None:
        return None
    if value == "me":
        return person().id
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID:
        return value
    raise InvalidInputError("assignee", say('"me", an agent\'s id, or null'))
