"""The pushes that WeChat sends to a webhook: XML or JSON, their query string, their encryption."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from wxdesk.simulator.records import Account, Mode, PushFormat
from wxdesk.wechat.crypto import Cipher, sign

TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Push:
    """`plain` holds its fields as JSON, in their order; `event` is empty for a message."""

    original_id: str
    openid: str
    bubble_id: int
    msg_id: str
    plain: str
    event: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields by name."""
        return dict(json.loads(self.plain))

    @property
    def kind(self) -> str:
        """For logs: the type of message, or the event."""
        return f"event {self.event}" if self.event else str(self.fields.get("MsgType", ""))


def element(tag: str, value: object) -> str:
    """One element: text as CDATA, numbers bare, a mapping nested, a list as repeated elements.

    Control characters stay as the customer typed them, as WeChat leaves them.
    """
    if isinstance(value, Mapping):
        return f"<{tag}>{elements(value)}</{tag}>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(element(tag, item) for item in value)
    if isinstance(value, (int, float)):
        return f"<{tag}>{value}</{tag}>"
    text = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{tag}><![CDATA[{text}]]></{tag}>"


def elements(fields: Mapping[str, object]) -> str:
    """The elements of a mapping, in its order."""
    return "\n".join(element(tag, value) for tag, value in fields.items())


def body_of(push: Push, account: Account) -> tuple[bytes, str]:
    """The request body in the account's mode and format; its encrypted part ("" in plain mode).

    Made once for all deliveries of a push: a redelivery has the same bytes.
    """
    fields = push.fields
    if account.mode == Mode.PLAIN:
        return _document(fields, account).encode(), ""
    plain = _document(fields, account)
    encrypted = Cipher(account.aes_key, account.app_id).encrypt(plain)
    shown = fields if account.mode == Mode.COMPAT else {"ToUserName": push.original_id}
    return _document({**shown, "Encrypt": encrypted}, account).encode(), encrypted


def content_type(account: Account) -> str:
    """As WeChat names the body's format."""
    return "application/json" if account.push_format == PushFormat.JSON else "text/xml"


def push_url(account: Account, openid: str, encrypted: str, timestamp: int) -> str:
    """The webhook address with fresh nonce and signatures for one delivery."""
    query = {**_signed(account, timestamp), "openid": openid}
    if encrypted:
        stamp, nonce = query["timestamp"], query["nonce"]
        query["encrypt_type"] = "aes"
        query["msg_signature"] = sign(account.token, stamp, nonce, encrypted)
    return _with_query(account.webhook_url, query)


def verification_url(account: Account, echo: str, timestamp: int) -> str:
    """The address of WeChat's check when a webhook URL is saved in the console."""
    return _with_query(account.webhook_url, {**_signed(account, timestamp), "echostr": echo})


def _document(fields: Mapping[str, object], account: Account) -> str:
    if account.push_format == PushFormat.JSON:
        return json.dumps(fields, ensure_ascii=False)
    return f"<xml>{elements(fields)}</xml>"


def _signed(account: Account, timestamp: int) -> dict[str, str]:
    stamp, nonce = str(timestamp), str(secrets.randbelow(9 * 10**8) + 10**8)
    signature = sign(account.token, stamp, nonce)
    return {"signature": signature, "timestamp": stamp, "nonce": nonce}


def _with_query(url: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    joined = "&".join(filter(None, (parts.query, urlencode(query))))
    return urlunsplit(parts._replace(query=joined, fragment=""))
