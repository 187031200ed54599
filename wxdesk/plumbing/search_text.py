"""How text is cut for search: the same for what is written and for what is asked.

Every character is brought to one form (width, case, traditional to simplified Chinese), each by
itself, so that a part of a text always becomes a part of its tokens. Chinese, Japanese, Korean and
emoji are one token a character; Latin and other alphabets are words; digits are numbers.
Punctuation, spaces and accents written as marks of their own stand between tokens and count for
nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

LONGEST_TOKEN = 100
CHARACTERS = (
    "\u2190-\u2bff\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u3105-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U0001f000-\U0001f3fa\U0001f400-\U0001faff\U00020000-\U000323af"
)
TOKEN = re.compile(rf"[{CHARACTERS}]|\d+|[^\W\d_{CHARACTERS}]+")
CHARACTER = re.compile(rf"[{CHARACTERS}]")
IDEOGRAPHS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that stand one after the other; the last one may go on when it is a word."""

    tokens: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the last token stands for all that begin with it."""
        return not is_character(self.tokens[-1])


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a text and where the found words are in it: (first character, length)."""

    text: str
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A token, and from where to where it stands in the text."""

    token: str
    start: int
    end: int


def search_tokens(text: str) -> list[str]:
    """The tokens of a text, in order."""
    return [token[:LONGEST_TOKEN] for token in TOKEN.findall(folded(text))]


def folded(text: str) -> str:
    """The text in the form in which texts are compared."""
    return plain(text).translate(_forms())


def plain(text: str) -> str:
    """Letters and their marks put together (NFC): what excerpts are cut from."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def phrases_of(query: str) -> list[Phrase]:
    """What is asked for: the parts between spaces, each of them wanted; [] asks for nothing."""
    found = (tuple(search_tokens(part)) for part in query.split())
    return [Phrase(tokens) for tokens in dict.fromkeys(found) if tokens]


@lru_cache(maxsize=100_000)
def is_character(token: str) -> bool:
    """A token that is one Chinese (Japanese, Korean) character or emoji; else it is a word."""
    return CHARACTER.match(token) is not None


def pairs(tokens: Sequence[str]) -> list[str]:
    """Characters joined with the one that follows: an index of pairs has fewer common words."""
    if not tokens:
        return []
    joined = [
        one + other if is_character(one) and is_character(other) else one
        for one, other in pairwise(tokens)
    ]
    return [*joined, tokens[-1]]


def count_hits(text: str, phrases: Sequence[Phrase]) -> int:
    """How often the phrases stand in the text, together."""
    haystack = _spaced(search_tokens(text))
    return sum(haystack.count(_needle(phrase)) for phrase in phrases)


def contains(text: str, phrases: Sequence[Phrase]) -> bool:
    """Whether every phrase stands in the text."""
    haystack = _spaced(search_tokens(text))
    return all(_needle(phrase) in haystack for phrase in phrases)


def excerpt(text: str, phrases: Sequence[Phrase], length: int) -> Excerpt:
    """At most `length` characters around the first found place, line ends shown as spaces."""
    whole = plain(text)
    found = _found(_places(whole), phrases)
    first = found[0][0] if found else 0
    start = 0 if len(whole) <= length else max(0, min(first - length // 3, len(whole) - length))
    end = min(len(whole), start + length)
    before, after = "…" if start else "", "…" if end < len(whole) else ""
    shift = len(before) - start
    ranges = [
        (max(begin, start) + shift, min(stop, end) - max(begin, start))
        for begin, stop in _merged(found)
        if begin < end and stop > start
    ]
    shown = re.sub(r"\s", " ", whole[start:end])
    return Excerpt(before + shown + after, tuple(ranges))


def _spaced(tokens: Sequence[str]) -> str:
    """Each token between spaces of its own, so that neighbours are counted apart."""
    return "".join(f" {token} " for token in tokens)


def _needle(phrase: Phrase) -> str:
    spaced = _spaced(phrase.tokens)
    return spaced[:-1] if phrase.is_open else spaced


def _places(text: str) -> list[_Place]:
    forms = _forms()
    pieces, origins = [], []
    for index, character in enumerate(text):
        piece = forms[ord(character)]
        pieces.append(piece)
        origins.extend([index] * len(piece))
    return [
        _Place(match[0][:LONGEST_TOKEN], origins[match.start()], origins[match.end() - 1] + 1)
        for match in TOKEN.finditer("".join(pieces))
    ]


def _found(places: Sequence[_Place], phrases: Sequence[Phrase]) -> list[tuple[int, int]]:
    """From where to where each phrase stands in the text, in order."""
    found = [
        _span(places[index : index + len(phrase.tokens)], phrase)
        for phrase in phrases
        for index in range(len(places) - len(phrase.tokens) + 1)
        if _stands_at(places, index, phrase)
    ]
    return sorted(found)


def _stands_at(places: Sequence[_Place], index: int, phrase: Phrase) -> bool:
    *firsts, last = phrase.tokens
    if any(places[index + number].token != token for number, token in enumerate(firsts)):
        return False
    token = places[index + len(firsts)].token
    return token.startswith(last) if phrase.is_open else token == last


def _span(places: Sequence[_Place], phrase: Phrase) -> tuple[int, int]:
    """Of a word that goes on only its beginning, where characters can be counted."""
    last = places[-1]
    is_one_to_one = last.end - last.start == len(last.token)
    asked = len(phrase.tokens[-1])
    end = last.start + asked if is_one_to_one and asked < len(last.token) else last.end
    return places[0].start, end


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


class _Forms(dict[int, str]):
    """Each character's form, made when it is first met."""

    def __init__(self, simplified: dict[str, str]) -> None:
        super().__init__()
        self._simplified = simplified

    def __missing__(self, code: int) -> str:
        wide = unicodedata.normalize("NFKC", chr(code))
        form = "".join(self._simplified.get(one, one) for one in wide).casefold()
        self[code] = form
        return form


@cache
def _forms() -> Any:
    return _Forms(_simplified())


def _simplified() -> dict[str, str]:
    """Traditional characters to simplified ones, each by itself and not by the words around it."""
    from opencc import OpenCC  # here: loading it takes 20 ms that most commands can do without

    characters = [chr(code) for first, end in IDEOGRAPHS for code in range(first, end)]
    convert = OpenCC("t2s").convert
    lines = convert(convert("\n".join(characters))).split("\n")
    both = zip(characters, lines, strict=True)
    return {one: other for one, other in both if one != other and len(other) == 1}
