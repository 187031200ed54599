"""Sentences in the language of whoever reads them."""

from __future__ import annotations

from flask_babel import gettext

from wxdesk.words import Words


def translated(text: str) -> str:
    """The sentence in the language of whoever reads this request; English outside of one."""
    template = text.template if isinstance(text, Words) else text
    if not template:
        return ""
    values = text.values if isinstance(text, Words) else {}
    found = str(gettext(template))
    return found % values if values else found
