"""The JSON door for answers: send, hold, take back, send again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from wxdesk.agents.access import person, requires
from wxdesk.conversations.queries import (
    account_of,
)
from wxdesk.inbox.operations import Answer, ThreadMovedError, reply, try_again
from wxdesk.inbox.outgoing import outgoing_of
from wxdesk.inbox.responses import message_response, thread_moved
from wxdesk.inbox.then import then_of
from wxdesk.inbox.undo import undo
from wxdesk.outbound.rules import LONGEST_UNDO
from wxdesk.outbound.settling import withdraw
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import json_body, number_field
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("answers", __name__, url_prefix="/api/v1")


@bp.post("/conversations/<int:conversation_id>/messages")
@requires("conversations.reply")
def send(conversation_id: int) -> tuple[Response, int] | Response:
    """`allow_split` for a long text, `hold` to wait for the customer where nothing can be sent.

    For `undo_seconds` it can be taken back; `then` ends or snoozes the conversation with it.
    """
    body = json_body()
    last_seen = number_field(body, "last_seen_message_id")
    undo_seconds, then = _undo_seconds(body), then_of(body)
    try:
        with current().unit_of_work() as uow:
            account_id = account_of(uow.session, conversation_id)
            answer = Answer(
                conversation_id=conversation_id,
                agent_id=person().id,
                outgoing=outgoing_of(uow.session, body, account_id),
                last_seen_message_id=last_seen,
                idempotency_key=request.headers.get("Idempotency-Key"),
                may_split=body.get("allow_split") is True,
                is_held=body.get("hold") is True,
                undo_seconds=undo_seconds,
                then=then,
            )
            message_id = reply(uow, answer).id
    except ThreadMovedError as error:
        return thread_moved(conversation_id, last_seen, error)
    return message_response(message_id), 201


@bp.post("/messages/<int:message_id>/withdraw")
@requires("conversations.reply")
def take_back(message_id: int) -> Response:
    """Take back an answer that waits for the customer."""
    with current().unit_of_work() as uow:
        withdraw(uow, message_id)
    return message_response(message_id)


@bp.post("/messages/<int:message_id>/undo")
@requires("conversations.reply")
def undo_it(message_id: int) -> Response:
    """Take back an answer of one's own in the seconds before it leaves; 409 when it has left."""
    with current().unit_of_work() as uow:
        undo(uow, message_id, person().id, is_any=person().may("teams.write"))
    return message_response(message_id)


@bp.post("/messages/<int:message_id>/retry")
@requires("conversations.reply")
def send_again(message_id: int) -> Response:
    """Send a failed answer again; an unconfirmed one may arrive twice."""
    with current().unit_of_work() as uow:
        try_again(uow, message_id)
    return message_response(message_id)


def _undo_seconds(body: dict[str, Any]) -> int:
    """0 to 10; without it the answer leaves at once."""
    if body.get("undo_seconds") is None:
        return 0
    seconds = number_field(body, "undo_seconds")
    most = int(LONGEST_UNDO.total_seconds())
    if seconds > most:
        raise InvalidInputError("undo_seconds", say("between 0 and %(most)d", most=most))
    return seconds
