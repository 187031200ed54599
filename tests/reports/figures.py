"""Every figure of every report, worked out from the truth by going through it one by one.

A report is {"figures": {key: (value, value before)}, "tables": {key: [rows]}}. What each means is
said in docs/reports.md and beside the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reports.shapes import Conversation, Wait
from reports.truth import Truth

CLOCKS = {
    "first_response": "First response",
    "next_response": "Next response",
    "resolution": "Resolution",
}
RESPONSES = ("first_response", "next_response")
MEASURES = {
    "first": ("First response", ("first_response",)),
    "turn": ("Reply time per turn", RESPONSES),
    "resolution": ("Resolution per episode", ("resolution",)),
}
CAUSES = {
    "out_of_hours": "Out of hours",
    "assigned_silent": "Assigned and silent",
    "nobody_online": "Nobody online",
    "at_capacity": "All at capacity",
    "not_taken": "Not taken",
}
PRIORITIES = {"urgent": "Urgent", "high": "High", "normal": "Normal", "low": "Low"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WRONG_WITHIN = timedelta(minutes=10)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Message:
    """`kind`: auto_answered, to_people, aside (in); by_rules, by_people (out)."""

    at: datetime
    kind: str
    account: str
    agent: str | None = None
    rule: tuple[int, int] | None = None


@dataclass(frozen=True)
class View:
    """What somebody looks at: the truth through the filters, at the instant `now`."""

    truth: Truth
    messages: Sequence[Message]
    names: dict[str, str]  # of agents, accounts, rules and policies, as pages show them
    numbers: dict[str, int]  # of customers, as pages show them
    now: datetime
    since: datetime
    until: datetime
    zone: ZoneInfo
    accounts: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    in_hours: bool = False
    compares: bool = True
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def before(self) -> View | None:
        """The period before; of one that is not over only as much of it, to the quarter hour."""
        if not self.compares:
            return None
        since, until = self.earlier(self.since), self.since
        if self.since < self.now < self.until:
            until = floor(self.earlier(self.now), QUARTER)
        return replace(self, since=since, until=max(until, since))

    def earlier(self, at: datetime) -> datetime:
        """The same time by the clock on the wall, as many days ago as the period has."""
        then = self.local(at).replace(tzinfo=None) - timedelta(days=len(self.days()))
        return then.replace(tzinfo=self.zone).astimezone(UTC)

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def days(self) -> list[date]:
        first = self.local(self.since).date()
        last = self.local(self.until - timedelta(microseconds=1)).date()
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def conversation(self, wait: Wait) -> Conversation:
        return self.truth.by_who[wait.who][wait.conversation - 1]

    def fits(self, wait: Wait) -> bool:
        conversation = self.conversation(wait)
        agent = wait.agent if wait.ended else conversation.assignee
        return (
            (not self.accounts or wait.account in self.accounts)
            and (not self.teams or wait.team in self.teams)
            and (not self.agents or agent in self.agents)
            and (not self.tags or bool(conversation.tags & set(self.tags)))
        )

    def all_waits(self) -> list[Wait]:
        """Worked out once for all periods."""
        key = (self.accounts, self.teams, self.agents, self.tags)
        if key not in self.memo:
            self.memo[key] = [wait for wait in self.truth.waits() if self.fits(wait)]
        found: list[Wait] = self.memo[key]
        return found

    def waits(self, *clocks: str) -> list[Wait]:
        """Whose customer began to wait in the period."""
        wanted = clocks or tuple(CLOCKS)
        return [
            wait for wait in self.all_waits() if self.holds(wait.started) and wait.clock in wanted
        ]

    def seconds(self, wait: Wait) -> int | None:
        return wait.business if self.in_hours else wait.seconds

    def team(self, name: str | None) -> str:
        return name or "No team"

    @property
    def knows_messages(self) -> bool:
        return not self.teams and not self.tags

    def count(self, kind: str, messages: Iterable[Message] | None = None) -> int | None:
        """Messages of a kind in the period; None where the filters leave nothing to count."""
        if not self.knows_messages or (self.agents and kind != "by_people"):
            return None
        kinds = ("auto_answered", "to_people") if kind == "received" else (kind,)
        return sum(
            1
            for one in (self.messages if messages is None else messages)
            if one.kind in kinds
            and self.holds(one.at)
            and (not self.accounts or one.account in self.accounts)
            and (not self.agents or one.agent in self.agents)
        )

    def wrong_hits(self) -> list[tuple[Wait, Any]]:
        """(the first such wait, the automatic answer), each automatic answer once."""
        found: dict[int, tuple[Wait, Any]] = {}
        for wait in sorted(self.waits(*RESPONSES), key=lambda one: one.started):
            auto = self.truth.after(wait)
            is_soon = auto is not None and wait.started - auto.received < WRONG_WITHIN + SECOND
            if wait.state == "met" and is_soon:
                found.setdefault(id(auto), (wait, auto))
        return list(found.values())


SECOND = timedelta(seconds=1)
Take = Callable[[View], Any]


def floor(at: datetime, step: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % step


def share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole


def nearest(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least so many per cent do not exceed."""
    ordered = sorted(values)
    for value in ordered:
        if 100 * sum(1 for one in ordered if one <= value) >= percent * len(ordered):
            return value
    return None


def durations(view: View, waits: Iterable[Wait]) -> Row:
    """Number, median, p90, p95 and longest of those that were met."""
    taken = [view.seconds(wait) for wait in waits if wait.state == "met"]
    return spread([one for one in taken if one is not None])


def spread(values: Sequence[int]) -> Row:
    return (
        len(values),
        nearest(values, 50),
        nearest(values, 90),
        nearest(values, 95),
        max(values, default=None),
    )


def outcome(wait: Wait) -> str:
    if wait.breached is not None:
        return "broken"
    if wait.promise.target(wait.clock, wait.priority) is None:
        return "none"
    if wait.ended is None:
        return "running"
    return "kept" if wait.state == "met" else "stopped"


def counted(waits: Iterable[Wait]) -> dict[str, int]:
    found = dict.fromkeys(("kept", "broken", "running", "stopped", "none"), 0)
    for wait in waits:
        found[outcome(wait)] += 1
    return found


def kept_share(waits: Iterable[Wait]) -> float | None:
    found = counted(waits)
    return share(found["kept"], found["kept"] + found["broken"])


def promise_values(waits: Sequence[Wait]) -> Row:
    found = counted(waits)
    return found["kept"], found["broken"], found["running"], kept_share(waits)


def compared(view: View, takes: dict[str, Take]) -> dict[str, tuple[Any, Any]]:
    before = view.before()
    return {key: (take(view), take(before) if before else None) for key, take in takes.items()}


def only_now(view: View, takes: dict[str, Take]) -> dict[str, tuple[Any, Any]]:
    return {key: (take(view), None) for key, take in takes.items()}
