"""A rule as the form of its page sends it, and as the form shows it again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from wxdesk.outbound.composing import fields_of
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.triage.problems import problems
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import (
    Conditions,
    Limits,
    Match,
    MoreReply,
    Newness,
    Outcome,
    ReplyKind,
    Trigger,
    WhenOver,
    default_passes_on,
)
from wxdesk.words import say

Errors = dict[str, str]
Values = MultiDict[str, str]

PRIORITY = re.compile("-?[0-9]{1,5}")
MINUTE = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
CHOICE = re.compile(r"([0-9A-Za-z_-]{1,64}) = (.+)")
CHOICE_DIGITS = 8
MOST_MORE = 20
NUMBERS = ("per_person", "per_person_seconds", "total", "per_minute", "waiting_minutes")
CHOICES = (
    ("match", Match, "contains"),
    ("reply_kind", ReplyKind, "text"),
    ("trigger", Trigger, "text"),
    ("newness", Newness, "any"),
    ("when_over", WhenOver, "person"),
)
REPLY_FIELDS = (
    "title",
    "description",
    "url",
    "picture_url",
    "app_id",
    "page_path",
    "head",
    "choices",
    "tail",
    "attachment_id",
)
MORE_FIELDS = ("outcome", "weight", "kind", "text", *REPLY_FIELDS)
LONGEST_FIELD = 200_000


@dataclass(frozen=True, slots=True)
class ShownRule:
    """What the form starts with, or shows again: texts as they were typed.

    `more` are the blocks of further replies, by the names of MORE_FIELDS.
    """

    values: Mapping[str, str]
    weekdays: frozenset[str] = frozenset()
    contact_tag_ids: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    more: tuple[Mapping[str, str], ...] = field(default_factory=tuple)

    def get(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)


def new_rule(account_id: str) -> ShownRule:
    return ShownRule({"account_id": account_id, "match": "contains", "trigger": "text"})


def rule_shown(form: RuleForm, zone: ZoneInfo) -> ShownRule:
    """A stored rule; instants in the desk's zone."""
    conditions, limits = form.conditions, form.limits
    numbers = {name: getattr(limits, name) for name in NUMBERS[:-1]}
    numbers |= {"waiting_minutes": form.waiting_minutes}
    values = {
        "account_id": str(form.account_id),
        "name": form.name,
        "trigger": form.trigger.value,
        "match": form.match.value,
        "patterns": form.patterns,
        "exclusions": form.exclusions,
        "starts_at": _instant_shown(conditions.starts_at, zone),
        "ends_at": _instant_shown(conditions.ends_at, zone),
        "minutes_from": _minute_shown(conditions.minutes_from),
        "minutes_until": _minute_shown(conditions.minutes_until),
        "newness": conditions.newness.value,
        "qr_scenes": "\n".join(conditions.qr_scenes),
        "reply_weight": str(form.reply_weight),
        "priority": str(form.priority),
        "when_over": limits.when_over.value,
        **{name: "" if number is None else str(number) for name, number in numbers.items()},
        **{f"reply_{name}": text for name, text in _main_shown(form).items()},
        **fields_shown(form.reply_content, form.attachment_id),
    }
    passes_on = default_passes_on(form.trigger) if form.passes_on is None else form.passes_on
    flags = {"passes_on": passes_on, "answers_attended": form.answers_attended}
    return ShownRule(
        values,
        weekdays=frozenset(map(str, conditions.weekdays)),
        contact_tag_ids=frozenset(map(str, conditions.contact_tag_ids)),
        flags=frozenset(name for name, is_on in flags.items() if is_on),
        more=tuple(_more_shown(one) for one in form.more_replies),
    )


def rule_again(values: Values, files: Mapping[str, int]) -> ShownRule:
    """What was typed; `files` are new uploads by the name of their field ("", "more3_")."""
    plain = {name: text[:LONGEST_FIELD] for name, text in values.items() if name != "csrf_token"}
    if "" in files:
        plain["attachment_id"] = str(files[""])
    blocks = []
    for number in values.getlist("more")[:MOST_MORE]:
        prefix = f"more{number}_"
        block = {name: plain.get(prefix + name, "") for name in MORE_FIELDS}
        if prefix in files:
            block["attachment_id"] = str(files[prefix])
        blocks.append(block)
    return ShownRule(
        plain,
        weekdays=frozenset(values.getlist("weekdays")),
        contact_tag_ids=frozenset(values.getlist("contact_tag_ids")),
        flags=frozenset(name for name in ("passes_on", "answers_attended") if name in values),
        more=tuple(blocks),
    )


def form_of(
    shown: ShownRule, zone: ZoneInfo, *, is_active: bool, campaign_id: int | None = None
) -> tuple[RuleForm | None, Errors]:
    """The rule, or None with what is wrong at which field."""
    errors: Errors = {}
    numbers = {name: _number(shown, name, errors) for name in NUMBERS}
    for name, kinds, usual in CHOICES:
        if shown.get(name, usual) not in list(kinds):
            errors[name] = say("one of: %(values)s", values=", ".join(kinds))
    if not PRIORITY.fullmatch(shown.get("priority").strip() or "0"):
        errors["priority"] = say("a whole number is needed")
    account_id = whole_number(shown.get("account_id"))
    if account_id is None:
        errors["account_id"] = say("there is no such official account")
    conditions = _conditions(shown, zone, errors)
    more = [_more(number, block, errors) for number, block in enumerate(shown.more)]
    content = reply_content_of(shown.values, shown.get("reply_kind", "text"), "", errors)
    weight = _weight(shown.get("reply_weight"), "reply_weight", errors)
    if errors or account_id is None:
        return None, errors
    form = RuleForm(
        account_id=account_id,
        name=shown.get("name"),
        trigger=Trigger(shown.get("trigger", "text")),
        match=Match(shown.get("match", "contains")),
        patterns=shown.get("patterns"),
        exclusions=shown.get("exclusions"),
        conditions=conditions,
        reply_text=shown.get("reply_text"),
        reply_kind=ReplyKind(shown.get("reply_kind", "text")),
        reply_content=content,
        attachment_id=whole_number(shown.get("attachment_id")),
        reply_weight=weight,
        more_replies=tuple(one for one in more if one is not None),
        limits=Limits(
            when_over=WhenOver(shown.get("when_over", "person")),
            **{name: numbers[name] for name in NUMBERS[:-1]},
        ),
        passes_on="passes_on" in shown.flags,
        answers_attended="answers_attended" in shown.flags,
        waiting_minutes=numbers["waiting_minutes"],
        priority=int(shown.get("priority").strip() or "0"),
        is_active=is_active,
        campaign_id=campaign_id,
    )
    errors = problems(form)
    return (None if errors else form), errors


def _conditions(shown: ShownRule, zone: ZoneInfo, errors: Errors) -> Conditions:
    starts_at, ends_at = (_instant(shown, name, zone, errors) for name in ("starts_at", "ends_at"))
    minutes_from, minutes_until = (
        _minute(shown, name, errors) for name in ("minutes_from", "minutes_until")
    )
    scenes = (line.strip() for line in shown.get("qr_scenes").splitlines())
    return Conditions(
        starts_at=starts_at,
        ends_at=ends_at,
        weekdays=_ids(shown.weekdays, "weekdays", errors),
        minutes_from=minutes_from,
        minutes_until=minutes_until,
        contact_tag_ids=_ids(shown.contact_tag_ids, "contact_tag_ids", errors),
        newness=Newness(shown.get("newness", "any")) if "newness" not in errors else Newness.ANY,
        qr_scenes=tuple(dict.fromkeys(scene for scene in scenes if scene)),
    )


def _ids(texts: frozenset[str], name: str, errors: Errors) -> tuple[int, ...]:
    numbers = [whole_number(text) for text in texts]
    if None in numbers:
        errors[name] = say("a whole number is needed")
    return tuple(sorted(number for number in numbers if number is not None))


def _number(shown: ShownRule, name: str, errors: Errors) -> int | None:
    text = shown.get(name).strip()
    number = whole_number(text) if text else None
    if text and not number:
        errors[name] = say("a whole number is needed")
    return number


def _weight(text: str, name: str, errors: Errors) -> int:
    weight = whole_number(text.strip() or "1")
    if weight is None or not 1 <= weight <= 100:
        errors[name] = say("between 1 and %(most)d", most=100)
        return 1
    return weight


def _instant(shown: ShownRule, name: str, zone: ZoneInfo, errors: Errors) -> datetime | None:
    """What <input type=datetime-local> sends, in UTC."""
    text = shown.get(name).strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        errors[name] = say("a date and a time like 2026-03-02 09:00 are needed")
        return None


def _minute(shown: ShownRule, name: str, errors: Errors) -> int | None:
    text = shown.get(name).strip()
    if not text:
        return None
    if not MINUTE.fullmatch(text):
        errors[name] = say("a time like 09:00 is needed")
        return None
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _more(number: int, block: Mapping[str, str], errors: Errors) -> MoreReply | None:
    """One further reply; what is wrong with it is named as `more_replies.<number>`."""
    place = f"more_replies.{number}"
    wrong: Errors = {}
    kind, outcome = block["kind"] or "text", block["outcome"] or "default"
    if kind not in list(ReplyKind) or outcome not in list(Outcome):
        errors[place] = say("choose what kind of reply this is, and when it is given")
        return None
    weight = _weight(block["weight"], place, wrong)
    content = reply_content_of(block, kind, "", wrong)
    if wrong:
        errors[place] = next(iter(wrong.values()))
        return None
    attachment_id = whole_number(block["attachment_id"])
    return MoreReply(
        Outcome(outcome), weight, block["text"], ReplyKind(kind), content, attachment_id
    )


def reply_content_of(
    values: Mapping[str, str], kind: str, prefix: str, errors: Errors
) -> dict[str, Any] | None:
    """The fields of a card or a menu; None for a text, and where one of them can't be taken."""
    if kind == ReplyKind.TEXT or kind not in list(ReplyKind):
        return None
    lines = [line.strip() for line in values.get("choices", "").splitlines() if line.strip()]
    choices = [_choice(line, values.get("head", "")) for line in lines]
    try:
        return fields_of(OutgoingKind(kind), {**values, "choices": choices})
    except InvalidInputError as error:
        errors[prefix + error.field] = error.sentence
        return None


def _choice(line: str, head: str) -> dict[str, str]:
    """Its id is what rules for taps know it by, in whatever menu: each menu needs others."""
    if typed := CHOICE.fullmatch(line):
        return {"id": typed[1], "text": typed[2]}
    made = hashlib.sha256(f"{head.strip()}\n{line}".encode()).hexdigest()[:CHOICE_DIGITS]
    return {"id": made, "text": line}


def _main_shown(form: RuleForm) -> dict[str, str]:
    is_text = form.reply_kind is ReplyKind.TEXT
    return {"kind": form.reply_kind.value, "text": form.reply_text if is_text else ""}


def _more_shown(one: MoreReply) -> dict[str, str]:
    return {
        "outcome": one.outcome.value,
        "weight": str(one.weight),
        "kind": one.kind.value,
        "text": one.text if one.kind is ReplyKind.TEXT else "",
        **fields_shown(one.fields, one.attachment_id),
    }


def fields_shown(content: Mapping[str, Any] | None, attachment_id: int | None) -> dict[str, str]:
    """A stored card, menu or file by the names of REPLY_FIELDS."""
    content = content or {}
    shown = {name: str(content.get(name, "")) for name in REPLY_FIELDS if name != "choices"}
    choices = [f"{choice['id']} = {choice['text']}" for choice in content.get("choices", [])]
    return shown | {"choices": "\n".join(choices), "attachment_id": str(attachment_id or "")}


def _instant_shown(instant: datetime | None, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}" if instant else ""


def _minute_shown(minute: int | None) -> str:
    return "" if minute is None else str(time(minute // 60 % 24, minute % 60))[:5]
