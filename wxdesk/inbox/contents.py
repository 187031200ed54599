"""What a message of each kind consists of, as JSON: WeChat's fields under plain names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any
from urllib.parse import urlencode

from wxdesk.conversations.rules import Direction

Fields = Mapping[str, Any]
OUR_FIELDS: dict[str, tuple[str, ...]] = {
    "news": ("title", "description", "url", "picture_url"),
    "miniprogrampage": ("title", "app_id", "page_path"),
    "msgmenu": ("head", "choices", "tail"),
    "video": ("title", "description"),
    "template": ("title", "data", "url", "template_id"),
}
MAP = "https://apis.map.qq.com/uri/v1/marker?"
DETAILS = ("Status", "SubscribeStatusString", "ScanCodeInfo", "SendLocationInfo", "SendPicsInfo")


def content_json(kind: str, direction: Direction, payload: Fields) -> dict[str, Any] | None:
    """The fields of this kind; None for kinds that have none, or that nobody knows."""
    if direction is Direction.INTERNAL:
        return dict(payload) if payload else None
    if direction is Direction.OUTGOING:
        names = OUR_FIELDS.get(kind)
        return {name: payload.get(name) for name in names} if names and payload else None
    reader = READERS.get(kind)
    return reader(payload) if reader else None


def _text(fields: Fields, *names: str) -> str:
    """The first of these that is there, as text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _number(fields: Fields, *names: str) -> float | None:
    try:
        number = float(_text(fields, *names))
    except ValueError:
        return None
    return number if isfinite(number) else None


def _message_text(fields: Fields) -> dict[str, Any]:
    return {"menu_choice_id": _text(fields, "bizmsgmenuid") or None}


def _voice(fields: Fields) -> dict[str, Any]:
    return {"recognition": _text(fields, "Recognition") or None}


def _location(fields: Fields) -> dict[str, Any]:
    latitude, longitude = _number(fields, "Location_X"), _number(fields, "Location_Y")
    label = _text(fields, "Label", "Poiname")
    return {
        "latitude": latitude,
        "longitude": longitude,
        "scale": _number(fields, "Scale"),
        "label": label,
        "map_url": _map_url(latitude, longitude, label),
    }


def _map_url(latitude: float | None, longitude: float | None, label: str) -> str | None:
    """Tencent's map takes WeChat's coordinates (GCJ-02) as they are."""
    if (
        latitude is None
        or longitude is None
        or not (-90 <= latitude <= 90 and -180 <= longitude <= 180)
    ):
        return None
    marker = f"coord:{latitude:.6f},{longitude:.6f};title:{label[:60].replace(';', ' ') or '?'}"
    return MAP + urlencode({"marker": marker, "referer": "wxdesk"})


def _link(fields: Fields) -> dict[str, Any]:
    return {
        "title": _text(fields, "Title"),
        "description": _text(fields, "Description"),
        "url": _text(fields, "Url"),
    }


def _mini_program(fields: Fields) -> dict[str, Any]:
    return {
        "title": _text(fields, "Title"),
        "app_id": _text(fields, "AppId"),
        "page_path": _text(fields, "PagePath"),
    }


def _file(fields: Fields) -> dict[str, Any]:
    size = _number(fields, "FileTotalLen")
    return {"name": _text(fields, "Title"), "size_bytes": int(size) if size is not None else None}


def _event(fields: Fields) -> dict[str, Any]:
    event = _text(fields, "Event").lower()
    key = _text(fields, "EventKey")
    found = {
        "event": event,
        "key": key,
        "scene": key.removeprefix("qrscene_") if event in ("subscribe", "scan") else "",
        "menu_title": key if event in ("click", "view", "view_miniprogram") else "",
        "detail": next((fields[name] for name in DETAILS if fields.get(name)), None),
    }
    if event == "location":
        found |= {
            "latitude": _number(fields, "Latitude"),
            "longitude": _number(fields, "Longitude"),
        }
    return found


READERS: dict[str, Callable[[Fields], dict[str, Any]]] = {
    "text": _message_text,
    "voice": _voice,
    "location": _location,
    "link": _link,
    "miniprogrampage": _mini_program,
    "file": _file,
    "event": _event,
}
