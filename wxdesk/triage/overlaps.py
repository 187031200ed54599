"""Which rules take messages from each other, and which can never answer at all. Pure.

Each keyword is tried as a text on all other rules. What a rule's keywords make certain is told as
certain; regular expressions are only tried with the keywords of the others, and the sentence says
so. The rule that loses is named first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from wxdesk.triage.collisions import in_span
from wxdesk.triage.conditions import are_apart, covers
from wxdesk.triage.folding import fold, has_edges
from wxdesk.triage.matching import Line, TextMatcher, words_of
from wxdesk.triage.rulebook import RuleText
from wxdesk.triage.rules import Conditions, Match, Newness, Trigger, split_patterns
from wxdesk.words import say

MOST_OVERLAPS = 2_000
GAP = "\u2612"  # a sign that nobody writes, between words that need not stand side by side
WORDS = (Match.ALL_WORDS, Match.ANY_WORDS)


class OverlapKind(StrEnum):
    """`never_fires`: other rules take all that this one could answer."""

    NEVER_FIRES = "never_fires"
    PATTERN_NEVER_FIRES = "pattern_never_fires"
    SAME_PATTERN = "same_pattern"
    PARTLY = "partly"


ORDER = list(OverlapKind)


@dataclass(frozen=True, slots=True)
class Overlap:
    """The rule `rule_id` loses messages with `pattern` to the rule `other_id`."""

    rule_id: int
    other_id: int
    kind: OverlapKind
    pattern: str
    why: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """Prepared: `conditions` with the span of its campaign; `place` in the order of trying."""

    text: RuleText
    place: int
    conditions: Conditions
    exclusions: frozenset[str]
    lines: tuple[str, ...]

    @property
    def id(self) -> int:
        return self.text.id

    def leaves_nothing_to(self, other: _Rule) -> bool:
        return self.exclusions <= other.exclusions and covers(self.conditions, other.conditions)


@dataclass(frozen=True, slots=True)
class _Found:
    """`is_certain`: whatever fits the loser's pattern fits the winner."""

    loser: _Rule
    winner: _Rule
    pattern: str
    is_certain: bool = False
    is_same: bool = False
    is_tried_only: bool = False


def find_overlaps(rules: Sequence[RuleText], focus_id: int | None = None) -> list[Overlap]:
    """The worst first, at most 2,000; with `focus_id` only those of that rule, as either."""
    ordered = sorted(rules, key=lambda rule: (-rule.priority, rule.id))
    prepared = [_prepared(rule, place) for place, rule in enumerate(ordered)]
    found = [*_texts(prepared), *_others(prepared)]
    dead = _dead_lines(found)
    strongest: dict[tuple[int, int], Overlap] = {}
    for one in found:
        if focus_id in (None, one.loser.id, one.winner.id):
            overlap = _told(one, is_dead=dead.get(one.loser.id) == set(one.loser.lines))
            key = (overlap.rule_id, overlap.other_id)
            known = strongest.get(key)
            if known is None or ORDER.index(overlap.kind) < ORDER.index(known.kind):
                strongest[key] = overlap
    ranked = sorted(strongest.values(), key=lambda one: ORDER.index(one.kind))
    return ranked[:MOST_OVERLAPS]


def _prepared(rule: RuleText, place: int) -> _Rule:
    conditions = in_span(rule.conditions, rule.campaign)
    if rule.trigger is Trigger.FIRST_MESSAGE:
        conditions = replace(conditions, newness=Newness.NEW)
    exclusions = frozenset(filter(None, map(fold, split_patterns(rule.exclusions))))
    lines = tuple(split_patterns(rule.patterns)) or ("",)
    return _Rule(rule, place, conditions, exclusions, lines)


def _texts(rules: Sequence[_Rule]) -> Iterator[_Found]:
    """Rules that answer to texts: each keyword is a text that the others are tried with."""
    owners: list[tuple[_Rule, str]] = []
    lines: list[Line] = []
    for rule in rules:
        for pattern in rule.lines if rule.text.trigger is Trigger.TEXT else ():
            lines.append(Line(len(owners), rule.id, rule.text.match, pattern))
            owners.append((rule, pattern))
    matcher = TextMatcher(lines)
    for rule, pattern in owners:
        for number in sorted(matcher.find(_example(rule.text.match, pattern))):
            other, others_pattern = owners[number]
            if other.id != rule.id:
                yield from _compared(rule, pattern, other, others_pattern)


def _example(match: Match, pattern: str) -> str:
    """A text that fits the pattern and nothing else more than need be; "" for none."""
    if match is Match.REGEX:
        return ""
    return GAP.join(pattern.split()) if match in WORDS else pattern


def _compared(rule: _Rule, pattern: str, other: _Rule, others_pattern: str) -> Iterator[_Found]:
    """The other fits this rule's pattern, taken as a text."""
    if are_apart(rule.conditions, other.conditions):
        return
    is_regex = other.text.match is Match.REGEX
    if other.place > rule.place:
        yield _Found(other, rule, others_pattern, is_tried_only=is_regex)
        return
    is_sure = _is_sure(rule, pattern, other, others_pattern)
    is_same = rule.text.match is other.text.match
    yield _Found(
        loser=rule,
        winner=other,
        pattern=pattern,
        is_certain=is_sure and other.leaves_nothing_to(rule),
        is_same=is_same and _key(rule, pattern) == _key(other, others_pattern),
        is_tried_only=is_regex,
    )


def _is_sure(rule: _Rule, pattern: str, other: _Rule, others_pattern: str) -> bool:
    """Whether every text that fits this pattern fits the other one, as its example does."""
    mine, its = rule.text.match, other.text.match
    if mine is Match.EXACT:
        return its is not Match.REGEX  # which sees the punctuation too
    if its is Match.CONTAINS:
        return mine is not Match.ANY_WORDS or all(
            fold(others_pattern) in word for word in words_of(pattern)
        )
    if its not in WORDS:
        return False
    wanted = set(words_of(others_pattern))
    if mine is Match.CONTAINS:
        whole = fold(pattern)
        parts = [word in whole and not has_edges(word) for word in wanted]
        return all(parts) if its is Match.ALL_WORDS else any(parts)
    own = set(words_of(pattern))
    if mine is Match.ALL_WORDS:
        return wanted <= own if its is Match.ALL_WORDS else bool(wanted & own)
    return own <= wanted and (its is Match.ANY_WORDS or len(wanted) == 1)


def _others(rules: Sequence[_Rule]) -> Iterator[_Found]:
    """Rules that answer to codes, menus, follows and notices: the same key, or any."""
    groups: dict[tuple[Trigger, str], list[_Rule]] = defaultdict(list)
    for rule in rules:
        for pattern in rule.lines if rule.text.trigger is not Trigger.TEXT else ():
            groups[rule.text.trigger, pattern].append(rule)
    for (trigger, pattern), group in groups.items():
        for_any = groups.get((trigger, ""), []) if pattern else []
        for loser in (*group, *for_any):
            for winner in (*group, *for_any):
                if winner.place < loser.place and not are_apart(
                    winner.conditions, loser.conditions
                ):
                    is_wide = loser in group  # else it loses this key only
                    is_certain = is_wide and winner.leaves_nothing_to(loser)
                    yield _Found(loser, winner, pattern, is_certain, is_same=is_wide)


def _key(rule: _Rule, pattern: str) -> object:
    return frozenset(words_of(pattern)) if rule.text.match in WORDS else fold(pattern)


def _dead_lines(found: Sequence[_Found]) -> dict[int, set[str]]:
    dead: dict[int, set[str]] = defaultdict(set)
    for one in found:
        if one.is_certain:
            dead[one.loser.id].add(one.pattern)
    return dead


def _told(one: _Found, *, is_dead: bool) -> Overlap:
    kind, why = OverlapKind.PARTLY, say("some messages fit both; the other rule answers them")
    if one.is_tried_only:
        why = say(
            "the other rule answers a message with just this keyword; what else its regular "
            "expression takes can't be told in advance"
        )
    if one.is_same:
        kind = OverlapKind.SAME_PATTERN
        why = say("both have it; where the conditions of both hold, the other rule answers")
    if one.is_certain:
        kind = OverlapKind.PATTERN_NEVER_FIRES
        why = say("the other rule is tried first and takes every message that fits it")
        if is_dead:
            kind = OverlapKind.NEVER_FIRES
            why = say("rules that are tried first take everything that this rule could answer")
    return Overlap(one.loser.id, one.winner.id, kind, one.pattern, why)
