"""What an agent wants to happen to the conversation together with an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.words import say


class ThenKind(StrEnum):
    RESOLVE = "resolve"
    SNOOZE = "snooze"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Then:
    """`until` is for snoozing: a time, or None until the customer writes."""

    kind: ThenKind
    until: datetime | None = None


def then_of(body: dict[str, Any]) -> Then | None:
    """`then` of a request: {"resolve": true}, {"pending": true} or {"snooze_until": time|null}."""
    wish = body.get("then")
    if wish is None:
        return None
    if isinstance(wish, dict) and len(wish) == 1:
        if wish.get("resolve") is True:
            return Then(ThenKind.RESOLVE)
        if wish.get("pending") is True:
            return Then(ThenKind.PENDING)
        if "snooze_until" in wish:
            return Then(ThenKind.SNOOZE, instant_of(wish["snooze_until"], "then"))
    raise InvalidInputError("then", say('"resolve", "pending" (true) or "snooze_until"'))


def instant_of(value: object, field: str) -> datetime | None:
    """An ISO 8601 time with its zone, in UTC; None stays None."""
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidInputError(field, say("a time like 2026-03-02T09:00:00Z is needed"))
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidInputError(field, say("this time is out of range")) from None
