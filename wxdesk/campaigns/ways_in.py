"""A campaign's rules: one for each way in, made and changed from the campaign's one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.campaigns.definitions import TRIGGERS, CampaignForm
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.operations import archive_rule, change_rule, create_rule
from wxdesk.triage.problems import problems as rule_problems
from wxdesk.triage.rule_forms import RuleForm, with_replies
from wxdesk.triage.rules import Match, MoreReply, Outcome, ReplyKind, Trigger
from wxdesk.triage.stored import form_of_row

FIELDS = {  # a rule's field, or that of its trigger, is this one of the campaign's form
    Trigger.SCAN: {"patterns": "scenes"},
    Trigger.MENU_CLICK: {"patterns": "menu_keys"},
    Trigger.FOLLOW: {"patterns": "is_on_follow"},
}


@dataclass(frozen=True, slots=True)
class WayIn:
    """A rule of the campaign; `is_ours`: the campaign's form makes and changes it."""

    rule_id: int
    version: int
    name: str
    trigger: Trigger
    patterns: tuple[str, ...]
    is_active: bool
    is_ours: bool
    form: RuleForm


def list_ways(session: Session, campaign_id: int) -> list[WayIn]:
    """The campaign's rules by id, without archived ones."""
    seen: set[Trigger] = set()
    found = []
    for rule in _rules(session, campaign_id):
        is_ours = rule.trigger in TRIGGERS and rule.trigger not in seen
        seen.add(rule.trigger)
        lines = tuple(rule.patterns.splitlines())
        way = (rule.id, rule.version, rule.name, rule.trigger, lines, rule.is_active, is_ours)
        found.append(WayIn(*way, form_of_row(rule, rule.account_id, campaign_id)))
    return found


def rule_ids(session: Session, campaign_id: int) -> list[int]:
    """Of all rules that the campaign ever had, archived ones too."""
    query = select(AutoReplyRule.id).where(AutoReplyRule.campaign_id == campaign_id)
    return list(session.scalars(query.order_by(AutoReplyRule.id)))


def way_problems(form: CampaignForm) -> dict[str, str]:
    """What the rules of a new campaign could not take, by the field of the campaign's form."""
    found: dict[str, str] = {}
    for trigger in form.ways:
        made = _rule_form(form, trigger, None, campaign_id=1)
        for name, sentence in rule_problems(made).items():
            found.setdefault(_field(made, trigger, name), sentence)
    return found


def follow_form(uow: UnitOfWork, campaign_id: int, form: CampaignForm, actor_id: int) -> None:
    """Make, change and archive rules until they say what the form says.

    InvalidInputError names the field of the campaign's form.
    """
    existing = {way.trigger: way for way in list_ways(uow.session, campaign_id) if way.is_ours}
    for trigger in form.ways:
        way = existing.pop(trigger, None)
        made = _rule_form(form, trigger, way.form if way else None, campaign_id=campaign_id)
        try:
            if way is None:
                create_rule(uow, made, actor_id)
            else:
                change_rule(uow, way.rule_id, made, actor_id)
        except InvalidInputError as error:
            raise InvalidInputError(
                _field(made, trigger, error.field), error.sentence, **error.extra
            ) from error
    for way in existing.values():
        archive_rule(uow, way.rule_id, actor_id)


def form_part(ways: Sequence[WayIn]) -> dict[str, Any]:
    """The fields of CampaignForm that are kept in its rules."""
    ours = {way.trigger: way.form for way in ways if way.is_ours}
    text = ours.get(Trigger.TEXT)
    any_form = text or next(iter(ours.values()), None)
    return {
        "match": text.match if text else Match.EXACT,
        "patterns": text.patterns if text else "",
        "exclusions": text.exclusions if text else "",
        "scenes": ours[Trigger.SCAN].patterns if Trigger.SCAN in ours else "",
        "menu_keys": ours[Trigger.MENU_CLICK].patterns if Trigger.MENU_CLICK in ours else "",
        "is_on_follow": Trigger.FOLLOW in ours,
        "priority": any_form.priority if any_form else 10,
        "answers_attended": any_form.answers_attended if any_form else True,
        **_replies(any_form),
    }


def _rules(session: Session, campaign_id: int) -> Sequence[AutoReplyRule]:
    return session.scalars(
        select(AutoReplyRule)
        .where(AutoReplyRule.campaign_id == campaign_id, AutoReplyRule.archived_at.is_(None))
        .order_by(AutoReplyRule.id)
    ).all()


def _rule_form(
    form: CampaignForm, trigger: Trigger, before: RuleForm | None, *, campaign_id: int
) -> RuleForm:
    """All of it is the campaign's form's, but that a way in was switched off."""
    is_text = trigger is Trigger.TEXT
    replies = form.all_replies
    made = RuleForm(
        account_id=form.account_id,
        name=form.name,
        match=form.match if is_text else Match.EXACT,
        patterns=form.ways[trigger],
        exclusions=form.exclusions if is_text else "",
        reply_text="",
        trigger=trigger,
        priority=form.priority,
        answers_attended=form.answers_attended,
        passes_on=False,
        is_active=before is None or before.is_active,
        campaign_id=campaign_id,
    )
    first = replies.pop(Outcome.ENTERED, made.first_reply)
    return with_replies(made, first, tuple(replies.values()))


def _replies(form: RuleForm | None) -> dict[str, Any]:
    """The texts and the others, each by its outcome."""
    found: dict[Outcome, MoreReply] = {}
    for reply in form.all_replies if form else ():
        found.setdefault(reply.outcome, reply)
    return {
        "replies": {it: one.text for it, one in found.items() if one.kind is ReplyKind.TEXT},
        "cards": {it: one for it, one in found.items() if one.kind is not ReplyKind.TEXT},
    }


def _field(form: RuleForm, trigger: Trigger, name: str) -> str:
    """Where the campaign's form shows what a rule's field is about."""
    if name in ("reply_text", "attachment_id"):
        return f"reply_{Outcome.ENTERED.value}"
    if name.startswith("more_replies"):
        place = name.partition(".")[2]
        if place.isdigit() and int(place) < len(form.more_replies):
            return f"reply_{form.more_replies[int(place)].outcome.value}"
        return f"reply_{Outcome.ENTERED.value}"
    return FIELDS.get(trigger, {}).get(name, name)
