"""How what customers write and what marketers look for are brought to one form. Pure.

Width, case, traditional and simplified characters, white space and punctuation do not matter.
Between two words or numbers of an alphabet all that divides them counts as one space; everywhere
else it counts for nothing: 抽 奖！ is 抽奖, and "can not" is no "cannot".
"""

from __future__ import annotations

import re
import unicodedata

from wxdesk.plumbing.search_text import CHARACTERS, folded

WORD = rf"[^\W_{CHARACTERS}]"
GAP = re.compile(rf"(?<!{WORD}) | (?!{WORD})")
SIGNS = frozenset({"Sc", "Sm", "So"})  # currencies, + and emoji mean something
NO_SIGNS = frozenset("~|<>=\u20e3\ufe0e\ufe0f")  # the last ones only say how an emoji is drawn
ENDS_WITH_WORD = re.compile(rf"{WORD}\Z")
STARTS_WITH_WORD = re.compile(WORD)


def readable(text: str) -> str:
    """One width, one case, simplified, without outer spaces: what regular expressions search."""
    return folded(text).strip()


def fold(text: str) -> str:
    """The form in which keywords and texts are compared; "" for punctuation alone."""
    return fold_readable(readable(text))


def fold_readable(plain: str) -> str:
    """The same of a text that is readable already."""
    letters = plain.translate(_LETTERS)
    if " " not in letters:
        return letters
    return GAP.sub("", " ".join(letters.split()))


def has_word(text: str, word: str) -> bool:
    """Whether a folded text holds a folded word that is no part of a longer one.

    Chinese has no spaces: there each part of a text is a word.
    """
    start = text.find(word)
    while start >= 0:
        if _stands_alone(text, word, start):
            return True
        start = text.find(word, start + 1)
    return False


def has_edges(word: str) -> bool:
    """Whether a word can be a part of a longer one."""
    return bool(STARTS_WITH_WORD.match(word) or ENDS_WITH_WORD.search(word))


def _stands_alone(text: str, word: str, start: int) -> bool:
    end = start + len(word)
    is_joined_before = start > 0 and STARTS_WITH_WORD.match(word) and _is_word(text[start - 1])
    is_joined_after = end < len(text) and ENDS_WITH_WORD.search(word) and _is_word(text[end])
    return not is_joined_before and not is_joined_after


def _is_word(character: str) -> bool:
    return STARTS_WITH_WORD.match(character) is not None


class _Letters(dict[int, str]):
    """What stays of each character; a space for what only divides."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        is_kept = category[0] in "LMN" or category in SIGNS
        self[code] = character if is_kept and character not in NO_SIGNS else " "
        return self[code]


_LETTERS = _Letters()
