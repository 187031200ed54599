"""The truth about promises kept and broken, satisfaction, and automatic answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from reports.figures import (
    CAUSES,
    CLOCKS,
    PRIORITIES,
    Message,
    Row,
    Take,
    View,
    compared,
    counted,
    kept_share,
    only_now,
    outcome,
    share,
    spread,
)
from reports.figures_of_work import of_day
from reports.shapes import Rating, Wait

# Promises


def sla(view: View) -> dict[str, Any]:
    waits = view.waits()
    takes: dict[str, Take] = {
        f"{clock}_share": lambda it, c=clock: kept_share(it.waits(c)) for clock in CLOCKS
    }
    takes["broken"] = lambda it: counted(it.waits())["broken"]
    alone: dict[str, Take] = {
        "running": lambda it: counted(it.waits())["running"],
        "none": lambda it: counted(it.waits())["none"],
    }
    by_clock = [
        (name, *_decided(mine))
        for clock, name in CLOCKS.items()
        if (mine := [one for one in waits if one.clock == clock])
    ]
    return {
        "figures": {**compared(view, takes), **only_now(view, alone)},
        "tables": {
            "clocks": by_clock,
            "days": _kept_by_day(view),
            "policies": _by_policy(view, waits),
            "priorities": _by_priority(waits),
        },
    }


def _decided(waits: Sequence[Wait]) -> Row:
    found = counted(waits)
    return kept_share(waits), found["kept"], found["broken"], found["running"], found["stopped"]


def _kept_by_day(view: View) -> list[Row]:
    rows = []
    for day in view.days():
        part = of_day(view, day)
        rows.append((day.isoformat(), *(kept_share(part.waits(clock)) for clock in CLOCKS)))
    return rows


def _by_policy(view: View, waits: Sequence[Wait]) -> list[Row]:
    rows = []
    for promise in {(one.promise.id, one.promise.version) for one in waits}:
        for clock, name in CLOCKS.items():
            mine = [
                one
                for one in waits
                if (one.promise.id, one.promise.version) == promise and one.clock == clock
            ]
            if any(outcome(one) != "none" for one in mine):
                number, version = promise
                shown = "Built-in promise" if number is None else view.names[f"policy {number}"]
                rows.append((shown, str(version or ""), name, *_decided(mine)))
    return rows


def _by_priority(waits: Sequence[Wait]) -> list[Row]:
    return [
        (shown, name, *_decided(mine))
        for priority, shown in PRIORITIES.items()
        for clock, name in CLOCKS.items()
        if (mine := [one for one in waits if (one.priority, one.clock) == (priority, clock)])
    ]


# Broken promises


def breaches(view: View) -> dict[str, Any]:
    def broken(it: View) -> list[Wait]:
        return [one for one in it.waits() if one.breached is not None]

    def late(it: View) -> Row:
        return spread(
            [int((one.ended - one.breached).total_seconds()) for one in broken(it) if one.ended]
        )

    takes: dict[str, Take] = {
        "broken": lambda it: len(broken(it)),
        "late_median": lambda it: late(it)[1],
        "late_p90": lambda it: late(it)[2],
        "late_longest": lambda it: late(it)[4],
    }
    alone: dict[str, Take] = {
        "waiting": lambda it: sum(1 for one in broken(it) if one.ended is None)
    }
    found = broken(view)
    silent = [one for one in found if one.cause == "assigned_silent"]
    people = {one.breach_assignee for one in silent}
    causes = [*CAUSES, *({None} & {one.cause for one in found})]
    return {
        "figures": {**compared(view, takes), **only_now(view, alone)},
        "tables": {
            "causes": [
                (CAUSES[cause] if cause else "Not judged yet", number, share(number, len(found)))
                for cause in causes
                for number in [sum(1 for one in found if one.cause == cause)]
            ],
            "hours": [
                (
                    f"{hour:02d}",
                    *_caused(
                        causes, (one for one in found if view.local(one.started).hour == hour)
                    ),
                )
                for hour in range(24)
            ],
            "teams": [
                (view.team(team), len(mine), *_caused(causes, mine))
                for team in {one.team for one in found}
                for mine in [[one for one in found if one.team == team]]
            ],
            "silent": [
                (view.names[agent], sum(1 for one in silent if one.breach_assignee == agent))
                for agent in people
                if agent is not None
            ],
            "list": _latest(view, found),
        },
    }


def _caused(causes: Sequence[str | None], waits: Iterable[Wait]) -> Row:
    found = list(waits)
    return tuple(sum(1 for one in found if one.cause == cause) for cause in causes)


def _latest(view: View, found: Sequence[Wait]) -> list[Row]:
    rows = []
    for one in found:
        assert one.breached is not None
        promise = one.promise
        policy = "Built-in promise" if promise.id is None else view.names[f"policy {promise.id}"]
        rows.append(
            (
                f"WeChat user {view.numbers[one.who]:04d}",
                view.names[one.account],
                view.team(one.team),
                CLOCKS[one.clock],
                policy,
                one.started,
                one.breached,
                one.ended,
                int(((one.ended or view.now) - one.breached).total_seconds()),
                CAUSES[one.cause or ""],
                view.names[one.breach_assignee] if one.breach_assignee else None,
            )
        )
    return rows


# Satisfaction


def satisfaction(view: View) -> dict[str, Any]:
    takes: dict[str, Take] = {
        "asked": lambda it: len(asked(it)),
        "rated": lambda it: len(scores(asked(it))),
        "answered": lambda it: share(len(scores(asked(it))), len(asked(it))),
        "mean": lambda it: mean(scores(asked(it))),
        "satisfied": lambda it: part_of(asked(it), (4, 5)),
        "low": lambda it: part_of(asked(it), (1, 2)),
    }
    found = asked(view)
    low = [one for one in found if one.score in (1, 2)]
    return {
        "figures": compared(view, takes),
        "tables": {
            "scores": [
                (str(score), number, share(number, len(scores(found))))
                for score in (5, 4, 3, 2, 1)
                for number in [scores(found).count(score)]
            ],
            "days": [(day.isoformat(), *judged(asked(of_day(view, day)))) for day in view.days()],
            "agents": _by(found, lambda one: view.names[one.agent or ""]),
            "teams": _by(found, lambda one: view.team(one.team)),
            "accounts": _by(found, lambda one: view.names[one.account]),
            "lowest": [
                (
                    f"WeChat user {view.numbers[one.who]:04d}",
                    one.asked,
                    view.names[one.agent or ""],
                    one.score,
                    None,
                )
                for one in low
            ],
        },
    }


def _by(found: Sequence[Rating], name: Callable[[Rating], str]) -> list[Row]:
    return [
        (each, *judged([one for one in found if name(one) == each]))
        for each in {name(one) for one in found}
    ]


def asked(view: View) -> list[Rating]:
    return [
        one
        for one in view.truth.ratings.values()
        if view.holds(one.asked)
        and one.state != "unsent"
        and (not view.accounts or one.account in view.accounts)
        and (not view.teams or one.team in view.teams)
        and (not view.agents or one.agent in view.agents)
        and (not view.tags or bool(one.conversation.tags & set(view.tags)))
    ]


def scores(ratings: Iterable[Rating]) -> list[int]:
    return [one.score for one in ratings if one.score is not None]


def mean(values: Sequence[int]) -> float | None:
    return share(sum(values), len(values))


def part_of(ratings: Sequence[Rating], wanted: tuple[int, ...]) -> float | None:
    given = scores(ratings)
    return share(sum(1 for score in given if score in wanted), len(given))


def judged(found: Sequence[Rating]) -> Row:
    given = scores(found)
    return (
        mean(given),
        len(found),
        len(given),
        share(len(given), len(found)),
        part_of(found, (4, 5)),
        part_of(found, (1, 2)),
    )


# Auto-replies


def rules(view: View) -> dict[str, Any]:
    takes: dict[str, Take] = {
        "received": lambda it: _for_rules(it, "received"),
        "answered": lambda it: _for_rules(it, "auto_answered"),
        "hit_share": lambda it: share(_for_rules(it, "auto_answered"), _for_rules(it, "received")),
        "answers": lambda it: _for_rules(it, "by_rules"),
        "wrong_hits": lambda it: len(it.wrong_hits()),
        "wrong_share": lambda it: share(len(it.wrong_hits()), _for_rules(it, "by_rules")),
    }
    hits = view.wrong_hits()
    answered = {one.rule for one in view.messages if one.kind == "by_rules" and _is_in(view, one)}
    keys = (answered if _for_rules(view, "by_rules") is not None else set()) | {
        auto.rule for _, auto in hits
    }
    return {
        "figures": compared(view, takes),
        "tables": {
            "rules": [_of_rule(view, hits, key) for key in keys if key],
            "days": [(day.isoformat(), *_rules_of_day(of_day(view, day))) for day in view.days()],
            "accounts": _rules_by_account(view, hits),
            "keywords": _keywords(view, hits),
        },
    }


def campaigns(view: View) -> dict[str, Any]:
    """The month has no campaign: nothing is 0 where it can be counted."""
    none: Take = lambda it: None if it.agents or it.teams or it.tags else 0  # noqa: E731
    takes = dict.fromkeys(("hits", "entries", "people", "answers", "left"), none)
    return {"figures": compared(view, {**takes, "wrong": lambda _: 0}), "tables": {}}


def _keywords(view: View, hits: Sequence[tuple[Wait, Any]]) -> list[Row]:
    """What was matched, by rule; of forgotten customers it is gone."""
    found = [(view.names[f"rule {auto.rule[0]}"], auto.who) for _, auto in hits]
    words = [(None if who in view.truth.forgotten else rule, rule) for rule, who in found]
    return [(*one, words.count(one)) for one in dict.fromkeys(words)]


def _is_in(view: View, one: Message) -> bool:
    return view.holds(one.at) and (not view.accounts or one.account in view.accounts)


def _for_rules(view: View, kind: str, messages: Iterable[Message] | None = None) -> int | None:
    return None if view.agents else view.count(kind, messages)


def _of_rule(view: View, hits: Sequence[tuple[Wait, Any]], key: tuple[int, int]) -> Row:
    wrong = sum(1 for _, auto in hits if auto.rule == key)
    answers = _for_rules(view, "by_rules", [one for one in view.messages if one.rule == key])
    return view.names[f"rule {key[0]}"], str(key[1]), answers, wrong, share(wrong, answers)


def _rules_of_day(part: View) -> Row:
    received, answered = _for_rules(part, "received"), _for_rules(part, "auto_answered")
    wrong = len(part.wrong_hits())
    return received, answered, share(answered, received), _for_rules(part, "by_rules"), wrong


def _rules_by_account(view: View, hits: Sequence[tuple[Wait, Any]]) -> list[Row]:
    rows = []
    for account in view.truth.teams_of_accounts:
        of = [one for one in view.messages if one.account == account]
        received = _for_rules(view, "received", of)
        answered = _for_rules(view, "auto_answered", of)
        answers = _for_rules(view, "by_rules", of)
        wrong = sum(1 for wait, _ in hits if wait.account == account)
        if received or answers or wrong:
            rows.append(
                (
                    view.names[account],
                    received,
                    share(answered, received),
                    answers,
                    wrong,
                    share(wrong, answers),
                )
            )
    return rows
