"""What the broadcasts' page sends, as a form; times are the desk's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from wxdesk.broadcasts.forms import BroadcastForm
from wxdesk.broadcasts.rules import Audience, BroadcastKind, Content
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.wechat.limits import MassKind
from wxdesk.words import say

DATA = "data."
Values = Mapping[str, str]


def read_form(values: Values, account_id: int, kind: BroadcastKind) -> BroadcastForm:
    """InvalidInputError names what can't be read; what can't be taken is said on saving."""
    tag_id = None
    if values.get("audience") == "tag":
        tag_id = _number(values, "tag_id", say("choose a tag"))
    per_minute = 600
    if kind is not BroadcastKind.MASS:
        per_minute = _number(values, "per_minute", say("a whole number is needed"))
    campaign = values.get("campaign_id", "").strip()
    return BroadcastForm(
        account_id=account_id,
        name=_plain(values.get("name", "")),
        kind=kind,
        audience=Audience(tag_id),
        content=_content(values),
        per_minute=per_minute,
        campaign_id=_number(values, "campaign_id", say("choose a campaign")) if campaign else None,
    )


def values_of(form: BroadcastForm) -> dict[str, str]:
    """What the form starts with."""
    content = form.content
    values = {
        "name": form.name,
        "audience": "all" if form.audience.is_to_all else "tag",
        "tag_id": str(form.audience.tag_id or ""),
        "per_minute": str(form.per_minute),
        "campaign_id": str(form.campaign_id or ""),
        "mass_kind": content.mass_kind.value,
        "text": content.text,
        "media_id": content.media_id,
        "title": content.title,
        "attachment_id": str(content.attachment_id or ""),
        "template_id": content.template_id,
        "url": content.url,
    }
    return values | {f"{DATA}{name}": value for name, value in content.data.items()}


def read_time(values: Values, zone: ZoneInfo) -> datetime | None:
    """When it is to be sent, in UTC; None: now."""
    if values.get("when") != "at":
        return None
    try:
        local = datetime.fromisoformat(values.get("send_at", ""))
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInputError("send_at", say("a date and a time are needed")) from None


def _content(values: Values) -> Content:
    kind = values.get("mass_kind") or MassKind.TEXT.value
    if kind not in list(MassKind):
        raise InvalidInputError("mass_kind", say("one of: %(values)s", values=", ".join(MassKind)))
    return Content(
        mass_kind=MassKind(kind),
        text=_plain(values.get("text", "")),
        attachment_id=whole_number(values.get("attachment_id", "")),
        media_id=values.get("media_id", "").strip(),
        title=_plain(values.get("title", ""))[:200],
        template_id=values.get("template_id", "").strip(),
        data={
            name.removeprefix(DATA): _plain(value)
            for name, value in values.items()
            if name.startswith(DATA)
        },
        url=values.get("url", "").strip(),
    )


def _number(values: Values, name: str, sentence: str) -> int:
    number = whole_number(values.get(name, ""))
    if number is None:
        raise InvalidInputError(name, sentence)
    return number


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\x00", "").strip()
