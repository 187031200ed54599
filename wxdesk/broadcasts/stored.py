"""Content, audience and dry run of a broadcast, to and from the JSON of their row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from wxdesk.broadcasts.rules import Audience, Content, Counted
from wxdesk.wechat.limits import MassKind


def content_json(content: Content) -> dict[str, Any]:
    """Without what is empty."""
    found = {**asdict(content), "data": dict(content.data), "mass_kind": content.mass_kind.value}
    return {name: value for name, value in found.items() if value not in ("", None, {})}


def content_from(stored: Mapping[str, Any]) -> Content:
    return Content(
        mass_kind=MassKind(stored.get("mass_kind", MassKind.TEXT)),
        text=stored.get("text", ""),
        attachment_id=stored.get("attachment_id"),
        media_id=stored.get("media_id", ""),
        title=stored.get("title", ""),
        template_id=stored.get("template_id", ""),
        layout=stored.get("layout", ""),
        data=stored.get("data", {}),
        url=stored.get("url", ""),
    )


def audience_json(audience: Audience) -> dict[str, Any]:
    return {"is_to_all": True} if audience.is_to_all else {"tag_id": audience.tag_id}


def audience_from(stored: Mapping[str, Any]) -> Audience:
    return Audience(stored.get("tag_id"))


def counted_json(counted: Counted) -> dict[str, Any]:
    return {**asdict(counted), "left": {str(left): n for left, n in counted.left.items()}}


def counted_from(stored: Mapping[str, Any] | None) -> Counted | None:
    if stored is None:
        return None
    left = {int(name): count for name, count in stored.get("left", {}).items()}
    return Counted(**{**stored, "left": left})
