"""The drain: from the streams into the database, in batches, idempotent, poison set aside.

The doorbell starts it; it stays a moment after the streams are empty, so that a flood rings once.
An entry is deleted from its stream only after its transaction is committed.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from datetime import timedelta

from redis import RedisError
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError, TimeoutError

from wxdesk.background_jobs import DRAIN_INTAKE
from wxdesk.campaigns.entering import lose_code
from wxdesk.intake.entries import read_answer, read_entry
from wxdesk.intake.operations import record, set_aside
from wxdesk.intake.rules import BATCH, MOST_ATTEMPTS, AutoAnswer, shares
from wxdesk.intake.spooled import empty_spool
from wxdesk.intake.streams import intake_streams
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.streams import StreamEntry, Streams
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime, current, rung

logger = logging.getLogger(__name__)

LONGEST_RUN_SECONDS = 20.0
LINGER_SECONDS = 1.0
GATHER_SECONDS = 0.1  # a batch costs as much for five messages as for one
SMALL_BATCH = 100
AWAY = (OperationalError, TimeoutError)


@rung(DRAIN_INTAKE)
def drain() -> None:
    """Record everything that waits. The database away: everything stays where it is."""
    runtime = current()
    streams = intake_streams(runtime.redis)
    try:
        streams.prepare()
        _empty_spool(runtime)
        left = streams.left_over(consumer(), BATCH)
        while left and not runtime.stopping.is_set():
            _record_all(runtime, streams, left)
            left = streams.left_over(consumer(), BATCH) if len(left) >= BATCH else []
        _drain_until_quiet(runtime, streams)
    except AWAY as error:
        reason = type(error).__name__
        logger.error("database unreachable (%s); everything stays in the streams", reason)  # noqa: TRY400
    except RedisError as error:
        logger.error("redis unreachable (%s); the scheduler rings again", type(error).__name__)  # noqa: TRY400


def consumer() -> str:
    """A stable name a worker slot: after a crash its next process goes on with what it held."""
    return os.environ.get("WXDESK_WORKER_NAME") or f"{os.uname().nodename}-{os.getpid()}"


def _empty_spool(runtime: Runtime) -> None:
    """Trouble with the spool's files must not keep the streams from being recorded."""
    try:
        if not runtime.spool.is_empty():
            empty_spool(runtime)
    except OSError as error:
        logger.error("the spool can't be emptied: %s", error.strerror)  # noqa: TRY400


def _drain_until_quiet(runtime: Runtime, streams: Streams) -> None:
    started = quiet_since = time.monotonic()
    while not _is_time_up(runtime, started):
        streams.hold_flag()
        count = _drain_batch(runtime, streams)
        now = time.monotonic()
        if count:
            quiet_since = now
        elif now - quiet_since > LINGER_SECONDS:
            streams.release_flag()
            if not _drain_batch(runtime, streams):  # whoever appended before the release
                return
        if count < SMALL_BATCH:
            pause(GATHER_SECONDS)
    streams.release_flag()
    if not runtime.stopping.is_set():
        runtime.queues.ring(DRAIN_INTAKE)


def _is_time_up(runtime: Runtime, started: float) -> bool:
    return runtime.stopping.is_set() or time.monotonic() - started > LONGEST_RUN_SECONDS


def _drain_batch(runtime: Runtime, streams: Streams) -> int:
    waiting = streams.waiting()
    if not any(waiting):
        return 0
    entries = streams.read(consumer(), shares(waiting))
    if entries:
        streams.note_repeated(_record_all(runtime, streams, entries))
    return len(entries)


def _record_all(runtime: Runtime, streams: Streams, entries: Sequence[StreamEntry]) -> int:
    """One transaction for all; if that fails, one for each, so that one can't block the rest.

    Returns how many were stored before under an expired once-key (those tried one by one, and
    those that another drain has taken over meanwhile, are not looked at).
    """
    try:
        stored = _record(runtime, entries)
    except AWAY:
        raise
    except Exception as error:  # noqa: BLE001 -- the job is a door: whatever it is, go on one by one
        logger.error(  # noqa: TRY400 -- a driver's message may name a customer
            "batch of %d entries failed (%s); trying one by one", len(entries), type(error).__name__
        )
        for entry in entries:
            _record_one(runtime, streams, entry)
        return 0
    is_all_ours = streams.finish(entries) == len(entries)
    return len(entries) - stored if is_all_ours else 0


def _record(runtime: Runtime, entries: Sequence[StreamEntry]) -> int:
    read = [read_entry(entry.body, entry.answer) for entry in entries]
    forget_after = timedelta(hours=runtime.settings.forget_after_hours)
    try:
        with runtime.unit_of_work() as uow:
            return record(uow, read, forget_after=forget_after)
    except IntegrityError:  # another drain was at the same rows; now it is done with them
        with runtime.unit_of_work() as uow:
            return record(uow, read, forget_after=forget_after)


def _record_one(runtime: Runtime, streams: Streams, entry: StreamEntry) -> None:
    try:
        _record(runtime, [entry])
    except AWAY:
        raise
    except Exception as error:  # noqa: BLE001 -- what can't be recorded is set aside with the reason
        attempts = streams.failed(entry)
        reason = type(error).__name__
        logger.error("entry %s failed %d times (%s)", entry.name, attempts, reason)  # noqa: TRY400
        if attempts < MOST_ATTEMPTS:
            return  # it stays pending, and is tried again by the next drain
        _set_aside(runtime, entry, error, attempts)
        streams.forget_failures(entry)
    streams.finish([entry])


def _set_aside(runtime: Runtime, entry: StreamEntry, error: Exception, attempts: int) -> None:
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, SQLAlchemyError):
        reason = f"{type(error).__name__}: {error.__cause__}"
    account_id = _account_id(entry)
    payload = entry.body.decode(errors="backslashreplace")
    with runtime.unit_of_work() as uow:
        set_aside(
            uow,
            name=entry.name,
            account_id=account_id,
            reason=reason,
            payload=payload,
            attempts=attempts,
        )
        _lose_code(uow, entry)


def _lose_code(uow: UnitOfWork, entry: StreamEntry) -> None:
    """Somebody has it who can't be recorded: it must not be given again."""
    try:
        answer = read_answer(entry.answer.decode())
    except (ValueError, TypeError):
        return
    if isinstance(answer, AutoAnswer) and answer.campaign_id is not None and answer.code:
        lose_code(uow, answer.campaign_id, answer.code)


def _account_id(entry: StreamEntry) -> int | None:
    try:
        return read_entry(entry.body, b"").account_id
    except ValueError:
        return None
