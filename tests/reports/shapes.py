"""What the truth is told in: promises, waits, conversations, answers, ratings. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reports.hours import Hours, open_time, when_passed

TARGETS = {"first_response": 300, "next_response": 600, "resolution": None}


@dataclass(frozen=True)
class Promise:
    """What a policy says in one version; `id` None: the desk's own promise."""

    id: int | None
    version: int | None
    targets: Mapping[str, Mapping[str, int | None]]
    hours: Hours | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict)
    pauses: tuple[str, ...] = ()
    warns: tuple[int, str, str] | None = None
    calendar: str | None = None

    def target(self, clock: str, priority: str) -> int | None:
        return self.targets.get(priority, self.targets["normal"]).get(clock)

    def fits(self, conversation: Conversation) -> bool:
        wanted = self.conditions
        have = {
            "accounts": {conversation.account},
            "teams": {conversation.team},
            "tags": conversation.tags,
            "priorities": {conversation.priority},
        }
        return all(not wanted.get(kind) or have[kind] & set(wanted[kind]) for kind in have)


OWN = Promise(None, None, {"normal": TARGETS})


@dataclass
class Said:
    """A message of the customer for people, in the order in which they were recorded."""

    number: int
    wrote: datetime
    received: datetime


@dataclass
class Wait:
    who: str
    conversation: int
    clock: str
    episode: int
    account: str
    started: datetime
    first: int  # number of the oldest recorded message that it is about
    team: str | None = None
    priority: str = "normal"
    promise: Promise = OWN
    state: str = "running"
    ended: datetime | None = None
    agent: str | None = None
    deadline: datetime | None = None
    breached: datetime | None = None
    breach_assignee: str | None = None
    breach_team: str | None = None
    cause: str | None = None
    paused_at: datetime | None = None
    paused: timedelta = timedelta(0)
    had_since: datetime | None = None
    is_warned: bool = False
    business: int | None = None

    @property
    def is_response(self) -> bool:
        return self.clock != "resolution"

    @property
    def seconds(self) -> int | None:
        return None if self.ended is None else max(0, whole(self.ended - self.started))

    @property
    def handling(self) -> int | None:
        if self.ended is None or self.had_since is None:
            return None
        return max(0, whole(self.ended - max(self.had_since, self.started)))

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    def resume(self, at: datetime) -> None:
        """A pause is worth what the hours of the promise of that moment say."""
        assert self.paused_at is not None
        self.paused += open_time(self.promise.hours, self.paused_at, max(at, self.paused_at))
        self.paused_at = None

    def warning(self) -> datetime | None:
        """When the first response has used up so many per cent of its target."""
        target = self.promise.target(self.clock, self.priority)
        if self.promise.warns is None or self.clock != "first_response" or target is None:
            return None
        part = timedelta(seconds=target) * self.promise.warns[0] / 100
        return when_passed(self.promise.hours, self.started, part + self.paused)

    def find_deadline(self) -> None:
        target = self.promise.target(self.clock, self.priority)
        if target is None:
            self.deadline = None
        else:
            wanted = timedelta(seconds=target) + self.paused
            self.deadline = when_passed(self.promise.hours, self.started, wanted)


@dataclass
class Conversation:
    who: str
    number: int
    account: str
    opened: datetime
    team: str | None
    status: str = "open"
    priority: str = "normal"
    tags: set[str] = field(default_factory=set)
    assignee: str | None = None
    assigned_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    snoozed_until: datetime | None = None
    is_spam: bool = False
    is_merged: bool = False
    episode: int = 0
    is_answered: bool = False
    said: list[Said] = field(default_factory=list)
    covered: int = 0  # number of the last recorded message that an answer has reached
    waits: list[Wait] = field(default_factory=list)
    response: Wait | None = None
    resolution: Wait | None = None

    def running(self) -> list[Wait]:
        return [wait for wait in (self.response, self.resolution) if wait is not None]


@dataclass
class Sent:
    """An agent's answer and what became of it."""

    who: str
    agent: str
    conversation: Conversation
    written: datetime
    number: int
    before: Conversation
    state: str = "queued"


@dataclass
class Rating:
    who: str
    account: str
    agent: str | None
    team: str | None
    conversation: Conversation
    asked: datetime
    state: str = "asked"
    score: int | None = None
    rated: datetime | None = None


def whole(span: timedelta) -> int:
    return int(span.total_seconds())
