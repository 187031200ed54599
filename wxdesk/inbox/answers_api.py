"""The JSON door for answers: send, hold, take back, send again."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from wxdesk.agents.access import person, requires
from wxdesk.conversations.queries import (
    MessageFilter,
    account_of,
    get_conversation,
    last_message_id,
    list_messages,
)
from wxdesk.inbox.operations import Answer, ThreadMovedError, find_newer, reply, try_again
from wxdesk.inbox.outgoing import outgoing_of
from wxdesk.inbox.shapes import messages_json
from wxdesk.outbound.operations import withdraw
from wxdesk.plumbing.http import json_body, number_field, problem
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current

bp = Blueprint("answers", __name__, url_prefix="/api/v1")


@bp.post("/conversations/<int:conversation_id>/messages")
@requires("conversations.reply")
def send(conversation_id: int) -> tuple[Response, int] | Response:
    """`allow_split` for a long text, `hold` to wait for the customer where nothing can be sent."""
    body = json_body()
    last_seen = number_field(body, "last_seen_message_id")
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
            )
            message_id = reply(uow, answer).id
    except ThreadMovedError as error:
        return thread_moved(conversation_id, last_seen, error)
    return _message(message_id), 201


@bp.post("/messages/<int:message_id>/withdraw")
@requires("conversations.reply")
def take_back(message_id: int) -> Response:
    """Take back an answer that waits for the customer."""
    with current().unit_of_work() as uow:
        withdraw(uow, message_id)
    return _message(message_id)


@bp.post("/messages/<int:message_id>/retry")
@requires("conversations.reply")
def send_again(message_id: int) -> Response:
    """Send a failed answer again; an unconfirmed one may arrive twice."""
    with current().unit_of_work() as uow:
        try_again(uow, message_id)
    return _message(message_id)


def thread_moved(conversation_id: int, last_seen: int, error: ThreadMovedError) -> Response:
    """409 with what came after the agent had read."""
    with current().reading() as session:
        contact_id = get_conversation(session, conversation_id).contact.id
        newest = last_message_id(session, contact_id)  # first: never one that is not shown
        newer = find_newer(session, contact_id, last_seen, person().id)
        return problem(
            409,
            "Conflict",
            translated(error.sentence),
            newer_messages=messages_json(session, newer),
            last_message_id=newest,
        )


def _message(message_id: int) -> Response:
    with current().reading() as session:
        rows = list_messages(session, MessageFilter(), after_id=message_id - 1, limit=1)
        return jsonify(messages_json(session, rows)[0])
