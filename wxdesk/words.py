"""Sentences for people: written in English where they arise, translated where they are shown.

`say("at most %(most)d keywords", most=5)` is a plain English str that remembers its template, so
that the edge (app.py) can look the template up in the catalogue of the reader's language.
"""

from __future__ import annotations

from typing import Any


class Words(str):
    """A str with the template and values that it was made of."""

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Any]


def say(template: str, **values: Any) -> Words:
    """A translatable sentence; `template` uses %(name)s for its values."""
    words = Words(template % values if values else template)
    words.template = template
    words.values = values
    return words
