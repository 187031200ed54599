"""What may be sent to a customer, and its form for WeChat's API (docs/wechat.md#kinds)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """At most 2,047 bytes (splitting.py); may hold `<a href="…">…</a>`."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    media_id: str


@dataclass(frozen=True, slots=True)
class Voice:
    media_id: str


@dataclass(frozen=True, slots=True)
class Video:
    media_id: str
    title: str = ""
    description: str = ""
    thumb_media_id: str = ""


@dataclass(frozen=True, slots=True)
class NewsCard:
    """One article; WeChat refuses several (45008)."""

    title: str
    description: str
    url: str
    picture_url: str


@dataclass(frozen=True, slots=True)
class MiniProgramCard:
    """The mini-program must be bound to the account; the picture is 520 x 416."""

    title: str
    app_id: str
    page_path: str
    thumb_media_id: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`id` comes back as `bizmsgmenuid` when the customer taps it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Menu:
    """Choices to tap, with text before and after."""

    head: str
    choices: tuple[Choice, ...]
    tail: str


Content = Text | Image | Voice | Video | NewsCard | MiniProgramCard | Menu


def custom_message(openid: str, content: Content) -> dict[str, Any]:
    """The body of message/custom/send."""
    kind, value = _kind_and_value(content)
    return {"touser": openid, "msgtype": kind, kind: value}


def _kind_and_value(content: Content) -> tuple[str, dict[str, Any]]:
    match content:
        case Text(text):
            return "text", {"content": text}
        case Image(media_id):
            return "image", {"media_id": media_id}
        case Voice(media_id):
            return "voice", {"media_id": media_id}
        case Video():
            return "video", _video(content)
        case NewsCard():
            return "news", {"articles": [_article(content)]}
        case MiniProgramCard():
            return "miniprogrampage", _page(content)
        case Menu():
            return "msgmenu", _menu(content)


def _video(video: Video) -> dict[str, Any]:
    given = {
        "media_id": video.media_id,
        "thumb_media_id": video.thumb_media_id,
        "title": video.title,
        "description": video.description,
    }
    return {name: value for name, value in given.items() if value}


def _article(card: NewsCard) -> dict[str, Any]:
    return {
        "title": card.title,
        "description": card.description,
        "url": card.url,
        "picurl": card.picture_url,
    }


def _page(card: MiniProgramCard) -> dict[str, Any]:
    return {
        "title": card.title,
        "appid": card.app_id,
        "pagepath": card.page_path,
        "thumb_media_id": card.thumb_media_id,
    }


def _menu(menu: Menu) -> dict[str, Any]:
    return {
        "head_content": menu.head,
        "list": [{"id": choice.id, "content": choice.text} for choice in menu.choices],
        "tail_content": menu.tail,
    }
