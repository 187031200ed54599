"""Read from control requests what a customer sends: JSON, or a form with a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from wxdesk.simulator.acting import FILE_KINDS, Acted, send_card, send_file
from wxdesk.simulator.control.reading import (
    fields_in,
    payload,
    text_of,
    whole_of,
)
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.events import event_fields
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.samples import sample, sample_names

CARD_TEXTS = {
    "title": "Title",
    "description": "Description",
    "url": "Url",
    "app_id": "AppId",
    "page_path": "PagePath",
    "label": "Label",
}
EVENT_FIELDS = {
    "event_key": "EventKey",
    "ticket": "Ticket",
    "menu_id": "MenuId",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "precision": "Precision",
}
CARDS = ("location", "link", "miniprogrampage", "file")
MOST_SIZE = 10**12


def message_sent(platform: Platform, openid: str) -> Acted:
    """Carry out POST …/messages: any kind that a customer can send."""
    is_form = request.mimetype == "multipart/form-data"
    given: Mapping[str, Any] = request.form.to_dict() if is_form else payload()
    kind = text_of(given, "kind", default="text")
    if kind == "text":
        return platform.send_raw(openid, "text", _text_fields(given))
    if kind in FILE_KINDS:
        return send_file(platform, openid, kind, _content(given))
    if kind in CARDS:
        return send_card(platform, openid, kind, _card_fields(given))
    kinds = ", ".join(("text", *FILE_KINDS, *CARDS))
    raise BadInputError("kind", f"must be one of {kinds}; anything else goes by …/raw")


def event_happened(platform: Platform, openid: str) -> Acted:
    """Carry out POST …/events."""
    given = payload()
    event = text_of(given, "event")
    fields: dict[str, object] = {}
    for field, tag in EVENT_FIELDS.items():
        value = given.get(field)
        if value is not None:
            fields[tag] = value if isinstance(value, (int, float)) else text_of({tag: value}, tag)
    account = platform.state.account(platform.state.customer(openid).original_id)
    wanted = {**fields, **fields_in(given)}
    return platform.happen(openid, event, event_fields(event, wanted, openid, account.app_id))


def _text_fields(given: Mapping[str, Any]) -> dict[str, object]:
    """A text; typed under an article it carries MsgDataId and Idx."""
    fields: dict[str, object] = {"Content": text_of(given, "text")}
    if "menu_id" in given:
        fields["bizmsgmenuid"] = text_of(given, "menu_id")
    if "msg_data_id" in given:
        fields["MsgDataId"] = text_of(given, "msg_data_id")
        fields["Idx"] = whole_of(given, "idx", 1, 8)
    return fields


def _content(given: Mapping[str, Any]) -> bytes | None:
    """The uploaded file, a named sample, or None for the usual sample."""
    file = request.files.get("media")
    if file is not None:
        return file.stream.read()
    if "sample" not in given:
        return None
    name = text_of(given, "sample")
    if name not in sample_names():
        raise BadInputError("sample", f"must be one of {', '.join(sample_names())}")
    return sample(name)


def _card_fields(given: Mapping[str, Any]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, tag in CARD_TEXTS.items():
        if name in given:
            fields[tag] = text_of(given, name)
    if "latitude" in given or "longitude" in given:
        fields["Location_X"] = _degrees(given, "latitude", 90)
        fields["Location_Y"] = _degrees(given, "longitude", 180)
    if "scale" in given:
        fields["Scale"] = whole_of(given, "scale", 16, 30)
    if "size" in given:
        fields["FileTotalLen"] = whole_of(given, "size", 0, MOST_SIZE)
    return fields


def _degrees(given: Mapping[str, Any], field: str, most: float) -> float:
    value = given.get(field)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > most:
        raise BadInputError(field, f"must be a number from -{most:g} to {most:g}")
    return float(value)
