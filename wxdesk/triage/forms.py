"""A rule as the form of its page sends it, and as the form shows it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wxdesk.outbound.composing import fields_of
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.triage.operations import RuleForm, problems
from wxdesk.triage.queries import RuleView
from wxdesk.triage.rules import Match, ReplyKind
from wxdesk.words import say

PRIORITY = re.compile("-?[0-9]{1,5}")


def read_form(
    values: Mapping[str, str], attachment_id: int | None
) -> tuple[RuleForm | None, dict[str, str]]:
    """The form, or None with what is wrong at which field."""
    errors = _plain_problems(values)
    account_id = whole_number(values.get("account_id", ""))
    if errors or account_id is None:
        return None, errors
    kind = ReplyKind(values.get("reply_kind", "text"))
    try:
        content = _content(kind, values)
    except InvalidInputError as error:
        return None, {error.field: error.sentence}
    form = RuleForm(
        account_id=account_id,
        name=values.get("name", ""),
        match=Match(values["match"]),
        patterns=values.get("patterns", ""),
        reply_text=values.get("reply_text", ""),
        priority=int(values.get("priority", "").strip() or "0"),
        is_active=values.get("is_active", "") in ("1", "on", "true"),
        reply_kind=kind,
        reply_content=content,
        attachment_id=attachment_id or whole_number(values.get("attachment_id", "")),
    )
    errors = problems(form)
    return (None if errors else form), errors


def form_of(rule: RuleView) -> dict[str, str]:
    """What the form shows of a rule."""
    content = rule.reply_content
    choices = content.get("choices", [])
    return {
        "account_id": str(rule.account_id),
        "name": rule.name,
        "match": rule.match,
        "patterns": "\n".join(rule.patterns),
        "reply_text": rule.reply_text if rule.reply_kind is ReplyKind.TEXT else "",
        "reply_kind": rule.reply_kind,
        "attachment_id": str(rule.attachment_id or ""),
        "priority": str(rule.priority),
        "is_active": "1" if rule.is_active else "",
        **{name: value for name, value in content.items() if isinstance(value, str)},
        "choices": "\n".join(choice["text"] for choice in choices),
    }


def _plain_problems(values: Mapping[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not PRIORITY.fullmatch(values.get("priority", "0").strip() or "0"):
        errors["priority"] = say("a whole number is needed")
    for name, kinds in (("match", list(Match)), ("reply_kind", list(ReplyKind))):
        if values.get(name, "text") not in kinds:
            errors[name] = say("one of: %(values)s", values=", ".join(kinds))
    if whole_number(values.get("account_id", "")) is None:
        errors["account_id"] = say("there is no such official account")
    return errors


def _content(kind: ReplyKind, values: Mapping[str, str]) -> dict[str, Any] | None:
    if kind is ReplyKind.TEXT:
        return None
    lines = [line.strip() for line in values.get("choices", "").splitlines() if line.strip()]
    choices = [{"id": str(number), "text": line} for number, line in enumerate(lines, 1)]
    return fields_of(OutgoingKind(kind), {**values, "choices": choices})
