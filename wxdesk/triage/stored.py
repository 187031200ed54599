"""Rules as their rows hold them: JSON values to plain classes, and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Protocol

from wxdesk.plumbing.clock import iso
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rulebook import RuleText
from wxdesk.triage.rules import (
    CampaignGate,
    Conditions,
    Limits,
    Match,
    MoreReply,
    Newness,
    Outcome,
    Reply,
    ReplyKind,
    Trigger,
    Variant,
    WhenOver,
)

INSTANTS = ("starts_at", "ends_at")
ENUMS = {"match": Match, "trigger": Trigger, "reply_kind": ReplyKind}


class Stored(Protocol):
    """What a rule's row and the rows of its versions have in common."""

    name: Any
    match: Any
    patterns: Any
    trigger: Any
    exclusions: Any
    conditions: Any
    more_replies: Any
    limits: Any
    passes_on: Any
    answers_attended: Any
    waiting_minutes: Any
    reply_text: Any
    reply_kind: Any
    reply_content: Any
    attachment_id: Any
    priority: Any
    is_active: Any


def conditions_to_json(conditions: Conditions) -> dict[str, Any] | None:
    """Without what is not set; None for none at all."""
    default = Conditions()
    found = {
        one.name: value
        for one in fields(Conditions)
        if (value := getattr(conditions, one.name)) != getattr(default, one.name)
    }
    for name in INSTANTS:
        if name in found:
            found[name] = iso(found[name])
    return {name: list(it) if isinstance(it, tuple) else it for name, it in found.items()} or None


def conditions_of_json(kept: Mapping[str, Any] | None) -> Conditions:
    values = dict(kept or {})
    for name in INSTANTS:
        if values.get(name):
            values[name] = datetime.fromisoformat(values[name])
    values = {name: tuple(it) if isinstance(it, list) else it for name, it in values.items()}
    values["newness"] = Newness(values.get("newness", Newness.ANY))
    return Conditions(**values)


def limits_to_json(limits: Limits) -> dict[str, Any] | None:
    """Without what is not set; None for no limit at all."""
    found = {name: value for name, value in asdict(limits).items() if value is not None}
    return found if len(found) > 1 else None


def limits_of_json(kept: Mapping[str, Any] | None) -> Limits:
    values = dict(kept or {})
    values["when_over"] = WhenOver(values.get("when_over", WhenOver.PERSON))
    return Limits(**values)


def more_to_json(more: Iterable[MoreReply], first_weight: int = 1) -> dict[str, Any] | None:
    """With the weight of the first reply; None when that is the only one."""
    replies = [asdict(reply) for reply in more]
    return {"weight": first_weight, "replies": replies} if replies else None


def more_of_json(kept: Mapping[str, Any] | None) -> tuple[MoreReply, ...]:
    return tuple(
        MoreReply(
            **{**one, "outcome": Outcome(one["outcome"]), "kind": ReplyKind(one["kind"])},
        )
        for one in (kept or {}).get("replies", ())
    )


def form_to_json(form: RuleForm) -> dict[str, Any]:
    """A whole rule, to be read again by `form_of_json`."""
    found = {one.name: getattr(form, one.name) for one in fields(RuleForm)}
    found["conditions"] = conditions_to_json(form.conditions)
    found["limits"] = limits_to_json(form.limits)
    found["more_replies"] = [asdict(reply) for reply in form.more_replies]
    return found


def form_of_json(kept: Mapping[str, Any]) -> RuleForm:
    return RuleForm(
        **{
            **kept,
            **{name: kind(kept[name]) for name, kind in ENUMS.items()},
            "conditions": conditions_of_json(kept["conditions"]),
            "limits": limits_of_json(kept["limits"]),
            "more_replies": more_of_json({"replies": kept["more_replies"]}),
        }
    )


def form_of_row(row: Stored, account_id: int, campaign_id: int | None) -> RuleForm:
    """A rule or one of its versions, as its author wrote it."""
    return RuleForm(
        account_id=account_id,
        name=row.name,
        match=row.match,
        patterns=row.patterns,
        reply_text=row.reply_text,
        priority=row.priority,
        is_active=row.is_active,
        reply_kind=row.reply_kind,
        reply_content=row.reply_content,
        attachment_id=row.attachment_id,
        trigger=row.trigger,
        exclusions=row.exclusions,
        conditions=conditions_of_json(row.conditions),
        more_replies=more_of_json(row.more_replies),
        reply_weight=(row.more_replies or {}).get("weight", 1),
        limits=limits_of_json(row.limits),
        passes_on=row.passes_on,
        answers_attended=row.answers_attended,
        waiting_minutes=row.waiting_minutes,
        campaign_id=campaign_id,
    )


def columns_of(form: RuleForm) -> dict[str, Any]:
    """What a rule's row and its version's row hold of a cleaned form; names are columns."""
    return {
        "name": form.name,
        "match": form.match,
        "patterns": form.patterns,
        "reply_text": form.reply_text,
        "priority": form.priority,
        "is_active": form.is_active,
        "reply_kind": form.reply_kind,
        "reply_content": form.reply_content,
        "attachment_id": form.attachment_id,
        "trigger": form.trigger,
        "exclusions": form.exclusions,
        "conditions": conditions_to_json(form.conditions),
        "more_replies": more_to_json(form.more_replies, form.reply_weight),
        "limits": limits_to_json(form.limits),
        "passes_on": bool(form.passes_on),
        "answers_attended": form.answers_attended,
        "waiting_minutes": form.waiting_minutes,
    }


def rule_text_of(
    form: RuleForm,
    *,
    rule_id: int = 0,
    version: int = 0,
    campaign: CampaignGate | None = None,
    files: Mapping[int, Reply] | None = None,
) -> RuleText:
    """A rule as the rulebook takes it. `files`: by attachment, where WeChat has its copy."""
    replies: dict[Outcome, tuple[Variant, ...]] = {}
    for one in form.all_replies:
        variant = Variant(one.weight, _reply(one, files or {}))
        replies[one.outcome] = (*replies.get(one.outcome, ()), variant)
    return RuleText(
        id=rule_id,
        version=version,
        match=form.match,
        patterns=form.patterns,
        reply=_reply(form.first_reply, files or {}),
        priority=form.priority,
        trigger=form.trigger,
        exclusions=form.exclusions,
        conditions=form.conditions,
        replies=replies,
        limits=form.limits if limits_to_json(form.limits) else None,
        campaign=campaign,
        passes_on=bool(form.passes_on),
        answers_attended=form.answers_attended,
    )


def _reply(one: MoreReply, files: Mapping[int, Reply]) -> Reply:
    copy = files.get(one.attachment_id or 0)
    return Reply(
        one.text,
        one.kind,
        one.fields,
        one.attachment_id,
        copy.media_id if copy else "",
        copy.good_until if copy else None,
    )
