"""One account's active rules, compiled: finds the rule that answers a push in microseconds.

Of the rules that fit, the one with the higher priority answers, between equals the older. A rule of
a campaign that has not begun or is over only answers where no other rule does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from wxdesk.triage.conditions import Unmet, unmet_by, unmet_time
from wxdesk.triage.folding import fold, fold_readable, readable
from wxdesk.triage.hearing import stages
from wxdesk.triage.matching import Line, TextMatcher
from wxdesk.triage.rules import (
    ANSWERS_ENDED_FOR,
    NO_CONDITIONS,
    CampaignGate,
    Conditions,
    CustomerFacts,
    Heard,
    Hit,
    Limits,
    Match,
    Moment,
    Newness,
    Outcome,
    Reply,
    Trigger,
    Variant,
    split_patterns,
)
from wxdesk.triage.variables import asks_customer, needs_customer

MOST_CONSIDERED = 50
KEYED = (Trigger.SCAN, Trigger.MENU_CLICK, Trigger.MENU_TAP)

Customer = Callable[[], CustomerFacts | None]


class Fate(StrEnum):
    """What became of a rule that fits a push; the others are those of conditions.Unmet."""

    WINS = "wins"
    BEATEN = "beaten"
    EXCLUDED = "excluded"
    CAMPAIGN_OVER = "campaign_over"


@dataclass(frozen=True, slots=True)
class RuleText:
    """An active rule as the rulebook needs it; `replies` hold the first one too."""

    id: int
    version: int
    match: Match
    patterns: str
    reply: Reply
    priority: int
    trigger: Trigger = Trigger.TEXT
    exclusions: str = ""
    conditions: Conditions = NO_CONDITIONS
    replies: Mapping[Outcome, tuple[Variant, ...]] = field(default_factory=dict)
    limits: Limits | None = None
    campaign: CampaignGate | None = None
    passes_on: bool = False
    answers_attended: bool = False

    @property
    def good_until(self) -> datetime | None:
        """When WeChat forgets the first of its files; None without files."""
        replies = [variant.reply for variants in self.replies.values() for variant in variants]
        ends = [reply.good_until for reply in (self.reply, *replies)]
        return min((at for at in ends if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that fits a push, and why it answers or not; `detail`: the line that excludes it."""

    rule_id: int
    trigger: Trigger
    pattern: str
    fate: Fate | Unmet
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Prepared: `exclusions` are pairs of the folded and the typed line."""

    text: RuleText
    conditions: Conditions
    exclusions: tuple[tuple[str, str], ...]
    asks_customer: bool
    needs_customer: bool


class Rulebook:
    """Shared by threads. `zone` is the desk's: hours and days of conditions are in it."""

    def __init__(self, rules: Iterable[RuleText], zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._lines: list[tuple[_Rule, str]] = []
        self._always: dict[Trigger, list[int]] = {}
        self._keys: dict[tuple[Trigger, str], list[int]] = {}
        texts: list[Line] = []
        for rule in sorted(rules, key=lambda rule: (-rule.priority, rule.id)):
            prepared = _prepared(rule)
            for pattern in split_patterns(rule.patterns) or ("",):
                self._enter(prepared, pattern, texts)
        self._texts = TextMatcher(texts)

    def _enter(self, rule: _Rule, pattern: str, texts: list[Line]) -> None:
        number, trigger = len(self._lines), rule.text.trigger
        if trigger is Trigger.TEXT:
            texts.append(Line(number, rule.text.id, rule.text.match, pattern))
        elif trigger in KEYED and pattern:
            self._keys.setdefault((trigger, pattern), []).append(number)
        else:
            self._always.setdefault(trigger, []).append(number)
        self._lines.append((rule, pattern if trigger is Trigger.TEXT or trigger in KEYED else ""))

    def __bool__(self) -> bool:
        return bool(self._lines)

    def find(self, heard: Heard, moment: Moment, customer: Customer) -> Hit | None:
        """The rule that answers, or None. `customer` is asked once at most, and only if need be."""
        plain, asked = readable(heard.text), _Asked(customer)
        folded = fold_readable(plain)
        for trigger in stages(heard):
            second_best = None
            for rule, pattern in self._fitting(trigger, heard, moment, (plain, folded)):
                if self._fate(rule, folded, heard.at, asked) is not None:
                    continue
                if _is_on(rule.text.campaign, heard.at):
                    return _hit(rule, pattern, asked)
                second_best = second_best or (rule, pattern)
            if second_best is not None:
                return _hit(*second_best, asked)
        return None

    def explain(self, heard: Heard, moment: Moment, customer: Customer) -> list[Considered]:
        """The first 50 rules that fit, in the order in which they are tried, each once."""
        hit = self.find(heard, moment, customer)
        plain, asked = readable(heard.text), _Asked(customer)
        folded = fold_readable(plain)
        found: dict[int, Considered] = {}
        for trigger in stages(heard):
            for rule, pattern in self._fitting(trigger, heard, moment, (plain, folded)):
                text = rule.text
                if text.id in found or len(found) >= MOST_CONSIDERED:
                    continue
                is_winner = hit is not None and hit.rule_id == text.id
                fate = self._fate(rule, folded, heard.at, asked)
                fate = fate or (Fate.WINS if is_winner else Fate.BEATEN)
                detail = _exclusion(rule, folded) if fate is Fate.EXCLUDED else ""
                found[text.id] = Considered(text.id, trigger, pattern, fate, detail)
        return list(found.values())

    def _fitting(
        self, trigger: Trigger, heard: Heard, moment: Moment, forms: tuple[str, str]
    ) -> Iterator[tuple[_Rule, str]]:
        """The rules and patterns that fit, in the order in which they are tried."""
        if trigger is Trigger.TEXT:
            numbers = sorted(self._texts.find_in(*forms))
        elif trigger in KEYED:
            key = heard.menu_id if trigger is Trigger.MENU_TAP else heard.event_key
            keyed = self._keys.get((trigger, key), [])
            numbers = sorted([*keyed, *self._always.get(trigger, ())])
        elif _is_moment_for(trigger, moment):
            numbers = self._always.get(trigger, [])
        else:
            return
        for number in numbers:
            yield self._lines[number]

    def _fate(self, rule: _Rule, folded: str, at: datetime, asked: _Asked) -> Fate | Unmet | None:
        """Why a rule that fits may not answer; None if it may."""
        gate = rule.text.campaign
        if gate is not None and gate.ends_at is not None and at >= gate.ends_at + ANSWERS_ENDED_FOR:
            return Fate.CAMPAIGN_OVER
        if rule.exclusions and _exclusion(rule, folded):
            return Fate.EXCLUDED
        unmet = unmet_time(rule.conditions, at, self._zone)
        if unmet is None and rule.conditions.needs_customer:
            unmet = unmet_by(rule.conditions, asked())
        if unmet is None and rule.needs_customer and asked() is None:
            unmet = Unmet.CUSTOMER_UNKNOWN
        return unmet


class _Asked:
    """Asks about the customer once, when it is first needed."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer
        self._is_asked = False
        self.facts: CustomerFacts | None = None

    def __call__(self) -> CustomerFacts | None:
        if not self._is_asked:
            self.facts = self._customer()
            self._is_asked = True
        return self.facts


def _prepared(rule: RuleText) -> _Rule:
    conditions = rule.conditions
    if rule.trigger is Trigger.FIRST_MESSAGE:
        conditions = replace(conditions, newness=Newness.NEW)
    lines = ((fold(line), line) for line in split_patterns(rule.exclusions))
    replies = [variant.reply for variants in rule.replies.values() for variant in variants]
    return _Rule(
        text=rule,
        conditions=conditions,
        exclusions=tuple((folded, line) for folded, line in lines if folded),
        asks_customer=any(asks_customer(reply) for reply in [rule.reply, *replies]),
        needs_customer=any(needs_customer(reply) for reply in [rule.reply, *replies]),
    )


def _exclusion(rule: _Rule, folded: str) -> str:
    """The line that keeps this rule from answering; "" for none."""
    return next((line for needle, line in rule.exclusions if needle in folded), "")


def _is_on(gate: CampaignGate | None, at: datetime) -> bool:
    if gate is None:
        return True
    return gate.starts_at <= at and (gate.ends_at is None or at < gate.ends_at)


def _is_moment_for(trigger: Trigger, moment: Moment) -> bool:
    if trigger is Trigger.OUT_OF_HOURS:
        return not moment.is_open
    return trigger is not Trigger.NOBODY_ONLINE or not moment.is_anybody_online


def _hit(rule: _Rule, pattern: str, asked: _Asked) -> Hit:
    it = rule.text
    return Hit(
        rule_id=it.id,
        version=it.version,
        priority=it.priority,
        reply=it.reply,
        matched=pattern,
        replies=it.replies,
        limits=it.limits,
        campaign=it.campaign,
        passes_on=it.passes_on,
        answers_attended=it.answers_attended,
        trigger=it.trigger,
        customer=asked() if rule.asks_customer else asked.facts,
    )
