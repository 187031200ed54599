"""The JSON door to search: everything ever written, customers, and one customer's history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.contacts.models import Contact
from wxdesk.conversations.queries import MessageRow, contact_id_of, get_messages
from wxdesk.inbox.contact_shapes import contacts_json, shown_name
from wxdesk.inbox.filters import choice, tag_id_of
from wxdesk.inbox.shapes import messages_json
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    cursor_argument,
    cursor_of,
    day_argument,
    integer_argument,
    limit_argument,
)
from wxdesk.plumbing.search_text import Excerpt, Phrase, excerpt, phrases_of
from wxdesk.runtime import current
from wxdesk.search.progress import about_contacts, is_complete
from wxdesk.search.queries import (
    Found,
    SearchFilter,
    best_messages,
    find_contacts,
    find_in_thread,
    latest_conversations,
    newest_messages,
)
from wxdesk.search.rules import (
    LONGEST_QUERY,
    SearchKind,
    SearchOrder,
    contact_text,
    written_text,
)
from wxdesk.words import say

bp = Blueprint("search_api", __name__, url_prefix="/api/v1")

EXCERPT_LENGTH = 120
MOST_IN_THREAD = 200
MOST_AT_ONCE = 100
DAY = timedelta(days=1)

Json = dict[str, Any]
Find = Callable[[Session, SearchFilter, tuple[int, ...] | None, int], Found]


@bp.get("/search")
@requires("conversations.read")
def search() -> Response:
    """A page of messages or customers that contain every word of `q`."""
    kind = choice(request.args, "kind", SearchKind) or SearchKind.MESSAGES
    order = choice(request.args, "order", SearchOrder) or SearchOrder.BEST
    limit = min(limit_argument(), MOST_AT_ONCE)
    find, key_kinds = _way(kind, order)
    with current().reading() as session:
        wanted = _wanted(session)
        found = find(session, wanted, cursor_argument(*key_kinds), limit)
        show = _message_hits if kind is SearchKind.MESSAGES else _contact_hits
        items = show(session, found.ids, wanted.phrases)
        complete = is_complete(session, current().clock())
    return jsonify(
        items=items,
        next_cursor=cursor_of(found.next_key) if found.next_key else None,
        indexed_to={"is_complete": complete},
    )


@bp.get("/conversations/<int:conversation_id>/search")
@requires("conversations.read")
def search_thread(conversation_id: int) -> Response:
    """What the customer's history has of `q`, the newest first."""
    phrases = phrases_of(_query())
    with current().reading() as session:
        contact_id = contact_id_of(session, conversation_id)
        ids = find_in_thread(session, contact_id, tuple(phrases), MOST_IN_THREAD + 1)
        rows = get_messages(session, ids[:MOST_IN_THREAD])
    return jsonify(
        items=[
            {
                "message_id": row.message.id,
                "received_at": iso(row.message.received_at),
                **_excerpt(_cut(row, phrases)),
            }
            for row in rows
        ],
        total_is_capped=len(ids) > MOST_IN_THREAD,
    )


def _way(kind: SearchKind, order: SearchOrder) -> tuple[Find, tuple[type, ...]]:
    """How to find, and what the cursor of such a list consists of."""
    if kind is SearchKind.CONTACTS:
        return find_contacts, (int,)
    if order is SearchOrder.NEWEST:
        return newest_messages, (int,)
    return best_messages, (int, int)


def _query() -> str:
    text = request.args.get("q", "").strip()
    if not text or len(text) > LONGEST_QUERY:
        raise InvalidInputError("q", say("1 to %(most)d characters", most=LONGEST_QUERY))
    return text


def _wanted(session: Session) -> SearchFilter:
    args = request.args
    asked = _query()
    slug = args.get("account", "").strip()
    zone = ZoneInfo(current().settings.timezone)
    since, until = day_argument("from", zone), day_argument("to", zone, DAY)
    if since is not None and until is not None and since >= until:
        raise InvalidInputError("to", say("the last day is before the first"))
    return SearchFilter(
        phrases=tuple(phrases_of(asked)),
        asked=asked,
        account_id=get_by_slug(session, slug).id if slug else None,
        agent_id=person().id if args.get("agent") == "me" else integer_argument("agent"),
        tag_id=tag_id_of(session, args.get("tag", "").strip() or None),
        openid=args.get("openid", "").strip() or None,
        since=since,
        until=until,
    )


def _message_hits(session: Session, ids: Sequence[int], phrases: Sequence[Phrase]) -> list[Json]:
    rows = get_messages(session, ids)
    latest = latest_conversations(session, [row.contact.id for row in rows])
    return [
        {
            "kind": "message",
            "message": shown,
            "contact": {"id": row.contact.id, "name": shown_name(row.contact)},
            "conversation_id": row.message.conversation_id or latest.get(row.contact.id),
            **_excerpt(_cut(row, phrases)),
        }
        for row, shown in zip(rows, messages_json(session, rows), strict=True)
    ]


def _contact_hits(session: Session, ids: Sequence[int], phrases: Sequence[Phrase]) -> list[Json]:
    rows = {row.id: row for row in session.scalars(select(Contact).where(Contact.id.in_(ids)))}
    contacts = [rows[contact_id] for contact_id in ids if contact_id in rows]
    shown = contacts_json(session, contacts)
    latest = latest_conversations(session, ids)
    others = about_contacts(session, ids)
    return [
        {
            "kind": "contact",
            "contact": shown[it.id],
            "conversation_id": latest.get(it.id),
            **_excerpt(_about(it, others.get(it.id, []), phrases)),
        }
        for it in contacts
    ]


def _about(contact: Contact, others: Sequence[str], phrases: Sequence[Phrase]) -> Excerpt:
    return excerpt(contact_text(contact.id, contact.remark, others), phrases, EXCERPT_LENGTH)


def _cut(row: MessageRow, phrases: Sequence[Phrase]) -> Excerpt:
    text = written_text(row.message.text, row.message.payload)
    return excerpt(text, phrases, EXCERPT_LENGTH)


def _excerpt(cut: Excerpt) -> Json:
    return {"excerpt": cut.text, "ranges": [list(one) for one in cut.ranges]}
