"""Waits, promises and answers by whatever they are grouped by: one row each, all in few reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Conversation, ConversationTagging
from wxdesk.conversations.rules import Status
from wxdesk.reports.clock_figures import RESPONSES, Waits, tagged, waits_by
from wxdesk.reports.duration_parts import (
    CLOCKS_OF,
    MEASURES,
    PROMISES,
    behind_durations,
    behind_promises,
    business_notes,
    duration_columns,
    duration_values,
    promise_values,
)
from wxdesk.reports.partial import partial_notes
from wxdesk.reports.rules import (
    Behind,
    ChartKind,
    Column,
    Filters,
    Report,
    Row,
    Table,
    Unit,
    Value,
)
from wxdesk.sla.rules import Clock
from wxdesk.words import say

NO_MESSAGES = say(
    "Messages belong to an account and a writer, not to a team or a tag: their numbers are dashes "
    "while these filters are set."
)
OPEN_NOW = Column(
    "open_now",
    say("Open now"),
    Unit.COUNT,
    say("Open conversations at this moment, whatever the period."),
)
BEGUN = Column(
    "begun",
    say("Waits begun"),
    Unit.COUNT,
    say("How often a customer began to wait for a person in the period, however it ended."),
)
WAITING = Column(
    "waiting",
    say("Of them still waiting"),
    Unit.COUNT,
    say("Began to wait in the period and wait still."),
)
EPISODES = Column(
    "episodes",
    say("Episodes begun"),
    Unit.COUNT,
    say("How often a conversation was opened, or opened again, in the period."),
)


@dataclass(frozen=True, slots=True)
class Group:
    """What the rows of a report stand for.

    `column`: of SlaClock (or of a tagging); `narrow`: how lists of conversations call it. `members`
    have a row even without any wait. `more`: columns that only this report has, their values, and
    the lists behind them.
    """

    name: str
    title: str
    label: str
    column: Any
    narrow: str
    names: Mapping[int, str]
    members: Collection[int]
    none_is: str
    more: Sequence[Column] = ()
    more_of: Callable[[int | None], Sequence[Value]] = lambda _id: ()
    more_behind: Callable[[str], Mapping[str, Behind]] = lambda _id: {}
    notes: Sequence[str] = ()
    with_tags: bool = False


@dataclass(slots=True)
class _Line:
    waits: dict[Clock, Waits] = field(default_factory=dict)

    def of(self, *clocks: Clock) -> Waits:
        found = Waits()
        for clock in clocks:
            found.add(self.waits.get(clock, Waits()))
        return found


def build_groups(session: Session, filters: Filters, now: datetime, group: Group) -> Report:
    """The report: a table of how busy, one of how long, one of the promises."""
    found = waits_by(session, filters, now, group.column, with_tags=group.with_tags)
    lines: dict[int | None, _Line] = {member: _Line() for member in group.members}
    for (clock, member), waits in found.items():
        lines.setdefault(member, _Line()).waits[clock] = waits
    ordered = sorted(lines.items(), key=lambda item: _order(group, item[0]))
    everything = [] if group.with_tags else found.values()  # it would count for each of its tags
    return Report(
        name=group.name,
        title=group.title,
        figures=(),
        tables=(_busy(group, ordered), _slow(group, ordered), _kept(group, ordered)),
        notes=(
            *_empty(found),
            *group.notes,
            *business_notes(filters, everything),
            *partial_notes(session, filters),
        ),
        as_of=now,
    )


def count_open(
    session: Session, filters: Filters, column: Any, *, with_tags: bool = False
) -> dict[int | None, int]:
    """Open conversations at this moment by a column of Conversation (or of a tagging)."""
    its = Conversation
    query = select(column, func.count()).select_from(its).where(its.status == Status.OPEN)
    if with_tags:
        query = query.outerjoin(ConversationTagging, ConversationTagging.conversation_id == its.id)
    for chosen, ids in (
        (its.account_id, filters.account_ids),
        (its.team_id, filters.team_ids),
        (its.assignee_id, filters.agent_ids),
    ):
        query = query.where(chosen.in_(ids)) if ids else query
    if filters.tag_ids:
        query = query.where(its.id.in_(tagged(filters)))
    return dict(session.execute(query.group_by(column)).all())


def _empty(found: Mapping[Any, Waits]) -> list[str]:
    return [] if found else [say("No customer began to wait for a person in this period.")]


def _order(group: Group, member: int | None) -> tuple[bool, str, int]:
    return member is None, group.names.get(member or 0, ""), member or 0


def _name(group: Group, member: int | None) -> str:
    return group.none_is if member is None else group.names.get(member, f"#{member}")


def _narrows(group: Group, member: int | None) -> dict[str, str]:
    return {group.narrow: str(member or 0)}


def _busy(group: Group, lines: Sequence[tuple[int | None, _Line]]) -> Table:
    rows = []
    for member, line in lines:
        waits, episodes = line.of(*RESPONSES), line.of(Clock.RESOLUTION)
        narrows = _narrows(group, member)
        behind = {
            "begun": Behind("clocks", {"clock": "responses", **narrows}),
            "waiting": Behind("clocks", {"clock": "responses", "outcome": "running", **narrows}),
            "episodes": Behind("clocks", {"clock": "resolution", **narrows}),
            **group.more_behind(str(member or 0)),
        }
        values = (_name(group, member), waits.begun, waits.running, episodes.begun)
        rows.append(Row((*values, *group.more_of(member)), behind))
    return Table(
        key="work",
        title=say("What there was to do"),
        columns=(Column("name", group.label, Unit.TEXT), BEGUN, WAITING, EPISODES, *group.more),
        rows=tuple(rows),
        chart=ChartKind.BARS,
        drawn=("begun", "episodes"),
    )


def _slow(group: Group, lines: Sequence[tuple[int | None, _Line]]) -> Table:
    columns = [Column("name", group.label, Unit.TEXT)]
    for measure in MEASURES:
        columns += duration_columns(measure)
    rows = []
    for member, line in lines:
        values: list[Value] = [_name(group, member)]
        behind: dict[str, Behind] = {}
        for measure in MEASURES:
            values += duration_values(line.of(*CLOCKS_OF[measure]))
            behind |= behind_durations(measure, _narrows(group, member))
        rows.append(Row(tuple(values), behind))
    return Table(
        key="durations",
        title=say("How long it took"),
        columns=tuple(columns),
        rows=tuple(rows),
        chart=ChartKind.BARS,
        drawn=("first_median", "turn_median"),
    )


def _kept(group: Group, lines: Sequence[tuple[int | None, _Line]]) -> Table:
    """Of responses: first and next together."""
    rows = tuple(
        Row(
            (_name(group, member), *promise_values(line.of(*RESPONSES))),
            behind_promises("responses", _narrows(group, member)),
        )
        for member, line in lines
    )
    return Table(
        key="promises",
        title=say("Promised responses"),
        columns=(Column("name", group.label, Unit.TEXT), *PROMISES),
        rows=rows,
        chart=ChartKind.BARS,
        drawn=("share",),
    )
