"""What every JSON door shares: problems, bounded lists with cursors, typed input."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request

from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.words import say

MOST_ITEMS = 500
LARGEST_ID = 2**53
NUL = "\x00"  # PostgreSQL takes no text with it
WHOLE_NUMBER = re.compile("[0-9]{1,16}")


def problem(status: int, title: str, detail: str, **extra: Any) -> Response:
    """An error as application/problem+json (RFC 9457)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status=status, mimetype="application/problem+json")


def limit_argument(default: int = 50) -> int:
    """`limit` of the query string, 1 to 500."""
    limit = integer_argument("limit", default)
    if limit is None or not 1 <= limit <= MOST_ITEMS:
        raise InvalidInputError("limit", say("between 1 and %(most)d", most=MOST_ITEMS))
    return limit


def integer_argument(name: str, default: int | None = None) -> int | None:
    """A whole number of the query string; `default` when it is not there."""
    text = request.args.get(name, "").strip()
    if not text:
        return default
    number = whole_number(text)
    if number is None:
        raise InvalidInputError(name, say("a whole number is needed"))
    return number


def ids_argument(name: str) -> frozenset[int]:
    """Ids of the query string with commas between them (at most 500); empty when not there."""
    texts = request.args.get(name, "").split(",")
    numbers = [whole_number(text) for text in texts if text.strip()]
    if None in numbers or len(numbers) > MOST_ITEMS:
        raise InvalidInputError(
            name, say("up to %(most)d whole numbers with commas between", most=MOST_ITEMS)
        )
    return frozenset(number for number in numbers if number is not None)


def whole_number(text: str) -> int | None:
    """0 to 2^53, written in plain digits; None for anything else."""
    if not WHOLE_NUMBER.fullmatch(text.strip()) or int(text) > LARGEST_ID:
        return None
    return int(text)


def day_argument(name: str, zone: ZoneInfo, later: timedelta = timedelta(0)) -> datetime | None:
    """When a day of the query string begins in this zone, or so much later; in UTC.

    None when it is not there.
    """
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return (datetime.combine(day, time.min, tzinfo=zone) + later).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and last days of the calendar have no UTC
        raise InvalidInputError(name, say("a date like 2026-03-02 is needed")) from None


def boolean_argument(name: str) -> bool | None:
    """True or false of the query string; None when it is not there."""
    text = request.args.get(name, "").strip().lower()
    if not text:
        return None
    if text not in ("true", "false", "1", "0"):
        raise InvalidInputError(name, say("true or false is needed"))
    return text in ("true", "1")


def json_body() -> dict[str, Any]:
    """The JSON object that was sent, without NUL in its texts; an empty body is an empty object."""
    if not request.get_data():
        return {}
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInputError(
            "body", say("a JSON object is needed (Content-Type: application/json)")
        )
    return {_without_nul(name): _without_nul(value) for name, value in body.items()}


def text_field(body: dict[str, Any], name: str) -> str:
    """A text of the JSON body, with plain line ends and without halves of characters."""
    value = body.get(name)
    if not isinstance(value, str):
        raise InvalidInputError(name, say("a text is needed"))
    whole = value.encode("utf-8", "ignore").decode()  # half a surrogate pair is no character
    return whole.replace("\r\n", "\n")


def number_field(body: dict[str, Any], name: str, least: int = 0) -> int:
    """A whole number of the JSON body, from `least` to 2^53."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST_ID:
        raise InvalidInputError(name, say("a whole number is needed"))
    return value


def optional_number(body: dict[str, Any], name: str, least: int = 0) -> int | None:
    """The same; None when it is not there, or null."""
    return None if body.get(name) is None else number_field(body, name, least)


def cursor_of(values: Sequence[object]) -> str:
    """An opaque cursor made of the last row's key."""
    plain = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def cursor_argument(*kinds: type, name: str = "cursor") -> tuple[Any, ...] | None:
    """The key in the `cursor` argument, with values of these types; None without one."""
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        key = tuple(_cursor_value(value) for value in values)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError):
        key = ()
    if len(key) != len(kinds) or any(
        not isinstance(value, kind) for value, kind in zip(key, kinds, strict=True)
    ):
        raise InvalidInputError(name, say("not a cursor of this list in this order"))
    return key


def page_json(items: list[dict[str, Any]], next_cursor: str | None) -> dict[str, Any]:
    return {"items": items, "next_cursor": next_cursor}


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(NUL, "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    return value


def _cursor_value(value: Any) -> Any:
    if isinstance(value, dict):
        instant = datetime.fromisoformat(value["t"])
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, str) and NUL in value:
        raise ValueError("no text")
    if isinstance(value, int) and not 0 <= value <= LARGEST_ID:
        raise ValueError("out of range")
    return value
