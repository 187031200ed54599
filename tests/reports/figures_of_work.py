"""The truth about the overview, about agents, teams, accounts and tags, and hours of the week."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reports.figures import (
    CLOCKS,
    HOUR,
    MEASURES,
    RESPONSES,
    WEEKDAYS,
    Message,
    Row,
    Take,
    View,
    compared,
    durations,
    kept_share,
    only_now,
    promise_values,
    share,
)
from reports.shapes import Conversation, Wait

KINDS = ("received", "auto_answered", "to_people", "by_rules", "by_people")

# Overview


def overview(view: View) -> dict[str, Any]:
    takes: dict[str, Take] = {
        "received": lambda it: it.count("received"),
        "auto_answered": lambda it: it.count("auto_answered"),
        "auto_answered_share": lambda it: share(it.count("auto_answered"), it.count("received")),
        "by_rules": lambda it: it.count("by_rules"),
        "by_people": lambda it: it.count("by_people"),
        "wrong_hits": lambda it: len(it.wrong_hits()),
        "wrong_hit_rate": lambda it: share(len(it.wrong_hits()), it.count("by_rules")),
        "begun": lambda it: len(it.waits(*RESPONSES)),
        "stopped": lambda it: sum(1 for one in it.waits(*RESPONSES) if one.state == "stopped"),
        "waiting_at_end": lambda it: backlog(it, it.until),
    }
    for key, (_, clocks) in MEASURES.items():
        takes[f"{key}_median"] = lambda it, c=clocks: durations(it, it.waits(*c))[1]
        takes[f"{key}_p90"] = lambda it, c=clocks: durations(it, it.waits(*c))[2]
    for clock in CLOCKS:
        takes[f"{clock}_share"] = lambda it, c=clock: kept_share(it.waits(c))
    return {
        "figures": {**only_now(view, standing()), **compared(view, takes)},
        "tables": {
            "volumes": [(name, *volumes(part)) for name, part in buckets(view)],
            "backlog": [(name, *flow(view, part)) for name, part in buckets(view)],
            "durations": _beside(view),
            "promises": _promises(view),
        },
    }


def _beside(view: View) -> list[Row]:
    rows, before = [], view.before()
    for name, clocks in MEASURES.values():
        rows.append((name, "This period", *durations(view, view.waits(*clocks))))
        if before:
            rows.append((name, "The one before", *durations(before, before.waits(*clocks))))
    return rows


def _promises(view: View) -> list[Row]:
    before = view.before()
    return [
        (
            name,
            *promise_values(view.waits(clock)),
            kept_share(before.waits(clock)) if before else None,
        )
        for clock, name in CLOCKS.items()
    ]


def standing() -> dict[str, Take]:
    """How the desk stands at this moment."""
    return {
        "now_waiting": lambda it: len(_waiting(it)),
        "now_oldest": _oldest,
        "now_breached": lambda it: len({_place(one) for one in it.all_waits() if _is_late(one)}),
        "now_due": lambda it: len({_place(one) for one in it.all_waits() if _is_due(it, one)}),
        "now_unassigned": lambda it: sum(1 for one in _waiting(it) if _has_nobody(it, one)),
        "now_online": lambda it: len(_online(it)),
        "now_load": _load,
    }


def _waiting(it: View) -> list[Wait]:
    return [one for one in it.all_waits() if one.is_response and one.ended is None]


def _oldest(it: View) -> int | None:
    starts = [one.started for one in _waiting(it)]
    return int((it.now - min(starts)).total_seconds()) if starts else None


def _place(wait: Wait) -> tuple[str, int]:
    return wait.who, wait.conversation


def _is_late(wait: Wait) -> bool:
    return wait.ended is None and wait.breached is not None


def _is_due(it: View, wait: Wait) -> bool:
    runs = wait.state == "running" and wait.breached is None and wait.deadline is not None
    return runs and it.now <= wait.deadline <= it.now + timedelta(minutes=15)


def _has_nobody(it: View, wait: Wait) -> bool:
    return it.conversation(wait).assignee is None


def _online(it: View) -> list[str]:
    return [
        one
        for one in it.truth.capacities
        if it.truth.is_online(one, it.now)
        and (not it.agents or one in it.agents)
        and (not it.teams or any(one in it.truth.members[team] for team in it.teams))
    ]


def _load(it: View) -> float | None:
    has = sum(it.truth.load(one, it.now) for one in _online(it))
    return share(has, sum(it.truth.capacities[one] for one in _online(it)))


def backlog(view: View, at: datetime) -> int | None:
    """Who waited at the last instant before `at`, or now if that is still to come."""
    if view.since > view.now:
        return None
    return sum(
        1
        for one in view.all_waits()
        if one.is_response and one.started < at and (one.ended is None or one.ended >= at)
    )


def buckets(view: View) -> list[tuple[Any, View]]:
    """Hours of up to two days, else local days."""
    if view.until - view.since > timedelta(hours=49):
        return [(day.isoformat(), of_day(view, day)) for day in view.days()]
    found, at = [], view.since
    while at < view.until:
        found.append((at, replace(view, since=at, until=min(at + HOUR, view.until))))
        at += HOUR
    return found


def of_day(view: View, day: date) -> View:
    since = midnight(view, day)
    until = midnight(view, day + timedelta(days=1))
    return replace(view, since=max(since, view.since), until=min(until, view.until))


def midnight(view: View, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=view.zone).astimezone(UTC)


def volumes(view: View) -> Row:
    return tuple(view.count(kind) for kind in KINDS)


def flow(view: View, part: View) -> Row:
    if part.since > view.now:
        return None, None, None
    ended = [one for one in view.all_waits() if one.is_response and one.ended]
    return (
        len(part.waits(*RESPONSES)),
        sum(1 for one in ended if part.holds(one.ended)),
        backlog(part, part.until),
    )


# By agent, team, account, tag


def grouped(
    view: View,
    members: Sequence[Any],
    of: Callable[[Wait], Iterable[Any]],
    name: Callable[[Any], Any],
) -> dict[str, Any]:
    """The three tables; `more` columns are put in by the caller."""
    waits = view.waits()
    keys = list(dict.fromkeys([*members, *(key for wait in waits for key in of(wait))]))
    mine = {key: [wait for wait in waits if key in of(wait)] for key in keys}
    work, slow, kept = [], [], []
    for key in keys:
        responses = [one for one in mine[key] if one.is_response]
        running = sum(1 for one in responses if one.ended is None)
        episodes = len(mine[key]) - len(responses)
        work.append((key, name(key), len(responses), running, episodes))
        parts: list[Any] = []
        for _, clocks in MEASURES.values():
            parts += durations(view, [one for one in mine[key] if one.clock in clocks])
        slow.append((name(key), *parts))
        kept.append((name(key), *promise_values(responses)))
    return {"work": work, "durations": slow, "promises": kept}


def open_now(view: View, matches: Callable[[Conversation], bool]) -> int:
    return sum(
        1
        for one in view.truth.conversations
        if one.status == "open"
        and matches(one)
        and (not view.accounts or one.account in view.accounts)
        and (not view.teams or one.team in view.teams)
        and (not view.agents or one.assignee in view.agents)
        and (not view.tags or bool(one.tags & set(view.tags)))
    )


def _report(tables: dict[str, Any], more: Callable[[Any], Row]) -> dict[str, Any]:
    work = [(*values, *more(key)) for key, *values in tables["work"]]
    return {"figures": {}, "tables": {**tables, "work": work}}


def agents(view: View) -> dict[str, Any]:
    def written(agent: str | None) -> int | None:
        if not view.knows_messages or agent is None:
            return None
        return view.count("by_people", (one for one in view.messages if one.agent == agent))

    wrote = [one for one in view.truth.capacities if written(one)]
    members = view.agents or tuple(dict.fromkeys([*view.truth.capacities, *wrote]))
    tables = grouped(
        view,
        members,
        lambda wait: (wait.agent,),
        lambda key: "Nobody" if key is None else view.names[key],
    )
    return _report(
        tables, lambda key: (written(key), open_now(view, lambda one: one.assignee == key))
    )


def teams(view: View) -> dict[str, Any]:
    members = view.teams or tuple(view.truth.members)
    tables = grouped(view, members, lambda wait: (wait.team,), view.team)
    return _report(tables, lambda key: (open_now(view, lambda one: one.team == key),))


def accounts(view: View) -> dict[str, Any]:
    members = view.accounts or tuple(view.truth.teams_of_accounts)
    tables = grouped(view, members, lambda wait: (wait.account,), lambda key: view.names[key])

    def more(key: str) -> Row:
        of = [one for one in view.messages if one.account == key]
        kinds = ("received", "auto_answered", "by_rules", "by_people")
        counts = tuple(view.count(kind, of) for kind in kinds)
        return *counts, open_now(view, lambda one: one.account == key)

    return _report(tables, more)


def tags(view: View) -> dict[str, Any]:
    def of(wait: Wait) -> tuple[Any, ...]:
        return tuple(view.conversation(wait).tags) or (None,)

    members = view.tags or tuple(one for one in view.names if view.names[one] == f"tag {one}")
    tables = grouped(view, members, of, lambda key: "No tag" if key is None else key)
    return _report(
        tables,
        lambda key: (open_now(view, lambda one: key in one.tags if key else not one.tags),),
    )


# Hours of the week


def hours(view: View) -> dict[str, Any]:
    rows: dict[str, list[Row]] = {"volumes": [], "waits": [], "durations": []}
    often = [0] * 168
    first = min((message.at for message in view.messages), default=view.now)
    at = over = view.since
    while at < view.until and at + HOUR <= view.now:
        over = at + HOUR
        often[hour_of(view, at)] += first < over
        at = over
    messages: dict[int, list[Message]] = {}
    for message in view.messages:
        messages.setdefault(hour_of(view, message.at), []).append(message)
    waits: dict[int, list[Wait]] = {}
    for wait in view.waits(*RESPONSES):
        waits.setdefault(hour_of(view, wait.started), []).append(wait)
    for hour in range(168):
        name = (WEEKDAYS[hour // 24], f"{hour % 24:02d}")
        counts = [view.count(kind, messages.get(hour, ())) for kind in KINDS]
        gone = [one for one in messages.get(hour, ()) if one.at < over]
        usual = share(view.count("received", gone), often[hour])
        rows["volumes"].append((*name, *counts, often[hour], usual))
        mine = waits.get(hour, [])
        first = [one for one in mine if one.clock == "first_response"]
        rows["waits"].append((*name, len(mine), *promise_values(mine)))
        rows["durations"].append((*name, *durations(view, first), *durations(view, mine)))
    return {"figures": {}, "tables": rows}


def hour_of(view: View, at: datetime) -> int:
    local = view.local(at)
    return local.weekday() * 24 + local.hour
