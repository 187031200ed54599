"""The report by hour of the week: when customers write, and how quickly they are answered then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Message
from wxdesk.reports.buckets import VOLUMES, volume_values
from wxdesk.reports.clock_figures import RESPONSES, Waits, together, waits_by
from wxdesk.reports.duration_parts import (
    FIRST,
    PROMISES,
    TURNS,
    behind_durations,
    behind_promises,
    business_notes,
    duration_columns,
    duration_values,
    promise_values,
)
from wxdesk.reports.filters import is_unfinished
from wxdesk.reports.groups import BEGUN, NO_MESSAGES
from wxdesk.reports.local_time import (
    A_WEEK,
    AN_HOUR,
    hour_of_week,
    instant_of,
    quarter_of,
    quarters_of,
)
from wxdesk.reports.models import MessageTally
from wxdesk.reports.partial import partial_notes
from wxdesk.reports.rules import (
    Behind,
    ChartKind,
    Column,
    Filters,
    Period,
    Report,
    Row,
    Table,
    Unit,
    Value,
)
from wxdesk.reports.volumes import Volumes, count_messages, has_messages
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock
from wxdesk.words import say

DAYS = (
    say("Monday"),
    say("Tuesday"),
    say("Wednesday"),
    say("Thursday"),
    say("Friday"),
    say("Saturday"),
    say("Sunday"),
)
DAY = Column("day", say("Day"), Unit.TEXT)
HOUR = Column("hour", say("Hour"), Unit.TEXT)
OFTEN = Column(
    "hours",
    say("Hours counted"),
    Unit.COUNT,
    say(
        "How often this hour of the week has come in the period and is over, from the hour of the"
        " desk's first message on."
    ),
)
USUAL = Column(
    "usual",
    say("Messages in, an hour"),
    Unit.SCORE,
    say("Messages in of the hours counted / how many these are: what to expect in such an hour."),
)
LOCAL = say("Days and hours are those of the desk's time zone.")


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "hours"."""
    hour = hour_of_week(SlaClock.started_quarter, filters.period)
    found = waits_by(session, filters, now, hour, clocks=RESPONSES)
    first = together(found, Clock.FIRST_RESPONSE)
    turns = together(found, *RESPONSES)
    notes = [LOCAL] if has_messages(filters) else [LOCAL, NO_MESSAGES]
    return Report(
        name="hours",
        title=say("Hours of the week"),
        figures=(),
        tables=(_volumes(session, filters, now), _waits(turns), _durations(first, turns)),
        notes=(*notes, *business_notes(filters, turns.values()), *partial_notes(session, filters)),
        as_of=now,
    )


def _volumes(session: Session, filters: Filters, now: datetime) -> Table:
    counted: Mapping[tuple[int, ...], Volumes] = {}
    if has_messages(filters):
        counted = count_messages(session, filters, "hour")
    often = _hours_over(filters.period, now, _first_quarter(session))
    running = _running(session, filters, now)
    rows = []
    for hour in range(A_WEEK):
        volumes = counted.get((hour,), Volumes())
        values = volume_values(filters, volumes)
        usual = None
        if values[0] is not None and often[hour]:
            usual = (volumes.received - running[hour]) / often[hour]
        behind = {"received": Behind("messages", {"what": "in", "hour": str(hour)})}
        rows.append(Row((*_name(hour), *values, often[hour], usual), behind))
    return Table(
        key="volumes",
        title=say("When messages come in"),
        columns=(DAY, HOUR, *VOLUMES, OFTEN, USUAL),
        rows=tuple(rows),
        chart=ChartKind.HEAT,
        drawn=("received",),
    )


def _waits(turns: Mapping[int | None, Waits]) -> Table:
    rows = []
    for hour in range(A_WEEK):
        waits = turns.get(hour, Waits())
        narrows = {"hour": str(hour)}
        behind = {"begun": Behind("clocks", {"clock": "responses", **narrows})}
        behind |= behind_promises("responses", narrows)
        rows.append(Row((*_name(hour), waits.begun, *promise_values(waits)), behind))
    return Table(
        key="waits",
        title=say("When customers begin to wait"),
        columns=(DAY, HOUR, BEGUN, *PROMISES),
        rows=tuple(rows),
        chart=ChartKind.HEAT,
        drawn=("begun",),
    )


def _durations(first: Mapping[int | None, Waits], turns: Mapping[int | None, Waits]) -> Table:
    rows = []
    for hour in range(A_WEEK):
        values: list[Value] = [*_name(hour)]
        behind: dict[str, Behind] = {}
        for measure, found in ((FIRST, first), (TURNS, turns)):
            values += duration_values(found.get(hour, Waits()))
            behind |= behind_durations(measure, {"hour": str(hour)})
        rows.append(Row(tuple(values), behind))
    return Table(
        key="durations",
        title=say("How long customers wait who began to wait then"),
        columns=(DAY, HOUR, *duration_columns(FIRST), *duration_columns(TURNS)),
        rows=tuple(rows),
        chart=ChartKind.HEAT,
        drawn=("turn_median",),
    )


def _name(hour: int) -> Sequence[Value]:
    return DAYS[hour // 24], f"{hour % 24:02d}"


def _first_quarter(session: Session) -> int | None:
    """When the desk's first message arrived: a tally stays when the message is erased."""
    tallied = session.scalar(select(func.min(MessageTally.quarter)))
    at = session.scalar(select(func.min(Message.received_at)))
    return min((each for each in (tallied, at and quarter_of(at)) if each), default=None)


def _hours_over(period: Period, now: datetime, first: int | None) -> Counter[int]:
    """How often each hour of the week is over in the period, from that of the first message on."""
    found: Counter[int] = Counter()
    for quarter in quarters_of(period)[::AN_HOUR]:
        after = quarter + AN_HOUR
        if first is not None and first < after <= quarter_of(now):
            local = instant_of(quarter).astimezone(period.zone)
            found[local.weekday() * 24 + local.hour] += 1
    return found


def _running(session: Session, filters: Filters, now: datetime) -> Counter[int]:
    """Messages in of the hour that is not over, by its hour of the week."""
    if not (has_messages(filters) and is_unfinished(filters.period, now)):
        return Counter()
    first = quarters_of(filters.period).start
    begins = first + (quarter_of(now) - first) // AN_HOUR * AN_HOUR
    period = replace(filters.period, since=instant_of(begins))
    counted = count_messages(session, replace(filters, period=period), "hour")
    return Counter({hour: volumes.received for (hour,), volumes in counted.items()})
