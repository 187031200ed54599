"""How many customer-service messages an account may send to a customer, and until when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MESSAGE_LIMIT, MESSAGE_PERIOD = 5, timedelta(hours=48)
EVENT_LIMIT, EVENT_PERIOD = 3, timedelta(minutes=1)
OPENING_EVENTS = frozenset({"subscribe", "scan", "click", "scancode_push", "scancode_waitmsg"})


@dataclass(frozen=True, slots=True)
class Grant:
    """Messages left and the instant from which none may be sent."""

    left: int
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """The grants of the last message and of the last event; they replace, never add up."""

    message: Grant | None = None
    event: Grant | None = None

    def after_message(self, now: datetime) -> ReplyWindow:
        """A message starts 48 hours and five messages anew."""
        return replace(self, message=Grant(MESSAGE_LIMIT, now + MESSAGE_PERIOD))

    def after_event(self, now: datetime) -> ReplyWindow:
        """Following, scanning or a menu click gives one minute and three messages."""
        return replace(self, event=Grant(EVENT_LIMIT, now + EVENT_PERIOD))

    def after_reply(self) -> ReplyWindow:
        """A message sent counts against both grants."""
        return ReplyWindow(_spent(self.message), _spent(self.event))

    def left(self, now: datetime) -> int | None:
        """Messages that may still be sent; None when the window is closed."""
        grants = self._open(now)
        return max(grant.left for grant in grants) if grants else None

    def closes_at(self, now: datetime) -> datetime | None:
        """When the last open grant closes; None when none is open."""
        return max((grant.closes_at for grant in self._open(now)), default=None)

    def _open(self, now: datetime) -> list[Grant]:
        grants = (self.message, self.event)
        return [grant for grant in grants if grant is not None and now < grant.closes_at]


CLOSED = ReplyWindow()


def _spent(grant: Grant | None) -> Grant | None:
    return grant and replace(grant, left=max(0, grant.left - 1))
