"""The JSON door to threads: pages older and newer, and around a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.orm import Session

from wxdesk.agents.access import person, requires
from wxdesk.conversations.queries import (
    MessageRow,
    get_conversation,
    get_message,
    list_thread,
    list_thread_after,
)
from wxdesk.conversations.reading import reached_by
from wxdesk.inbox.conversation_shapes import conversations_json
from wxdesk.inbox.responses import viewer
from wxdesk.inbox.shapes import messages_json
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.http import (
    boolean_argument,
    cursor_argument,
    cursor_of,
    integer_argument,
    limit_argument,
)
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("thread_api", __name__, url_prefix="/api/v1")

Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows, the oldest first, and whether there are older and newer ones."""

    rows: Sequence[MessageRow]
    has_older: bool
    has_newer: bool


@bp.get("/conversations/<int:conversation_id>/thread")
@requires("conversations.read")
def thread(conversation_id: int) -> Response:
    """A page of the customer's whole history, oldest first.

    The newest page; the one before `cursor`; the one after `after`; or `around` a message.
    `with_conversation` saves a second request to whoever draws the head as well.
    """
    limit = limit_argument()
    before = cursor_argument(datetime, int)
    after = cursor_argument(datetime, int, name="after")
    around = integer_argument("around")
    _check_one_place()
    with current().reading() as session:
        # First: so its last message is never one that is not in the page.
        reached = reached_by(session, conversation_id, person().id)
        contact_id = reached.contact_id
        if around is not None:
            page = _around(session, contact_id, around, limit)
        elif after is not None:
            page = _after(session, contact_id, after, limit)
        else:
            page = _before(session, contact_id, before, limit)
        items = messages_json(session, page.rows)
        head = _head(session, conversation_id)
    return jsonify(
        items=items,
        next_cursor=_cursor(page.rows[0]) if page.has_older else None,
        newer_cursor=_cursor(page.rows[-1]) if page.has_newer else None,
        last_message_id=reached.last_id,
        read_message_id=reached.read_id,
        conversation=head,
    )


def _head(session: Session, conversation_id: int) -> dict[str, Any] | None:
    if not boolean_argument("with_conversation"):
        return None
    row = get_conversation(session, conversation_id)
    return conversations_json(session, [row], viewer())[0]


def _check_one_place() -> None:
    given = [name for name in ("cursor", "after", "around") if request.args.get(name, "").strip()]
    if len(given) > 1:
        raise InvalidInputError(given[1], say("only one of cursor, after and around"))


def _before(session: Session, contact_id: int, before: Place | None, limit: int) -> _Page:
    rows = list_thread(session, contact_id, before=before, limit=limit + 1)
    return _Page(rows[:limit][::-1], len(rows) > limit, before is not None and bool(rows))


def _after(session: Session, contact_id: int, after: Place, limit: int) -> _Page:
    rows = list_thread_after(session, contact_id, after=after, limit=limit + 1)
    return _Page(rows[:limit], bool(rows), len(rows) > limit)


def _around(session: Session, contact_id: int, message_id: int, limit: int) -> _Page:
    """Half a page before the message and half after it; NotFoundError if it is not here."""
    middle = get_message(session, message_id)
    message = middle.message
    if message.contact_id != contact_id or message.undone_at is not None:
        raise NotFoundError(say("there is no message %(id)d", id=message_id))
    place = (message.received_at, message.id)
    older_limit = max(1, limit // 2)
    newer_limit = max(1, limit - older_limit)
    older = list_thread(session, contact_id, before=place, limit=older_limit + 1)
    newer = list_thread_after(session, contact_id, after=place, limit=newer_limit)
    rows = [*older[:older_limit][::-1], middle, *newer[: newer_limit - 1]]
    return _Page(rows, len(older) > older_limit, len(newer) > newer_limit - 1)


def _cursor(row: MessageRow) -> str:
    return cursor_of((row.message.received_at, row.message.id))
