"""`wxdesk bench sla`: deadlines that fall due together, and how late each is noticed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update

from wxdesk.accounts.rules import Mode
from wxdesk.background_jobs import CHECK_DEADLINES
from wxdesk.bench.event import make_account
from wxdesk.bench.history import insert_many, openid_of
from wxdesk.bench.instance import running
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Priority, Status
from wxdesk.plumbing.clock import FAR_FUTURE, pause
from wxdesk.runtime import Runtime
from wxdesk.sla.checking import check_due
from wxdesk.sla.ending import quarter_of
from wxdesk.sla.jobs import BATCH
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import INSTANT, Clock, ClockState

TIMES_AS_MANY = 10  # clocks that run and are not due yet, for each that is
TARGET = timedelta(minutes=5)
AHEAD = timedelta(seconds=3)
QUIET_CHECKS = 20
EVERY = CHECK_DEADLINES.every_seconds or 2


def measure(database: str, size: int) -> dict[str, Any]:
    """Lags from the deadline to the commit that broke the promise, checks two seconds apart.

    The deadlines pass just after a check, which is the worst. The baseline is a check that looks at
    every running clock, as desks without such an index do.
    """
    with running(database) as runtime:
        make_account(runtime, Mode.PLAIN)
        _fill(runtime, size)
        quiet = _mean(lambda: _check(runtime), QUIET_CHECKS)
        scan = _mean(lambda: _scan(runtime), 3)
        deadline_at = _set_deadline(runtime, size)
        pause(max(0.0, (deadline_at - runtime.clock()).total_seconds()))
        pause(EVERY)
        began = time.perf_counter()
        lags = _notice(runtime, deadline_at)
        seconds = time.perf_counter() - began
    lags.sort()
    return {
        "database": database,
        "due_together": size,
        "running_besides": size * TIMES_AS_MANY,
        "noticed": len(lags),
        "all_noticed_in_seconds": round(seconds, 2),
        "lag_p50_seconds": _rank(lags, 0.5),
        "lag_p99_seconds": _rank(lags, 0.99),
        "lag_max_seconds": _rank(lags, 1.0),
        "of_which_waiting_for_the_check": EVERY,
        "check_with_nothing_due_ms": round(quiet * 1000, 2),
        "full_scan_ms": round(scan * 1000, 2),
        "ratio_to_full_scan": round(quiet / scan, 3),
    }


def _fill(runtime: Runtime, size: int) -> None:
    now, count = runtime.clock(), size * (1 + TIMES_AS_MANY)
    insert_many(runtime, Contact, count, lambda number: _contact(number, now))
    insert_many(runtime, Conversation, count, lambda number: _conversation(number, now))
    insert_many(runtime, SlaClock, count, lambda number: _clock(number, now))
    with runtime.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _set_deadline(runtime: Runtime, size: int) -> datetime:
    """The first `size` clocks have the same deadline, a few seconds from now."""
    deadline_at = runtime.clock() + AHEAD
    with runtime.unit_of_work() as uow:
        uow.session.execute(
            update(SlaClock)
            .where(SlaClock.conversation_id <= size)
            .values(deadline_at=deadline_at, check_at=deadline_at + INSTANT)
            .execution_options(synchronize_session=False)
        )
    return deadline_at


def _notice(runtime: Runtime, deadline_at: datetime) -> list[float]:
    """What the job does, and when each batch was committed."""
    lags: list[float] = []
    while found := _check(runtime):
        lag = (runtime.clock() - deadline_at).total_seconds()
        lags += [lag] * found
    return lags


def _check(runtime: Runtime) -> int:
    with runtime.unit_of_work() as uow:
        return check_due(uow, BATCH)


def _scan(runtime: Runtime) -> int:
    """Every running clock is read and judged."""
    with runtime.reading() as session:
        now = runtime.clock()
        query = select(SlaClock.id, SlaClock.deadline_at, SlaClock.breached_at)
        rows = session.execute(query.where(func.coalesce(SlaClock.ended_at, None).is_(None)))
        return sum(at is not None and broken is None and at < now for _, at, broken in rows)


def _mean(action: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - began) / times


def _rank(lags: list[float], share: float) -> float:
    return round(lags[max(0, math.ceil(len(lags) * share) - 1)], 2) if lags else 0.0


def _contact(number: int, now: datetime) -> dict[str, Any]:
    return {
        "account_id": 1,
        "openid": openid_of(number),
        "remark": "",
        "first_seen_at": now,
        "last_seen_at": now,
    }


def _conversation(number: int, now: datetime) -> dict[str, Any]:
    return {
        "account_id": 1,
        "contact_id": number,
        "status": Status.OPEN,
        "opened_at": now,
        "waiting_since": now,
        "last_message_at": now,
        "queued_at": now,
        "due_at": now + TARGET,
        "urgent_at": now + TARGET,
        "window_check_at": FAR_FUTURE,
        "first_response_deadline_at": now + TARGET,
        "version": 1,
    }


def _clock(number: int, now: datetime) -> dict[str, Any]:
    return {
        "conversation_id": number,
        "account_id": 1,
        "contact_id": number,
        "clock": Clock.FIRST_RESPONSE,
        "state": ClockState.RUNNING,
        "priority": Priority.NORMAL,
        "started_at": now,
        "started_quarter": quarter_of(now),
        "deadline_at": now + timedelta(days=1),
        "check_at": now + timedelta(days=1),
    }
