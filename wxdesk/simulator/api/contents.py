"""Read the content of a message that an account sends: every msgtype with its own checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from wxdesk.simulator.api.frame import Asked
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.media import Media
from wxdesk.simulator.shown import MOST_TEXT_BYTES, Shown, article, media_detail

MINI_PROGRAM = re.compile(r"wx[0-9a-zA-Z]{8,30}")
MOST_CHOICES = 50
Reader = Callable[[Asked, Mapping[str, Any]], Shown]


def read_content(asked: Asked, order: Mapping[str, Any]) -> tuple[str, Shown]:
    """The kind of the message and what the phone shows of it; ApiError when it is wrong."""
    kind = order.get("msgtype")
    if kind == "mpnews":
        raise ApiError(48008, "no permission for this msgtype")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or not isinstance(kind, str):
        raise ApiError(40008, "invalid message type")
    part = order.get(kind)
    return kind, reader(asked, part if isinstance(part, dict) else {})


def text_of(part: Mapping[str, Any], name: str) -> str:
    """A text field; an absent one is empty, another type ApiError 47001."""
    value = part.get(name, "")
    if not isinstance(value, str):
        raise ApiError(47001, "data format error")
    return value


def media_of(asked: Asked, part: Mapping[str, Any], name: str, *kinds: str) -> Media:
    """The account's unexpired file of one of these kinds; ApiError 40007."""
    media = asked.platform.state.media.find(part.get(name), asked.owner.original_id, asked.now)
    if media is None or media.kind not in kinds:
        raise ApiError(40007, "invalid media_id")
    return media


def read_text(asked: Asked, part: Mapping[str, Any]) -> Shown:
    """At most 2048 bytes (docs/wechat.md#text-length)."""
    content = part.get("content")
    if not isinstance(content, str) or not content.strip():
        raise ApiError(44004, "empty content")
    if len(content.encode(errors="surrogatepass")) > MOST_TEXT_BYTES:
        raise ApiError(45002, "content size out of limit")
    return Shown(content)


def read_image(asked: Asked, part: Mapping[str, Any]) -> Shown:
    return Shown("", media_detail(media_of(asked, part, "media_id", "image")))


def read_voice(asked: Asked, part: Mapping[str, Any]) -> Shown:
    return Shown("", media_detail(media_of(asked, part, "media_id", "voice")))


def _video(asked: Asked, part: Mapping[str, Any]) -> Shown:
    media = media_of(asked, part, "media_id", "video")
    thumb = media_of(asked, part, "thumb_media_id", "thumb")
    return Shown(text_of(part, "title"), {**media_detail(media), **_titled(part), **_thumb(thumb)})


def _music(asked: Asked, part: Mapping[str, Any]) -> Shown:
    thumb = media_of(asked, part, "thumb_media_id", "thumb")
    url = text_of(part, "musicurl")
    if not url:
        raise ApiError(44003, "empty news data")
    return Shown(text_of(part, "title"), {**_titled(part), "url": url, **_thumb(thumb)})


def _news(asked: Asked, part: Mapping[str, Any]) -> Shown:
    articles = part.get("articles")
    if not isinstance(articles, list) or not articles or not isinstance(articles[0], dict):
        raise ApiError(44003, "empty news data")
    if len(articles) > 1:
        raise ApiError(45008, "article size out of limit")
    card = article(articles[0])
    return Shown(str(card["title"]), {"articles": [card]})


def _published_article(asked: Asked, part: Mapping[str, Any]) -> Shown:
    article_id = text_of(part, "article_id")
    if not article_id:
        raise ApiError(53600, "invalid article_id")
    return Shown(article_id, {"article_id": article_id})


def _menu(asked: Asked, part: Mapping[str, Any]) -> Shown:
    choices = part.get("list")
    if not isinstance(choices, list) or not 0 < len(choices) <= MOST_CHOICES:
        raise ApiError(44004, "empty content")
    listed = [_choice(choice) for choice in choices]
    head, tail = text_of(part, "head_content"), text_of(part, "tail_content")
    lines = [head, *(str(choice["text"]) for choice in listed), tail]
    text = "\n".join(line for line in lines if line)
    if len(text.encode(errors="surrogatepass")) > MOST_TEXT_BYTES:
        raise ApiError(45002, "content size out of limit")
    return Shown(text, {"head": head, "choices": listed, "tail": tail})


def _choice(choice: object) -> dict[str, object]:
    if not isinstance(choice, dict) or not choice.get("id") or not choice.get("content"):
        raise ApiError(47001, "data format error")
    return {"id": str(choice["id"]), "text": str(choice["content"])}


def _card(asked: Asked, part: Mapping[str, Any]) -> Shown:
    card_id = text_of(part, "card_id")
    if not card_id:
        raise ApiError(40072, "invalid card_id")
    return Shown(card_id, {"card_id": card_id})


def _mini_program(asked: Asked, part: Mapping[str, Any]) -> Shown:
    app_id, path = text_of(part, "appid"), text_of(part, "pagepath")
    if not MINI_PROGRAM.fullmatch(app_id):
        raise ApiError(40013, "invalid appid")
    if not path:
        raise ApiError(40165, "invalid weapp pagepath")
    thumb = media_of(asked, part, "thumb_media_id", "thumb", "image")
    title = text_of(part, "title")
    detail = {"title": title, "app_id": app_id, "page_path": path}
    return Shown(title, {**detail, **_thumb(thumb)})


def _titled(part: Mapping[str, Any]) -> dict[str, object]:
    return {name: text_of(part, name) for name in ("title", "description")}


def _thumb(media: Media) -> dict[str, object]:
    return {"picture_url": media_detail(media)["media_url"]}


READERS: dict[str, Reader] = {
    "text": read_text,
    "image": read_image,
    "voice": read_voice,
    "video": _video,
    "music": _music,
    "news": _news,
    "mpnewsarticle": _published_article,
    "msgmenu": _menu,
    "wxcard": _card,
    "miniprogrampage": _mini_program,
}
