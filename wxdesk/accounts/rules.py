"""What makes an official account's settings valid. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.words import say

AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
WORD = re.compile(r"[A-Za-z0-9_\-]{1,64}")
FIELD = re.compile(r"\{\{\s*(\w{1,40})\.DATA\s*\}\}")
RESERVED_SLUGS = frozenset({"new"})  # the address of a page
SLOTS_FOR_PEOPLE = 2
MOST_SLOTS_FOR_PEOPLE = 4
CALLS_PER_MINUTE = 1200
REOPEN_WITHIN_HOURS = 24
MOST_REOPEN_HOURS = 720
MOST_CALLS_PER_MINUTE = 60_000
PUSHES_KEY = "wxdesk:accounts:pushes"  # Redis hash, see accounts/pushes.py
PREVIOUS_KEYS_LAST = timedelta(days=7)


class Mode(StrEnum):
    """How WeChat sends pushes: in clear text, both, or encrypted (docs/wechat.md#encryption)."""

    PLAIN = "plain"
    COMPATIBLE = "compat"
    SAFE = "safe"


class AccountType(StrEnum):
    SERVICE = "service"
    SUBSCRIPTION = "subscription"


class TemplateKind(StrEnum):
    TEMPLATE = "template"
    SUBSCRIPTION = "subscription"


class Capability(StrEnum):
    """What WeChat lets an account do (docs/wechat.md#who-may-what)."""

    PASSIVE_REPLIES = "passive_replies"
    MESSAGES = "messages"
    MEDIA = "media"
    USERS = "users"
    QR_CODES = "qr_codes"
    TEMPLATES = "templates"
    SUBSCRIPTIONS = "subscriptions"
    MASS = "mass"


def capabilities(account_type: AccountType, *, is_verified: bool) -> frozenset[Capability]:
    """What an account of this type may do; an unverified one only answers pushes."""
    if not is_verified:
        return frozenset({Capability.PASSIVE_REPLIES})
    service_only = {Capability.QR_CODES, Capability.TEMPLATES}
    return frozenset(
        capability
        for capability in Capability
        if account_type is AccountType.SERVICE or capability not in service_only
    )


@dataclass(frozen=True, slots=True)
class AccountForm:
    """An official account as an admin types it."""

    slug: str
    name: str
    original_id: str
    app_id: str
    app_secret: str
    token: str
    aes_key: str | None = None
    mode: Mode = Mode.PLAIN
    account_type: AccountType = AccountType.SERVICE
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What an admin may change later; an empty `app_secret` leaves it as it is.

    Slug and original id stay: WeChat's console knows the address, conversations belong to the id.
    """

    name: str
    app_id: str
    app_secret: str
    mode: Mode
    account_type: AccountType
    is_verified: bool
    slots_for_people: int
    is_passive_counted: bool
    calls_per_minute: int
    team_id: int | None
    reopen_within_hours: int
    asks_rating: bool
    needs_approval: bool


class ConsoleHas(StrEnum):
    """Which keys WeChat's console holds while a rotation is under way."""

    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Rotation:
    """New keys for pushes; None leaves that one as it is.

    `console_has` is needed while keys of an earlier rotation are still accepted: it decides which
    of the two old keys stays accepted beside the new one.
    """

    token: str | None
    aes_key: str | None
    console_has: ConsoleHas | None = None


def is_rotating(previous_keys_until: datetime | None, now: datetime) -> bool:
    """Whether previous keys are still accepted."""
    return previous_keys_until is not None and previous_keys_until > now


def problems(form: AccountForm) -> dict[str, str]:
    """Field to sentence, for each field that can't be taken; empty when all is well."""
    found: dict[str, str] = {}
    if not SLUG.fullmatch(form.slug):
        found["slug"] = say("1 to 63 characters: a-z, 0-9 and -, starting with a letter or digit")
    elif form.slug in RESERVED_SLUGS:
        found["slug"] = say("this word is taken by a page of the desk; choose another one")
    found |= _common_problems(form.name, form.app_id, {"original_id": form.original_id})
    if not WORD.fullmatch(form.app_secret):
        found["app_secret"] = say("1 to 64 characters: letters, digits, _ and -")
    found |= key_problems(form.token, form.aes_key)
    if form.aes_key is None and form.mode is not Mode.PLAIN:
        found["aes_key"] = say("mode %(mode)s needs the EncodingAESKey", mode=form.mode.value)
    return found


def change_problems(form: AccountChange, *, has_aes_key: bool) -> dict[str, str]:
    """The same for a change of an account that has an EncodingAESKey or not."""
    found = _common_problems(form.name, form.app_id, {})
    if form.app_secret and not WORD.fullmatch(form.app_secret):
        found["app_secret"] = say("1 to 64 characters: letters, digits, _ and -")
    if form.mode is not Mode.PLAIN and not has_aes_key:
        found["mode"] = say(
            "this mode needs an EncodingAESKey: make one under Keys first, then change the mode"
        )
    if not 0 <= form.slots_for_people <= MOST_SLOTS_FOR_PEOPLE:
        found["slots_for_people"] = say("between 0 and %(most)d", most=MOST_SLOTS_FOR_PEOPLE)
    if not 1 <= form.calls_per_minute <= MOST_CALLS_PER_MINUTE:
        found["calls_per_minute"] = say("between 1 and %(most)d", most=MOST_CALLS_PER_MINUTE)
    if not 1 <= form.reopen_within_hours <= MOST_REOPEN_HOURS:
        found["reopen_within_hours"] = say("between 1 and %(most)d", most=MOST_REOPEN_HOURS)
    return found


def key_problems(token: str | None, aes_key: str | None) -> dict[str, str]:
    """What is wrong with a Token or an EncodingAESKey; None is a key that is not there."""
    found: dict[str, str] = {}
    if token is not None and not TOKEN.fullmatch(token):
        found["token"] = say("3 to 32 letters and digits, as WeChat's console asks for")
    if aes_key is not None and not AES_KEY.fullmatch(aes_key):
        found["aes_key"] = say("an EncodingAESKey has exactly 43 letters and digits")
    return found


def field_names(content: str) -> list[str]:
    """The names of the values in a template's text, each once, in the order of the text."""
    return list(dict.fromkeys(FIELD.findall(content)))


def _common_problems(name: str, app_id: str, more: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not name.strip() or len(name) > 100:
        found["name"] = say("1 to 100 characters")
    for field, value in {**more, "app_id": app_id}.items():
        if not WORD.fullmatch(value):
            found[field] = say("1 to 64 characters: letters, digits, _ and -")
    return found
