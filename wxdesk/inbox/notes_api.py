"""The JSON door to notes, mentions, drafts and what an agent has read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from wxdesk.agents.access import person, requires
from wxdesk.conversations.drafts import drafts_of, forget_drafts, keep_draft
from wxdesk.conversations.notes import MOST_MENTIONS, add_note
from wxdesk.conversations.reading import MentionRow, is_read, list_mentions, mark_read
from wxdesk.conversations.rules import DraftKind
from wxdesk.inbox.contact_shapes import shown_name
from wxdesk.inbox.responses import message_response
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    LARGEST_ID,
    boolean_argument,
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    number_field,
    page_json,
    text_field,
)
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("notes_api", __name__, url_prefix="/api/v1")


@bp.post("/conversations/<int:conversation_id>/notes")
@requires("conversations.reply")
def write_note(conversation_id: int) -> tuple[Response, int]:
    """{"text", "mentions": [agent ids]}; a repeated Idempotency-Key gives the first note."""
    body = json_body()
    text, mentions = text_field(body, "text"), _agent_ids(body)
    with current().unit_of_work() as uow:
        note = add_note(
            uow,
            conversation_id,
            agent_id=person().id,
            text=text,
            mentions=mentions,
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
        message_id = note.id
    return message_response(message_id), 201


@bp.get("/mentions")
@requires("conversations.read")
def mentions() -> Response:
    """Notes that name this agent, the latest first; `unseen=true`: those not looked at yet."""
    limit = limit_argument()
    cursor = cursor_argument(int)
    with current().reading() as session:
        rows = list_mentions(
            session,
            person().id,
            is_unseen=boolean_argument("unseen") is True,
            before_id=cursor[0] if cursor else None,
            limit=limit + 1,
        )
        items = [_mention(row) for row in rows[:limit]]
    more = len(rows) > limit
    return jsonify(page_json(items, cursor_of((rows[limit - 1].mention.id,)) if more else None))


@bp.get("/conversations/<int:conversation_id>/draft")
@requires("conversations.reply")
def show_draft(conversation_id: int) -> Response:
    return _draft(conversation_id)


@bp.put("/conversations/<int:conversation_id>/draft")
@requires("conversations.reply")
def put_draft(conversation_id: int) -> Response:
    """{"reply": text} or {"note": text}, or both: the last one written stays; "" removes."""
    body = json_body()
    kinds = [kind for kind in DraftKind if kind.value in body]
    if not kinds:
        raise InvalidInputError("reply", say("reply or note is needed"))
    texts = {kind: text_field(body, kind.value) for kind in kinds}
    with current().unit_of_work() as uow:
        for kind, text in texts.items():
            keep_draft(uow, conversation_id, kind, text, agent_id=person().id)
    return _draft(conversation_id)


@bp.delete("/conversations/<int:conversation_id>/draft")
@requires("conversations.reply")
def remove_draft(conversation_id: int) -> Response:
    with current().unit_of_work() as uow:
        forget_drafts(uow, conversation_id, agent_id=person().id)
    return _draft(conversation_id)


@bp.put("/conversations/<int:conversation_id>/read")
@requires("conversations.read")
def put_read(conversation_id: int) -> Response:
    """{"message_id": the last one that was shown}; it never goes back."""
    message_id = number_field(json_body(), "message_id")
    agent_id = person().id
    with current().reading() as session:
        is_known = is_read(session, conversation_id, message_id, agent_id=agent_id)
    if not is_known:
        with current().unit_of_work() as uow:
            mark_read(uow, conversation_id, message_id, agent_id=agent_id)
    return Response(status=204)


def _draft(conversation_id: int) -> Response:
    with current().reading() as session:
        found = drafts_of(session, conversation_id, person().id)
    return jsonify(reply=found.reply, note=found.note, updated_at=iso(found.updated_at))


def _mention(row: MentionRow) -> dict[str, Any]:
    it = row.mention
    return {
        "id": it.id,
        "message_id": it.message_id,
        "conversation_id": it.conversation_id,
        "contact": {"id": row.contact.id, "name": shown_name(row.contact)},
        "by": {"id": row.message.sender_id, "name": row.author},
        "text": row.message.text,
        "created_at": iso(it.created_at),
        "seen_at": iso(it.seen_at),
    }


def _agent_ids(body: dict[str, Any]) -> list[int]:
    ids = body.get("mentions", [])
    if not isinstance(ids, list) or len(ids) > 10 * MOST_MENTIONS:
        raise InvalidInputError("mentions", say("a list of agents' ids is needed"))
    for each in ids:
        if not isinstance(each, int) or isinstance(each, bool) or not 0 < each <= LARGEST_ID:
            raise InvalidInputError("mentions", say("a list of agents' ids is needed"))
    return ids
