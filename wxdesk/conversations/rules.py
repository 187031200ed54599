"""Status, priority, places and standings of conversations and messages. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

REOPEN_WITHIN = timedelta(hours=24)
LARGEST_CLOCK_SKEW = timedelta(minutes=5)
CLOSING_SOON = timedelta(hours=2)


class Status(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class SenderKind(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    RULE = "rule"


class Place(StrEnum):
    """Where an inbound message is; each is in exactly one."""

    CONVERSATION = "conversation"
    AUTO_ANSWERED = "auto_answered"
    SET_ASIDE = "set_aside"


class Standing(StrEnum):
    """What the webhook must know of a customer before it answers."""

    NEW = "new"
    ATTENDED = "attended"
    OVERDUE = "overdue"
    ATTENDED_OVERDUE = "attended_overdue"

    @property
    def is_attended(self) -> bool:
        return self in (Standing.ATTENDED, Standing.ATTENDED_OVERDUE)

    @property
    def is_overdue(self) -> bool:
        return self in (Standing.OVERDUE, Standing.ATTENDED_OVERDUE)


def standing_of(status: Status, *, is_assigned: bool, is_overdue: bool) -> Standing:
    """A person is in the conversation while it is assigned and not resolved."""
    if status is Status.RESOLVED:
        return Standing.NEW
    if is_assigned:
        return Standing.ATTENDED_OVERDUE if is_overdue else Standing.ATTENDED
    return Standing.OVERDUE if is_overdue else Standing.NEW


@dataclass(frozen=True, slots=True)
class Urgency:
    """Where a conversation stands in the queue: first by rank, then by time.

    `check_at` is when it must be judged again because time passes; None for never.
    """

    rank: int
    at: datetime
    check_at: datetime | None


def urgency_of(
    *, is_waiting: bool, due_at: datetime, closes_at: datetime | None, now: datetime
) -> Urgency:
    """A reply window about to close goes before a deadline that has merely passed.

    After the deadline an answer is late; after the window there is none. `closes_at` is None when
    nothing can be sent any more.
    """
    if not is_waiting or closes_at is None or closes_at <= now:
        return Urgency(1, due_at, None)
    if closes_at - now <= CLOSING_SOON:
        return Urgency(0, closes_at, closes_at)
    return Urgency(1, due_at, closes_at - CLOSING_SOON)


def wrote_at(created_at: datetime, received_at: datetime) -> datetime:
    """When the customer wrote: WeChat's time, unless its clock and ours differ too much.

    A message never lies in the future, and is at most 5 minutes (three deliveries and a spool
    need far less) older than its arrival: beyond that a clock is wrong, and ours is taken.
    """
    if created_at > received_at or received_at - created_at > LARGEST_CLOCK_SKEW:
        return received_at
    return created_at


def may_reopen(resolved_at: datetime | None, now: datetime) -> bool:
    """A customer who writes soon after the end continues the same conversation."""
    return resolved_at is not None and now - resolved_at <= REOPEN_WITHIN
