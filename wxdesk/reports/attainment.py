"""The report of promises: kept, broken and still running, by clock, policy, day and priority."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.conversations.rules import Priority
from wxdesk.reports.filters import before_of
from wxdesk.reports.local_time import day_of, days_of, local_day
from wxdesk.reports.packed import Part
from wxdesk.reports.parts import (
    CLOCKS,
    NOTHING_YET,
    PRIORITIES,
    SINCE_WAITING,
    Pair,
)
from wxdesk.reports.promises import Key, Promises, coded, count_promises, folded, summed
from wxdesk.reports.rules import (
    Behind,
    ChartKind,
    Column,
    Figure,
    Filters,
    Report,
    Row,
    Table,
    Unit,
)
from wxdesk.sla.models import SlaClock, SlaPolicy, SlaPolicyVersion
from wxdesk.sla.rules import Clock
from wxdesk.words import say

KEPT = say("Kept")
BROKEN = say("Broken")
RUNNING = say("Still running")
SHARE = say("Kept of those decided")
SHARES = {
    Clock.FIRST_RESPONSE: say("First responses in time"),
    Clock.NEXT_RESPONSE: say("Next responses in time"),
    Clock.RESOLUTION: say("Resolutions in time"),
}
BUILT_IN = say("Built-in promise")
SHARE_MEANS = say(
    "Promises kept, of those kept and broken. Kept: answered (or resolved) by a person at the"
    " deadline or before it. Broken: not by the deadline. Those that still run, and those that"
    " ended without an answer before the deadline, are no part of it."
)


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "sla"."""
    found = _read(session, filters, now)
    before = before_of(filters, now)
    earlier = None if before is None else _read(session, before, now)
    by_clock = Pair(folded(found, 0), None if earlier is None else folded(earlier, 0))
    return Report(
        name="sla",
        title=say("Service levels"),
        figures=_figures(by_clock),
        tables=(
            _by_clock(by_clock.now),
            _by_day(folded(found, 4, 0), filters),
            _by_policy(session, folded(found, 1, 2, 0)),
            _by_priority(folded(found, 3, 0)),
        ),
        notes=() if found else (NOTHING_YET,),
        as_of=now,
    )


def _read(session: Session, filters: Filters, now: datetime) -> dict[Key, Promises]:
    """By clock, policy, version, priority and local day."""
    its = SlaClock
    parts = (
        Part(coded(its.clock, Clock), 3),
        Part(its.policy_id, 22),
        Part(its.policy_version, 14),
        Part(coded(its.priority, Priority), 3),
        Part(local_day(its.started_quarter, filters.period), 16),
    )
    clocks, priorities = list(Clock), list(Priority)
    return {
        (clocks[clock], policy, version, priorities[priority], number): promises
        for (clock, policy, version, priority, number), promises in count_promises(
            session, filters, now, *parts
        ).items()
    }


def _figures(pair: Pair[dict[Key, Promises]]) -> tuple[Figure, ...]:
    shares = [
        Figure(
            key=f"{clock.value}_share",
            label=name,
            definition=SHARE_MEANS,
            value=_of(pair.now, clock).share,
            unit=Unit.SHARE,
            before=pair.earlier(lambda found, clock=clock: _of(found, clock).share),  # type: ignore[misc]
            behind=_behind("broken", clock=clock.value),
            is_good_when_higher=True,
        )
        for clock, name in SHARES.items()
    ]
    return (*shares, *_counts(pair))


def _counts(pair: Pair[dict[Key, Promises]]) -> tuple[Figure, ...]:
    total = summed(pair.now.values())
    return (
        Figure(
            key="broken",
            label=say("Promises broken"),
            definition=say(
                "All three clocks: the deadline passed before a person answered or resolved."
                " Counted in the period in which the customer began to wait."
            ),
            value=total.broken,
            unit=Unit.COUNT,
            before=pair.earlier(lambda found: summed(found.values()).broken),
            behind=_behind("broken"),
            is_good_when_higher=False,
        ),
        Figure(
            key="running",
            label=say("Promises still running"),
            definition=say("Neither kept nor broken yet; paused ones too. No part of the shares."),
            value=total.running,
            unit=Unit.COUNT,
            behind=_behind("undecided"),
        ),
        Figure(
            key="none",
            label=say("Waits without a promise"),
            definition=say("No policy promised anything for this clock and priority."),
            value=total.none,
            unit=Unit.COUNT,
        ),
    )


def _by_clock(found: Mapping[Key, Promises]) -> Table:
    rows = tuple(
        _row((name,), _of(found, clock), clock=clock.value)
        for clock, name in CLOCKS.items()
        if (clock,) in found
    )
    return Table("clocks", say("By clock"), (_clock_column(), *_columns()), rows)


def _by_policy(session: Session, found: Mapping[Key, Promises]) -> Table:
    names = policy_names(session)
    positions = dict(session.execute(select(SlaPolicy.id, SlaPolicy.position)).all())

    def order(key: Key) -> tuple[int, int, int, int]:
        policy, version, clock = key
        position = positions.get(policy, 10**9) if policy is not None else 10**9 + 1
        return position, policy or 0, -(version or 0), list(CLOCKS).index(clock)

    rows = []
    for key in sorted(found, key=order):
        policy, version, clock = key
        if not found[key].promised:
            continue
        name = BUILT_IN if policy is None else names.get((policy, version), f"#{policy}")
        narrows = {"policy": str(policy or 0), "clock": clock.value}
        if version is not None:
            narrows["version"] = str(version)
        shown = "" if version is None else str(version)
        rows.append(_row((name, shown, CLOCKS[clock]), found[key], **narrows))
    columns = (
        Column("policy", say("Policy"), Unit.TEXT),
        Column("version", say("Version"), Unit.TEXT, say("Each change of a policy makes one.")),
        _clock_column(),
        *_columns(),
    )
    title = say("By policy and version")
    return Table("policies", title, columns, tuple(rows), note=SINCE_WAITING)


def _by_day(found: Mapping[Key, Promises], filters: Filters) -> Table:
    by_day = {(day_of(number), clock): promises for (number, clock), promises in found.items()}
    rows = []
    for day in days_of(filters.period):
        shares = [by_day.get((day, clock), Promises()) for clock in CLOCKS]
        behind = {
            clock.value: _behind("broken", clock=clock.value, day=day.isoformat())
            for clock in CLOCKS
        }
        rows.append(Row((day.isoformat(), *(each.share for each in shares)), behind))
    columns = (
        Column("day", say("Day"), Unit.TEXT),
        *(Column(clock.value, name, Unit.SHARE, SHARE_MEANS) for clock, name in CLOCKS.items()),
    )
    drawn = tuple(clock.value for clock in CLOCKS)
    title = say("Promises kept, by the day on which the wait began")
    return Table("days", title, columns, tuple(rows), ChartKind.LINE, drawn)


def _by_priority(found: Mapping[Key, Promises]) -> Table:
    rows = tuple(
        _row(
            (name, CLOCKS[clock]),
            found[priority, clock],
            clock=clock.value,
            priority=priority.value,
        )
        for priority, name in PRIORITIES.items()
        for clock in CLOCKS
        if (priority, clock) in found
    )
    columns = (Column("priority", say("Priority"), Unit.TEXT), _clock_column(), *_columns())
    return Table("priorities", say("By priority"), columns, rows)


def _clock_column() -> Column:
    return Column("clock", say("Clock"), Unit.TEXT)


def _columns() -> tuple[Column, ...]:
    return (
        Column("share", SHARE, Unit.SHARE, SHARE_MEANS),
        Column("kept", KEPT, Unit.COUNT),
        Column("broken", BROKEN, Unit.COUNT),
        Column("running", RUNNING, Unit.COUNT),
        Column(
            "stopped",
            say("Ended without an answer"),
            Unit.COUNT,
            say(
                "Resolved unanswered, spam or merged before the deadline: neither kept nor broken."
            ),
        ),
    )


def _row(names: tuple[str, ...], its: Promises, **narrows: str) -> Row:
    values = (*names, its.share, its.kept, its.broken, its.running, its.stopped)
    return Row(
        values,
        {
            "kept": _behind("kept", **narrows),
            "broken": _behind("broken", **narrows),
            "running": _behind("undecided", **narrows),
        },
    )


def _of(found: Mapping[Key, Promises], clock: Clock) -> Promises:
    return found.get((clock,), Promises())


def _behind(outcome: str, **narrows: str) -> Behind:
    return Behind("clocks", {"clock": "any", "outcome": outcome, **narrows})


def policy_names(session: Session) -> dict[tuple[int, int], str]:
    """By policy and version the name that it had."""
    its = SlaPolicyVersion
    rows = session.execute(select(its.policy_id, its.version, its.name))
    return {(policy, version): name for policy, version, name in rows}
