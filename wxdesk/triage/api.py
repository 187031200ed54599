"""The JSON door to auto-reply rules."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.media.api import keep_upload, takes_files
from wxdesk.media.shapes import file_json
from wxdesk.media.uploads import NewUpload
from wxdesk.outbound.composing import fields_of
from wxdesk.outbound.contents import OutgoingKind
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
from wxdesk.triage.rules import PASSIVE_WITH_FILE, Match, ReplyKind
from wxdesk.words import say

bp = Blueprint("rules_api", __name__, url_prefix="/api/v1/rules")

KEPT = (
    "name",
    "reply_text",
    "reply_kind",
    "reply_content",
    "attachment_id",
    "priority",
    "is_active",
)


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


@bp.post("/files")
@takes_files
@requires("rules.write")
def attach() -> tuple[Response, int]:
    """Multipart with `account` (a slug) and one `file`: its id is a rule's `attachment_id`."""
    with current().reading() as session:
        account_id = get_by_slug(session, request.form.get("account", "")).id
    file = request.files.get("file")
    if file is None:
        raise InvalidInputError("file", say("a file is needed (multipart/form-data)"))
    upload = NewUpload(account_id, person().id, file.filename or "", file.stream.read())
    return jsonify(file_json(keep_upload(current(), upload))), 201


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
        {name: getattr(rule, name) for name in KEPT}
        | {"match": rule.match.value, "patterns": rule.patterns}
        if rule
        else {"priority": 0, "is_active": False, "reply_kind": "text", "reply_text": ""}
    )
    values = before | body
    kind = _reply_kind(values["reply_kind"])
    return RuleForm(
        account_id=account_id,
        name=text_field(values, "name"),
        match=_match(values.get("match")),
        patterns="\n".join(_patterns(values.get("patterns"))),
        reply_text=text_field(values, "reply_text"),
        priority=number_field(values, "priority", least=-LARGEST_ID),
        is_active=_boolean(values, "is_active"),
        reply_kind=kind,
        reply_content=_reply_content(kind, values.get("reply_content")),
        attachment_id=_attachment(kind, values),
    )


def _reply_kind(value: Any) -> ReplyKind:
    if value not in list(ReplyKind):
        kinds = ", ".join(ReplyKind)
        raise InvalidInputError("reply_kind", say("one of: %(values)s", values=kinds))
    return ReplyKind(value)


def _reply_content(kind: ReplyKind, value: Any) -> dict[str, Any] | None:
    if kind is ReplyKind.TEXT:
        return None
    if value is not None and not isinstance(value, dict):
        raise InvalidInputError("reply_content", say("a JSON object is needed"))
    return fields_of(OutgoingKind(kind), value or {})


def _attachment(kind: ReplyKind, values: dict[str, Any]) -> int | None:
    if kind not in PASSIVE_WITH_FILE or values.get("attachment_id") is None:
        return None
    return number_field(values, "attachment_id", least=1)


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
        "reply_kind": rule.reply_kind,
        "reply_content": rule.reply_content or None,
        "attachment_id": rule.attachment_id,
        "priority": rule.priority,
        "is_active": rule.is_active,
        "version": rule.version,
        "updated_at": iso(rule.updated_at),
        "updated_by": rule.updated_by,
    }
