"""The JSON door to auto-reply rules."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    LARGEST_ID,
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    number_field,
    page_json,
    text_field,
)
from wxdesk.runtime import current
from wxdesk.triage.operations import RuleForm, change_rule, create_rule
from wxdesk.triage.queries import RuleView, get_rule, list_rules
from wxdesk.triage.rules import Match
from wxdesk.words import say

bp = Blueprint("rules_api", __name__, url_prefix="/api/v1/rules")


@bp.get("")
@requires("rules.read")
def list_all() -> Response:
    limit = limit_argument()
    cursor = cursor_argument(int)
    slug = request.args.get("account", "")
    with current().reading() as session:
        account_id = get_by_slug(session, slug).id if slug else None
        after_id = cursor[0] if cursor else 0
        found = list_rules(session, account_id=account_id, after_id=after_id, limit=limit + 1)
    items = [_json(rule) for rule in found[:limit]]
    return jsonify(
        page_json(items, cursor_of((found[limit - 1].id,)) if len(found) > limit else None)
    )


@bp.post("")
@requires("rules.write")
def create() -> tuple[Response, int]:
    """A new rule; `account` is a slug, `patterns` a list of texts."""
    body = json_body()
    with current().reading() as session:
        account_id = get_by_slug(session, text_field(body, "account")).id
    with current().unit_of_work() as uow:
        rule_id = create_rule(uow, _form(body, account_id, None), person().id).id
    with current().reading() as session:
        return jsonify(_json(get_rule(session, rule_id))), 201


@bp.patch("/<int:rule_id>")
@requires("rules.write")
def change(rule_id: int) -> Response:
    """Change the named fields; any change makes a version."""
    body = json_body()
    with current().reading() as session:
        rule = get_rule(session, rule_id)
    with current().unit_of_work() as uow:
        change_rule(uow, rule_id, _form(body, rule.account_id, rule), person().id)
    with current().reading() as session:
        return jsonify(_json(get_rule(session, rule_id)))


def _form(body: dict[str, Any], account_id: int, rule: RuleView | None) -> RuleForm:
    before: dict[str, Any] = (
        {name: getattr(rule, name) for name in ("name", "reply_text", "priority", "is_active")}
        | {"match": rule.match.value, "patterns": rule.patterns}
        if rule
        else {"priority": 0, "is_active": False}
    )
    values = before | body
    return RuleForm(
        account_id=account_id,
        name=text_field(values, "name"),
        match=_match(values.get("match")),
        patterns="\n".join(_patterns(values.get("patterns"))),
        reply_text=text_field(values, "reply_text"),
        priority=number_field(values, "priority", least=-LARGEST_ID),
        is_active=_boolean(values, "is_active"),
    )


def _boolean(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise InvalidInputError(name, say("true or false is needed"))
    return value


def _match(value: Any) -> Match:
    if value not in list(Match):
        raise InvalidInputError("match", say("one of: %(values)s", values=", ".join(Match)))
    return Match(value)


def _patterns(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidInputError("patterns", say("a list of texts is needed"))
    return [text_field({"patterns": item}, "patterns") for item in value]


def _json(rule: RuleView) -> dict[str, Any]:
    return {
        "id": rule.id,
        "account": rule.account,
        "name": rule.name,
        "match": rule.match,
        "patterns": rule.patterns,
        "reply_text": rule.reply_text,
        "priority": rule.priority,
        "is_active": rule.is_active,
        "version": rule.version,
        "updated_at": iso(rule.updated_at),
        "updated_by": rule.updated_by,
    }
