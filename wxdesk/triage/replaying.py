"""A draft of a rule among the active rules of its account, put to messages of the past. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from wxdesk.plumbing.clock import EPOCH
from wxdesk.triage.findings import Caught, Tally
from wxdesk.triage.folding import fold
from wxdesk.triage.history import Answers, Past
from wxdesk.triage.rulebook import Rulebook, RuleText
from wxdesk.triage.rules import CustomerFacts, Limits, Moment, Trigger

NEW_RULE = 2**53  # the youngest: a new rule comes after all others of its priority
EVENTS = frozenset({Trigger.FOLLOW, Trigger.SCAN, Trigger.MENU_CLICK})

Facts = Callable[[Past], CustomerFacts | None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The draft alone, the other active rules, and all of them together."""

    rule: RuleText
    alone: Rulebook
    others: Rulebook
    together: Rulebook
    limits: Limits | None
    passes_on: bool
    answers_attended: bool
    zone: ZoneInfo


def set_stage(rule: RuleText, active: Iterable[RuleText], zone: ZoneInfo, now: datetime) -> Stage:
    """Dates of beginning and end are left out: rules are judged as if they had always run."""
    rule = _undated(replace(rule, id=rule.id or NEW_RULE))
    others = [_undated(one) for one in active if one.id != rule.id and _runs(one, now)]
    return Stage(
        rule=rule,
        alone=Rulebook([rule], zone),
        others=Rulebook(others, zone),
        together=Rulebook([*others, rule], zone),
        limits=rule.limits,
        passes_on=rule.passes_on,
        answers_attended=rule.answers_attended,
        zone=zone,
    )


def caught_of(
    stage: Stage, past: Sequence[Past], moment_at: Callable[[datetime], Moment], facts: Facts
) -> list[Past]:
    """Those that the draft alone would answer."""
    found = []
    for it in past:
        hit = it.heard and stage.alone.find(it.heard, moment_at(it.at), partial(facts, it))
        if hit is not None:
            found.append(it)
    return found


def count(
    stage: Stage,
    caught: Sequence[Past],
    answers: Answers,
    moment_at: Callable[[datetime], Moment],
    facts: Facts,
    tally: Tally,
) -> None:
    """Add what the draft catches to the tally, in the order of arrival."""
    for it in caught:
        beaten_by, taken_from = _rivals(stage, it, moment_at(it.at), facts)
        one = Caught(
            message_id=it.message_id,
            contact_id=it.contact_id,
            at=it.at,
            day=it.at.astimezone(stage.zone).date().isoformat(),
            words=_words(it),
            became=answers.became(it),
            beaten_by=beaten_by,
            taken_from=taken_from,
            is_attended=not stage.answers_attended and answers.is_attended(it),
        )
        tally.add(one, stage.limits, passes_on=stage.passes_on)


def _rivals(stage: Stage, it: Past, moment: Moment, facts: Facts) -> tuple[int | None, int | None]:
    """The rule that goes before the draft; else the one that the draft takes the message from."""
    if it.heard is None or stage.rule.trigger is Trigger.WAITING:
        return None, None
    winner = stage.together.find(it.heard, moment, partial(facts, it))
    if winner is not None and winner.rule_id != stage.rule.id:
        return winner.rule_id, None
    today = stage.others.find(it.heard, moment, partial(facts, it))
    return None, today.rule_id if today else None


def _words(it: Past) -> str:
    if it.heard is not None and it.heard.is_event:
        return it.heard.event_key or it.heard.event
    return fold(it.words) or it.words


def _undated(rule: RuleText) -> RuleText:
    conditions = replace(rule.conditions, starts_at=None, ends_at=None)
    campaign = rule.campaign and replace(rule.campaign, starts_at=EPOCH, ends_at=None)
    return replace(rule, conditions=conditions, campaign=campaign)


def _runs(rule: RuleText, now: datetime) -> bool:
    """A rule whose time is over, or has not come, is no rival now."""
    spans = [(rule.conditions.starts_at, rule.conditions.ends_at)]
    if rule.campaign is not None:
        spans.append((rule.campaign.starts_at, rule.campaign.ends_at))
    return all(
        (starts_at is None or starts_at <= now) and (ends_at is None or now < ends_at)
        for starts_at, ends_at in spans
    )
