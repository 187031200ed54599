"""Read templates from control requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wxdesk.simulator.control.reading import flag_of, list_of, text_of
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.samples import SubscribeTemplate, Template

MOST_TEMPLATES = 25


def templates_in(given: Mapping[str, Any]) -> list[Template]:
    """Templates of template messages: at most 25, as WeChat allows."""
    return [
        Template(
            template_id=text_of(each, "template_id"),
            title=text_of(each, "title"),
            content=text_of(each, "content"),
            example=text_of(each, "example", default=""),
        )
        for each in _objects(given, "templates")
    ]


def subscribe_templates_in(given: Mapping[str, Any]) -> list[SubscribeTemplate]:
    """Templates of subscription notices."""
    return [
        SubscribeTemplate(
            template_id=text_of(each, "template_id"),
            title=text_of(each, "title"),
            content=text_of(each, "content"),
            example=text_of(each, "example", default=""),
            is_long_term=flag_of(each, "is_long_term", default=False),
        )
        for each in _objects(given, "subscribe_templates")
    ]


def _objects(given: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    entries = list_of(given, field, MOST_TEMPLATES)
    if not all(isinstance(entry, dict) for entry in entries):
        raise BadInputError(field, "must hold objects")
    return entries
