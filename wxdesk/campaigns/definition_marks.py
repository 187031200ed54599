"""A mark of what a campaign is: who approves, approves that and nothing that came after. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Protocol

from wxdesk.campaigns.ways_in import WayIn

DIGITS = 16


class Marked(Protocol):
    """A campaign's row, or its view. All of its form is in its version, but for its codes."""

    @property
    def id(self) -> int: ...

    @property
    def version(self) -> int: ...

    @property
    def has_codes(self) -> bool: ...


def mark_of(campaign: Marked, ways: Sequence[WayIn]) -> str:
    """16 hexadecimal digits; others after every change of the campaign or of one of its rules."""
    rules = sorted((way.rule_id, way.version) for way in ways)
    text = json.dumps([campaign.id, campaign.version, campaign.has_codes, rules])
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
