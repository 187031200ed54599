"""WeChat's error codes and our own: what each means for a message (docs/wechat.md#error-codes)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wxdesk.wechat.actions import NOT_PERMANENT, Action
from wxdesk.wechat.error_table import CODES, OUR_CODES, UNKNOWN, Row

__all__ = ["Action", "Meaning", "meaning_of", "meaning_of_text"]

NUMBER = re.compile("-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """`reason`: what the agent reads; `advice`: the next step, "" if there is none.

    `code` is 0 for our own codes, which are words.
    """

    code: int
    action: Action
    reason: str
    advice: str

    @property
    def is_permanent(self) -> bool:
        """Whether the same call again can't help."""
        return self.action not in NOT_PERMANENT


def meaning_of(code: int) -> Meaning:
    """An unknown code gives up: nobody knows whether trying again would do harm."""
    return _meaning(code, CODES.get(code, UNKNOWN))


def meaning_of_text(code: str | None) -> Meaning | None:
    """The meaning of a stored code, WeChat's or our own; None for none and for an unknown word."""
    if not code:
        return None
    if NUMBER.fullmatch(code):
        return meaning_of(int(code))
    return _meaning(0, OUR_CODES[code]) if code in OUR_CODES else None


def _meaning(code: int, row: Row) -> Meaning:
    return Meaning(code, row.action, row.reason, row.advice)
