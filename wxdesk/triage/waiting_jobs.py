"""Background work: rules that speak up when a customer has waited for too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from wxdesk.background_jobs import ANSWER_WAITING
from wxdesk.runtime import Runtime, current, rung
from wxdesk.triage.moments import read_moments, read_rates
from wxdesk.triage.rules import NOTHING_KNOWN, Moment
from wxdesk.triage.waiting import (
    Wait,
    WaitingRule,
    answer_wait,
    answered_already,
    due_rule,
    key_of,
    list_waiting_rules,
    list_waits,
)

BATCH = 200
MOST_BATCHES = 25


@rung(ANSWER_WAITING)
def answer_waiting() -> None:
    """Each reply in a transaction of its own, so that people's answers never wait for long."""
    runtime = current()
    now = runtime.clock()
    with runtime.reading() as session:
        rules = list_waiting_rules(session)
        moments = read_moments(session, now, read_rates(session, now)) if rules else {}
    last: tuple[datetime, int] | None = None
    for _ in range(MOST_BATCHES if rules else 0):
        waits, last = _answer_batch(runtime, rules, moments, last)
        if len(waits) < BATCH or runtime.stopping.is_set():
            return


def _answer_batch(
    runtime: Runtime,
    rules: Mapping[int, Sequence[WaitingRule]],
    moments: Mapping[int, Moment],
    last: tuple[datetime, int] | None,
) -> tuple[list[Wait], tuple[datetime, int] | None]:
    now, zone = runtime.clock(), ZoneInfo(runtime.settings.timezone)
    before = now - min(rule.after for each in rules.values() for rule in each)
    with runtime.reading() as session:
        waits = list_waits(session, sorted(rules), before, now, last, BATCH)
        chosen = {
            wait: rule
            for wait in waits
            if (rule := due_rule(rules[wait.account_id], wait, now, zone)) is not None
        }
        done = answered_already(session, chosen)
    for wait, rule in chosen.items():
        if (rule.id, key_of(rule, wait)) not in done:
            _answer(runtime, rule, wait, moments.get(wait.account_id, NOTHING_KNOWN))
    return waits, (waits[-1].since, waits[-1].conversation_id) if waits else last


def _answer(runtime: Runtime, rule: WaitingRule, wait: Wait, moment: Moment) -> None:
    with runtime.unit_of_work() as uow:
        answer_wait(uow, rule, wait, moment)
