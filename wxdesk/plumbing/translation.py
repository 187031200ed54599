"""Sentences in the language of whoever reads them."""

from __future__ import annotations

from flask import g
from flask_babel import get_locale, gettext

from wxdesk.words import Words


def translated(text: str) -> str:
    """The sentence in the language of whoever reads this request; English outside of one."""
    template = text.template if isinstance(text, Words) else text
    if not template:
        return ""
    values = text.values if isinstance(text, Words) else {}
    found = _found(template)
    return found % values if values else found


def _found(template: str) -> str:
    """A list says the same few sentences in every row: each is looked up once a request."""
    locale = get_locale()
    if locale is None:
        return str(gettext(template))
    kept: tuple[object, dict[str, str]] | None = g.get("wxdesk_sentences")
    if kept is None or kept[0] is not locale:
        kept = g.wxdesk_sentences = (locale, {})
    if template not in kept[1]:
        kept[1][template] = str(gettext(template))
    return kept[1][template]
