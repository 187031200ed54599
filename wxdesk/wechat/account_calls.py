"""The account itself: keys, quotas, WeChat's addresses, QR codes (docs/wechat.md#quotas, #qr)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from wxdesk.wechat.answers import needed_text, number_of, object_of, text_of, texts_of
from wxdesk.wechat.calls import Caller, redis_errors
from wxdesk.wechat.limits import (
    LARGEST_PERMANENT_SCENE,
    LARGEST_SCENE,
    LONGEST_QR_SECONDS,
    MOST_SCENE_CHARACTERS,
)
from wxdesk.wechat.tokens import TokenCheck
from wxdesk.wechat.transport import Call, junk, whole_path

REAL_API = "https://api.weixin.qq.com"
REAL_PICTURES = "https://mp.weixin.qq.com"


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one path today; WeChat counts within about one per cent."""

    daily_limit: int
    used: int
    remaining: int


@dataclass(frozen=True, slots=True)
class QrCode:
    """`url` is what the picture says; `expires_at` is None for a permanent one."""

    ticket: str
    url: str
    expires_at: datetime | None


class AccountCalls(Caller):
    """Part of Client."""

    def check_token(self) -> TokenCheck:
        """Ask for a token now, past Redis: do app id, secret and IP whitelist agree?"""
        with redis_errors():
            return self._tokens.check()

    def callback_addresses(self) -> list[str]:
        """The addresses and networks that WeChat pushes from; they change."""
        answer = self.ask(Call("getcallbackip", may_repeat=True)).fields
        addresses = [text for text in texts_of(answer, "ip_list") if _is_network(text)]
        if not addresses:
            raise junk()
        return addresses

    def quota_of(self, path: str) -> Quota:
        """`path` as in `used_up()`; 76021 for one that WeChat does not know."""
        call = Call("openapi/quota/get", {"cgi_path": whole_path(path)}, may_repeat=True)
        quota = object_of(self.ask(call).fields, "quota")
        return Quota(
            number_of(quota, "daily_limit"), number_of(quota, "used"), number_of(quota, "remain")
        )

    def used_up(self) -> dict[str, datetime]:
        """Paths that WeChat has counted out, and until when (UTC)."""
        with redis_errors():
            return self._quotas.used_up()

    def clear_quota(self) -> None:
        """Set WeChat's counts to nothing: ten times a month (48006), with the secret, no token."""
        keys = {"appid": self._app_id, "appsecret": self._secret}
        with redis_errors():
            self._quotas.clear()  # first: one of the ten is not wasted while Redis is away
            self._transport.exchange(Call("clear_quota/v2", keys, query=keys), None)
            self._quotas.clear()

    def create_qr_code(self, scene: str | int, *, expires_seconds: int | None) -> QrCode:
        """A code that leads to the account; None makes a permanent one, of which few exist."""
        _refuse_wrong_scene(scene, expires_seconds)
        name = "scene_id" if isinstance(scene, int) else "scene_str"
        body: dict[str, Any] = {
            "action_name": _qr_action(scene, expires_seconds),
            "action_info": {"scene": {name: scene}},
        }
        if expires_seconds is not None:
            body["expire_seconds"] = expires_seconds
        asked_at = self._clock()
        answer = self.ask(Call("qrcode/create", body)).fields
        seconds = number_of(answer, "expire_seconds") or expires_seconds
        ends_at = asked_at + timedelta(seconds=seconds) if expires_seconds and seconds else None
        return QrCode(needed_text(answer, "ticket"), text_of(answer, "url"), ends_at)

    def qr_image_url(self, ticket: str) -> str:
        """Where the picture of a code is; needs no token."""
        base = self._transport.base_url
        base = REAL_PICTURES if base == REAL_API else base
        return f"{base}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"


def _qr_action(scene: str | int, expires_seconds: int | None) -> str:
    middle = "LIMIT_" if expires_seconds is None else ""
    return f"QR_{middle}{'' if isinstance(scene, int) else 'STR_'}SCENE"


def _refuse_wrong_scene(scene: str | int, expires_seconds: int | None) -> None:
    largest = LARGEST_PERMANENT_SCENE if expires_seconds is None else LARGEST_SCENE
    if isinstance(scene, int) and not 1 <= scene <= largest:
        raise ValueError(f"a scene number is 1 to {largest}")
    if isinstance(scene, str) and not 1 <= len(scene) <= MOST_SCENE_CHARACTERS:
        raise ValueError(f"a scene has 1 to {MOST_SCENE_CHARACTERS} characters")
    if expires_seconds is not None and not 1 <= expires_seconds <= LONGEST_QR_SECONDS:
        raise ValueError(f"a temporary code lives 1 to {LONGEST_QR_SECONDS} seconds")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
