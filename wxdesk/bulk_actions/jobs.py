"""Working through runs: a slice of each in turn, each conversation in a transaction of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from redis import RedisError
from sqlalchemy.exc import IntegrityError, OperationalError, TimeoutError

from wxdesk.background_jobs import PRUNE_BULK_RUNS, RUN_BULK_ACTIONS
from wxdesk.bulk_actions import operations
from wxdesk.bulk_actions.queries import Turn, list_turns, list_waiting, may_reply
from wxdesk.bulk_actions.rules import REPLIES_AT_ONCE, SLICE, RunState
from wxdesk.plumbing.errors import WxdeskError
from wxdesk.runtime import Runtime, current, in_batches, rung
from wxdesk.words import say

logger = logging.getLogger(__name__)

TURN_SECONDS = 3.0  # then others that use the queue get their turn
AWAY = (OperationalError, TimeoutError)


@rung(RUN_BULK_ACTIONS)
def run() -> None:
    """Work on all runs for a few seconds; rings again when more can be done at once."""
    runtime = current()
    ends_at = time.monotonic() + TURN_SECONDS
    try:
        while _round(runtime, ends_at):
            if time.monotonic() > ends_at or runtime.stopping.is_set():
                runtime.queues.ring(RUN_BULK_ACTIONS)
                return
    except AWAY as error:
        reason = type(error).__name__
        logger.error("database unreachable (%s); bulk actions wait", reason)  # noqa: TRY400


@rung(PRUNE_BULK_RUNS)
def prune() -> None:
    """Delete runs older than 90 days, batch by batch."""
    in_batches(operations.prune)


def _round(runtime: Runtime, ends_at: float) -> bool:
    """A slice of every run; True when there is more to do that need not wait for the next second.

    Answers of all runs together leave slowly, so that one-to-one answers go out between them.
    """
    with runtime.reading() as session:
        turns = list_turns(session)
        room = REPLIES_AT_ONCE if may_reply(session, runtime.clock()) else 0
    replies = [turn for turn in turns if turn.is_reply and turn.state is RunState.RUNNING]
    more = bool(room) and _reply(runtime, replies, room)
    for turn in turns:
        if time.monotonic() > ends_at or runtime.stopping.is_set():
            return True
        if turn not in replies:
            more = _advance(runtime, turn) or more
    return more


def _reply(runtime: Runtime, turns: Sequence[Turn], room: int) -> bool:
    """The next conversations of these runs, `room` in all; True if none of them was answered."""
    tried = 0
    for number, turn in enumerate(turns):
        share = -(-(room - tried) // (len(turns) - number))
        tried += _slice(runtime, turn, share)
    with runtime.reading() as session:
        return tried > 0 and may_reply(session, runtime.clock())


def _advance(runtime: Runtime, turn: Turn) -> bool:
    """A batch of collecting, or a slice of doing; whether the run may have more to do."""
    if turn.state is RunState.COLLECTING:
        with runtime.unit_of_work() as uow:
            operations.collect(uow, turn.run_id)
        return True
    return _slice(runtime, turn, SLICE) == SLICE


def _slice(runtime: Runtime, turn: Turn, most: int) -> int:
    """Do the next conversations of a run; how many. A run in which none is left has ended."""
    if most <= 0:
        return 0
    with runtime.reading() as session:
        ids = list_waiting(session, turn.run_id, most)
    for conversation_id in ids:
        if runtime.stopping.is_set():
            break
        _do(runtime, turn.run_id, conversation_id)
    if len(ids) < most:
        with runtime.unit_of_work() as uow:
            operations.finish(uow, turn.run_id)
    try:
        runtime.live.publish([f"bulk:{turn.run_id}"])
    except RedisError:
        logger.warning("redis unreachable; nobody is told of bulk action %d", turn.run_id)
    return len(ids)


def _do(runtime: Runtime, run_id: int, conversation_id: int) -> None:
    """One conversation; whatever goes wrong is noted in its row, and the run goes on."""
    try:
        with runtime.unit_of_work() as uow:
            operations.do_row(uow, run_id, conversation_id)
    except AWAY:
        raise
    except WxdeskError as error:
        sentence = error.sentence
    except IntegrityError:
        sentence = say("somebody else did something here at the same moment")
    except Exception:  # one conversation must not stop all the others
        logger.exception("bulk action %d: conversation %d", run_id, conversation_id)
        sentence = say("something went wrong on our side; nothing was changed")
    else:
        return
    with runtime.unit_of_work() as uow:
        operations.fail_row(uow, run_id, conversation_id, sentence)
