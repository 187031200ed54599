"""The JSON door to the life of a conversation: resolve, snooze, priority, tags, merge, spam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from wxdesk.agents.access import person, requires
from wxdesk.conversations import lifecycle, tagging
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.queries import contact_id_of
from wxdesk.conversations.rules import Priority
from wxdesk.inbox import operations
from wxdesk.inbox.merging import merge
from wxdesk.inbox.operations import ThreadMovedError, refuse_moved, resolve
from wxdesk.inbox.responses import conversation_response, thread_moved
from wxdesk.inbox.spam import mark_spam, not_spam
from wxdesk.inbox.then import instant_of
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import json_body, number_field, optional_number, text_field
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("lifecycle_api", __name__, url_prefix="/api/v1")

MOST_NAMES = 100


@bp.post("/conversations/<int:conversation_id>/resolve")
@requires("conversations.reply")
def end(conversation_id: int) -> Response:
    """With `last_seen_message_id`: 409 with the newer messages when somebody wrote after it."""
    last_seen = _last_seen(json_body())
    return _unless_moved(
        conversation_id,
        last_seen,
        lambda uow: resolve(
            uow, conversation_id, agent_id=person().id, last_seen_message_id=last_seen
        ),
    )


@bp.post("/conversations/<int:conversation_id>/snooze")
@requires("conversations.reply")
def snooze(conversation_id: int) -> Response:
    """{"until": time} or {"until": null}: until the customer writes."""
    body = json_body()
    if "until" not in body:
        raise InvalidInputError("until", say("a time, or null: until the customer writes"))
    until, last_seen = instant_of(body["until"], "until"), _last_seen(body)

    def work(uow: UnitOfWork) -> None:
        refuse_moved(uow, conversation_id, last_seen, person().id)
        lifecycle.snooze(uow, conversation_id, agent_id=person().id, until=until)

    return _unless_moved(conversation_id, last_seen, work)


@bp.post("/conversations/<int:conversation_id>/pending")
@requires("conversations.reply")
def pending(conversation_id: int) -> Response:
    """The next step is the customer's."""
    last_seen = _last_seen(json_body())

    def work(uow: UnitOfWork) -> None:
        refuse_moved(uow, conversation_id, last_seen, person().id)
        lifecycle.pend(uow, conversation_id, agent_id=person().id)

    return _unless_moved(conversation_id, last_seen, work)


@bp.post("/conversations/<int:conversation_id>/reopen")
@requires("conversations.reply")
def reopen(conversation_id: int) -> Response:
    """From resolved, snoozed or pending."""
    with current().unit_of_work() as uow:
        operations.reopen(uow, conversation_id, agent_id=person().id)
    return conversation_response(conversation_id)


@bp.post("/conversations/<int:conversation_id>/priority")
@requires("conversations.reply")
def set_priority(conversation_id: int) -> Response:
    text = text_field(json_body(), "priority")
    if text not in set(Priority):
        values = ", ".join(Priority)
        raise InvalidInputError("priority", say("one of: %(values)s", values=values))
    with current().unit_of_work() as uow:
        lifecycle.set_priority(uow, conversation_id, Priority(text), agent_id=person().id)
    return conversation_response(conversation_id)


@bp.post("/conversations/<int:conversation_id>/tags")
@requires("conversations.reply")
def change_tags(conversation_id: int) -> Response:
    """{"add": [names], "remove": [names]}; who may change tags also makes new ones."""
    body = json_body()
    add, remove = _names(body, "add"), _names(body, "remove")
    me = person()
    with current().unit_of_work() as uow:
        conversation, contact = get_locked(uow, conversation_id)
        may_make = me.may("shared.write")
        if tagging.change_tags(
            uow, conversation, add=add, remove=remove, by=me.id, may_make=may_make
        ):
            changed(uow, conversation, contact)
    return conversation_response(conversation_id)


@bp.post("/conversations/<int:conversation_id>/merge")
@requires("conversations.reply")
def merge_into(conversation_id: int) -> Response:
    """{"into": id}: all goes to another conversation of the customer, which is the answer."""
    into = number_field(json_body(), "into", least=1)
    with current().unit_of_work() as uow:
        merge(uow, conversation_id, into, agent_id=person().id)
    return conversation_response(into)


@bp.post("/conversations/<int:conversation_id>/spam")
@requires("conversations.reply")
def spam(conversation_id: int) -> Response:
    """{"is_spam": bool, "blacklist": bool}; without `blacklist` WeChat's list stays as it is."""
    body = json_body()
    is_spam = _flag(body, "is_spam")
    is_blacklisted = _flag(body, "blacklist") if body.get("blacklist") is not None else None
    me = person()
    with current().unit_of_work() as uow:
        if is_spam:
            mark_spam(uow, conversation_id, agent_id=me.id, is_blacklisted=is_blacklisted)
        else:
            contact_id = contact_id_of(uow.session, conversation_id)
            not_spam(uow, contact_id, agent_id=me.id, is_blacklisted=is_blacklisted)
    return conversation_response(conversation_id)


def _unless_moved(
    conversation_id: int, last_seen: int | None, work: Callable[[UnitOfWork], None]
) -> Response:
    try:
        with current().unit_of_work() as uow:
            work(uow)
    except ThreadMovedError as error:
        return thread_moved(conversation_id, last_seen or 0, error)
    return conversation_response(conversation_id)


def _last_seen(body: dict[str, Any]) -> int | None:
    return optional_number(body, "last_seen_message_id")


def _names(body: dict[str, Any], name: str) -> list[str]:
    names = body.get(name, [])
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise InvalidInputError(name, say("a list of names is needed"))
    return [text_field({name: each}, name) for each in names]


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise InvalidInputError(name, say("true or false is needed"))
    return value
