"""Read the JSON of control requests; whatever is wrong names its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from flask import request

from wxdesk.simulator.api.frame import short_name
from wxdesk.simulator.api.routes import TABLE
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.faults import EVERY_API, MOST_SECONDS, MOST_TIMES, Fault, FaultKind
from wxdesk.simulator.pushes import TAG

E = TypeVar("E", bound=StrEnum)
MOST_WAIT_SECONDS = 20.0
MOST_TEXT = 4000
OPENID = re.compile(r"o[A-Za-z0-9_-]{27}")


def payload() -> dict[str, Any]:
    """The JSON object of the request; an absent body is an empty one."""
    if not request.get_data():
        return {}
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise BadInputError("body", "must be a JSON object")
    return given


def text_of(given: Mapping[str, Any], field: str, *, default: str | None = None) -> str:
    """A text that is not empty; the default, if there is one, stands in for an absent text."""
    value = given.get(field)
    if value in (None, "") and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise BadInputError(field, "must be a text")
    _check_text(value, field)
    return value


def flag_of(given: Mapping[str, Any], field: str, *, default: bool) -> bool:
    """True or false."""
    value = given.get(field, default)
    if not isinstance(value, bool):
        raise BadInputError(field, "must be true or false")
    return value


def number_of(given: Mapping[str, Any], field: str, default: float, most: float) -> float:
    """A number from 0 to `most`."""
    value = given.get(field, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise BadInputError(field, f"must be a number from 0 to {most:g}")
    return value


def argument(field: str, default: float, most: float) -> float:
    """A number in the query string, cut off at `most`."""
    text = request.args.get(field, "")
    if text and not re.fullmatch(r"\d{1,18}(\.\d{1,6})?", text):
        raise BadInputError(field, "must be a number")
    return min(float(text), most) if text else default


def since_argument() -> int:
    """The version after which changes are wanted; exact, unlike a float."""
    text = request.args.get("since", "") or "0"
    if not re.fullmatch(r"\d{1,18}", text):
        raise BadInputError("since", "must be a whole number")
    return int(text)


def whole_of(given: Mapping[str, Any], field: str, default: int, most: int) -> int:
    """A whole number from 0 to `most`."""
    value = given.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadInputError(field, f"must be a whole number from 0 to {most}")
    return value


def choice_of(given: Mapping[str, Any], field: str, choices: type[E], default: E) -> E:
    """One of an enumeration."""
    value = text_of(given, field, default=str(default))
    if value not in set(choices):
        raise BadInputError(field, f"must be one of {', '.join(choices)}")
    return choices(value)


def list_of(given: Mapping[str, Any], field: str, most: int) -> list[Any]:
    """A list, empty by default."""
    value = given.get(field, [])
    if not isinstance(value, list) or len(value) > most:
        raise BadInputError(field, f"must be a list of at most {most}")
    return value


def openid_in(given: Mapping[str, Any]) -> str | None:
    """An openid for a new customer, if one is asked for."""
    if given.get("openid") is None:
        return None
    openid = text_of(given, "openid")
    if not OPENID.fullmatch(openid):
        raise BadInputError("openid", "must be o and 27 of A-Z a-z 0-9 _ -")
    return openid


def fields_in(given: Mapping[str, Any]) -> dict[str, object]:
    """Free fields of a push: texts, numbers, objects and lists of them."""
    fields = given.get("fields", {})
    if not isinstance(fields, dict):
        raise BadInputError("fields", "must be an object")
    _check_fields(fields, depth=0)
    return fields


def fault_in(given: Mapping[str, Any]) -> Fault:
    """A fault to plan."""
    errcode = given.get("errcode", -1)
    if isinstance(errcode, bool) or not isinstance(errcode, int):
        raise BadInputError("errcode", "must be a whole number")
    text_of(given, "kind")
    kind = choice_of(given, "kind", FaultKind, FaultKind.ERRCODE)
    times = int(number_of(given, "times", 1, MOST_TIMES))
    if times < 1:
        raise BadInputError("times", "must be at least 1")
    seconds = number_of(given, "seconds", 6.0, MOST_SECONDS)
    api = short_name(text_of(given, "api", default=EVERY_API))
    if api != EVERY_API and api not in TABLE:
        raise BadInputError("api", f"there is no call {api[:60]}")
    return Fault(api, kind, times, errcode, seconds)


def _check_fields(value: object, depth: int) -> None:
    if depth > 5:
        raise BadInputError("fields", "must not be nested deeper than 5")
    if isinstance(value, (dict, list)):
        if isinstance(value, dict) and not all(TAG.fullmatch(tag) for tag in value):
            raise BadInputError("fields", "names must be letters, digits or _")
        for part in value.values() if isinstance(value, dict) else value:
            _check_fields(part, depth + 1)
    elif isinstance(value, str):
        _check_text(value, "fields")
    elif not isinstance(value, (int, float)):
        raise BadInputError("fields", "must hold texts, numbers, objects or lists")


def _check_text(value: str, field: str) -> None:
    if len(value) > MOST_TEXT:
        raise BadInputError(field, f"must not be longer than {MOST_TEXT} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadInputError(field, "must not hold half a surrogate pair") from error
