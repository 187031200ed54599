"""Long texts in parts that WeChat takes whole (docs/wechat.md#text-length).

The browser counts parts with a twin of this module; tests/wechat/splitting.json binds both.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

MOST_BYTES = 2047
LEAST_MOST = 4  # bytes of the longest character

INSIDE_CHARACTER, INSIDE_UNIT, FREE = 0, 1, 2  # how bad a cut would be, the last one best

SENTENCE_ENDS = frozenset("。！？!?…")
CLOSERS = frozenset("”’」』）)》】\"'")
PAUSES = frozenset("，、,")
EMOTICON = re.compile(r"\[[^\[\]\r\n]{1,12}\]")
LINK_START = re.compile(r"<a(?=[\s>])", re.IGNORECASE)
LINK_END = re.compile(r"</a>", re.IGNORECASE)
JOINER = "\u200d"
REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
EXTENDERS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


def split_text(text: str, most: int = MOST_BYTES) -> list[str]:
    """Parts of at most `most` UTF-8 bytes, in order; none for a blank text.

    Never inside a character as people see it, a link or an emoticon like [微笑] unless that alone
    is longer than `most`; white space at a cut is dropped. Prefers, in the last third of a part,
    the end of a paragraph, of a line, of a sentence, then a comma or a space.
    """
    if most < LEAST_MOST:
        raise ValueError(f"a part needs at least {LEAST_MOST} bytes")
    if not text.strip():
        return []
    if len(text.encode()) <= most:
        return [text]
    return _Splitter(text, most).parts()


class _Splitter:
    def __init__(self, text: str, most: int) -> None:
        self._text = text
        self._most = most
        self._bytes = list(accumulate((len(c.encode()) for c in text), initial=0))
        self._cuts = _cuts(text)

    def parts(self) -> list[str]:
        found: list[str] = []
        start = 0
        while start < len(self._text):
            end = self._next_cut(start)
            part = self._text[start:end]
            if end < len(self._text) or self._size(start, end) > self._most:
                part = part.rstrip()
            if part.strip():
                found.append(part)
            start = self._after_space(end)
        return found

    def _size(self, start: int, end: int) -> int:
        return self._bytes[end] - self._bytes[start]

    def _next_cut(self, start: int) -> int:
        furthest = bisect_right(self._bytes, self._bytes[start] + self._most) - 1
        level, end = self._last_cut(start, furthest)
        end = self._after_space(end)
        if end == len(self._text):
            return end
        least = bisect_right(self._bytes, self._bytes[start] + self._most * 2 // 3)
        best, best_rank = end, 0
        for cut in range(end, least - 1, -1):
            if self._cuts[cut] >= level:
                rank = self._rank(cut)
                if rank > best_rank:
                    best, best_rank = cut, rank
        return best

    def _last_cut(self, start: int, furthest: int) -> tuple[int, int]:
        """The kindest kind of cut that this part allows, and the last one of that kind."""
        for level in (FREE, INSIDE_UNIT):
            for cut in range(furthest, start, -1):
                if self._cuts[cut] >= level:
                    return level, cut
        return INSIDE_CHARACTER, furthest

    def _after_space(self, cut: int) -> int:
        while cut < len(self._text) and self._text[cut].isspace() and self._cuts[cut + 1] == FREE:
            cut += 1
        return cut

    def _rank(self, cut: int) -> int:
        """How well a reader takes a cut here: 4 after a blank line, 0 in the middle of words."""
        before = self._text[cut - 1]
        if before == "\n":
            return 4 if self._text.endswith(("\n\n", "\n\r\n"), 0, cut) else 3
        if self._ends_sentence(cut):
            return 2
        return 1 if before in PAUSES or before.isspace() else 0

    def _ends_sentence(self, cut: int) -> bool:
        after = self._text[cut : cut + 1]
        if after in SENTENCE_ENDS or after in CLOSERS:
            return False
        before = self._text[cut - 1]
        if before in CLOSERS:
            before = self._text[cut - 2 : cut - 1]
        return before in SENTENCE_ENDS


def _cuts(text: str) -> bytearray:
    """For each position how bad a cut before that character would be."""
    cuts = bytearray([FREE]) * (len(text) + 1)
    for start, end in _units(text):
        cuts[start + 1 : end] = bytes([INSIDE_UNIT]) * (end - start - 1)
    for position in range(1, len(text)):
        if _extends(text, position):
            cuts[position] = INSIDE_CHARACTER
    for pair in REGIONAL.finditer(text):
        cuts[pair.start() + 1] = INSIDE_CHARACTER
    return cuts


def _units(text: str) -> list[tuple[int, int]]:
    """Links and emoticons, as (start, end)."""
    found = [match.span() for match in EMOTICON.finditer(text)]
    position = 0
    while (start := LINK_START.search(text, position)) is not None:
        end = LINK_END.search(text, start.end())
        if end is None:
            break
        found.append((start.start(), end.end()))
        position = end.end()
    return found


def _extends(text: str, position: int) -> bool:
    """Whether this character is drawn together with the one before it."""
    character, before = text[position], text[position - 1]
    if before == "\r":
        return character == "\n"
    if before == JOINER:
        return not character.isspace()
    return bool(EXTENDERS.match(character)) or unicodedata.category(character)[0] == "M"
