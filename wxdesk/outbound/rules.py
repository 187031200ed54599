"""States of a delivery and when it is tried again. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from wxdesk.words import say

LONGEST_TEXT_BYTES = 2047
MOST_ATTEMPTS = 6
GIVEN_UP_AFTER = timedelta(seconds=150)  # longer than the job that sends may take


class Delivery(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


def next_attempt_after(attempts: int) -> timedelta | None:
    """1, 2, 4, 8, 16 seconds after each failed attempt; None when there is no further one."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return timedelta(seconds=2 ** (attempts - 1))


def text_problem(text: str) -> str | None:
    """A sentence when WeChat would not take the text (docs/wechat.md#text-length)."""
    if not text.strip():
        return say("the answer is empty")
    size = len(text.encode())
    if size > LONGEST_TEXT_BYTES:
        return say(
            "the answer has %(size)d bytes; WeChat takes %(most)d",
            size=size,
            most=LONGEST_TEXT_BYTES,
        )
    return None
