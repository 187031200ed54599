"""What agents may type about a customer: remark and tags, within WeChat's limits. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from wxdesk.wechat.limits import MOST_REMARK_CHARACTERS, MOST_TAG_BYTES
from wxdesk.words import say

MOST_TAGS_OF_ACCOUNT = 100
MOST_TAGS_OF_CUSTOMER = 20


def cleaned(text: str) -> str:
    """On one line, without control characters and without space at the ends."""
    kept = (character if _is_plain(character) else " " for character in text)
    return " ".join("".join(kept).split())


def cleaned_names(names: Iterable[str]) -> list[str]:
    """Tag names without doubles and empty ones, in their order."""
    return list(dict.fromkeys(name for name in map(cleaned, names) if name))


def remark_problem(remark: str) -> str | None:
    """A sentence when WeChat would not take the remark (docs/wechat.md#users).

    Counted as WeChat's phones do, in UTF-16: the stricter reading for emoji.
    """
    if len(remark.encode("utf-16-le")) // 2 <= MOST_REMARK_CHARACTERS:
        return None
    return say("a remark has at most %(most)d characters", most=MOST_REMARK_CHARACTERS)


def tags_problem(names: Sequence[str]) -> str | None:
    """A sentence when WeChat would not take these tags for one customer (docs/wechat.md#tags)."""
    if len(names) > MOST_TAGS_OF_CUSTOMER:
        return say("a customer has at most %(most)d tags", most=MOST_TAGS_OF_CUSTOMER)
    for name in names:
        if len(name.encode()) > MOST_TAG_BYTES:
            return say(
                "the tag %(name)s is too long: at most %(most)d bytes (10 Chinese characters)",
                name=name,
                most=MOST_TAG_BYTES,
            )
    return None


def _is_plain(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
