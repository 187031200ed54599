"""Which message is how urgent, and whether a rule may answer it. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from wxdesk.words import say

MOST_PATTERNS = 500
LONGEST_PATTERN = 200
LONGEST_REPLY_BYTES = 2047


class Match(StrEnum):
    EXACT = "exact"
    CONTAINS = "contains"
    REGEX = "regex"


class ReplyKind(StrEnum):
    """What a rule answers with; the values are WeChat's message types."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    NEWS = "news"
    MINI_PROGRAM = "miniprogrampage"
    MENU = "msgmenu"


PASSIVE_WITH_FILE = frozenset({ReplyKind.IMAGE, ReplyKind.VOICE, ReplyKind.VIDEO})


class Urgency(StrEnum):
    """The intake streams, the most urgent first."""

    URGENT = "urgent"
    DIRECT = "direct"
    ROUTINE = "routine"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a rule answers; `fields` as in outbound/contents.py.

    `media_id` is the upload of its file, which WeChat keeps until `good_until`.
    """

    text: str
    kind: ReplyKind = ReplyKind.TEXT
    fields: dict[str, Any] | None = None
    attachment_id: int | None = None
    media_id: str = ""
    good_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """The rule that answers a message, and the pattern that it matched."""

    rule_id: int
    version: int
    priority: int
    reply: Reply
    matched: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Into which stream a message goes, and whether the rule's answer goes out."""

    urgency: Urgency
    is_auto_answered: bool


def judge(*, is_event: bool, has_hit: bool, is_attended: bool, is_overdue: bool) -> Verdict:
    """Decide about one message by what is known of its customer.

    A rule never speaks while a person is in the conversation. A campaign keyword is bulk; a
    question is direct; a customer who waits past a broken promise is urgent; events are routine.
    """
    if has_hit and not is_attended:
        return Verdict(Urgency.BULK, is_auto_answered=True)
    if is_event:
        return Verdict(Urgency.ROUTINE, is_auto_answered=False)
    return Verdict(Urgency.URGENT if is_overdue else Urgency.DIRECT, is_auto_answered=False)


def fold(text: str) -> str:
    """Text as patterns are compared: full-width as half-width, one case, no outer spaces."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def split_patterns(patterns: str) -> list[str]:
    """One pattern a line; empty lines and doubles are left out."""
    return list(dict.fromkeys(line.strip() for line in patterns.splitlines() if line.strip()))


def reply_problem(reply_text: str) -> str | None:
    """A sentence when WeChat would not take the answer (docs/wechat.md#text-length)."""
    if not reply_text.strip():
        return say("the reply is empty")
    size = len(reply_text.encode())
    if size > LONGEST_REPLY_BYTES:
        return say(
            "the reply has %(size)d bytes; WeChat takes %(most)d",
            size=size,
            most=LONGEST_REPLY_BYTES,
        )
    return None
