"""Which of ten thousand lines of patterns a text fits, in microseconds.

Whole texts are looked up, parts of texts found by one automaton, regular expressions tried only
where the letters that they need are there; all of it in time linear in the text.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import ahocorasick_rs
import re2

from wxdesk.triage.folding import fold, fold_readable, has_edges, has_word, readable
from wxdesk.triage.rules import Match

logger = logging.getLogger(__name__)

REGEX_MEMORY = 8 << 20
REGEXES_AT_ONCE = 200  # larger sets could outgrow the memory of their automaton
PROBE = "\ue000\ue001\ue000"  # private characters that nobody writes


class BadPatternError(ValueError):
    """The regular expression can't be compiled in linear time."""


@dataclass(frozen=True, slots=True)
class Line:
    """One pattern; `number` is its place in the order in which patterns are tried."""

    number: int
    rule_id: int
    match: Match
    pattern: str


class TextMatcher:
    """Made once for a set of lines; shared by threads."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._exact: dict[str, list[int]] = {}
        needles: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        regexes = []
        for line in lines:
            if line.match is Match.REGEX:
                regexes.append(line)
            elif line.match is Match.EXACT:
                self._exact.setdefault(fold(line.pattern), []).append(line.number)
            else:
                for needle, words in _needles(line):
                    needles.setdefault(needle, []).append((line.number, words))
        needles.pop("", None)
        self._wanted = list(needles.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(needles)) if needles else None
        self._regexes = _regex_sets(regexes)

    def find(self, text: str) -> set[int]:
        """The numbers of all lines that this text fits."""
        plain = readable(text)
        return self.find_in(plain, fold_readable(plain))

    def find_in(self, plain: str, folded: str) -> set[int]:
        """The same of a text in both forms."""
        if not plain:
            return set()
        found = set(self._exact.get(folded, ())) if folded else set()
        if self._automaton is not None and folded:
            found.update(self._contained_in(self._automaton, folded))
        for regexes in self._regexes:
            found.update(regexes.find(plain))
        return found

    def _contained_in(self, automaton: ahocorasick_rs.AhoCorasick, folded: str) -> Iterator[int]:
        hits = automaton.find_matches_as_indexes(folded, overlapping=True)
        for index in {index for index, _start, _end in hits}:
            for number, words in self._wanted[index]:
                if all(has_word(folded, word) for word in words):
                    yield number


def words_of(pattern: str) -> tuple[str, ...]:
    """The folded words of a line, which spaces divide."""
    return tuple(dict.fromkeys(word for part in pattern.split() if (word := fold(part))))


def compile_pattern(pattern: str) -> re2._Regexp:
    """A linear-time regular expression (RE2: no look-around, no back-references)."""
    try:
        return re2.compile(written_as_read(pattern), _options())
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise BadPatternError(text) from error


def written_as_read(pattern: str) -> str:
    """A regular expression in the form of the texts that it searches.

    Full-width punctuation stays what was typed: no operator.
    """
    return pattern if pattern.isascii() else "".join(map(_as_read, pattern))


def _as_read(character: str) -> str:
    if character.isascii():
        return character  # \S must not become \s
    form = readable(character) or unicodedata.normalize("NFKC", character)
    return form if form == character or form.isalnum() else re2.escape(form)


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = REGEX_MEMORY
    options.log_errors = False
    options.case_sensitive = False
    return options


def _needles(line: Line) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What to look for, and the words that must then be there as well, each by itself."""
    if line.match is Match.CONTAINS:
        yield fold(line.pattern), ()
        return
    words = words_of(line.pattern)
    if line.match is Match.ANY_WORDS:
        for word in words:
            yield word, (word,) if has_edges(word) else ()
    elif words:
        yield max(words, key=len), words


class _RegexSet:
    """Some regular expressions at once; each is only tried on texts with the letters it needs."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._numbers = [line.number for line in lines]
        self._filter = re2.Filter()
        for line in lines:
            self._filter.Add(written_as_read(line.pattern), _options())
        self._filter.Add(PROBE, _options())
        self._filter.Compile()

    def is_able(self) -> bool:
        """Whether its automaton has the memory that it needs."""
        return len(self._numbers) in (self._filter.Match(PROBE) or ())

    def find(self, plain: str) -> Iterator[int]:
        for index in self._filter.Match(plain) or ():
            if index < len(self._numbers):
                yield self._numbers[index]


class _OneRegex:
    def __init__(self, line: Line) -> None:
        self._number = line.number
        self._regex = compile_pattern(line.pattern)

    def find(self, plain: str) -> Iterator[int]:
        if self._regex.search(plain):
            yield self._number


def _regex_sets(lines: Sequence[Line]) -> list[_RegexSet | _OneRegex]:
    usable = [line for line in lines if _is_usable(line)]
    found: list[_RegexSet | _OneRegex] = []
    for start in range(0, len(usable), REGEXES_AT_ONCE):
        found += _sets_of(usable[start : start + REGEXES_AT_ONCE])
    return found


def _sets_of(lines: Sequence[Line]) -> list[_RegexSet | _OneRegex]:
    if len(lines) == 1:
        return [_OneRegex(lines[0])]
    made = _RegexSet(lines)
    if made.is_able():
        return [made]
    half = len(lines) // 2
    return _sets_of(lines[:half]) + _sets_of(lines[half:])


def _is_usable(line: Line) -> bool:
    """A pattern that was fine when it was saved and is no more silences its own rule only."""
    try:
        compile_pattern(line.pattern)
    except BadPatternError as error:
        logger.error("rule %d left out: %s", line.rule_id, error)  # noqa: TRY400
        return False
    return True
