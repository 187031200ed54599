"""Marketers' pages: the test chat beside the editor. Nothing is sent, nothing is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from wxdesk.agents.access import requires
from wxdesk.plumbing.http import integer_argument, whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.triage.choices import read_choices
from wxdesk.triage.forms import form_of, rule_again
from wxdesk.triage.queries import list_rule_texts, names_of
from wxdesk.triage.replaying import NEW_RULE
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import CustomerFacts, Moment, MoreReply, Reply, ReplyKind
from wxdesk.triage.stored import rule_text_of
from wxdesk.triage.trying import Act, Imagined, try_message
from wxdesk.triage.variables import filled, filled_fields, values_of
from wxdesk.triage.words import OUTCOMES
from wxdesk.words import say

bp = Blueprint("test_chat", __name__, url_prefix="/test-chat")

PLACEHOLDER = "…"
LONGEST_TEXT = 2_000
SAMPLE = CustomerFacts(remark="王女士 VIP", is_new=False)
SAMPLE_MOMENT = Moment(waiting=2, expected_wait_seconds=360)


@bp.get("")
@requires("rules.read")
def page() -> str:
    """Without a draft: what the rules as they are would answer."""
    with current().reading() as session:
        choices = read_choices(session)
    return render_template(
        "triage/test_chat.html", choices=choices, account_id=integer_argument("account_id")
    )


@bp.post("")
@requires("rules.read")
def send() -> str:
    """The form of the editor beside what the customer does: a fragment with answer and reasons."""
    rule_id = whole_number(request.form.get("rule_id", ""))
    zone = ZoneInfo(current().settings.timezone)
    now = current().clock()
    draft, errors = _draft(zone)
    account_id = whole_number(request.form.get("account_id", ""))
    imagined = _imagined(now, zone)
    if errors or account_id is None:
        errors = errors or {"account_id": say("there is no such official account")}
        shown = [translated(sentence) for sentence in errors.values()]
        return render_template("triage/_tried.html", errors=shown, tried=None, it=imagined)
    with current().reading() as session:
        active = list_rule_texts(session, account_id, now)
        text = rule_text_of(draft, rule_id=rule_id or 0) if draft else None
        tried = try_message(text, active, zone, imagined)
        names = names_of(session, {one.rule_id for one in tried.considered} - {NEW_RULE})
    return render_template(
        "triage/_tried.html",
        errors=[],
        tried=tried,
        it=imagined,
        names=names,
        draft_id=(rule_id or NEW_RULE) if draft else None,
    )


@bp.post("/preview")
@requires("rules.read")
def preview() -> str:
    """Every reply of the draft with sample values, as a fragment."""
    zone = ZoneInfo(current().settings.timezone)
    shown = rule_again(request.form, {})
    draft, errors = _draft(zone)
    if draft is None:
        about_replies = [
            translated(sentence) for field, sentence in errors.items() if "repl" in field
        ]
        return render_template("triage/_preview.html", errors=about_replies, replies=[])
    is_empty = draft.reply_kind is ReplyKind.TEXT and not shown.get("reply_text").strip()
    replies = (
        [] if is_empty else [_previewed(one, len(draft.all_replies)) for one in draft.all_replies]
    )
    return render_template("triage/_preview.html", errors=[], replies=replies)


def _previewed(one: MoreReply, count: int) -> tuple[str, Reply, int]:
    """Heading, reply and its bytes (0 for what is no text)."""
    values = values_of(SAMPLE, SAMPLE_MOMENT)
    fields = filled_fields(one.fields, values)
    reply = Reply(filled(one.text, values), one.kind, fields, one.attachment_id)
    heading = f"{translated(OUTCOMES[one.outcome])} ×{one.weight}" if count > 1 else ""
    return heading, reply, len(reply.text.encode()) if one.kind is ReplyKind.TEXT else 0


def _draft(zone: ZoneInfo) -> tuple[RuleForm | None, dict[str, str]]:
    """The rule as it stands in the editor; it needs neither a name nor a reply yet."""
    if "patterns" not in request.form:
        return None, {}
    shown = rule_again(request.form, {})
    values = dict(shown.values)
    values["name"] = values.get("name", "").strip() or PLACEHOLDER
    if values.get("reply_kind", "text") in (ReplyKind.IMAGE, ReplyKind.VOICE, ReplyKind.VIDEO):
        values |= {"attachment_id": values.get("attachment_id") or "1"}
    elif values.get("reply_kind", "text") == ReplyKind.TEXT:
        values["reply_text"] = values.get("reply_text", "").strip() or PLACEHOLDER
    return form_of(replace(shown, values=values), zone, is_active=True)


def _imagined(now: datetime, zone: ZoneInfo) -> Imagined:
    values = request.form
    act = values.get("try_act", "text")
    tags = (whole_number(text) for text in values.getlist("try_tags"))
    facts = CustomerFacts(
        remark=values.get("try_remark", "")[:60],
        tag_ids=frozenset(tag for tag in tags if tag is not None),
        qr_scene=values.get("try_scene", "")[:64],
        is_new=values.get("try_customer", "new") == "new",
    )
    moment = Moment(
        is_open="try_closed" not in values, is_anybody_online="try_offline" not in values
    )
    return Imagined(
        Act(act) if act in list(Act) else Act.TEXT,
        _at(values.get("try_at", ""), zone) or now,
        values.get("try_text", "")[:LONGEST_TEXT],
        values.get("try_key", "")[:128].strip(),
        facts,
        "try_attended" in values,
        moment,
    )


def _at(text: str, zone: ZoneInfo) -> datetime | None:
    """What <input type=datetime-local> sends; now when there is nothing sensible."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
