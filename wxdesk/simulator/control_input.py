"""Read the JSON of control requests; whatever is wrong names its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import request

from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.faults import EVERY_API, MOST_SECONDS, MOST_TIMES, Fault, FaultKind
from wxdesk.simulator.pushes import TAG
from wxdesk.simulator.records import Account, Mode
from wxdesk.wechat.crypto import Cipher, CryptoError

MOST_WAIT_SECONDS = 20.0
MOST_TEXT = 4000
OPENID = re.compile(r"o[A-Za-z0-9_-]{27}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
EVENT_FIELDS = {
    "event_key": "EventKey",
    "ticket": "Ticket",
    "menu_id": "MenuId",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "precision": "Precision",
}


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


def account_in(given: Mapping[str, Any]) -> Account:
    """An account to register."""
    original_id = text_of(given, "original_id")
    if not NAME.fullmatch(original_id):
        raise BadInputError("original_id", "must be letters, digits, _ or -")
    account = Account(
        original_id=original_id,
        app_id=text_of(given, "app_id"),
        app_secret=text_of(given, "app_secret"),
        token=text_of(given, "token"),
        webhook_url=_webhook_url(given),
        name=text_of(given, "name", default=original_id),
        slug=text_of(given, "slug", default=""),
        aes_key=text_of(given, "aes_key", default=""),
        mode=_mode(given),
        is_verified=flag_of(given, "is_verified", default=True),
    )
    if account.mode != Mode.PLAIN:
        _check_key(account)
    return account


def openid_in(given: Mapping[str, Any]) -> str | None:
    """An openid for a new customer, if one is asked for."""
    if given.get("openid") is None:
        return None
    openid = text_of(given, "openid")
    if not OPENID.fullmatch(openid):
        raise BadInputError("openid", "must be o and 27 of A-Z a-z 0-9 _ -")
    return openid


def event_in(given: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    """An event's name and its fields as they stand in the push."""
    event = text_of(given, "event")
    fields: dict[str, object] = {"EventKey": ""}
    for field, tag in EVENT_FIELDS.items():
        value = given.get(field)
        if value is not None:
            fields[tag] = value if isinstance(value, (int, float)) else text_of({tag: value}, tag)
    return event, {**fields, **fields_in(given)}


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
    kind = text_of(given, "kind")
    if kind not in set(FaultKind):
        raise BadInputError("kind", f"must be one of {', '.join(FaultKind)}")
    times = int(number_of(given, "times", 1, MOST_TIMES))
    if times < 1:
        raise BadInputError("times", "must be at least 1")
    seconds = number_of(given, "seconds", 6.0, MOST_SECONDS)
    api = text_of(given, "api", default=EVERY_API)
    return Fault(api, FaultKind(kind), times, errcode, seconds)


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


def _mode(given: Mapping[str, Any]) -> Mode:
    mode = text_of(given, "mode", default=Mode.PLAIN)
    if mode not in set(Mode):
        raise BadInputError("mode", f"must be one of {', '.join(Mode)}")
    return Mode(mode)


def _check_key(account: Account) -> None:
    try:
        Cipher(account.aes_key, account.app_id)
    except CryptoError as error:
        raise BadInputError("aes_key", str(error)) from error


def _webhook_url(given: Mapping[str, Any]) -> str:
    url = text_of(given, "webhook_url")
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        port = parts.port
    except ValueError as error:
        raise BadInputError("webhook_url", "is not a URL") from error
    if not is_usable or port == 0 or re.search(r"[^!-~]", url):
        raise BadInputError("webhook_url", "must be an http or https URL")
    return url
