"""A customer's readable name, and the reply window that a customer's act opens. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """How long and how often WeChat lets us write after an act (docs/wechat.md#reply-window)."""

    closes_at: datetime
    remaining: int


MESSAGE_WINDOW = timedelta(hours=48)
MESSAGE_QUOTA = 5
ACT_WINDOW = timedelta(minutes=1)
ACT_QUOTA = 3


def window_after(current: Window | None, acted_at: datetime, *, is_message: bool) -> Window:
    """A message opens 48 h and 5 answers; a follow, scan or menu click 1 min and 3.

    The short window never shortens an open long one. The stricter reading of the platform's
    rules: a new message sets the count to 5, it does not add.
    """
    if is_message:
        opened = Window(acted_at + MESSAGE_WINDOW, MESSAGE_QUOTA)
        return opened if current is None or opened.closes_at >= current.closes_at else current
    opened = Window(acted_at + ACT_WINDOW, ACT_QUOTA)
    return opened if current is None or current.closes_at < opened.closes_at else current


def pseudonym(contact_id: int, remark: str) -> str:
    """The agents' remark, or a stable name: WeChat gives no nicknames since 2021."""
    return remark or f"微信用户 {contact_id:04d}"
