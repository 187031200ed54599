"""The truth about an event step by step, and about presence and handling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from reports.figures import (
    HOUR,
    MINUTE,
    QUARTER,
    RESPONSES,
    WEEKDAYS,
    Message,
    Row,
    Take,
    View,
    compared,
    share,
    spread,
)
from reports.figures_of_work import hour_of, midnight, of_day
from reports.shapes import Wait

# An event, step by step


def event(view: View) -> dict[str, Any]:
    step = step_of(view)
    takes: dict[str, Take] = {
        "received": lambda it: _total(it, "received"),
        "answered": lambda it: _total(it, "auto_answered"),
        "people": lambda it: _total(it, "by_people"),
        "began": lambda it: len(_steps_waits(it)) if _has_begun(it) else None,
        "most": lambda it: _most(steps(it, step_of(it)), _busy(it)),
        "backlog_most": lambda it: _most(steps(it, step_of(it)), 6),
    }
    found = steps(view, step)
    peak = _peak(found, 6)
    first = _waited_before(view, view.since)
    down = [row for row in found if peak and row[0] > peak[0] and row[6] is not None]
    calm = next((row for row in down if row[6] <= first), None)
    busiest = _peak(found, _busy(view))
    alone = {
        "most_at": (busiest[0] if busiest else None, None),
        "backlog_first": (first, None),
        "backlog_at": (peak[0] if peak else None, None),
        "caught_up": (calm[0] + step if calm else None, None),
    }
    tables = {"steps": found}
    if step != MINUTE and busiest is not None:
        day = view.local(busiest[0]).date()
        since, until = midnight(view, day), midnight(view, day + timedelta(days=1))
        tables["minutes"] = steps(replace(view, since=since, until=until), MINUTE)
    return {"figures": {**compared(view, takes), **alone}, "tables": tables}


def step_of(view: View) -> timedelta:
    length = view.until - view.since
    for most, step in ((25 * HOUR, MINUTE), (240 * HOUR, QUARTER), (1080 * HOUR, HOUR)):
        if length <= most:
            return step
    return timedelta(days=1)


def steps(view: View, step: timedelta) -> list[Row]:
    """(begins, received, answered, people, began, ended, backlog); a step to come is unknown."""
    count = -(-(view.until - view.since) // step)
    rows: list[list[Any]] = [[view.since + number * step, *([0] * 6)] for number in range(count)]
    if not count:
        return []
    waits = _steps_waits(view, everything=True)
    for place, instants in (
        (1, [one.at for one in view.messages if _counts(view, one, "received")]),
        (2, [one.at for one in view.messages if _counts(view, one, "auto_answered")]),
        (3, [one.at for one in view.messages if _counts(view, one, "by_people")]),
        (4, [one.started for one in waits]),
        (5, [one.ended for one in waits if one.ended]),
    ):
        for at in instants:
            if view.holds(at):
                rows[(at - view.since) // step][place] += 1
    waiting = _waited_before(view, view.since)
    for row in rows:
        waiting += row[4] - row[5]
        row[6] = waiting
        if row[0] >= view.now:
            row[1:] = [None] * 6
        elif _are_unknown(view):
            row[1:4] = [None] * 3
    return [tuple(row) for row in rows]


def _are_unknown(view: View) -> bool:
    return bool(view.agents) or not view.knows_messages


def _counts(view: View, one: Message, kind: str) -> bool:
    kinds = ("auto_answered", "to_people") if kind == "received" else (kind,)
    return one.kind in kinds and (not view.accounts or one.account in view.accounts)


def _has_begun(view: View) -> bool:
    return view.since < min(view.now, view.until)


def _steps_waits(view: View, *, everything: bool = False) -> list[Wait]:
    """Waits for a person; who will answer is not known yet, so agents do not narrow them."""
    found = [one for one in replace(view, agents=()).all_waits() if one.is_response]
    return found if everything else [one for one in found if view.holds(one.started)]


def _waited_before(view: View, at: datetime) -> int:
    waits = _steps_waits(view, everything=True)
    return sum(1 for one in waits if one.started < at and (one.ended is None or one.ended >= at))


def _total(view: View, kind: str) -> int | None:
    return None if view.agents or not _has_begun(view) else view.count(kind)


def _busy(view: View) -> int:
    return 4 if _are_unknown(view) else 1


def _peak(rows: Sequence[Row], place: int) -> Row | None:
    known = [row for row in rows if row[place]]
    return max(known, key=lambda row: row[place], default=None)


def _most(rows: Sequence[Row], place: int) -> int | None:
    if all(row[place] is None for row in rows):
        return None
    peak = _peak(rows, place)
    return peak[place] if peak else 0


# Presence and handling


def presence(view: View) -> dict[str, Any]:
    takes: dict[str, Take] = {
        "people": lambda it: len(_seen(it)),
        "online": lambda it: int(_time(it, "online")),
        "away": lambda it: int(_time(it, "away")),
        "answers": lambda it: len(_answers(it)),
        "per_hour": lambda it: share(len(_answers(it)), _time(it, "online") / 3600),
        "at_once": lambda it: share(sum(_handling(it)), _time(it, "online")),
    }
    for place, part in enumerate(("median", "p90", "p95", "longest"), 1):
        takes[f"handling_{part}"] = lambda it, p=place: spread(_handling(it))[p]
    by_agent = []
    for agent in _seen(view):
        online = _time(view, "online", agent)
        away = _time(view, "away", agent)
        answers, handling = _answers(view, agent), _handling(view, agent)
        rates = share(len(answers), online / 3600), share(sum(handling), online)
        name = view.names[agent]
        by_agent.append((name, int(online), int(away), len(answers), *rates, *spread(handling)[1:]))
    by_day = []
    for day in view.days():
        part = of_day(view, day)
        times = int(_time(part, "online")), int(_time(part, "away"))
        by_day.append((day.isoformat(), *times, len(_answers(part))))
    return {
        "figures": compared(view, takes),
        "tables": {"agents": by_agent, "days": by_day, "hours": _online_by_hour(view)},
    }


def _people(view: View) -> list[str]:
    """Of the teams: who is in them now."""
    return [
        one
        for one in view.truth.capacities
        if (not view.agents or one in view.agents)
        and (not view.teams or any(one in view.truth.members[team] for team in view.teams))
    ]


def _stretches(view: View, agent: str, state: str) -> list[tuple[datetime, datetime]]:
    spans = view.truth.presence.get(agent, [])
    ends = [*(at for at, _ in spans[1:]), view.now][: len(spans)]
    until = min(view.until, view.now)
    return [
        (max(since, view.since), min(end, until))
        for (since, now), end in zip(spans, ends, strict=True)
        if now == state and max(since, view.since) < min(end, until)
    ]


def _time(view: View, state: str, agent: str | None = None) -> float:
    people = _people(view) if agent is None else [agent]
    spans = [span for one in people for span in _stretches(view, one, state)]
    return sum((end - since for since, end in spans), timedelta(0)).total_seconds()


def _answers(view: View, agent: str | None = None) -> list[Wait]:
    people = _people(view)
    return [
        one
        for one in view.waits(*RESPONSES)
        if one.state == "met" and one.agent in people and agent in (None, one.agent)
    ]


def _handling(view: View, agent: str | None = None) -> list[int]:
    return [one.handling for one in _answers(view, agent) if one.handling is not None]


def _seen(view: View) -> list[str]:
    return [
        one
        for one in _people(view)
        if _time(view, "online", one) or _time(view, "away", one) or _answers(view, one)
    ]


def _online_by_hour(view: View) -> list[Row]:
    seconds, lengths = [0.0] * 168, [0.0] * 168
    at = view.since
    while at < min(view.until, view.now):
        end = min(at + QUARTER, view.now)
        hour = hour_of(view, at)
        lengths[hour] += (end - at).total_seconds()
        seconds[hour] += _time(replace(view, since=at, until=end), "online")
        at += QUARTER
    return [
        (WEEKDAYS[hour // 24], f"{hour % 24:02d}", seconds[hour] / lengths[hour])
        for hour in range(168)
        if lengths[hour]
    ]
