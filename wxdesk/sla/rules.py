"""When a promise falls due, is kept or is broken. Pure: plain values in, plain values out.

Judged by event time against the stored deadline, never by when somebody looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.calendars.rules import NEVER, Calendar, add_business_time, business_time_between

SHORTEST_TARGET = 60
LONGEST_TARGET = 7 * 24 * 3600
LONGEST_RESOLUTION = 60 * 24 * 3600
NO_TIME = timedelta(0)
LAST_YEAR = 9000  # a deadline after it never comes
INSTANT = timedelta(microseconds=1)  # an answer at the very deadline keeps the promise


class Clock(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


RESPONSES = (Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE)


class ClockState(StrEnum):
    """`met`: a person answered, or resolved it; `stopped`: ended without."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    STOPPED = "stopped"


class BreachCause(StrEnum):
    """Why nobody had answered at the deadline; `not_taken`: people were there and had room."""

    OUT_OF_HOURS = "out_of_hours"
    NOBODY_ONLINE = "nobody_online"
    AT_CAPACITY = "at_capacity"
    NOT_TAKEN = "not_taken"
    ASSIGNED_SILENT = "assigned_silent"


@dataclass(frozen=True, slots=True)
class Targets:
    """How soon a person must answer and resolve, in seconds; None: nothing is promised."""

    first_response_seconds: int | None = 300
    next_response_seconds: int | None = 600
    resolution_seconds: int | None = None

    def of(self, clock: Clock) -> timedelta | None:
        seconds: int | None = getattr(self, f"{clock}_seconds")
        return None if seconds is None else timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Whom a promise is for: one of each list that is not empty must fit.

    `campaign_ids`: the customer has taken part in it, whenever that was.
    """

    account_ids: frozenset[int] = frozenset()
    team_ids: frozenset[int] = frozenset()
    tag_ids: frozenset[int] = frozenset()
    contact_tag_ids: frozenset[int] = frozenset()
    campaign_ids: frozenset[int] = frozenset()
    priorities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a conversation is, as far as promises ask for it; the campaigns are its customer's."""

    account_id: int
    team_id: int | None
    priority: str
    tag_ids: frozenset[int] = frozenset()
    contact_tag_ids: frozenset[int] = frozenset()
    campaign_ids: frozenset[int] = frozenset()


class Deed(StrEnum):
    """What a stage does."""

    NOTIFY = "notify"
    PRIORITY = "priority"
    REASSIGN = "reassign"
    TAG = "tag"
    WEBHOOK = "webhook"


class Whom(StrEnum):
    """The assignee, or the team while nobody has it; all of the team; supervisors and admins.

    Where no team has people: everybody who answers.
    """

    ASSIGNEE = "assignee"
    TEAM = "team"
    SUPERVISORS = "supervisors"


class When(StrEnum):
    """`percent` of the target passed, `minutes_left` until the deadline, or after the breach."""

    PERCENT = "percent"
    MINUTES_LEFT = "minutes_left"
    BREACHED_MINUTES = "breached_minutes"


@dataclass(frozen=True, slots=True)
class Action:
    """`to` None with reassign: back to all; the other fields by what is done."""

    do: Deed
    whom: tuple[Whom, ...] = ()
    priority: str | None = None
    to: int | None = None
    tag_id: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A warning or an escalation of one clock, or of each (None); it happens once."""

    key: str
    clock: Clock | None
    when: When
    amount: int
    actions: tuple[Action, ...] = ()

    @property
    def is_warning(self) -> bool:
        """It comes before the deadline."""
        return self.when is not When.BREACHED_MINUTES

    def fits(self, clock: Clock) -> bool:
        return self.clock is None or self.clock is clock


@dataclass(frozen=True, slots=True)
class Promise:
    """One version of a policy. `policy_id` None: the promise that is built in."""

    policy_id: int | None = None
    version: int | None = None
    name: str = ""
    conditions: Conditions = Conditions()
    targets: Mapping[str, Targets] | None = None
    calendar_id: int | None = None
    pauses_when_pending: bool = False
    pauses_when_snoozed: bool = False
    stages: tuple[Stage, ...] = ()

    def target(self, clock: Clock, priority: str) -> timedelta | None:
        """A priority that is not given has the targets of `normal`."""
        given = self.targets or {}
        return (given.get(priority) or given.get("normal") or Targets()).of(clock)


BUILT_IN = Promise()


def fits(conditions: Conditions, facts: Facts) -> bool:
    return (
        (not conditions.account_ids or facts.account_id in conditions.account_ids)
        and (not conditions.team_ids or facts.team_id in conditions.team_ids)
        and (not conditions.priorities or facts.priority in conditions.priorities)
        and (not conditions.tag_ids or bool(conditions.tag_ids & facts.tag_ids))
        and _fits_customer(conditions, facts)
    )


def _fits_customer(conditions: Conditions, facts: Facts) -> bool:
    its, entered = conditions.contact_tag_ids, conditions.campaign_ids
    return (not its or bool(its & facts.contact_tag_ids)) and (
        not entered or bool(entered & facts.campaign_ids)
    )


@dataclass(frozen=True, slots=True)
class Timing:
    """How one clock is measured: the target, the hours that count, what was paused of them."""

    started_at: datetime
    target: timedelta
    calendar: Calendar | None = None
    paused: timedelta = NO_TIME

    @property
    def deadline_at(self) -> datetime:
        return self.after(self.target)

    def after(self, part: timedelta) -> datetime:
        """When so much of the target has passed."""
        return later(self.calendar, self.started_at, max(part, NO_TIME) + self.paused)

    def stage_at(self, stage: Stage) -> datetime:
        """When it falls due; the minutes after a breach are minutes of the clock on the wall."""
        if stage.when is When.PERCENT:
            return self.after(self.target * stage.amount / 100)
        amount = timedelta(minutes=stage.amount)
        if stage.when is When.MINUTES_LEFT:
            return self.after(self.target - amount)
        deadline_at = self.deadline_at
        return deadline_at if deadline_at.year > LAST_YEAR else deadline_at + INSTANT + amount


def later(calendar: Calendar | None, start: datetime, duration: timedelta) -> datetime:
    """Without a calendar every hour counts."""
    if calendar is None:
        return start + duration
    return add_business_time(calendar, start, duration)


def between(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    """Never less than nothing."""
    if end <= start:
        return NO_TIME
    if calendar is None:
        return end - start
    return business_time_between(calendar, start, end)


def is_breached(deadline_at: datetime, event_at: datetime) -> bool:
    """An answer at the very instant of the deadline keeps the promise; later breaks it."""
    return event_at > deadline_at


def seconds_between(start: datetime, end: datetime) -> int:
    """Whole seconds, never less than 0."""
    return max(0, int((end - start).total_seconds()))


def check_at(
    promise: Promise, clock: Clock, timing: Timing | None, after: datetime | None = None
) -> datetime:
    """When the next stage or the deadline falls due; only later than `after`, if that is given."""
    if timing is None:
        return NEVER
    dues = [timing.stage_at(stage) for stage in promise.stages if stage.fits(clock)]
    dues.append(timing.deadline_at + INSTANT if timing.deadline_at < NEVER else NEVER)
    return min((due for due in dues if after is None or due > after), default=NEVER)


def running_response(*, has_answer: bool) -> Clock:
    """First response until a person has answered in this episode, then next response."""
    return Clock.NEXT_RESPONSE if has_answer else Clock.FIRST_RESPONSE


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """What a policy says, as a person fills it in; targets by priority, `normal` always."""

    name: str
    targets: Mapping[str, Targets]
    conditions: Conditions = Conditions()
    calendar_id: int | None = None
    pauses_when_pending: bool = True
    pauses_when_snoozed: bool = True
    stages: tuple[Stage, ...] = ()
    is_active: bool = True
