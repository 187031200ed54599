"""The report of presence: who was online, and how long answers took in hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.reports.local_time import days_of, instant_of, quarters_of
from wxdesk.reports.parts import Names, Pair, compared, read_names
from wxdesk.reports.presence_figures import LONG, Seen, Work, read_seen
from wxdesk.reports.rules import (
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

WEEKDAYS = (
    say("Monday"),
    say("Tuesday"),
    say("Wednesday"),
    say("Thursday"),
    say("Friday"),
    say("Saturday"),
    say("Sunday"),
)
ONLINE_MEANS = say("Time online within the period; whoever is online still, until now.")
AWAY_MEANS = say("Time within the period in which they were away: nothing is given to them then.")
ANSWERS_MEANS = say(
    "Waits that a person's answer ended, counted in the period in which the customer began to wait."
)
HANDLING_MEANS = say(
    "From when the agent who answered had the conversation and the customer had written, until the"
    " answer. Several at once count each."
)
AT_ONCE = say("In hand at once")
AT_ONCE_MEANS = say("Handling time of all answers, divided by the time online.")
PER_HOUR_MEANS = say("Answers, divided by the hours online.")


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "presence"."""
    pair = compared(filters, now, lambda wanted: read_seen(session, wanted, now))
    notes: list[str] = []
    if filters.account_ids or filters.tag_ids:
        notes.append(
            say("People are online for all accounts and tags: these filters narrow answers only.")
        )
    if filters.team_ids:
        notes.append(say("A team means who is in it now."))
    if not pair.now.by_agent:
        notes.append(say("Nobody was seen in this period."))
    return Report(
        name="presence",
        title=say("Presence and handling"),
        figures=_figures(pair, filters),
        tables=(
            _by_agent(pair.now, read_names(session)),
            _by_day(pair.now, filters.period),
            _by_hour(pair.now, filters.period, now),
        ),
        notes=tuple(notes),
        as_of=now,
    )


def _figures(pair: Pair[Seen], filters: Filters) -> tuple[Figure, ...]:
    sums = Pair(pair.now.together, None if pair.before is None else pair.before.together)

    def figure(
        key: str, label: Words, definition: Words, unit: Unit, take: Callable[[Work], Value]
    ) -> Figure:
        return Figure(key, label, definition, take(sums.now), unit, sums.earlier(take))

    return (
        Figure(
            key="people",
            label=say("People seen"),
            definition=say("Agents who were online or away at any time, or answered somebody."),
            value=len(pair.now.by_agent),
            unit=Unit.COUNT,
            before=pair.earlier(lambda seen: len(seen.by_agent)),
        ),
        figure("online", say("Online"), ONLINE_MEANS, Unit.SECONDS, lambda its: int(its.online)),
        figure("away", say("Away"), AWAY_MEANS, Unit.SECONDS, lambda its: int(its.away)),
        Figure(
            key="answers",
            label=say("Answers"),
            definition=ANSWERS_MEANS,
            value=sums.now.answers,
            unit=Unit.COUNT,
            before=sums.earlier(lambda its: its.answers),
            behind=None if filters.team_ids else _answered(),
        ),
        figure(
            "per_hour",
            say("Answers an hour"),
            PER_HOUR_MEANS,
            Unit.SCORE,
            lambda its: its.answers_per_hour,
        ),
        figure(
            "at_once", say("In hand at once"), AT_ONCE_MEANS, Unit.SCORE, lambda its: its.at_once
        ),
        *_handling(sums),
    )


def _handling(sums: Pair[Work]) -> tuple[Figure, ...]:
    labels = {
        "median": say("Handling (median)"),
        "p90": say("Handling (90th percentile)"),
        "p95": say("Handling (95th percentile)"),
        "longest": say("Handling (at most)"),
    }
    return tuple(
        Figure(
            f"handling_{name}",
            label,
            HANDLING_MEANS,
            getattr(sums.now.durations, name),
            Unit.SECONDS,
            None if sums.before is None else getattr(sums.before.durations, name),
            is_good_when_higher=False,
        )
        for name, label in labels.items()
    )


def _by_agent(seen: Seen, names: Names) -> Table:
    ordered = sorted(seen.by_agent.items(), key=lambda item: (names.agent(item[0]), item[0]))
    rows = tuple(
        Row(
            (
                names.agent(agent_id),
                int(work.online),
                int(work.away),
                work.answers,
                work.answers_per_hour,
                work.at_once,
                work.durations.median,
                work.durations.p90,
                work.durations.p95,
                work.durations.longest,
            ),
            {"answers": _answered(agent=str(agent_id))},
        )
        for agent_id, work in ordered
    )
    columns = (
        Column("agent", say("Agent"), Unit.TEXT),
        Column("online", say("Online"), Unit.SECONDS, ONLINE_MEANS),
        Column("away", say("Away"), Unit.SECONDS, AWAY_MEANS),
        Column("answers", say("Answers"), Unit.COUNT, ANSWERS_MEANS),
        Column("per_hour", say("Answers an hour"), Unit.SCORE, PER_HOUR_MEANS),
        Column("at_once", AT_ONCE, Unit.SCORE, AT_ONCE_MEANS),
        Column("median", say("Handling, median"), Unit.SECONDS, HANDLING_MEANS),
        Column("p90", say("Handling, 90th"), Unit.SECONDS, HANDLING_MEANS),
        Column("p95", say("Handling, 95th"), Unit.SECONDS, HANDLING_MEANS),
        Column("longest", say("Handling, at most"), Unit.SECONDS, HANDLING_MEANS),
    )
    drawn = ("online", "away")
    return Table("agents", say("By agent"), columns, rows, ChartKind.STACKED, drawn)


def _answered(**narrows: str) -> Behind:
    """With a team nothing leads here for all: people are its members, clocks are the team's own."""
    return Behind("clocks", {"clock": "responses", "outcome": "met", **narrows})


def _by_day(seen: Seen, period: Period) -> Table:
    online: defaultdict[str, float] = defaultdict(float)
    away: defaultdict[str, float] = defaultdict(float)
    for quarter in quarters_of(period):
        day = instant_of(quarter).astimezone(period.zone).date().isoformat()
        online[day] += seen.online.get(quarter, 0.0)
        away[day] += seen.away.get(quarter, 0.0)
    days = [day.isoformat() for day in days_of(period)]
    rows = tuple(
        Row((day, int(online[day]), int(away[day]), seen.answers_by_day[day])) for day in days
    )
    columns = (
        Column("day", say("Day"), Unit.TEXT),
        Column("online", say("Online"), Unit.SECONDS, ONLINE_MEANS),
        Column("away", say("Away"), Unit.SECONDS, AWAY_MEANS),
        Column("answers", say("Answers"), Unit.COUNT, ANSWERS_MEANS),
    )
    return Table("days", say("By day"), columns, rows, ChartKind.STACKED, ("online", "away"))


def _by_hour(seen: Seen, period: Period, now: datetime) -> Table:
    """The mean over the hours of the period that are over, or have begun."""
    seconds, lengths = [0.0] * 168, [0.0] * 168
    for quarter in quarters_of(period):
        begins = instant_of(quarter)
        if begins >= now:
            break
        local = begins.astimezone(period.zone)
        hour = local.weekday() * 24 + local.hour
        seconds[hour] += seen.online.get(quarter, 0.0)
        lengths[hour] += min((now - begins).total_seconds(), LONG)
    rows = tuple(
        Row((WEEKDAYS[hour // 24], f"{hour % 24:02d}", seconds[hour] / lengths[hour]))
        for hour in range(168)
        if lengths[hour]
    )
    means = say("How many agents were online on average in this hour of the week.")
    columns = (
        Column("day", say("Day"), Unit.TEXT),
        Column("hour", say("Hour"), Unit.TEXT),
        Column("online", say("Agents online"), Unit.SCORE, means),
    )
    title = say("Agents online by hour of the week")
    return Table("hours", title, columns, rows, ChartKind.HEAT, ("online",))
