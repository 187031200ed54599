"""Judge a desk's answer to a push as WeChat does: silence, a reply, or a fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree

from wxdesk.simulator.records import Account, Mode
from wxdesk.wechat.crypto import Cipher, CryptoError, is_signed

MOST_BYTES = 2048


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
    INTERRUPTED = "interrupted"


UNFAULTY = frozenset({Kind.SUCCESS, Kind.EMPTY, Kind.REPLY, Kind.INTERRUPTED})
SENT_AGAIN = frozenset({Kind.TIMEOUT, Kind.CONNECTION_ERROR, Kind.HTTP_ERROR})


@dataclass(frozen=True, slots=True)
class Answer:
    """`msg_type` and `text` are those of the passive reply, if there is one."""

    kind: Kind
    status: int | None = None
    msg_type: str = ""
    text: str = ""

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


def judge(account: Account, openid: str, status: int, body: bytes) -> Answer:
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
        fields = _decrypted(account, _parsed(body))
        msg_type, text = _checked(account, openid, fields)
    except _FaultError as fault:
        return Answer(fault.kind, status)
    return Answer(Kind.REPLY, status, msg_type, text)


def _parsed(body: bytes) -> dict[str, str]:
    """Top-level elements of an <xml> document."""
    if b"<!DOCTYPE" in body:
        raise _FaultError(Kind.JUNK)
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 (no DOCTYPE, so no entities)
    except (ElementTree.ParseError, ValueError) as error:
        raise _FaultError(Kind.JUNK) from error
    if root.tag != "xml":
        raise _FaultError(Kind.JUNK)
    return {child.tag: child.text or "" for child in root}


def _decrypted(account: Account, fields: dict[str, str]) -> dict[str, str]:
    """The fields of the reply itself, whatever the mode wraps around them."""
    if "Encrypt" not in fields:
        if account.mode == Mode.SAFE:
            raise _FaultError(Kind.NOT_ENCRYPTED)
        return fields
    if account.mode == Mode.PLAIN:
        raise _FaultError(Kind.JUNK)
    parts = [fields.get(name, "") for name in ("TimeStamp", "Nonce", "Encrypt")]
    if not is_signed(fields.get("MsgSignature", ""), account.token, *parts):
        raise _FaultError(Kind.BAD_SIGNATURE)
    try:
        text = Cipher(account.aes_key, account.app_id).decrypt(fields["Encrypt"])
    except CryptoError as error:
        raise _FaultError(Kind.JUNK) from error
    if text in ("", "success"):
        raise _FaultError(Kind.ENCRYPTED_SUCCESS)
    return _parsed(text.encode())


def _checked(account: Account, openid: str, fields: dict[str, str]) -> tuple[str, str]:
    if (fields.get("ToUserName"), fields.get("FromUserName")) != (openid, account.original_id):
        raise _FaultError(Kind.WRONG_ADDRESSEE)
    if not re.fullmatch(r"[0-9]{1,12}", fields.get("CreateTime", "")):
        raise _FaultError(Kind.BAD_CREATE_TIME)
    msg_type = fields.get("MsgType", "")
    if not re.fullmatch(r"[a-z_]{1,40}", msg_type):
        raise _FaultError(Kind.BAD_TYPE)
    if msg_type != "text":
        return msg_type, ""
    content = fields.get("Content", "")
    if not content.strip():
        raise _FaultError(Kind.EMPTY_CONTENT)
    if len(content.encode()) > MOST_BYTES:
        raise _FaultError(Kind.TOO_LONG)
    return msg_type, content
