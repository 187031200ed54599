"""What an answer consists of: as an agent composed it, as it is stored, as WeChat takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wxdesk.wechat.content import (
    Choice,
    Content,
    Image,
    Menu,
    MiniProgramCard,
    NewsCard,
    Text,
    Video,
    Voice,
)


class OutgoingKind(StrEnum):
    """The values are WeChat's message types, and `template` for both kinds of template."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    NEWS = "news"
    MINI_PROGRAM = "miniprogrampage"
    MENU = "msgmenu"
    TEMPLATE = "template"


WITH_FILE = frozenset(
    {OutgoingKind.IMAGE, OutgoingKind.VOICE, OutgoingKind.VIDEO, OutgoingKind.MINI_PROGRAM}
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent: `text` is what lists and search show of it.

    `fields` are those of its kind, as they are stored in the message's payload: title,
    description, url, picture_url; app_id, page_path; head, choices [{id, text}], tail;
    template_id, subscription (bool), data {name: value}.
    """

    kind: OutgoingKind
    text: str = ""
    fields: dict[str, Any] | None = None
    attachment_id: int | None = None


def summary_of(kind: OutgoingKind, fields: Mapping[str, Any]) -> str:
    """The words of a card or a menu, for the list, the preview and the search."""
    if kind is OutgoingKind.MENU:
        choices = [choice["text"] for choice in fields["choices"]]
        lines = [fields.get("head", ""), *choices, fields.get("tail", "")]
    else:
        lines = [fields.get("title", ""), fields.get("description", "")]
    return "\n".join(line for line in lines if line)


def content_of(
    kind: str, text: str, fields: Mapping[str, Any], media_id: str, thumb_id: str = ""
) -> Content:
    """A stored message as WeChat takes it; the media ids of its file and of its small picture."""
    match OutgoingKind(kind):
        case OutgoingKind.IMAGE:
            return Image(media_id)
        case OutgoingKind.VOICE:
            return Voice(media_id)
        case OutgoingKind.VIDEO:
            title, description = fields.get("title", ""), fields.get("description", "")
            return Video(media_id, title, description, thumb_id)
        case OutgoingKind.NEWS:
            picture = fields.get("picture_url", "")
            return NewsCard(fields["title"], fields.get("description", ""), fields["url"], picture)
        case OutgoingKind.MINI_PROGRAM:
            return MiniProgramCard(fields["title"], fields["app_id"], fields["page_path"], thumb_id)
        case OutgoingKind.MENU:
            choices = tuple(Choice(choice["id"], choice["text"]) for choice in fields["choices"])
            return Menu(fields.get("head", ""), choices, fields.get("tail", ""))
        case OutgoingKind.TEXT | OutgoingKind.TEMPLATE:
            return Text(text)
