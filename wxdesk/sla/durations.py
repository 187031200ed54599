"""Targets as people type them: 90 or 90m for minutes, 8h for hours. Pure."""

from __future__ import annotations

import re

MINUTE, HOUR = 60, 3600
_NUMBER = r"[0-9]{1,6}(?:[.,][0-9]{1,3})?"
_TYPED = re.compile(
    rf"(?:({_NUMBER})\s*(?:h|hours?|小时|时))?\s*(?:({_NUMBER})\s*(?:m|mins?|minutes?|分钟|分)?)?",
    re.IGNORECASE,
)


def read_duration(text: str) -> int | None:
    """Seconds; None for what is no duration."""
    match = _TYPED.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    return round(_number(match[1]) * HOUR + _number(match[2]) * MINUTE)


def print_duration(seconds: int | None) -> str:
    """So that the same seconds are read back; empty for None."""
    if seconds is None:
        return ""
    if seconds and seconds % HOUR == 0:
        return f"{seconds // HOUR}h"
    return f"{seconds / MINUTE:.3f}".rstrip("0").rstrip(".")


def _number(text: str | None) -> float:
    return float((text or "0").replace(",", "."))
