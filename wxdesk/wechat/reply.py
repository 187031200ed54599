"""The answer to a push, in WeChat's own words (docs/wechat.md#passive-replies)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from wxdesk.wechat.content import (
    Content,
    Image,
    Menu,
    MiniProgramCard,
    NewsCard,
    Text,
    Video,
    Voice,
)
from wxdesk.wechat.crypto import Cipher, sign
from wxdesk.wechat.push import ILLEGAL
from wxdesk.wechat.raw_json import raw_json, sendable
from wxdesk.wechat.splitting import MOST_BYTES

SUCCESS = "success"  # never encrypted, in any mode
RESERVED_IN_LINKS = re.compile(r"""[\s"'<>&%#+]""")
NOT_IN_APP_IDS = re.compile(r"[^\w-]", re.ASCII)
SHOWN = str.maketrans({"<": "＜", ">": "＞"})  # a tag inside of a link would end it

TEXT = (
    "<xml><ToUserName>{openid}</ToUserName><FromUserName>{original_id}</FromUserName>"
    "<CreateTime>{seconds}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content>{text}</Content></xml>"
)
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
    return TEXT.format(
        openid=_section(openid),
        original_id=_section(original_id),
        seconds=seconds,
        text=_section(ILLEGAL.sub("", text)),
    )


def passive_reply(
    content: Content, *, openid: str, original_id: str, seconds: int, is_json: bool = False
) -> str:
    """The answer to a push in the format of the push; `seconds` since 1970 is its CreateTime.

    A Menu and a MiniProgramCard become texts with links: there is no such passive reply. ValueError
    for a text that is blank or over 2,047 bytes, for which WeChat would show its fault notice.
    """
    kind, fields = _kind_and_fields(content)
    if kind == "text" and not is_json:
        text = fields["Content"]
        return text_reply(openid=openid, original_id=original_id, text=text, seconds=seconds)
    whole = {
        "ToUserName": openid,
        "FromUserName": original_id,
        "CreateTime": seconds,
        "MsgType": kind,
        **fields,
    }
    return raw_json(whole) if is_json else f"<xml>{_elements(_as_in_xml(sendable(whole)))}</xml>"


def sealed(reply: str, *, cipher: Cipher, token: str, seconds: int, is_json: bool = False) -> str:
    """The encrypted envelope around an answer, for safe and compatible mode."""
    nonce = secrets.token_hex(8)
    encrypted = cipher.encrypt(reply)
    signature = sign(token, str(seconds), nonce, encrypted)
    if is_json:
        envelope = {"Encrypt": encrypted, "MsgSignature": signature}
        return raw_json({**envelope, "TimeStamp": seconds, "Nonce": nonce})
    return ENVELOPE.format(encrypted=encrypted, signature=signature, seconds=seconds, nonce=nonce)


def menu_text(menu: Menu) -> str:
    """The choices as links that send their text and id, one a line (community, confidence M)."""
    links = [
        f'<a href="weixin://bizmsgmenu?msgmenucontent={_in_link(choice.text)}'
        f'&msgmenuid={_in_link(choice.id)}">{choice.text.translate(SHOWN)}</a>'
        for choice in menu.choices
    ]
    return "\n".join(line for line in (menu.head, *links, menu.tail) if line)


def mini_program_text(card: MiniProgramCard) -> str:
    """The card's title as a link into the mini-program."""
    app_id = NOT_IN_APP_IDS.sub("", card.app_id)
    path = re.sub(r"""[\s"'<>]""", _percent, card.page_path)
    title = card.title.translate(SHOWN)
    return f'<a data-miniprogram-appid="{app_id}" data-miniprogram-path="{path}">{title}</a>'


def _kind_and_fields(content: Content) -> tuple[str, dict[str, Any]]:
    match content:
        case Text(text):
            return "text", {"Content": _checked(text)}
        case Menu():
            return "text", {"Content": _checked(menu_text(content))}
        case MiniProgramCard():
            return "text", {"Content": _checked(mini_program_text(content))}
        case Image(media_id):
            return "image", {"Image": {"MediaId": media_id}}
        case Voice(media_id):
            return "voice", {"Voice": {"MediaId": media_id}}
        case Video():
            return "video", {"Video": _video(content)}
        case NewsCard():
            return "news", {"ArticleCount": 1, "Articles": [_article(content)]}


def _checked(text: str) -> str:
    text = str(sendable(text))
    if not text.strip():
        raise ValueError("a passive reply needs a text")
    if len(text.encode()) > MOST_BYTES:
        raise ValueError(f"a passive reply has at most {MOST_BYTES} bytes")
    return text


def _video(video: Video) -> dict[str, str]:
    return {
        "MediaId": video.media_id,
        "Title": video.title,
        "Description": video.description,
    }


def _article(card: NewsCard) -> dict[str, str]:
    return {
        "Title": card.title,
        "Description": card.description,
        "PicUrl": card.picture_url,
        "Url": card.url,
    }


def _in_link(value: str) -> str:
    """Only what would end the link or its value is escaped: WeChat sends the rest as it stands."""
    return RESERVED_IN_LINKS.sub(_percent, value)


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _as_in_xml(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Lists are items in XML."""
    return {
        name: {"item": value[0]} if isinstance(value, list) else value
        for name, value in fields.items()
    }


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_element(value)}</{name}>" for name, value in fields.items())


def _element(value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, int):
        return str(value)
    return _section(value)


def _section(value: str) -> str:
    return f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
