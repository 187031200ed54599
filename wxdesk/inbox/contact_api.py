"""The JSON door to customers: remark, tags, blacklist, and being forgotten."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.campaigns.queries import list_taken_part
from wxdesk.contacts.changes import change_blacklist, change_remark, change_tags
from wxdesk.contacts.queries import get_contact, list_tags
from wxdesk.conversations.queries import open_conversation_ids
from wxdesk.inbox.contact_shapes import contacts_json, taken_part_json
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import json_body, page_json, text_field
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.privacy.operations import forget_now
from wxdesk.privacy.rules import Policy
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("contact_api", __name__, url_prefix="/api/v1")

FIELDS = {"remark", "is_blacklisted"}
MOST_NAMES = 100


@bp.get("/contacts/<int:contact_id>")
@requires("conversations.read")
def show(contact_id: int) -> Response:
    return _contact(contact_id)


@bp.patch("/contacts/<int:contact_id>")
@requires("conversations.reply")
def change(contact_id: int) -> Response:
    """{"remark": text} or {"is_blacklisted": bool}, or both: all or nothing."""
    body = json_body()
    if not body.keys() & FIELDS:
        raise InvalidInputError("remark", say("remark or is_blacklisted is needed"))
    with current().unit_of_work() as uow:
        if "remark" in body:
            change_remark(uow, contact_id, text_field(body, "remark"))
        if "is_blacklisted" in body:
            is_blacklisted = _flag(body, "is_blacklisted")
            change_blacklist(uow, contact_id, is_blacklisted=is_blacklisted, actor_id=person().id)
        _announce(uow, contact_id)
    return _contact(contact_id)


@bp.put("/contacts/<int:contact_id>/tags")
@requires("conversations.reply")
def set_tags(contact_id: int) -> Response:
    """{"tags": [names]}: the customer has these and no others; new ones are made."""
    names = _names(json_body())
    with current().unit_of_work() as uow:
        change_tags(uow, contact_id, names)
        _announce(uow, contact_id)
    return _contact(contact_id)


@bp.post("/contacts/<int:contact_id>/forget")
@requires("contacts.forget")
def forget(contact_id: int) -> Response:
    """{"confirm": true}: removes everything of the customer, as WXDESK_UNFOLLOW_POLICY says."""
    if not _flag(json_body(), "confirm"):
        raise InvalidInputError("confirm", say("this can't be undone: confirm must be true"))
    runtime = current()
    policy = Policy(runtime.settings.unfollow_policy)
    with runtime.unit_of_work() as uow:
        forget_now(uow, contact_id, policy, actor_id=person().id)
        done_at = uow.now
    return jsonify(id=contact_id, is_forgotten=True, policy=policy, forgotten_at=iso(done_at))


@bp.get("/contacts/<int:contact_id>/campaigns")
@requires("conversations.read")
def campaigns(contact_id: int) -> Response:
    """What the customer took part in, the latest first (at most 50)."""
    runtime = current()
    with runtime.reading() as session:
        get_contact(session, contact_id)
        found = list_taken_part(session, contact_id, runtime.clock())
    return jsonify(items=[taken_part_json(it) for it in found])


@bp.get("/accounts/<slug>/tags")
@requires("conversations.read")
def tags(slug: str) -> Response:
    """The tags of an account (at most 100: WeChat takes no more)."""
    with current().reading() as session:
        found = list_tags(session, get_by_slug(session, slug).id)
    items = [{"id": tag.id, "name": tag.name, "count": tag.count} for tag in found]
    return jsonify(page_json(items, None))


def _contact(contact_id: int) -> Response:
    with current().reading() as session:
        contact = get_contact(session, contact_id)
        return jsonify(contacts_json(session, [contact])[contact_id])


def _announce(uow: UnitOfWork, contact_id: int) -> None:
    ids = open_conversation_ids(uow.session, {contact_id})
    uow.announce(f"contact:{contact_id}", "inbox", *(f"conversation:{each}" for each in ids))


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise InvalidInputError(name, say("true or false is needed"))
    return value


def _names(body: dict[str, Any]) -> list[str]:
    names = body.get("tags")
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise InvalidInputError("tags", say("a list of names is needed"))
    return [text_field({"tags": name}, "tags") for name in names]
