"""What an agent composed, from the JSON of the API: each kind checked as WeChat would."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import MessageTemplate
from wxdesk.accounts.rules import TemplateKind, field_names
from wxdesk.media.models import Attachment
from wxdesk.media.rules import FileState
from wxdesk.outbound.composing import fields_of, short_text, web_address
from wxdesk.outbound.contents import WITH_FILE, Outgoing, OutgoingKind, summary_of
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import number_field, text_field
from wxdesk.wechat.splitting import MOST_BYTES
from wxdesk.words import say

PLACE = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
LONGEST_VALUE, MOST_VALUES = 500, 30


def outgoing_of(session: Session, body: dict[str, Any], account_id: int) -> Outgoing:
    """The answer in a request; InvalidInputError names the field that can't be taken."""
    kind = _kind(body)
    if kind is OutgoingKind.TEXT:
        return Outgoing(kind, text_field(body, "text"))
    if kind is OutgoingKind.TEMPLATE:
        return _template(session, body, account_id)
    fields = fields_of(kind, body)
    attachment_id = _file(session, body, kind, account_id) if kind in WITH_FILE else None
    summary = summary_of(kind, fields)
    if len(summary.encode()) > MOST_BYTES:
        raise InvalidInputError(
            "kind", say("WeChat takes %(most)d bytes a message", most=MOST_BYTES)
        )
    return Outgoing(kind, summary, fields or None, attachment_id)


def _kind(body: dict[str, Any]) -> OutgoingKind:
    try:
        return OutgoingKind(body.get("kind", "text"))
    except ValueError:
        kinds = ", ".join(OutgoingKind)
        raise InvalidInputError("kind", say("one of: %(values)s", values=kinds)) from None


def _file(session: Session, body: dict[str, Any], kind: OutgoingKind, account_id: int) -> int:
    attachment = session.get(Attachment, number_field(body, "attachment_id", least=1))
    wanted = "image" if kind is OutgoingKind.MINI_PROGRAM else kind.value
    if attachment is None or attachment.account_id != account_id:
        raise InvalidInputError("attachment_id", say("there is no such file"))
    if attachment.kind != wanted or attachment.state is not FileState.READY:
        raise InvalidInputError("attachment_id", say("this file can't be sent as this kind"))
    return attachment.id


def _template(session: Session, body: dict[str, Any], account_id: int) -> Outgoing:
    template = session.scalars(
        select(MessageTemplate).where(
            MessageTemplate.account_id == account_id,
            MessageTemplate.template_id == short_text(body, "template_id", 100),
        )
    ).one_or_none()
    if template is None:
        raise InvalidInputError("template_id", say("the account has no such template"))
    data = _values(body.get("data"), field_names(template.content))
    text = PLACE.sub(lambda place: data.get(place[1], ""), template.content)
    fields = {
        "template_id": template.template_id,
        "subscription": template.kind is TemplateKind.SUBSCRIPTION,
        "title": template.title,
        "data": data,
        "url": web_address(body, "url", is_needed=False),
    }
    return Outgoing(OutgoingKind.TEMPLATE, f"{template.title}\n{text}", fields)


def _values(data: object, names: list[str]) -> dict[str, str]:
    if not isinstance(data, dict) or len(data) > MOST_VALUES:
        raise InvalidInputError("data", say("a value for each place of the template"))
    try:
        return {name: short_text(data, name, LONGEST_VALUE) for name in names}
    except InvalidInputError as error:
        problem = say("%(name)s: %(problem)s", name=error.field, problem=error.sentence)
        raise InvalidInputError("data", problem) from error
