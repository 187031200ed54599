"""The report of broken promises: why, whose, when and how late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from wxdesk.reports.attainment import BUILT_IN, policy_names
from wxdesk.reports.lateness import Breach, breached, late_by, latest, unnoticed
from wxdesk.reports.local_time import hour_of_week
from wxdesk.reports.parts import (
    CAUSES,
    CLOCKS,
    NOT_JUDGED,
    SINCE_WAITING,
    Names,
    Pair,
    compared,
    read_names,
    share,
)
from wxdesk.reports.promises import counted
from wxdesk.reports.rules import (
    Behind,
    ChartKind,
    Column,
    Durations,
    Figure,
    Filters,
    Report,
    Row,
    Table,
    Unit,
    durations,
)
from wxdesk.reports.single import conversation_behind
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import BreachCause
from wxdesk.words import say

MOST_LISTED = 100
HOURS = 24
CAUSE_MEANS = say(
    "What was so at the deadline, the first that fits: the calendar was closed; somebody had the"
    " conversation and did not answer; nobody of the team was online; all who were online had as"
    " many conversations as they may have; else people were there and nobody took it."
)
LATE_MEANS = say(
    "From the missed deadline until the wait ended, around the clock. Waits that still run are not"
    " in it."
)

LATE = {
    "median": say("Late by (median)"),
    "p90": say("Late by (90th percentile)"),
    "longest": say("Late by (at most)"),
}

Counts = Counter[tuple[Any, ...]]
Causes = tuple[BreachCause | None, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """Of one period: counts by (cause, team, silent agent, local hour, has it ended)."""

    counts: Counts
    late: Durations

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def causes(self) -> Causes:
        """All there are; None, those that nobody judged yet, only where there are such."""
        return (*CAUSES, None) if self.by(0)[None,] else tuple(CAUSES)

    @property
    def waiting(self) -> int:
        return sum(count for key, count in self.counts.items() if not key[4])

    def by(self, *places: int) -> Counts:
        found: Counts = Counter()
        for key, count in self.counts.items():
            found[tuple(key[place] for place in places)] += count
        return found


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "breaches"."""
    pair = compared(filters, now, lambda wanted: _read(session, wanted, now))
    names = read_names(session)
    notes = () if pair.now.total else (say("No promise of this period was broken."),)
    return Report(
        name="breaches",
        title=say("Broken promises"),
        figures=_figures(pair),
        tables=(
            _by_cause(pair.now),
            _by_hour(pair.now),
            _by_team(pair.now, names),
            _by_assignee(pair.now, names),
            _list(session, latest(session, filters, now, MOST_LISTED), names, now),
        ),
        notes=notes,
        as_of=now,
    )


def _read(session: Session, filters: Filters, now: datetime) -> _Read:
    its = SlaClock
    columns = (
        its.breach_cause,
        its.team_id,
        its.breach_assignee_id,
        (hour_of_week(its.started_quarter, filters.period) % HOURS),
        its.ended_at.is_not(None),
    )
    counts: Counts = Counter()
    for where in (breached(filters), unnoticed(filters, now)):
        for *key, count in session.execute(counted(columns).where(*where)):
            counts[tuple(key)] += count
    return _Read(counts, durations(late_by(session, filters)))


def _figures(pair: Pair[_Read]) -> tuple[Figure, ...]:
    return (
        Figure(
            key="broken",
            label=say("Promises broken"),
            definition=say(
                "All three clocks: the deadline passed before a person answered or resolved."
                " Counted in the period in which the customer began to wait."
            ),
            value=pair.now.total,
            unit=Unit.COUNT,
            before=pair.earlier(lambda found: found.total),
            behind=_behind(),
            is_good_when_higher=False,
        ),
        Figure(
            key="waiting",
            label=say("Of these, still waiting"),
            definition=say("The promise is broken, and the customer waits for the answer still."),
            value=pair.now.waiting,
            unit=Unit.COUNT,
            is_good_when_higher=False,
        ),
        *(_late(pair, key, label) for key, label in LATE.items()),
    )


def _late(pair: Pair[_Read], key: str, label: str) -> Figure:
    return Figure(
        key=f"late_{key}",
        label=label,
        definition=LATE_MEANS,
        value=getattr(pair.now.late, key),
        unit=Unit.SECONDS,
        before=pair.earlier(lambda found: getattr(found.late, key)),
        is_good_when_higher=False,
    )


def _by_cause(found: _Read) -> Table:
    counts = found.by(0)
    rows = [
        Row((_cause(cause), counts[cause,], share(counts[cause,], found.total)), _links(cause))
        for cause in found.causes
    ]
    columns = (
        Column("cause", say("Cause"), Unit.TEXT, CAUSE_MEANS),
        Column("broken", say("Broken"), Unit.COUNT),
        Column("share", say("Share"), Unit.SHARE, say("Of all broken promises of the period.")),
    )
    return Table(
        "causes", say("Why"), columns, tuple(rows), ChartKind.BARS, ("broken",), SINCE_WAITING
    )


def _by_hour(found: _Read) -> Table:
    counts, causes = found.by(3, 0), found.causes
    rows = tuple(
        Row((f"{hour:02d}", *(counts[hour, cause] for cause in causes))) for hour in range(HOURS)
    )
    its = _cause_columns(causes)
    columns = (Column("hour", say("Hour"), Unit.TEXT), *its)
    drawn = tuple(column.key for column in its)
    title = say("By the hour in which the wait began")
    return Table("hours", title, columns, rows, ChartKind.STACKED, drawn)


def _by_team(found: _Read, names: Names) -> Table:
    counts, totals = found.by(1, 0), found.by(1)
    rows = tuple(
        Row(
            (names.team(team), total, *(counts[team, cause] for cause in found.causes)),
            {"broken": _behind(team=str(team or 0))},
        )
        for (team,), total in totals.most_common()
    )
    columns = (
        Column("team", say("Team"), Unit.TEXT),
        Column("broken", say("Broken"), Unit.COUNT),
        *_cause_columns(found.causes),
    )
    return Table("teams", say("By team"), columns, rows)


def _by_assignee(found: _Read, names: Names) -> Table:
    counts = Counter(
        {
            assignee: count
            for (cause, assignee), count in found.by(0, 2).items()
            if cause is BreachCause.ASSIGNED_SILENT
        }
    )
    rows = tuple(
        Row(
            (names.agent(assignee), count),
            {
                "broken": _behind(
                    cause=BreachCause.ASSIGNED_SILENT.value, assignee=str(assignee or 0)
                )
            },
        )
        for assignee, count in counts.most_common()
    )
    columns = (
        Column("agent", say("Agent"), Unit.TEXT, say("Who had the conversation at the deadline.")),
        Column("broken", say("Broken"), Unit.COUNT),
    )
    return Table("silent", say("Assigned and silent"), columns, rows)


def _list(session: Session, breaches: Any, names: Names, now: datetime) -> Table:
    policies = policy_names(session)
    columns = (
        Column("customer", say("Customer"), Unit.TEXT),
        Column("account", say("Account"), Unit.TEXT),
        Column("team", say("Team"), Unit.TEXT),
        Column("clock", say("Clock"), Unit.TEXT),
        Column("policy", say("Policy"), Unit.TEXT),
        Column("started", say("Waiting since"), Unit.INSTANT),
        Column("deadline", say("Deadline"), Unit.INSTANT),
        Column("ended", say("Ended"), Unit.INSTANT, say("A dash: it still runs.")),
        Column("late", say("Late by"), Unit.SECONDS, say("Until it ended, or until now.")),
        Column("cause", say("Cause"), Unit.TEXT, CAUSE_MEANS),
        Column("agent", say("Had it"), Unit.TEXT, say("Who had it at the deadline.")),
    )
    rows = tuple(_line(each, names, policies, now) for each in breaches)
    note = say("At most %(most)d, those that began last first.", most=MOST_LISTED)
    return Table("list", say("The latest"), columns, rows, note=note)


def _line(its: Breach, names: Names, policies: Mapping[tuple[int, int], str], now: datetime) -> Row:
    clock = its.clock
    policy: str = BUILT_IN
    if clock.policy_id is not None:
        policy = policies.get((clock.policy_id, clock.policy_version or 0), f"#{clock.policy_id}")
    number = f"{clock.contact_id:04d}"
    values = (
        its.remark or say("WeChat user %(number)s", number=number),
        names.account(clock.account_id),
        names.team(clock.team_id),
        CLOCKS[clock.clock],
        policy,
        clock.started_at,
        its.missed_at,
        clock.ended_at,
        its.late_seconds(now),
        _cause(clock.breach_cause),
        None if clock.breach_assignee_id is None else names.agent(clock.breach_assignee_id),
    )
    return Row(values, {"customer": conversation_behind(clock.conversation_id)})


def _cause_columns(causes: Causes) -> tuple[Column, ...]:
    return tuple(
        Column("not_judged" if cause is None else cause.value, _cause(cause), Unit.COUNT)
        for cause in causes
    )


def _cause(cause: BreachCause | None) -> str:
    return NOT_JUDGED if cause is None else CAUSES[cause]


def _links(cause: BreachCause | None) -> dict[str, Behind]:
    return {} if cause is None else {"broken": _behind(cause=cause.value)}


def _behind(**narrows: str) -> Behind:
    return Behind("clocks", {"clock": "any", "outcome": "broken", **narrows})
