"""Judge a desk's answer to a push as WeChat does: silence, a reply, or a fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from xml.etree import ElementTree

from wxdesk.simulator.media import Media
from wxdesk.simulator.records import Account, Mode, PushFormat
from wxdesk.simulator.shown import Shown, ShownError, passive_reply
from wxdesk.wechat.crypto import Cipher, CryptoError, is_signed


class Kind(StrEnum):
    """How a push ended; `Answer.is_fault` says which of them the customer sees."""

    SUCCESS = "success"
    EMPTY = "empty"
    REPLY = "reply"
    TIMEOUT = "timeout"
    CONNECTION_ERROR = "connection_error"
    HTTP_ERROR = "http_error"
    REDIRECT = "redirect"
    JUNK = "junk"
    NOT_ENCRYPTED = "not_encrypted"
    BAD_SIGNATURE = "bad_signature"
    ENCRYPTED_SUCCESS = "encrypted_success"
    WRONG_ADDRESSEE = "wrong_addressee"
    BAD_CREATE_TIME = "bad_create_time"
    BAD_TYPE = "bad_type"
    EMPTY_CONTENT = "empty_content"
    TOO_LONG = "too_long"
    BAD_MEDIA = "bad_media"
    INTERRUPTED = "interrupted"
    BLOCKED = "blocked"


UNFAULTY = frozenset({Kind.SUCCESS, Kind.EMPTY, Kind.REPLY, Kind.INTERRUPTED, Kind.BLOCKED})
SENT_AGAIN = frozenset({Kind.TIMEOUT, Kind.CONNECTION_ERROR, Kind.HTTP_ERROR})
FindMedia = Callable[[str], Media | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """`msg_type`, `text` and `detail` are those of the passive reply, if there is one."""

    kind: Kind
    status: int | None = None
    msg_type: str = ""
    text: str = ""
    detail: dict[str, object] = field(default_factory=dict)

    @property
    def is_fault(self) -> bool:
        """Whether the customer sees the fault notice."""
        return self.kind not in UNFAULTY

    @property
    def is_sent_again(self) -> bool:
        """Whether WeChat delivers the push again."""
        return self.kind in SENT_AGAIN


class _FaultError(Exception):
    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


def judge(account: Account, openid: str, status: int, body: bytes, find_media: FindMedia) -> Answer:
    """The verdict on an HTTP answer that came in time."""
    if status >= 400:
        return Answer(Kind.HTTP_ERROR, status)
    if status >= 300:
        return Answer(Kind.REDIRECT, status)
    if body == b"":
        return Answer(Kind.EMPTY, status)
    if body == b"success":
        return Answer(Kind.SUCCESS, status)
    try:
        fields = _decrypted(account, _parsed(account, body))
        msg_type = _checked(account, openid, fields)
        shown = _shown(msg_type, fields, find_media)
    except _FaultError as fault:
        return Answer(fault.kind, status)
    return Answer(Kind.REPLY, status, msg_type, shown.text, shown.detail)


def _shown(msg_type: str, fields: dict[str, Any], find_media: FindMedia) -> Shown:
    try:
        return passive_reply(msg_type, fields, find_media)
    except ShownError as error:
        raise _FaultError(Kind(error.reason)) from error


def _parsed(account: Account, body: bytes) -> dict[str, Any]:
    """The fields of a reply in the account's format; the other format is junk."""
    return _json(body) if account.push_format == PushFormat.JSON else _xml(body)


def _json(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise _FaultError(Kind.JUNK) from error
    if not isinstance(fields, dict):
        raise _FaultError(Kind.JUNK)
    return {name: str(value) if _is_number(value) else value for name, value in fields.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _xml(body: bytes) -> dict[str, Any]:
    """The elements of an <xml> document; repeated <item> elements become a list."""
    if b"<!DOCTYPE" in body:
        raise _FaultError(Kind.JUNK)
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 (no DOCTYPE, so no entities)
    except (ElementTree.ParseError, ValueError) as error:
        raise _FaultError(Kind.JUNK) from error
    if root.tag != "xml":
        raise _FaultError(Kind.JUNK)
    return {child.tag: _value(child) for child in root}


def _value(element: ElementTree.Element, depth: int = 0) -> Any:
    if len(element) == 0 or depth > 3:
        return element.text or ""
    if all(child.tag == "item" for child in element):
        return [_value(child, depth + 1) for child in element]
    return {child.tag: _value(child, depth + 1) for child in element}


def _decrypted(account: Account, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of the reply itself, whatever the mode wraps around them."""
    if "Encrypt" not in fields:
        if account.mode == Mode.SAFE:
            raise _FaultError(Kind.NOT_ENCRYPTED)
        return fields
    if account.mode == Mode.PLAIN:
        raise _FaultError(Kind.JUNK)
    parts = [str(fields.get(name, "")) for name in ("TimeStamp", "Nonce", "Encrypt")]
    if not is_signed(str(fields.get("MsgSignature", "")), account.token, *parts):
        raise _FaultError(Kind.BAD_SIGNATURE)
    try:
        text = Cipher(account.aes_key, account.app_id).decrypt(parts[2])
    except CryptoError as error:
        raise _FaultError(Kind.JUNK) from error
    if text in ("", "success"):
        raise _FaultError(Kind.ENCRYPTED_SUCCESS)
    return _parsed(account, text.encode())


def _checked(account: Account, openid: str, fields: dict[str, Any]) -> str:
    """The type of the reply, when its envelope is right."""
    if (fields.get("ToUserName"), fields.get("FromUserName")) != (openid, account.original_id):
        raise _FaultError(Kind.WRONG_ADDRESSEE)
    if not re.fullmatch(r"[0-9]{1,12}", str(fields.get("CreateTime", ""))):
        raise _FaultError(Kind.BAD_CREATE_TIME)
    return str(fields.get("MsgType", ""))
