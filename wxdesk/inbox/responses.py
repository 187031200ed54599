"""Answers that several doors of the JSON API give: a conversation, a message, a moved thread."""

from __future__ import annotations

from flask import Response, jsonify

from wxdesk.agents.access import person
from wxdesk.conversations.queries import (
    contact_id_of,
    get_conversation,
    get_message,
    last_message_id,
)
from wxdesk.inbox.conversation_shapes import Viewer, conversations_json
from wxdesk.inbox.operations import ThreadMovedError, find_newer
from wxdesk.inbox.shapes import messages_json
from wxdesk.plumbing.http import problem
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current


def viewer() -> Viewer:
    """Whoever makes this request, as the shapes need it."""
    runtime = current()
    return Viewer(person().id, runtime.clock(), runtime.redis)


def conversation_response(conversation_id: int) -> Response:
    with current().reading() as session:
        row = get_conversation(session, conversation_id)
        return jsonify(conversations_json(session, [row], viewer())[0])


def thread_moved(conversation_id: int, last_seen: int, error: ThreadMovedError) -> Response:
    """409 with what came after the agent had read."""
    with current().reading() as session:
        contact_id = contact_id_of(session, conversation_id)
        newest = last_message_id(session, contact_id)  # first: never one that is not shown
        newer = find_newer(session, contact_id, last_seen, person().id)
        return problem(
            409,
            "Conflict",
            translated(error.sentence),
            newer_messages=messages_json(session, newer),
            last_message_id=newest,
        )


def message_response(message_id: int) -> Response:
    with current().reading() as session:
        row = get_message(session, message_id)
        return jsonify(messages_json(session, [row])[0])
