"""Mass sends by tag or to all, their preview and their state (docs/wechat.md#mass-sends)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wxdesk.wechat.answers import number_of, object_of, rows_of, text_of
from wxdesk.wechat.calls import Caller
from wxdesk.wechat.limits import MassKind
from wxdesk.wechat.transport import Call

MOST_DRAFTS = 20  # WeChat gives no more in one call
ALREADY_TAKEN = "45065"
ASKED_TOO_SOON = "45066"


@dataclass(frozen=True, slots=True)
class MassContent:
    """A text, or the media id of a picture or of an article in the draft box."""

    kind: MassKind
    text: str = ""
    media_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An article of the draft box; several titles when it holds several."""

    media_id: str
    titles: tuple[str, ...]
    updated_at: int


class MassCalls(Caller):
    """Part of Client; sends are never repeated by themselves."""

    def send_to_all(self, content: MassContent, *, tag_id: int | None, client_key: str) -> str:
        """WeChat's number of the job; MASSSENDJOBFINISH tells later how it ended.

        `tag_id` is WeChat's; None sends to every follower. The same `client_key` (at most 64 bytes)
        is taken once in 24 hours: 45065 then, with the number in `known_id`; 45066 within a minute.
        """
        audience: dict[str, Any] = {"is_to_all": tag_id is None}
        if tag_id is not None:
            audience["tag_id"] = tag_id
        body = {"filter": audience, **_body(content), "clientmsgid": client_key}
        if content.kind is MassKind.ARTICLE:
            body["send_ignore_reprint"] = 0
        return text_of(self.ask(Call("message/mass/sendall", body)).fields, "msg_id")

    def preview_mass(self, content: MassContent, *, openid: str = "", wechat_id: str = "") -> None:
        """Show it to one follower, by openid or by WeChat id; 100 a day, uses up no mass send."""
        receiver = {"touser": openid} if openid else {"towxname": wechat_id}
        self.ask(Call("message/mass/preview", {**receiver, **_body(content)}))

    def mass_status(self, job_id: str) -> str:
        """SEND_SUCCESS, SENDING, SEND_FAIL or DELETE."""
        number: Any = int(job_id) if job_id.isdigit() else job_id
        call = Call("message/mass/get", {"msg_id": number}, may_repeat=True)
        return text_of(self.ask(call).fields, "msg_status")

    def list_drafts(self) -> list[Draft]:
        """The newest twenty articles of the draft box."""
        wanted = {"offset": 0, "count": MOST_DRAFTS, "no_content": 1}
        answer = self.ask(Call("draft/batchget", wanted, may_repeat=True)).fields
        return [_draft(row) for row in rows_of(answer, "item") if text_of(row, "media_id")]


def _body(content: MassContent) -> dict[str, Any]:
    match content.kind:
        case MassKind.TEXT:
            part: dict[str, Any] = {"text": {"content": content.text}}
        case MassKind.IMAGE:
            part = {"images": {"media_ids": [content.media_id]}}
        case MassKind.ARTICLE:
            part = {"mpnews": {"media_id": content.media_id}}
    return {**part, "msgtype": content.kind.value}


def _draft(row: Mapping[str, Any]) -> Draft:
    items = rows_of(object_of(row, "content"), "news_item")
    titles = tuple(title for item in items if (title := text_of(item, "title")))
    return Draft(text_of(row, "media_id"), titles, number_of(row, "update_time"))
