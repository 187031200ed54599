"""The fields of cards and menus as a person wrote them, each checked as WeChat would."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from wxdesk.outbound.contents import OutgoingKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import text_field
from wxdesk.wechat.push import ILLEGAL
from wxdesk.words import say

APP_ID = re.compile(r"wx[0-9a-zA-Z]{1,30}")
CHOICE_ID = re.compile(r"[0-9A-Za-z_\-]{1,64}")
LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_URL, LONGEST_PATH = 64, 512, 1000, 512
LONGEST_CHOICE, MOST_CHOICES = 100, 10


def fields_of(kind: OutgoingKind, body: dict[str, Any]) -> dict[str, Any]:
    """What is stored of a message of this kind; InvalidInputError names what can't be taken."""
    match kind:
        case OutgoingKind.MENU:
            return _menu(body)
        case OutgoingKind.NEWS:
            return _news(body)
        case OutgoingKind.MINI_PROGRAM:
            return _mini_program(body)
        case OutgoingKind.VIDEO:
            return _titled(body)
        case _:
            return {}


def short_text(body: dict[str, Any], name: str, most: int, *, is_needed: bool = True) -> str:
    """A text of 1 to `most` characters; "" when it is not there and not needed."""
    given = text_field(body, name) if name in body or is_needed else ""
    text = ILLEGAL.sub("", given).strip()
    if len(text) > most or (is_needed and not text):
        raise InvalidInputError(name, say("1 to %(most)d characters", most=most))
    return text


def web_address(body: dict[str, Any], name: str, *, is_needed: bool = True) -> str:
    """An http or https address; "" when it is not there and not needed."""
    url = short_text(body, name, LONGEST_URL, is_needed=is_needed)
    if url and not is_web_address(url):
        raise InvalidInputError(name, say("an address that starts with http:// or https://"))
    return url


def is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _titled(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": short_text(body, "title", LONGEST_TITLE, is_needed=False),
        "description": short_text(body, "description", LONGEST_DESCRIPTION, is_needed=False),
    }


def _news(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": short_text(body, "title", LONGEST_TITLE),
        "description": short_text(body, "description", LONGEST_DESCRIPTION, is_needed=False),
        "url": web_address(body, "url"),
        "picture_url": web_address(body, "picture_url", is_needed=False),
    }


def _mini_program(body: dict[str, Any]) -> dict[str, Any]:
    app_id = short_text(body, "app_id", 32)
    if not APP_ID.fullmatch(app_id):
        raise InvalidInputError("app_id", say("a mini-program's app id starts with wx"))
    return {
        "title": short_text(body, "title", LONGEST_TITLE),
        "app_id": app_id,
        "page_path": short_text(body, "page_path", LONGEST_PATH),
    }


def _menu(body: dict[str, Any]) -> dict[str, Any]:
    choices = body.get("choices")
    if not isinstance(choices, list) or not 1 <= len(choices) <= MOST_CHOICES:
        raise InvalidInputError("choices", say("1 to %(most)d choices", most=MOST_CHOICES))
    found = [_choice(choice) for choice in choices]
    if len({choice["id"] for choice in found}) < len(found):
        raise InvalidInputError("choices", say("each choice needs an id of its own"))
    return {
        "head": short_text(body, "head", LONGEST_DESCRIPTION, is_needed=False),
        "choices": found,
        "tail": short_text(body, "tail", LONGEST_DESCRIPTION, is_needed=False),
    }


def _choice(choice: object) -> dict[str, str]:
    if not isinstance(choice, dict):
        raise InvalidInputError("choices", say("each choice has an id and a text"))
    choice_id = str(choice.get("id", ""))
    if not CHOICE_ID.fullmatch(choice_id):
        raise InvalidInputError("choices", say("an id has 1 to 64 letters, digits, - and _"))
    try:
        text = short_text(choice, "text", LONGEST_CHOICE)
    except InvalidInputError as error:
        raise InvalidInputError("choices", error.sentence) from error
    return {"id": choice_id, "text": text}
