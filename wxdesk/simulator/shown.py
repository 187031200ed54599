"""What a phone shows of a message: its text, and the details that its kind needs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wxdesk.simulator.media import Media

MOST_TEXT_BYTES = 2048
FindMedia = Callable[[str], Media | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """`text` is what is read first: the words, the title, the name."""

    text: str = ""
    detail: dict[str, object] = field(default_factory=dict)


class ShownError(Exception):
    """A passive reply that WeChat can't show; `reason` is a kind of answers.Kind."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def media_detail(media: Media | None, media_id: str = "") -> dict[str, object]:
    """Where the phone page finds a file, and what it is."""
    if media is None:
        return {"media_id": media_id, "media_url": ""}
    return {
        "media_id": media.media_id,
        "media_url": f"/sim/media/{media.media_id}",
        "content_type": media.content_type,
        "file_name": media.file_name,
        "size": media.size,
        "seconds": media.seconds,
    }


def article(item: Mapping[str, Any]) -> dict[str, object]:
    """A news card, from either spelling of its fields."""
    lower = {str(name).lower(): str(value) for name, value in item.items()}
    names = {"title": "title", "description": "description", "url": "url", "picurl": "picture_url"}
    return {ours: lower.get(theirs, "") for theirs, ours in names.items()}


def written(msg_type: str, fields: Mapping[str, Any], find_media: FindMedia) -> Shown:
    """What a customer's own phone shows of what they sent."""
    if msg_type == "event":
        return _event(fields)
    if msg_type in ("image", "voice", "video", "shortvideo"):
        media_id = str(fields.get("MediaId", ""))
        return Shown("", media_detail(find_media(media_id), media_id))
    if msg_type == "location":
        names = ("Location_X", "Location_Y", "Label")
        latitude, longitude, label = (fields.get(name, "") for name in names)
        detail = {"latitude": latitude, "longitude": longitude, "label": label}
        return Shown(str(label), detail)
    if msg_type in ("link", "miniprogrampage", "file"):
        detail = {name: fields[tag] for tag, name in _CARD.items() if tag in fields}
        return Shown(str(fields.get("Title", "")), detail)
    detail = {"menu_id": fields["bizmsgmenuid"]} if "bizmsgmenuid" in fields else {}
    return Shown(str(fields.get("Content", "")), detail)


_CARD = {
    "Title": "title",
    "Description": "description",
    "Url": "url",
    "AppId": "app_id",
    "PagePath": "page_path",
    "ThumbUrl": "picture_url",
    "FileTotalLen": "size",
}


def _event(fields: Mapping[str, Any]) -> Shown:
    names = (str(fields.get("Event", "")), str(fields.get("EventKey", "")))
    rest = {k: v for k, v in fields.items() if k not in ("MsgType", "Event", "EventKey")}
    return Shown(" ".join(names).strip(), {"event": names[0], "event_key": names[1], **rest})


def passive_reply(msg_type: str, fields: Mapping[str, Any], find_media: FindMedia) -> Shown:
    """What the customer sees of a passive reply; ShownError when they see the fault notice."""
    if msg_type == "text":
        return Shown(_content(fields))
    if msg_type in ("image", "voice", "video"):
        return _passive_media(msg_type, _part(fields, msg_type.capitalize()), find_media)
    if msg_type == "music":
        music = {name.lower(): value for name, value in _part(fields, "Music").items()}
        detail = {"description": music.get("description", ""), "url": music.get("musicurl", "")}
        return Shown(str(music.get("title", "")), {"title": music.get("title", ""), **detail})
    if msg_type == "news":
        return _passive_news(fields)
    if msg_type in ("transfer_customer_service", "transfer_biz_ai_ivr"):
        return Shown()
    raise ShownError("bad_type")


def _content(fields: Mapping[str, Any]) -> str:
    content = fields.get("Content", "")
    if not isinstance(content, str) or not content.strip():
        raise ShownError("empty_content")
    if len(content.encode()) > MOST_TEXT_BYTES:
        raise ShownError("too_long")
    return content


def _passive_media(kind: str, part: Mapping[str, Any], find_media: FindMedia) -> Shown:
    media = find_media(str(part.get("MediaId", "")))
    if media is None or media.kind != kind:
        raise ShownError("bad_media")
    if media.content_type == "image/gif":
        raise ShownError("bad_media")
    title = str(part.get("Title", ""))
    more = {"title": title, "description": str(part.get("Description", ""))}
    return Shown(title, {**media_detail(media), **(more if kind == "video" else {})})


def _passive_news(fields: Mapping[str, Any]) -> Shown:
    """The first article only: the others are cut off after a customer's message."""
    items = fields.get("Articles")
    if isinstance(items, Mapping):
        items = items.get("item")
    found = [items] if isinstance(items, Mapping) else items
    if not isinstance(found, Sequence) or isinstance(found, str) or not found:
        raise ShownError("empty_content")
    if not isinstance(found[0], Mapping):
        raise ShownError("empty_content")
    card = article(found[0])
    return Shown(str(card["title"]), {"articles": [card]})


def _part(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = fields.get(name)
    if not isinstance(part, Mapping):
        raise ShownError("empty_content")
    return part


def filled_template(content: str, data: Mapping[str, Any]) -> list[str]:
    """The lines of a template with the values in place."""

    def value(match: re.Match[str]) -> str:
        part = data.get(match[1])
        return str(part.get("value", "")) if isinstance(part, Mapping) else ""

    text = re.sub(r"\{\{\s*(\w+)\.DATA\s*\}\}", value, content)
    return [line for line in text.split("\n") if line.strip()]


def as_json(fields: Mapping[str, object]) -> str:
    """The fields of a push, to be kept."""
    return json.dumps(fields, ensure_ascii=False)
