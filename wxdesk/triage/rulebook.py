"""One account's active rules, compiled: finds the rule that answers a text in microseconds."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import ahocorasick_rs
import re2

from wxdesk.triage.rules import Hit, Match, Reply, fold, split_patterns

logger = logging.getLogger(__name__)

REGEX_MEMORY = 8 << 20


class BadPatternError(ValueError):
    """The regular expression can't be compiled in linear time."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """An active rule as the rulebook needs it."""

    id: int
    version: int
    match: Match
    patterns: str
    reply: Reply
    priority: int


def compile_pattern(pattern: str) -> re2._Regexp:
    """A linear-time regular expression (RE2: no look-around, no back-references)."""
    options = re2.Options()
    options.max_mem = REGEX_MEMORY
    options.log_errors = False
    options.case_sensitive = False
    try:
        return re2.compile("".join(_half_width(character) for character in pattern), options)
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise BadPatternError(text) from error


def _half_width(character: str) -> str:
    """As messages are folded; full-width punctuation stays what was typed: no operator."""
    folded = unicodedata.normalize("NFKC", character)
    return folded if folded == character or folded.isalnum() else re2.escape(folded)


class Rulebook:
    """The higher priority wins, between equals the older rule."""

    def __init__(self, rules: Iterable[RuleText]) -> None:
        self._exact: dict[str, list[Hit]] = {}
        contained: dict[str, list[Hit]] = {}
        self._regexes: list[tuple[re2._Regexp, Hit]] = []
        for rule in rules:
            for pattern in split_patterns(rule.patterns):
                hit = Hit(rule.id, rule.version, rule.priority, rule.reply, pattern)
                if rule.match is Match.EXACT:
                    self._exact.setdefault(fold(pattern), []).append(hit)
                elif rule.match is Match.CONTAINS:
                    contained.setdefault(fold(pattern), []).append(hit)
                else:
                    self._add_regex(pattern, hit)
        self._contained = list(contained.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(contained)) if contained else None

    def _add_regex(self, pattern: str, hit: Hit) -> None:
        """A pattern that was fine when it was saved and is no more silences its own rule only."""
        try:
            self._regexes.append((compile_pattern(pattern), hit))
        except BadPatternError as error:
            logger.error("rule %d left out: %s", hit.rule_id, error)  # noqa: TRY400

    def find(self, text: str) -> Hit | None:
        """The rule that answers this text, or None."""
        folded = fold(text)
        if not folded:
            return None
        candidates = [*self._exact.get(folded, ()), *self._contained_in(folded)]
        candidates += [hit for regex, hit in self._regexes if regex.search(folded)]
        return min(candidates, key=lambda hit: (-hit.priority, hit.rule_id), default=None)

    def _contained_in(self, folded: str) -> Iterable[Hit]:
        if self._automaton is None:
            return
        found = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        for index in {index for index, _start, _end in found}:
            yield from self._contained[index]

    def __bool__(self) -> bool:
        return bool(self._exact or self._contained or self._regexes)
