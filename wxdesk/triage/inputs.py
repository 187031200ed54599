"""A rule as the JSON API takes it: every field checked for its type, and named when it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from wxdesk.outbound.composing import fields_of
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import LARGEST_ID, number_field, text_field
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import (
    PASSIVE_WITH_FILE,
    Conditions,
    Limits,
    Match,
    MoreReply,
    Newness,
    Outcome,
    ReplyKind,
    Trigger,
    WhenOver,
)
from wxdesk.triage.shapes import form_json
from wxdesk.words import say

Json = dict[str, Any]
Choice = TypeVar("Choice", bound=StrEnum)

MOST_MORE = 20
MOST_LISTED = 500
WEIGHTS = 100
NEW: Json = {
    "trigger": "text",
    "exclusions": [],
    "conditions": {},
    "reply_text": "",
    "reply_kind": "text",
    "reply_content": None,
    "attachment_id": None,
    "reply_weight": 1,
    "more_replies": [],
    "limits": {},
    "passes_on": None,
    "answers_attended": False,
    "waiting_minutes": None,
    "priority": 0,
    "is_active": False,
}


def form_of_body(body: Json, account_id: int, before: RuleForm | None) -> RuleForm:
    """The rule of a body; what it doesn't name is as before. InvalidInputError names a field."""
    values = (form_json(before) if before else NEW) | body
    trigger = _choice(values, "trigger", Trigger)
    has_match = trigger is Trigger.TEXT or "match" in values
    has_patterns = trigger is Trigger.TEXT or "patterns" in values
    kind = _choice(values, "reply_kind", ReplyKind)
    passes_on = values["passes_on"]
    return RuleForm(
        account_id=account_id,
        name=text_field(values, "name"),
        trigger=trigger,
        match=_choice(values, "match", Match) if has_match else Match.EXACT,
        patterns="\n".join(text_list(values, "patterns")) if has_patterns else "",
        exclusions="\n".join(text_list(values, "exclusions")),
        conditions=_conditions(_object(values, "conditions")),
        reply_text=text_field(values, "reply_text"),
        reply_kind=kind,
        reply_content=_content(kind, values.get("reply_content"), "reply_content"),
        attachment_id=_attachment(kind, values),
        reply_weight=_number(values, "reply_weight", 1, WEIGHTS) or 1,
        more_replies=_more(values.get("more_replies")),
        limits=_limits(_object(values, "limits")),
        passes_on=None if passes_on is None else boolean(values, "passes_on"),
        answers_attended=boolean(values, "answers_attended"),
        waiting_minutes=_number(values, "waiting_minutes"),
        priority=number_field(values, "priority", least=-LARGEST_ID),
        is_active=boolean(values, "is_active"),
        campaign_id=before.campaign_id if before else None,
    )


def boolean(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise InvalidInputError(name, say("true or false is needed"))
    return value


def _conditions(values: Json) -> Conditions:
    return Conditions(
        starts_at=_instant(values, "starts_at"),
        ends_at=_instant(values, "ends_at"),
        weekdays=_numbers(values, "weekdays"),
        minutes_from=_number(values, "minutes_from", 0),
        minutes_until=_number(values, "minutes_until", 0),
        contact_tag_ids=_numbers(values, "contact_tag_ids"),
        newness=_choice({"newness": "any"} | values, "newness", Newness),
        qr_scenes=tuple(text_list({"qr_scenes": []} | values, "qr_scenes")),
    )


def _limits(values: Json) -> Limits:
    return Limits(
        per_person=_number(values, "per_person", 1),
        per_person_seconds=_number(values, "per_person_seconds", 1),
        total=_number(values, "total", 1),
        per_minute=_number(values, "per_minute", 1),
        when_over=_choice({"when_over": "person"} | values, "when_over", WhenOver),
    )


def _more(value: Any) -> tuple[MoreReply, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InvalidInputError("more_replies", say("a list of JSON objects is needed"))
    if len(value) > MOST_MORE:
        raise InvalidInputError("more_replies", say("at most %(most)d", most=MOST_MORE))
    found = []
    for number, one in enumerate(value):
        try:
            found.append(one_reply({"weight": 1, "kind": "text", "text": "", **one}))
        except InvalidInputError as error:
            raise InvalidInputError(f"more_replies.{number}", error.sentence) from error
    return tuple(found)


def one_reply(values: Json) -> MoreReply:
    """A reply of a rule or a campaign with `outcome`, `kind`, `text`, `fields`, `weight`."""
    kind = _choice(values, "kind", ReplyKind)
    return MoreReply(
        _choice(values, "outcome", Outcome),
        _number(values, "weight", 1, WEIGHTS) or 1,
        text_field(values, "text"),
        kind,
        _content(kind, values.get("fields"), "fields"),
        _attachment(kind, values),
    )


def _content(kind: ReplyKind, value: Any, name: str) -> Json | None:
    if kind is ReplyKind.TEXT:
        return None
    if value is not None and not isinstance(value, dict):
        raise InvalidInputError(name, say("a JSON object is needed"))
    return fields_of(OutgoingKind(kind), value or {})


def _attachment(kind: ReplyKind, values: Json) -> int | None:
    if kind not in PASSIVE_WITH_FILE or values.get("attachment_id") is None:
        return None
    return number_field(values, "attachment_id", least=1)


def _choice(values: Json, name: str, kinds: type[Choice]) -> Choice:
    value = values.get(name)
    if not isinstance(value, str) or value not in list(kinds):
        raise InvalidInputError(name, say("one of: %(values)s", values=", ".join(kinds)))
    return kinds(value)


def _object(values: Json, name: str) -> Json:
    value = values.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInputError(name, say("a JSON object is needed"))
    return value


def text_list(values: Json, name: str) -> list[str]:
    value = values.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidInputError(name, say("a list of texts is needed"))
    return [text_field({name: item}, name) for item in value]


def _numbers(values: Json, name: str) -> tuple[int, ...]:
    value = values.get(name) or []
    if not isinstance(value, list) or len(value) > MOST_LISTED:
        raise InvalidInputError(name, say("a list of whole numbers is needed"))
    return tuple(number_field({name: item}, name, least=1) for item in value)


def _number(values: Json, name: str, least: int = 1, most: int = LARGEST_ID) -> int | None:
    if values.get(name) is None:
        return None
    number = number_field(values, name, least=least)
    if number > most:
        raise InvalidInputError(name, say("between %(least)d and %(most)d", least=least, most=most))
    return number


def _instant(values: Json, name: str) -> datetime | None:
    value = values.get(name)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError("no zone")
        return instant.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise InvalidInputError(
            name, say("a time with its zone like 2026-03-02T09:00:00Z is needed")
        ) from None
