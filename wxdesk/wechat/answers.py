"""Reading the fields of WeChat's answers: plain values, or DeliveryError when one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wxdesk.wechat.push import LATEST_SECOND
from wxdesk.wechat.transport import junk


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """A text, a number as text, or "" when it is not there."""
    value = fields.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def needed_text(fields: Mapping[str, Any], name: str) -> str:
    """Raises DeliveryError when it is not there: without it the answer is worth nothing."""
    value = text_of(fields, name)
    if not value:
        raise junk()
    return value


def number_of(fields: Mapping[str, Any], name: str) -> int:
    """A whole number, 0 when it is not there."""
    try:
        return int(fields.get(name) or 0)
    except (ValueError, TypeError, OverflowError):
        return 0


def instant_of(fields: Mapping[str, Any], name: str) -> datetime | None:
    """Seconds since 1970, in UTC; None when it is not there."""
    seconds = number_of(fields, name)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= LATEST_SECOND else None


def rows_of(fields: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects, empty when it is not there."""
    value = fields.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def texts_of(fields: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts, empty when it is not there."""
    value = fields.get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def object_of(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object, empty when it is not there."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}
