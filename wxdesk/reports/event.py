"""The report of an event: messages and backlog minute by minute, its peak, and when it was over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wxdesk.reports.event_figures import (
    DAY,
    HOUR,
    MINUTE,
    Course,
    Step,
    read_course,
    step_of,
)
from wxdesk.reports.local_time import midnight
from wxdesk.reports.parts import Pair, compared
from wxdesk.reports.rules import (
    QUARTER,
    Behind,
    ChartKind,
    Column,
    Figure,
    Filters,
    Period,
    Report,
    Row,
    Table,
    Unit,
    Value,
)
from wxdesk.words import Words, say

TITLES = {
    MINUTE: say("Minute by minute"),
    QUARTER: say("Every quarter of an hour"),
    HOUR: say("Hour by hour"),
    DAY: say("Day by day"),
}
RECEIVED_MEANS = say(
    "Messages of customers to people or rules, by when they arrived. Events, ratings and spam are"
    " not in it."
)
BEGAN_MEANS = say("Customers who began to wait for a person.")
BACKLOG_MEANS = say(
    "Customers who waited for a person's answer at the last instant of the step: a stock, not a"
    " flow. Those who began before the period are in it."
)
NO_AGENTS = say(
    "Who will answer is not known while somebody waits: the filter of agents does not count here."
)
NO_MESSAGES = say("Messages belong to no team, agent or tag: with these filters they are unknown.")


@dataclass(frozen=True, slots=True)
class _Course:
    """What the figures tell of the steps of one period."""

    course: Course

    @property
    def steps(self) -> Sequence[Step]:
        return self.course.steps

    def total(self, name: str) -> int | None:
        known = [getattr(step, name) for step in self.steps if getattr(step, name) is not None]
        return sum(known) if known else None

    def peak(self, name: str) -> Step | None:
        """The first of the steps with the most; None when there was nothing at all."""
        known = [step for step in self.steps if getattr(step, name)]
        return max(known, key=lambda step: int(getattr(step, name)), default=None)

    def most(self, name: str) -> int | None:
        if not any(getattr(step, name) is not None for step in self.steps):
            return None
        step = self.peak(name)
        return getattr(step, name) if step else 0

    @property
    def busy(self) -> str:
        """What tells when the most happened: messages, or waits where messages are unknown."""
        return "began" if self.total("received") is None else "received"

    def caught_up(self, length: timedelta) -> datetime | None:
        """When, after its peak, the backlog was again at most what it was before the period."""
        peak = self.peak("backlog")
        if peak is None:
            return None
        later = (step for step in self.steps if step.begins > peak.begins)
        found = (step for step in later if _is_down(step, self.course.at_first))
        step = next(found, None)
        return step.begins + length if step else None


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "event"."""
    length = step_of(filters.period)

    def read(wanted: Filters) -> _Course:
        return _Course(read_course(session, wanted, now, length))

    pair = compared(filters, now, read)
    hint = "" if length == MINUTE else say("Choose a single day to see every minute of it.")
    tables = [_table("steps", TITLES[length], pair.now.steps, hint)]
    busiest = pair.now.peak(pair.now.busy)
    if length != MINUTE and busiest is not None:
        tables.append(_busiest_day(session, filters, now, busiest))
    return Report(
        name="event",
        title=say("Minute by minute"),
        figures=(*_volumes(pair, filters), *_backlogs(pair, length)),
        tables=tuple(tables),
        notes=tuple(_notes(filters)),
        as_of=now,
    )


def _notes(filters: Filters) -> list[str]:
    notes: list[str] = []
    if filters.agent_ids:
        notes.append(NO_AGENTS)
    if filters.agent_ids or filters.team_ids or filters.tag_ids:
        notes.append(NO_MESSAGES)
    return notes


def _busiest_day(session: Session, filters: Filters, now: datetime, busiest: Step) -> Table:
    zone = filters.period.zone
    day = busiest.begins.astimezone(zone).date()
    period = Period(midnight(day, zone), midnight(day + DAY, zone), zone)
    steps = read_course(session, replace(filters, period=period), now, MINUTE).steps
    title = say("The busiest day, minute by minute: %(day)s", day=day.isoformat())
    return _table("minutes", title, steps)


def _volumes(pair: Pair[_Course], filters: Filters) -> tuple[Figure, ...]:
    waits = None if filters.agent_ids else Behind("clocks", {"clock": "responses"})

    def figure(name: str, label: Words, definition: Words, behind: Behind | None) -> Figure:
        return Figure(
            key=name,
            label=label,
            definition=definition,
            value=pair.now.total(name),
            unit=Unit.COUNT,
            before=pair.earlier(lambda course: course.total(name)),
            behind=behind,
        )

    return (
        figure("received", say("Messages in"), RECEIVED_MEANS, Behind("messages", {"what": "in"})),
        figure(
            "answered",
            say("Answered by a rule"),
            say("Messages that a rule answered by itself; no person had to."),
            Behind("messages", {"what": "auto_answered"}),
        ),
        figure(
            "people",
            say("Written by people"),
            say("Messages of agents to customers."),
            Behind("messages", {"what": "by_people"}),
        ),
        figure("began", say("Waits begun"), BEGAN_MEANS, waits),
        Figure(
            key="most",
            label=say("Most in one step"),
            definition=say("Messages in (waits begun where messages are unknown) of one step."),
            value=pair.now.most(pair.now.busy),
            unit=Unit.COUNT,
            before=pair.earlier(lambda course: course.most(course.busy)),
        ),
        _at("most_at", say("Busiest step"), say("When the first such step began."), pair.now, ""),
    )


def _backlogs(pair: Pair[_Course], length: timedelta) -> tuple[Figure, ...]:
    course = pair.now
    return (
        Figure(
            key="backlog_first",
            label=say("Backlog before"),
            definition=say("Customers who waited for a person just before the period began."),
            value=course.course.at_first,
            unit=Unit.COUNT,
        ),
        Figure(
            key="backlog_most",
            label=say("Highest backlog"),
            definition=BACKLOG_MEANS,
            value=course.most("backlog"),
            unit=Unit.COUNT,
            before=pair.earlier(lambda its: its.most("backlog")),
            is_good_when_higher=False,
        ),
        _at(
            "backlog_at",
            say("Highest at"),
            say("When the first step with the highest backlog began."),
            course,
            "backlog",
        ),
        Figure(
            key="caught_up",
            label=say("Caught up at"),
            definition=say(
                "The end of the first step after the highest backlog whose backlog was again at"
                " most the one before the period. A dash: not yet, or there was none."
            ),
            value=course.caught_up(length),
            unit=Unit.INSTANT,
        ),
    )


def _at(key: str, label: Words, definition: Words, course: _Course, name: str) -> Figure:
    peak = course.peak(name or course.busy)
    return Figure(key, label, definition, peak.begins if peak else None, Unit.INSTANT)


def _table(key: str, title: Words, steps: Sequence[Step], note: str = "") -> Table:
    rows = tuple(Row(_values(step)) for step in steps)
    columns = (
        Column("begins", say("From"), Unit.INSTANT),
        Column("received", say("Messages in"), Unit.COUNT, RECEIVED_MEANS),
        Column("answered", say("Answered by a rule"), Unit.COUNT),
        Column("people", say("Written by people"), Unit.COUNT),
        Column("began", say("Waits begun"), Unit.COUNT, BEGAN_MEANS),
        Column("ended", say("Waits ended"), Unit.COUNT, say("Answered, or ended otherwise.")),
        Column("backlog", say("Backlog"), Unit.COUNT, BACKLOG_MEANS),
    )
    drawn = ("received", "answered", "backlog")
    return Table(key, title, columns, rows, ChartKind.LINE, drawn, note)


def _values(step: Step) -> tuple[Value, ...]:
    return (
        step.begins,
        step.received,
        step.answered,
        step.people,
        step.began,
        step.ended,
        step.backlog,
    )


def _is_down(step: Step, level: int) -> bool:
    return step.backlog is not None and step.backlog <= level
