"""Keywords that another rule has already, where one of both could never answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.triage.conditions import covers
from wxdesk.triage.folding import fold, readable
from wxdesk.triage.matching import words_of
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.queries import MOST_RULES, gates_of
from wxdesk.triage.rule_forms import RuleForm, cleaned
from wxdesk.triage.rules import (
    WITH_PATTERNS,
    CampaignGate,
    Conditions,
    Match,
    Trigger,
    split_patterns,
)
from wxdesk.triage.stored import conditions_of_json
from wxdesk.words import say

YOUNGEST = 2**62


@dataclass(frozen=True, slots=True)
class Collision:
    """`field`: where the sentence belongs."""

    field: str
    sentence: str
    other_id: int


@dataclass(frozen=True, slots=True)
class _Rival:
    """A rule as far as it decides who answers; `lines` by their compared form, as typed."""

    id: int
    name: str
    priority: int
    lines: dict[object, str]
    exclusions: frozenset[str]
    conditions: Conditions

    @property
    def order(self) -> tuple[int, int]:
        return (-self.priority, self.id)


def collision(session: Session, form: RuleForm, rule_id: int | None) -> Collision | None:
    """What another active rule of the account has too, and always or never answers first.

    The same keyword is fine where conditions, campaigns or priorities give each rule its turn.
    Rules of campaigns count from when those go live.
    """
    form = cleaned(form)
    gates = gates_of(session, [form.campaign_id], with_drafts=True)
    ours = _Rival(
        id=rule_id or YOUNGEST,
        name=form.name,
        priority=form.priority,
        lines=_lines(form.trigger, form.match, form.patterns),
        exclusions=_exclusions(form.exclusions),
        conditions=in_span(form.conditions, gates.get(form.campaign_id or 0)),
    )
    for other in _rivals(session, form, rule_id):
        first, second = sorted((ours, other), key=lambda one: one.order)
        shared = next((key for key in ours.lines if key in other.lines), None)
        if shared is not None and _leaves_nothing(first, second):
            return _told(form, ours.lines[shared], other)
    return None


def in_span(conditions: Conditions, gate: CampaignGate | None) -> Conditions:
    """With the campaign's begin and end, outside of which its rules step back."""
    if gate is None:
        return conditions
    starts = [at for at in (conditions.starts_at, gate.starts_at) if at is not None]
    ends = [at for at in (conditions.ends_at, gate.ends_at) if at is not None]
    return replace(conditions, starts_at=max(starts), ends_at=min(ends, default=None))


def _rivals(session: Session, form: RuleForm, rule_id: int | None) -> Iterator[_Rival]:
    query = select(AutoReplyRule).where(
        AutoReplyRule.account_id == form.account_id,
        AutoReplyRule.is_active,
        AutoReplyRule.archived_at.is_(None),
        AutoReplyRule.trigger == form.trigger,
        AutoReplyRule.match == form.match,
        AutoReplyRule.id != (rule_id or 0),
    )
    rules = session.scalars(query.order_by(AutoReplyRule.id).limit(MOST_RULES)).all()
    gates = gates_of(session, {rule.campaign_id for rule in rules})
    for rule in rules:
        gate = gates.get(rule.campaign_id or 0)
        is_ours = rule.campaign_id is not None and rule.campaign_id == form.campaign_id
        if rule.campaign_id is None or gate is not None or is_ours:
            yield _Rival(
                id=rule.id,
                name=rule.name,
                priority=rule.priority,
                lines=_lines(rule.trigger, rule.match, rule.patterns),
                exclusions=_exclusions(rule.exclusions),
                conditions=in_span(conditions_of_json(rule.conditions), gate),
            )


def _leaves_nothing(first: _Rival, second: _Rival) -> bool:
    """Whether the first takes each message with a shared keyword that the second could take."""
    return first.exclusions <= second.exclusions and covers(first.conditions, second.conditions)


def _lines(trigger: Trigger, match: Match, patterns: str) -> dict[object, str]:
    found = {_compared(trigger, match, line): line for line in split_patterns(patterns)}
    if trigger is Trigger.WAITING or (trigger in WITH_PATTERNS and trigger is not Trigger.SCAN):
        return found
    return found or {"": ""}  # answers to all of its trigger


def _compared(trigger: Trigger, match: Match, line: str) -> object:
    if trigger is not Trigger.TEXT:
        return line
    if match is Match.REGEX:
        return readable(line)
    if match in (Match.ALL_WORDS, Match.ANY_WORDS):
        return (match, *sorted(words_of(line)))
    return fold(line)


def _exclusions(text: str) -> frozenset[str]:
    return frozenset(filter(None, map(fold, split_patterns(text))))


def _told(form: RuleForm, pattern: str, other: _Rival) -> Collision:
    if not pattern:
        return Collision(
            "trigger",
            say(
                "the rule “%(rule)s” answers to this already, at the same times: change that "
                "one, or give one of them other conditions",
                rule=other.name,
            ),
            other.id,
        )
    sentence = say(
        "“%(pattern)s” is a keyword of the rule “%(rule)s” already, and only one of them could "
        "ever answer: change that one, or give one of them other conditions",
        pattern=pattern,
        rule=other.name,
    )
    return Collision("patterns", sentence, other.id)
