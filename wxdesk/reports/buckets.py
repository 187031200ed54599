"""A period cut into local days, or hours when it is short: what came in, who waited at the end."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.duration_parts import AUTO_ANSWERED, BY_PEOPLE, BY_RULES, RECEIVED
from wxdesk.reports.flows import Flow, read_flows
from wxdesk.reports.local_time import AN_HOUR, days_of, instant_of, midnight, quarter_of
from wxdesk.reports.rules import Behind, ChartKind, Column, Filters, Period, Row, Table, Unit, Value
from wxdesk.reports.volumes import Volumes, count_messages, has_messages
from wxdesk.words import say

EPOCH_DAY = EPOCH.toordinal()
SHORT = timedelta(hours=49)  # two days, one of them with an hour more
VOLUMES = (
    Column("received", say("Messages in"), Unit.COUNT, RECEIVED),
    Column("auto_answered", say("Answered by a rule"), Unit.COUNT, AUTO_ANSWERED),
    Column("to_people", say("For people"), Unit.COUNT, say("Messages in that went to people.")),
    Column("by_rules", say("Answers of rules"), Unit.COUNT, BY_RULES),
    Column("by_people", say("Answers of people"), Unit.COUNT, BY_PEOPLE),
)
BEHIND = {
    "received": "in",
    "auto_answered": "auto_answered",
    "to_people": "to_people",
    "by_rules": "by_rules",
    "by_people": "by_people",
}
BACKLOG = (
    Column("begun", say("Waits begun"), Unit.COUNT, say("Customers who began to wait then.")),
    Column(
        "ended",
        say("Waits ended"),
        Unit.COUNT,
        say("Waits that ended then, by an answer or without, whenever they had begun."),
    ),
    Column(
        "waiting",
        say("Waiting at the end"),
        Unit.COUNT,
        say("Customers whose wait for a person had begun and not ended when this hour or day did."),
    ),
)


@dataclass(frozen=True, slots=True)
class Buckets:
    """The beginnings of all, and the end of the last, in quarters."""

    edges: tuple[int, ...]
    is_by_day: bool
    period: Period

    @property
    def first(self) -> Column:
        if self.is_by_day:
            return Column("at", say("Day"), Unit.TEXT)
        return Column("at", say("Hour"), Unit.INSTANT)

    def name(self, number: int) -> Value:
        at = instant_of(self.edges[number])
        if self.is_by_day:
            return at.astimezone(self.period.zone).date().isoformat()
        return at

    def narrows(self, number: int) -> dict[str, str]:
        return {
            "from_quarter": str(self.edges[number]),
            "to_quarter": str(self.edges[number + 1]),
        }


def buckets_of(period: Period) -> Buckets:
    """Hours of up to two days, else days."""
    if period.until - period.since > SHORT:
        days = days_of(period)
        begins = [quarter_of(midnight(day, period.zone)) for day in days]
        return Buckets((*begins, quarter_of(period.until)), is_by_day=True, period=period)
    start, end = quarter_of(period.since), quarter_of(period.until)
    return Buckets((*range(start, end, AN_HOUR), end), is_by_day=False, period=period)


def volume_table(session: Session, filters: Filters, buckets: Buckets) -> Table:
    """Messages by bucket; dashes where they can't be counted so."""
    counted = [Volumes() for _ in buckets.edges]
    if has_messages(filters):
        for (quarter,), volumes in count_messages(session, filters, _by(buckets)).items():
            counted[_number(buckets, quarter)].add(volumes)
    rows = tuple(
        Row((buckets.name(number), *volume_values(filters, volumes)), _behind(buckets, number))
        for number, volumes in enumerate(counted[:-1])
    )
    return Table(
        key="volumes",
        title=say("Messages in, and who answered"),
        columns=(buckets.first, *VOLUMES),
        rows=rows,
        chart=ChartKind.STACKED,
        drawn=("auto_answered", "to_people"),
    )


def volume_values(filters: Filters, it: Volumes) -> tuple[Value, ...]:
    """In the order of VOLUMES; None for what the filters leave nothing to say of."""
    if not has_messages(filters):
        return (None,) * len(VOLUMES)
    if filters.agent_ids:
        return (None, None, None, None, it.by_people)
    return (it.received, it.auto_answered, it.to_people, it.by_rules, it.by_people)


def backlog_table(session: Session, filters: Filters, now: datetime, buckets: Buckets) -> Table:
    """The stock of waiting customers at the end of each bucket, and what moved it."""
    flows = read_flows(session, filters, now, list(buckets.edges))
    return Table(
        key="backlog",
        title=say("Customers who wait: the backlog"),
        columns=(buckets.first, *BACKLOG),
        rows=tuple(_flow(buckets, number, flow, now) for number, flow in enumerate(flows)),
        chart=ChartKind.LINE,
        drawn=("waiting",),
        note=say("A dash: that day or hour has not come yet."),
    )


def _flow(buckets: Buckets, number: int, flow: Flow, now: datetime) -> Row:
    name = buckets.name(number)
    if flow.waiting is None:
        return Row((name, None, None, None))
    behind = {"begun": Behind("clocks", {"clock": "responses", **buckets.narrows(number)})}
    if flow.to_quarter <= quarter_of(now):
        behind["waiting"] = Behind("backlog", {"at": str(flow.to_quarter)})
    return Row((name, flow.begun, flow.ended, flow.waiting), behind)


def _by(buckets: Buckets) -> str:
    return "day" if buckets.is_by_day else "quarter"


def _number(buckets: Buckets, found: int) -> int:
    """The bucket of a local day (by number) or of a quarter."""
    if buckets.is_by_day:
        first = instant_of(buckets.edges[0]).astimezone(buckets.period.zone).date()
        return found - (first.toordinal() - EPOCH_DAY)
    return bisect_right(buckets.edges, found) - 1


def _behind(buckets: Buckets, number: int) -> dict[str, Behind]:
    narrows = buckets.narrows(number)
    return {
        column: Behind("messages", {"what": what, **narrows}) for column, what in BEHIND.items()
    }
