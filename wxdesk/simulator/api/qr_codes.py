"""QR codes with a scene: temporary and permanent, by number and by text."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import segno

from wxdesk.simulator.api.frame import Access, Answer, Api, Asked, Blob
from wxdesk.simulator.books import AccountBook, QrCode
from wxdesk.simulator.errors import ApiError

MOST_SECONDS = 30 * 86_400
DEFAULT_SECONDS = 30
MOST_PERMANENT = 100_000
MOST_TEXT = 64
PNG_SCALE = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """One action_name; `most_scene` is the largest number, 0 for a text scene."""

    is_permanent: bool
    most_scene: int


KINDS = {
    "QR_SCENE": Kind(is_permanent=False, most_scene=2**32 - 1),
    "QR_STR_SCENE": Kind(is_permanent=False, most_scene=0),
    "QR_LIMIT_SCENE": Kind(is_permanent=True, most_scene=100_000),
    "QR_LIMIT_STR_SCENE": Kind(is_permanent=True, most_scene=0),
}


def create(asked: Asked) -> Answer:
    """A ticket for a code; the same one again for a permanent scene that has one."""
    order = asked.order()
    name = order.get("action_name")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ApiError(40052, "invalid action name")
    scene = _scene(kind, order)
    book = asked.book
    _forget_expired(asked, book)
    if kind.is_permanent:
        code = _permanent(book, scene) or _new(asked, kind, scene, None)
        return {"ticket": code.ticket, "url": code.url}
    seconds = _seconds(order)
    code = _new(asked, kind, scene, seconds)
    return {"ticket": code.ticket, "expire_seconds": seconds, "url": code.url}


def show(asked: Asked) -> Answer:
    """The picture; 404 for a ticket that is unknown or over."""
    ticket = asked.query.get("ticket", "")
    for book in asked.platform.state.books.values():
        code = book.qr_codes.get(ticket)
        if code is not None and is_valid(code, asked):
            picture = io.BytesIO()
            segno.make(code.url, error="m").save(picture, kind="png", scale=PNG_SCALE)
            return Blob(picture.getvalue(), "image/png")
    return Blob("<h1>404</h1> 二维码已失效".encode(), "text/html; charset=utf-8", is_found=False)


def is_valid(code: QrCode, asked: Asked) -> bool:
    """Whether a phone can still scan it."""
    return code.expires_at is None or asked.now < code.expires_at


def _scene(kind: Kind, order: dict[str, Any]) -> str:
    info = order.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise ApiError(40053, "invalid action info")
    if kind.most_scene == 0:
        text = scene.get("scene_str")
        if not isinstance(text, str) or not 1 <= len(text) <= MOST_TEXT:
            raise ApiError(40053, "invalid action info")
        return text
    number = scene.get("scene_id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise ApiError(40053, "invalid action info")
    if not 1 <= number <= kind.most_scene:
        raise ApiError(40053, "invalid action info")
    return str(number)


def _seconds(order: dict[str, Any]) -> int:
    seconds = order.get("expire_seconds", DEFAULT_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise ApiError(47001, "data format error")
    if not 0 < seconds <= MOST_SECONDS:
        raise ApiError(40053, "invalid action info")
    return seconds


def _permanent(book: AccountBook, scene: str) -> QrCode | None:
    found = (c for c in book.qr_codes.values() if c.expires_at is None and c.scene == scene)
    return next(found, None)


def _new(asked: Asked, kind: Kind, scene: str, seconds: int | None) -> QrCode:
    book = asked.book
    permanent = sum(code.expires_at is None for code in book.qr_codes.values())
    if kind.is_permanent and permanent >= MOST_PERMANENT:
        raise ApiError(45029, "qrcode count out of limit")
    if len(book.qr_codes) - permanent >= MOST_PERMANENT:
        raise ApiError(45029, "qrcode count out of limit")
    code = QrCode(
        ticket=f"gQ{secrets.token_urlsafe(70)}==",
        url=f"http://weixin.qq.com/q/{secrets.token_urlsafe(12)}",
        scene=scene,
        is_text_scene=kind.most_scene == 0,
        created_at=asked.now,
        expires_at=asked.now + timedelta(seconds=seconds) if seconds else None,
    )
    book.qr_codes[code.ticket] = code
    asked.platform.state.touch()
    return code


def _forget_expired(asked: Asked, book: AccountBook) -> None:
    over = [ticket for ticket, code in book.qr_codes.items() if not is_valid(code, asked)]
    for ticket in over:
        del book.qr_codes[ticket]


APIS = (
    Api("/cgi-bin/qrcode/create", create, Access.SERVICE, daily=100_000),
    Api("/cgi-bin/showqrcode", show, Access.OPEN, is_post=False),
)
