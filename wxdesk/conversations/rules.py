"""Status, priority, places and standings of conversations and messages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SPAM = "spam"  # why messages were set aside
LONGEST_SNOOZE = timedelta(days=366)
LARGEST_CLOCK_SKEW = timedelta(minutes=5)
CLOSING_SOON = timedelta(hours=2)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
COLOURS = ("blue", "azure", "green", "lime", "yellow", "orange", "red", "pink", "purple", "gray")


class Status(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


ASLEEP = (Status.PENDING, Status.SNOOZED)


class Waking(StrEnum):
    """Why a sleeping conversation came back: nothing is buried by sleeping."""

    TIME = "time"
    CUSTOMER = "customer"
    BREACHED = "breached"
    CLOSING = "closing"
    FAILED = "failed"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Direction(StrEnum):
    """`internal` lines are for colleagues only: notes and what happened to the conversation."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


class SenderKind(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    RULE = "rule"
    SYSTEM = "system"


class Line(StrEnum):
    """Kinds of internal messages."""

    NOTE = "note"
    ACTIVITY = "activity"


class DraftKind(StrEnum):
    REPLY = "reply"
    NOTE = "note"


class Returned(StrEnum):
    """Why a conversation went from its agent back to all."""

    OFFLINE = "offline"
    SILENT = "silent"
    DEACTIVATED = "deactivated"


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


def may_reopen(resolved_at: datetime | None, now: datetime, within: timedelta) -> bool:
    """A customer who writes soon after the end continues the same conversation."""
    return resolved_at is not None and now - resolved_at <= within


def printable(text: str) -> str:
    """Without the characters that neither XML nor PostgreSQL takes."""
    return CONTROL.sub("", text)
