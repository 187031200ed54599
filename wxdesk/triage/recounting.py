"""Rules with limits whose answers Redis does not know: counted again from the messages.

Such a rule says nothing meanwhile (plumbing/gate_scripts.py): after a loss of Redis's data, and
when its limits begin to count otherwise. Answers that were on their way into the database are
waited for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from redis import Redis

from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.gates import Tally
from wxdesk.runtime import Runtime
from wxdesk.triage.limits import (
    ALL_KNOWN,
    Limited,
    count_said,
    list_limited,
    list_said,
)

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 10
SETTLE_SECONDS = 5.0  # what a drain held, or a process with older rules still said, is recorded
PART = 5_000


def count_missing(runtime: Runtime, seconds: float) -> bool:
    """Count the answers of rules that Redis does not know; False when the time was too short."""
    if runtime.redis.exists(ALL_KNOWN):
        return True
    with runtime.reading() as session:
        rules = list_limited(session)
    until, waits = time.monotonic() + seconds, False
    for rule in _unknown(runtime.redis, rules):
        if not _has_settled(runtime, rule):
            waits = True
        elif time.monotonic() > until or runtime.stopping.is_set():
            return False
        else:
            _count(runtime, rule)
    if not waits:
        runtime.redis.set(ALL_KNOWN, "1", ex=LOOK_AGAIN_SECONDS)
    return True


def _unknown(redis: Redis, rules: Sequence[Limited]) -> list[Limited]:
    found: list[Limited] = []
    for start in range(0, len(rules), PART):
        part = rules[start : start + PART]
        shapes = Tally.shapes(redis, [it.rule_id for it in part])
        found += [it for it, shape in zip(part, shapes, strict=True) if shape != it.counting.shape]
    return found


def _has_settled(runtime: Runtime, rule: Limited) -> bool:
    seconds = (runtime.clock() - EPOCH).total_seconds()
    since = Tally(rule.rule_id).unknown_since(runtime.redis, rule.counting, seconds)
    return seconds - since >= SETTLE_SECONDS


def _count(runtime: Runtime, rule: Limited) -> None:
    counting, now = rule.counting, runtime.clock()
    since = None
    if counting.seconds is not None:
        since = now - timedelta(seconds=counting.seconds)
    build = Tally(rule.rule_id).build(runtime.redis, counting)
    total = 0
    with runtime.reading() as session:
        if counting.total is not None:
            total = count_said(session, rule.rule_id)
        if counting.person is not None:
            for page in list_said(session, rule.rule_id, since):
                build.add(page)
    build.open(total, (now - EPOCH).total_seconds())
    logger.info("rule %d: its answers were counted again", rule.rule_id)
