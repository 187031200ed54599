"""What makes an official account's settings valid. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from wxdesk.words import say

AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
WORD = re.compile(r"[A-Za-z0-9_\-]{1,64}")


class Mode(StrEnum):
    """How WeChat sends pushes: in clear text, both, or encrypted (docs/wechat.md#encryption)."""

    PLAIN = "plain"
    COMPATIBLE = "compat"
    SAFE = "safe"


class AccountType(StrEnum):
    SERVICE = "service"
    SUBSCRIPTION = "subscription"


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


def problems(form: AccountForm) -> dict[str, str]:
    """Field to sentence, for each field that can't be taken; empty when all is well."""
    found: dict[str, str] = {}
    if not SLUG.fullmatch(form.slug):
        found["slug"] = say("1 to 63 characters: a-z, 0-9 and -, starting with a letter or digit")
    if not form.name.strip() or len(form.name) > 100:
        found["name"] = say("1 to 100 characters")
    for name in ("original_id", "app_id", "app_secret"):
        if not WORD.fullmatch(getattr(form, name)):
            found[name] = say("1 to 64 characters: letters, digits, _ and -")
    if not TOKEN.fullmatch(form.token):
        found["token"] = say("3 to 32 letters and digits, as WeChat's console asks for")
    if form.aes_key is not None and not AES_KEY.fullmatch(form.aes_key):
        found["aes_key"] = say("an EncodingAESKey has exactly 43 letters and digits")
    if form.aes_key is None and form.mode is not Mode.PLAIN:
        found["aes_key"] = say("mode %(mode)s needs the EncodingAESKey", mode=form.mode.value)
    return found
