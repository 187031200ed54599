"""Corrections: who got a wrong answer, and whether they can be reached now. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.words import say

MOST_RECIPIENTS = 200_000
LONGEST_SPAN = timedelta(days=92)
LONGEST_NAME = 80
MOST_BYTES = 2047  # docs/wechat.md#text-length
LONGEST_REMARK = 60
MOST_PER_MINUTE = 600
A_MINUTE = timedelta(minutes=1)
RECORDED_WITHIN = timedelta(seconds=10)  # what was answered in the chosen time is on record then
PLACE = re.compile(r"\{\{\s*(\w+)\s*(?:\|([^{}]*))?\}\}")
REMARK = "remark"


class CorrectionState(StrEnum):
    """`collecting`: recipients are being listed; `ready`: may be approved and begun."""

    COLLECTING = "collecting"
    READY = "ready"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


UNENDED = (
    CorrectionState.COLLECTING,
    CorrectionState.READY,
    CorrectionState.SENDING,
    CorrectionState.PAUSED,
)


class Reach(StrEnum):
    """How a recipient stood when it was last looked at."""

    NOW = "now"
    WINDOW_CLOSED = "window_closed"
    QUOTA_GONE = "quota_gone"
    UNFOLLOWED = "unfollowed"
    HELPED = "helped"
    BLOCKED = "blocked"


WAIT_FOR_THEM = (Reach.WINDOW_CLOSED, Reach.QUOTA_GONE)
UNWANTED = (Reach.UNFOLLOWED, Reach.HELPED, Reach.BLOCKED)


class RecipientState(StrEnum):
    """`waits`: it goes out when the customer writes next; `left_out`: not to be sent."""

    LISTED = "listed"
    QUEUED = "queued"
    SENT = "sent"
    WAITS = "waits"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    LEFT_OUT = "left_out"


ON_THEIR_WAY = (RecipientState.QUEUED, RecipientState.WAITS)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which answers were wrong: of these rules, from `sent_from` on, before `sent_until`.

    Empty `versions` or `outcomes` mean all of them.
    """

    account_id: int
    rule_ids: tuple[int, ...]
    sent_from: datetime
    sent_until: datetime
    versions: tuple[int, ...] = ()
    outcomes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """What is sent, how fast, and whether those that a person has helped are left out."""

    name: str
    text: str
    per_minute: int
    skips_helped: bool


def problems_of(wording: Wording) -> dict[str, str]:
    """Field to sentence, for each that can't be taken."""
    found: dict[str, str] = {}
    if not wording.name.strip() or len(wording.name) > LONGEST_NAME:
        found["name"] = say("a name has 1 to %(most)d characters", most=LONGEST_NAME)
    if problem := text_problem(wording.text):
        found["text"] = problem
    if not 1 <= wording.per_minute <= MOST_PER_MINUTE:
        found["per_minute"] = say("between 1 and %(most)d", most=MOST_PER_MINUTE)
    return found


def text_problem(text: str) -> str | None:
    """A sentence when it can't be sent to everybody, whatever their remark is."""
    if not text.strip():
        return say("the answer is empty")
    unknown = [place[1] for place in PLACE.finditer(text) if place[1] != REMARK]
    if unknown:
        return say("there is no variable {{%(name)s}}", name=unknown[0])
    longest = len(filled(text, "").encode())
    if REMARK in (place[1] for place in PLACE.finditer(text)):
        longest = max(longest, len(filled(text, "好" * LONGEST_REMARK).encode()))
    if longest > MOST_BYTES:
        return say("WeChat takes %(most)d bytes a message", most=MOST_BYTES)
    return None


def filled(text: str, remark: str) -> str:
    """With the remark in {{remark}}, or what follows the bar in {{remark|您}} without one."""
    return PLACE.sub(lambda place: remark.strip() or (place[2] or "").strip(), text)


def span_problem(sent_from: datetime, sent_until: datetime) -> str | None:
    """A sentence when nothing can lie between them."""
    if sent_until <= sent_from:
        return say("the end must be after the beginning")
    if sent_until - sent_from > LONGEST_SPAN:
        return say("at most %(most)d days", most=LONGEST_SPAN.days)
    return None


def room_of(per_minute: int, *, last_minute: int, on_their_way: int) -> int:
    """How many may be queued now: no more a minute than asked for, and few at a time.

    Few on their way, so that pausing stops it at once.
    """
    at_once = max(1, per_minute // 6)
    return max(0, min(per_minute - last_minute, at_once - on_their_way))
