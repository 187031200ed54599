"""Template messages and subscription notices (docs/wechat.md#templates)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wxdesk.wechat.answers import needed_text, rows_of, text_of
from wxdesk.wechat.calls import Caller
from wxdesk.wechat.transport import Call


@dataclass(frozen=True, slots=True)
class Template:
    """`content` names its values as {{name.DATA}}."""

    id: str
    title: str
    content: str
    example: str


class TemplateCalls(Caller):
    """Part of Client; sends are never repeated by themselves."""

    def list_templates(self) -> list[Template]:
        answer = self.ask(Call("template/get_all_private_template", may_repeat=True)).fields
        return [_template(row, "template_id") for row in rows_of(answer, "template_list")]

    def send_template(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        url: str = "",
        client_msg_id: str = "",
    ) -> str:
        """WeChat's id of the message; TEMPLATESENDJOBFINISH tells later whether it arrived.

        The same `client_msg_id` is taken once in ten minutes.
        """
        body = {"touser": openid, "template_id": template_id, "data": _values(data)}
        more = {"url": url, "client_msg_id": client_msg_id}
        body |= {name: value for name, value in more.items() if value}
        return text_of(self.ask(Call("message/template/send", body)).fields, "msgid")

    def list_subscription_templates(self) -> list[Template]:
        answer = self.ask(Call("/wxaapi/newtmpl/gettemplate", may_repeat=True)).fields
        return [_template(row, "priTmplId") for row in rows_of(answer, "data")]

    def send_subscription(
        self, openid: str, template_id: str, data: Mapping[str, str], *, page: str = ""
    ) -> None:
        """Uses up one permission of the customer; 43101 without one."""
        body = {"touser": openid, "template_id": template_id, "data": _values(data)}
        self.ask(Call("message/subscribe/bizsend", body | ({"page": page} if page else {})))


def _values(data: Mapping[str, str]) -> Any:
    return {name: {"value": value} for name, value in data.items()}


def _template(row: Mapping[str, Any], id_name: str) -> Template:
    return Template(
        id=needed_text(row, id_name),
        title=text_of(row, "title"),
        content=text_of(row, "content"),
        example=text_of(row, "example"),
    )
