"""The answer to a push, in WeChat's own words (docs/wechat.md#passive-replies)."""

from __future__ import annotations

import secrets

from wxdesk.wechat.crypto import Cipher, sign
from wxdesk.wechat.library import TextReply
from wxdesk.wechat.push import ILLEGAL

SUCCESS = "success"  # never encrypted, in any mode

ENVELOPE = """<xml>
<Encrypt><![CDATA[{encrypted}]]></Encrypt>
<MsgSignature><![CDATA[{signature}]]></MsgSignature>
<TimeStamp>{seconds}</TimeStamp>
<Nonce><![CDATA[{nonce}]]></Nonce>
</xml>"""


def text_reply(*, openid: str, original_id: str, text: str, seconds: int) -> str:
    """XML of a passive text answer; `seconds` since 1970 is its CreateTime.

    The text can't break out of its CDATA section, and can't hold what XML forbids.
    """
    safe = ILLEGAL.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return str(TextReply(source=original_id, target=openid, content=safe, time=seconds).render())


def sealed(xml: str, *, cipher: Cipher, token: str, seconds: int) -> str:
    """The encrypted envelope around an answer, for safe and compatible mode."""
    nonce = secrets.token_hex(8)
    encrypted = cipher.encrypt(xml)
    signature = sign(token, str(seconds), nonce, encrypted)
    return ENVELOPE.format(encrypted=encrypted, signature=signature, seconds=seconds, nonce=nonce)
