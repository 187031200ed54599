"""A customer's readable name, and the reply window that a customer's act opens. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Act(StrEnum):
    """What a customer can do to open a reply window (docs/wechat.md#reply-window)."""

    MESSAGE = "message"
    CLICK = "click"
    SCAN = "scan"
    FOLLOW = "follow"


class FieldKind(StrEnum):
    """What a company's own field of a customer holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"


class SyncState(StrEnum):
    """Whether WeChat knows what an agent changed here."""

    SYNCED = "synced"
    PENDING = "pending"
    FAILED = "failed"


class TagState(StrEnum):
    """`failed`: WeChat refused to add it, so it is here only."""

    SYNCED = "synced"
    ADDING = "adding"
    REMOVING = "removing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Window:
    """How long and how often WeChat lets us write after an act (docs/wechat.md#reply-window)."""

    closes_at: datetime
    remaining: int


LIMITS = {
    Act.MESSAGE: (timedelta(hours=48), 5),
    Act.CLICK: (timedelta(minutes=1), 3),
    Act.SCAN: (timedelta(minutes=1), 3),
    Act.FOLLOW: (timedelta(minutes=1), 3),
}


def window_of(act: Act, acted_at: datetime, used: int = 0) -> Window:
    """What an act opens: a message 48 h and 5 messages; a follow, scan or click 1 min and 3."""
    period, quota = LIMITS[act]
    return Window(acted_at + period, max(0, quota - used))


def window_after(current: Window | None, opened: Window, *, is_message: bool) -> Window:
    """The state after a further window was opened.

    A message recorded late changes nothing, and a short window never hides a long one that has
    messages left. The stricter reading of the platform's rules: a new message sets the count to
    5, it does not add.
    """
    if current is None or current.closes_at <= opened.closes_at:
        return opened
    return current if is_message or current.remaining > 0 else opened


def best_of(windows: Iterable[Window], now: datetime) -> Window | None:
    """Of the latest window of each kind the one that counts: messages left, then time left."""
    is_open = [window for window in windows if window.closes_at > now]
    return max(is_open, key=lambda one: (one.remaining > 0, one.closes_at), default=None)


def pseudonym(contact_id: int, remark: str) -> str:
    """The agents' remark, or a stable name: WeChat gives no nicknames since 2021."""
    return remark or f"微信用户 {contact_id:04d}"
