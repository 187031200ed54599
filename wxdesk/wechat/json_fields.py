"""A push in JSON, in the same shape that XML gives: texts, nested as dicts and lists.

Numbers keep their digits: a MsgId has more of them than a float (docs/wechat.md#pushes).
"""

from __future__ import annotations

import json
import re
from typing import Any

MOST_ELEMENTS = 500
DEEPEST = 6
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"


class MalformedPushError(ValueError):
    """The body is not a push that WeChat could have sent."""


def is_json(body: bytes) -> bool:
    """Whether a push is an object in JSON rather than XML."""
    return body[:1] != b"<" and body.lstrip(BEFORE_JSON)[:1] == b"{"


def read_json(body: bytes) -> dict[str, Any]:
    """The members of the object; raises MalformedPushError. Several of one name become a list."""
    text = body.lstrip(BEFORE_JSON).decode("utf-8", errors="replace")
    try:
        value = json.loads(
            text,
            parse_int=str,
            parse_float=str,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
            strict=False,  # control characters inside of texts are dropped below
        )
    except (ValueError, RecursionError) as error:
        raise MalformedPushError(f"not well-formed JSON: {type(error).__name__}") from error
    fields = _Reader().plain(value, 0)
    if not isinstance(fields, dict):
        raise MalformedPushError("not a push: an object with members is needed")
    return fields


class _Reader:
    def __init__(self) -> None:
        self._elements = 0

    def plain(self, value: Any, depth: int) -> Any:
        """Texts instead of numbers, booleans and null; bounded in number and depth."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise MalformedPushError("not a push: at most 500 elements")
        if isinstance(value, (dict, list)) and value:
            if depth > DEEPEST:
                raise MalformedPushError("not a push: nested too deep")
            return self._nested(value, depth + 1)
        return value if isinstance(value, list) else _leaf(value)

    def _nested(self, value: dict[str, Any] | list[Any], depth: int) -> Any:
        if isinstance(value, list):
            return [self.plain(each, depth) for each in value]
        return {ILLEGAL.sub("", name): self.plain(each, depth) for name, each in value.items()}


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        return ILLEGAL.sub("", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return ""  # null, or an object without members, which XML shows as an empty element


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            before = result[name]
            result[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            result[name] = value
    return result


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
