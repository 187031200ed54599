"""What there is to find in a message and in a customer, and which hits come first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import log2
from typing import Any

from wxdesk.conversations.rules import Direction, Line, SenderKind

LONGEST_QUERY = 200
MOST_HITS = 15
SHORTEST_OPENID = 4
# What WeChat sends and what agents send, under either spelling: names of files, titles of links
# and cards, places, what voices say, choices of a menu.
WRITTEN = (
    *("Title", "Description", "Label", "Poiname", "Recognition"),
    *("title", "description", "head", "tail"),
)


class SearchOrder(StrEnum):
    """`best` ranks each thousand of hits by how often they say it and how new they are."""

    BEST = "best"
    NEWEST = "newest"


class SearchKind(StrEnum):
    MESSAGES = "messages"
    CONTACTS = "contacts"


@dataclass(frozen=True, slots=True)
class Written:
    """A message as the indexer reads it."""

    id: int
    account_id: int
    contact_id: int
    direction: Direction
    kind: str
    text: str
    payload: Mapping[str, Any] | None
    sender_kind: SenderKind
    sender_id: int | None
    undone_at: datetime | None
    received_at: datetime

    @property
    def is_findable(self) -> bool:
        """Not what was taken back before it left, and not what nobody wrote."""
        is_activity = self.direction is Direction.INTERNAL and self.kind == Line.ACTIVITY
        return self.undone_at is None and self.kind != "event" and not is_activity

    @property
    def facets(self) -> tuple[str, ...]:
        """What a search may ask for together with words."""
        found = (account_facet(self.account_id), contact_facet(self.contact_id))
        if self.sender_kind is SenderKind.AGENT and self.sender_id is not None:
            return (*found, agent_facet(self.sender_id))
        return found


def contact_facet(contact_id: int) -> str:
    return f"c{contact_id}"


def account_facet(account_id: int) -> str:
    return f"a{account_id}"


def agent_facet(agent_id: int) -> str:
    """Of what this agent sent."""
    return f"s{agent_id}"


def written_text(text: str, payload: Mapping[str, Any] | None) -> str:
    """Everything in a message that somebody wrote, each part on lines of its own."""
    if not payload:
        return text
    parts = dict.fromkeys(part for part in _parts(payload) if part not in text)
    return "\n".join(part for part in (text, *parts) if part)


def contact_text(contact_id: int, remark: str, others: Iterable[str]) -> str:
    """What a customer is found by besides the openid: remark, number, tags, known facts."""
    return "\n".join(part for part in (remark, f"{contact_id:04d}", *others) if part)


def rank(hits: int, place: int) -> float:
    """Higher is better; `place` counts the newer candidates, at most a thousand.

    Saying it three times instead of once weighs as much as being 500 places newer.
    """
    return log2(1 + min(hits, MOST_HITS)) - place / 500


def _parts(payload: Mapping[str, Any]) -> Iterable[str]:
    for name in WRITTEN:
        yield _text(payload.get(name))
    choices = payload.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        yield _text(choice.get("text") if isinstance(choice, dict) else None)
    data = payload.get("data")
    for value in data.values() if isinstance(data, dict) else ():
        yield _text(value.get("value") if isinstance(value, dict) else value)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
