"""The JSON door to auto-reply rules."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from wxdesk.accounts.queries import get_by_slug
from wxdesk.agents.access import person, requires
from wxdesk.media.api import keep_upload, takes_files
from wxdesk.media.shapes import file_json
from wxdesk.media.uploads import NewUpload
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    optional_number,
    page_json,
    text_field,
)
from wxdesk.runtime import current
from wxdesk.triage.inputs import form_of_body
from wxdesk.triage.operations import change_rule, check_version, create_rule, refuse_of_campaign
from wxdesk.triage.queries import get_rule, list_rules
from wxdesk.triage.shapes import rule_json
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
    items = [rule_json(rule) for rule in found[:limit]]
    return jsonify(
        page_json(items, cursor_of((found[limit - 1].id,)) if len(found) > limit else None)
    )


@bp.post("")
@requires("rules.write")
def create() -> tuple[Response, int]:
    """A new rule; `account` is a slug, `patterns` a list of texts. Active only with a dry run."""
    body = json_body()
    with current().reading() as session:
        account_id = get_by_slug(session, text_field(body, "account")).id
    form = form_of_body(body, account_id, None)
    with current().unit_of_work() as uow:
        rule = create_rule(
            uow, form, person().id, dry_run_id=optional_number(body, "dry_run_id", 1)
        )
        rule_id = rule.id
    with current().reading() as session:
        return jsonify(rule_json(get_rule(session, rule_id))), 201


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


@bp.get("/<int:rule_id>")
@requires("rules.read")
def one(rule_id: int) -> Response:
    with current().reading() as session:
        return jsonify(rule_json(get_rule(session, rule_id)))


@bp.patch("/<int:rule_id>")
@requires("rules.write")
def change(rule_id: int) -> Response:
    """Change the named fields; any change makes a version."""
    body = json_body()
    with current().reading() as session:
        rule = get_rule(session, rule_id)
    form = form_of_body(body, rule.account_id, refuse_of_campaign(rule.form))
    with current().unit_of_work() as uow:
        if form.is_active:
            check_version(uow, rule_id, optional_number(body, "version", 1))
        change_rule(
            uow, rule_id, form, person().id, dry_run_id=optional_number(body, "dry_run_id", 1)
        )
    with current().reading() as session:
        return jsonify(rule_json(get_rule(session, rule_id)))
