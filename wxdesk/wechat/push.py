"""A push from WeChat: XML or JSON to plain fields, and the key that makes it unique.

Sources and confidence of each outside rule: docs/wechat.md#pushes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from wxdesk.wechat.json_fields import (
    DEEPEST,
    MOST_ELEMENTS,
    MalformedPushError,
    is_json,
    read_json,
)

__all__ = ["MalformedPushError", "Push", "is_json", "push_of", "read_fields"]

LARGEST_BODY = 64 * 1024
LATEST_SECOND = 253_402_300_799  # the last of year 9999
SECONDS = re.compile("[0-9]{1,12}")
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
EVENT = "event"
DOCUMENT_TYPE = "<!DOCTYPE"  # the only spelling; where it is not there are no entities either
NAMESPACE = "xmlns"  # no push has one


@dataclass(frozen=True, slots=True)
class Push:
    """One message or event. `fields` keeps everything that WeChat sent, nested values as dicts."""

    original_id: str
    openid: str
    created_at: datetime
    kind: str
    event: str
    event_key: str
    msg_id: str
    text: str
    fields: dict[str, Any]

    @property
    def is_event(self) -> bool:
        return self.kind == EVENT

    @property
    def once_key(self) -> str:
        """SHA-256 in hex; the same for each delivery of the same push, and for no other.

        MsgId alone collides between customers, and events have none: docs/wechat.md#once.
        """
        seconds = str(int(self.created_at.timestamp()))
        if self.msg_id:
            parts = ["message", self.msg_id, seconds, self.openid]
        else:
            detail = hashlib.sha256(repr(sorted(self.fields.items())).encode()).hexdigest()
            parts = ["event", self.openid, seconds, self.event.lower(), self.event_key, detail]
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def read_fields(body: bytes) -> dict[str, Any]:
    """The elements under <xml>, or the members of an object, by name; raises MalformedPushError.

    Control characters, which WeChat passes on from customers' keyboards, are dropped. A document
    type or an entity is refused.
    """
    return read_json(body) if is_json(body) else _read_xml(body)


def _read_xml(body: bytes) -> dict[str, Any]:
    text = ILLEGAL.sub("", body.decode("utf-8", errors="replace"))
    try:
        root = _root(text)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise MalformedPushError(f"not well-formed XML: {error}") from error
    if root.tag != "xml" or len(list(root.iter())) > MOST_ELEMENTS:
        raise MalformedPushError("not a push: the root must be <xml>, with at most 500 elements")
    fields = _value(root, 0)
    if not isinstance(fields, dict):
        raise MalformedPushError("not a push: <xml> is empty")
    return fields


class _Careful(DefusedXMLParser):
    """Refuses namespaces too: a long one stands in each name and fills the memory."""

    def __init__(self) -> None:
        super().__init__(target=ElementTree.TreeBuilder(), forbid_dtd=True)
        self.parser.StartNamespaceDeclHandler = _refuse_namespace


def _refuse_namespace(prefix: str | None, uri: str) -> None:
    raise ValueError("a namespace")


def _root(text: str) -> Element:
    """The parser that looks for these is Python; the one in C is three times as quick."""
    if DOCUMENT_TYPE in text or NAMESPACE in text:
        return ElementTree.fromstring(text, parser=_Careful())  # noqa: S314 -- it is defusedxml's
    return ElementTree.fromstring(text)  # noqa: S314 -- nothing to expand, nothing to fetch


def push_of(fields: dict[str, Any]) -> Push:
    """Read the common fields; unknown kinds and events are as good as known ones."""
    kind = _text(fields, "MsgType").lower()
    openid = _text(fields, "FromUserName")
    original_id = _text(fields, "ToUserName")
    if not kind or not openid or not original_id:
        raise MalformedPushError("MsgType, FromUserName and ToUserName must be there")
    if len(openid) > 64 or len(kind) > 40:
        raise MalformedPushError("FromUserName or MsgType is too long")
    return Push(
        original_id=original_id,
        openid=openid,
        created_at=_instant(_text(fields, "CreateTime")),
        kind=kind,
        event=_text(fields, "Event"),
        event_key=_text(fields, "EventKey"),
        msg_id=_text(fields, "MsgId")[:32],
        text=_text(fields, "Content"),
        fields=fields,
    )


def _value(element: Element, depth: int) -> Any:
    if not len(element):
        return element.text or ""
    if depth > DEEPEST:
        raise MalformedPushError("not a push: nested too deep")
    result: dict[str, Any] = {}
    for child in element:
        value = _value(child, depth + 1) if len(child) else child.text or ""
        if child.tag in result:  # e.g. several <item> of a picture list
            before = result[child.tag]
            result[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            result[child.tag] = value
    return result


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _instant(seconds: str) -> datetime:
    if not SECONDS.fullmatch(seconds) or not 0 < int(seconds) <= LATEST_SECOND:
        raise MalformedPushError("CreateTime must be whole seconds since 1970")
    return datetime.fromtimestamp(int(seconds), UTC)
