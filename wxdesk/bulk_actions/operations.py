"""What changes about runs: started, collected, worked through row by row, paused, ended.

A row's state changes in the transaction of its effect, so a worker that is killed anywhere leaves
each conversation either done and noted, or as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, func, select, update

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import may
from wxdesk.audit.operations import note
from wxdesk.background_jobs import RUN_BULK_ACTIONS
from wxdesk.bulk_actions.acting import Task, act
from wxdesk.bulk_actions.deeds import check, read_deed, stored
from wxdesk.bulk_actions.models import BulkRow, BulkRun
from wxdesk.bulk_actions.queries import count_rows, missing_of, newest_ids
from wxdesk.bulk_actions.rules import (
    COLLECT_BATCH,
    KEPT,
    MOST_CONVERSATIONS,
    MOST_RUNS,
    UNENDED,
    WORKING,
    BulkAction,
    RowState,
    RunState,
    permission_of,
)
from wxdesk.conversations.lists import count_up_to, list_ids
from wxdesk.conversations.queries import no_such_conversation
from wxdesk.inbox.filters import Asker, plain_filters, read_filters
from wxdesk.plumbing.db import insert_new
from wxdesk.plumbing.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    WxdeskError,
)
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import Words, say

LONGEST_KEY = 100
PRUNED_ROWS = 2_000
PRUNED_RUNS = 10


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: conversations by their `ids`, or all that the filters `query` find.

    `arguments` and `query` are JSON objects of the request.
    """

    action: BulkAction
    arguments: dict[str, Any]
    ids: tuple[int, ...] | None = None
    query: dict[str, Any] | None = None


def start(uow: UnitOfWork, wish: Wish, agent_id: int, idempotency_key: str | None) -> BulkRun:
    """Make a run and its first rows; the same key gives the run that it made before.

    InvalidInputError names what can't be taken; ConflictError with three runs that have not ended.
    """
    agent = _lock_starter(uow, agent_id)
    deed = read_deed(wish.action, wish.arguments, agent_id)
    asker = Asker(agent_id, uow.now)
    query = plain_filters(wish.query, uow.session, asker) if wish.query is not None else None
    last_id, seen_message_id = newest_ids(uow.session)
    run = BulkRun(
        agent_id=agent_id,
        action=wish.action,
        arguments=stored(deed),
        query=query,
        idempotency_key=_checked(idempotency_key),
        last_id=last_id,
        seen_message_id=seen_message_id,
        created_at=uow.now,
    )
    if (earlier := _started_before(uow, run, wish.ids)) is not None:
        return earlier
    check(uow, deed, agent)
    _refuse_too_many_runs(uow, agent_id)
    _refuse_size(uow, run, wish.ids)
    run.state, run.collected_to_id = RunState.COLLECTING, 0
    uow.session.add(run)
    uow.session.flush()
    if wish.ids is not None:
        _add_rows(uow, run, wish.ids)
        run.state, run.collected_to_id = RunState.RUNNING, last_id
    else:
        collect(uow, run.id)
    _note(uow, run, "bulk.started", agent_id)
    uow.ring(RUN_BULK_ACTIONS)
    return run


def collect(uow: UnitOfWork, run_id: int) -> None:
    """Write the next 500 rows; after the last ones the run is worked through."""
    run = _get_locked(uow, run_id)
    if run.state is not RunState.COLLECTING:
        return
    asker = Asker(run.agent_id, uow.now)
    try:
        wanted = read_filters(uow.session, run.query or {}, asker)
    except WxdeskError:  # what it filters by was removed meanwhile
        found = []
    else:
        found = list_ids(uow.session, wanted, after_id=run.collected_to_id, limit=COLLECT_BATCH)
    room = MOST_CONVERSATIONS - sum(count_rows(uow.session, [run_id])[run_id].values())
    ids = [each for each in found if each <= run.last_id][:room]
    _add_rows(uow, run, ids)
    if len(ids) < COLLECT_BATCH:
        run.state, run.collected_to_id = RunState.RUNNING, run.last_id
    else:
        run.collected_to_id = ids[-1]
    uow.announce(f"bulk:{run_id}")


def do_row(uow: UnitOfWork, run_id: int, conversation_id: int) -> None:
    """Do one conversation and note it, once; nothing when it was done, or the run is stopped.

    An error of the operation comes out of here: commit nothing, then note it by `fail_row`.
    """
    run = uow.session.get_one(BulkRun, run_id)
    if not _settle(uow, run_id, conversation_id, RowState.DONE, None):
        return
    agent = uow.session.get_one(Agent, run.agent_id, populate_existing=True)
    if not agent.is_active or not may(agent.role, permission_of(run.action)):
        raise NotAllowedError(say("whoever started this may not do it any more"))
    deed = read_deed(run.action, run.arguments or {}, run.agent_id)
    problem = act(uow, Task(run_id, conversation_id, deed, agent, run.seen_message_id))
    if problem is not None:
        _change_row(uow, run_id, conversation_id, state=RowState.SKIPPED, error=_as_json(problem))
    elif run.action is BulkAction.REPLY:
        run.replied_at = uow.now


def fail_row(uow: UnitOfWork, run_id: int, conversation_id: int, sentence: str) -> None:
    """Note why a conversation could not be done."""
    _settle(uow, run_id, conversation_id, RowState.FAILED, _as_json(sentence))


def finish(uow: UnitOfWork, run_id: int) -> None:
    """End a run in which nothing waits any more."""
    run = _get_locked(uow, run_id)
    waits = exists().where(BulkRow.run_id == run_id, BulkRow.state == RowState.WAITING)
    if run.state is RunState.RUNNING and not uow.session.scalar(select(waits)):
        run.state, run.ended_at = RunState.DONE, uow.now
        _note(uow, run, "bulk.ended", None)


def pause(uow: UnitOfWork, run_id: int) -> None:
    """Stop after the conversation that is being done; ConflictError when it does not run."""
    run = _get_locked(uow, run_id)
    if run.state not in WORKING:
        raise ConflictError(say("this bulk action does not run"))
    run.state = RunState.PAUSED
    uow.announce(f"bulk:{run_id}")


def resume(uow: UnitOfWork, run_id: int) -> None:
    """Go on where it was paused; ConflictError when it was not."""
    run = _get_locked(uow, run_id)
    if run.state is not RunState.PAUSED:
        raise ConflictError(say("this bulk action is not paused"))
    is_collected = run.collected_to_id >= run.last_id
    run.state = RunState.RUNNING if is_collected else RunState.COLLECTING
    uow.announce(f"bulk:{run_id}")
    uow.ring(RUN_BULK_ACTIONS)


def cancel(uow: UnitOfWork, run_id: int, by: int) -> None:
    """Leave what is not done as it is; ConflictError when the run has ended."""
    run = _get_locked(uow, run_id)
    if run.state not in UNENDED:
        raise ConflictError(say("this bulk action has ended"))
    run.state, run.ended_at = RunState.CANCELLED, uow.now
    _note(uow, run, "bulk.cancelled", by)


def retry(uow: UnitOfWork, run_id: int, conversation_id: int | None = None) -> None:
    """Do again what failed, or only this conversation, with what has been written by now.

    ConflictError if nothing has failed.
    """
    run = _get_locked(uow, run_id)
    if run.state is not RunState.DONE:
        raise ConflictError(say("only a bulk action that has ended can be done again"))
    _lock_starter(uow, run.agent_id)
    _refuse_too_many_runs(uow, run.agent_id)
    which = [BulkRow.run_id == run_id, BulkRow.state == RowState.FAILED]
    if conversation_id is not None:
        which.append(BulkRow.conversation_id == conversation_id)
    failed = uow.session.execute(
        update(BulkRow)
        .where(*which)
        .values(state=RowState.WAITING, error=None, settled_at=None)
        .execution_options(synchronize_session=False)
    )
    if failed.rowcount == 0:  # type: ignore[attr-defined]
        raise ConflictError(say("nothing has failed"))
    run.state, run.ended_at = RunState.RUNNING, None
    run.seen_message_id = newest_ids(uow.session)[1]
    uow.announce(f"bulk:{run_id}")
    uow.ring(RUN_BULK_ACTIONS)


def prune(uow: UnitOfWork) -> bool:
    """Delete some rows of runs older than 90 days; True when there is more to delete."""
    run_ids = uow.session.scalars(
        select(BulkRun.id)
        .where(BulkRun.state.not_in(WORKING), BulkRun.created_at < uow.now - KEPT)
        .order_by(BulkRun.id)
        .limit(PRUNED_RUNS)
    ).all()
    for run_id in run_ids:
        some = (
            select(BulkRow.conversation_id).where(BulkRow.run_id == run_id).limit(PRUNED_ROWS)
        ).scalar_subquery()
        gone = uow.session.execute(
            delete(BulkRow)
            .where(BulkRow.run_id == run_id, BulkRow.conversation_id.in_(some))
            .execution_options(synchronize_session=False)
        )
        if gone.rowcount >= PRUNED_ROWS:  # type: ignore[attr-defined]
            return True
        uow.session.execute(delete(BulkRun).where(BulkRun.id == run_id))
    return len(run_ids) == PRUNED_RUNS


def sentence_of(error: dict[str, Any] | None) -> Words | None:
    """The sentence that a row keeps, ready to be translated."""
    if not error:
        return None
    sentence = error["say"]
    return say(sentence, **error["with"])


def _as_json(sentence: str) -> dict[str, Any]:
    if not isinstance(sentence, Words):
        return {"say": sentence, "with": {}}
    values = {name: _plain(value) for name, value in sentence.values.items()}
    return {"say": sentence.template, "with": values}


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) else str(value)


def _settle(
    uow: UnitOfWork,
    run_id: int,
    conversation_id: int,
    state: RowState,
    error: dict[str, Any] | None,
) -> bool:
    """From waiting to its end, once, while the run works; False if another was quicker."""
    works = exists().where(BulkRun.id == run_id, BulkRun.state == RunState.RUNNING)
    settled = uow.session.execute(
        update(BulkRow)
        .where(
            BulkRow.run_id == run_id,
            BulkRow.conversation_id == conversation_id,
            BulkRow.state == RowState.WAITING,
            works,
        )
        .values(state=state, error=error, settled_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    return bool(settled.rowcount == 1)  # type: ignore[attr-defined]


def _change_row(uow: UnitOfWork, run_id: int, conversation_id: int, **values: Any) -> None:
    uow.session.execute(
        update(BulkRow)
        .where(BulkRow.run_id == run_id, BulkRow.conversation_id == conversation_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _checked(idempotency_key: str | None) -> str | None:
    if idempotency_key is not None and not 0 < len(idempotency_key) <= LONGEST_KEY:
        raise InvalidInputError(
            "Idempotency-Key", say("1 to %(most)d characters", most=LONGEST_KEY)
        )
    return idempotency_key


def _started_before(uow: UnitOfWork, run: BulkRun, ids: Collection[int] | None) -> BulkRun | None:
    if run.idempotency_key is None:
        return None
    earlier = uow.session.scalars(
        select(BulkRun).where(
            BulkRun.agent_id == run.agent_id, BulkRun.idempotency_key == run.idempotency_key
        )
    ).one_or_none()
    if earlier is None:
        return None
    is_same = (earlier.action, earlier.arguments, earlier.query) == (
        run.action,
        run.arguments,
        run.query,
    )
    if ids is not None:
        rows = select(BulkRow.conversation_id).where(BulkRow.run_id == earlier.id)
        is_same = is_same and set(uow.session.scalars(rows)) == set(ids)
    if not is_same:
        raise ConflictError(say("this Idempotency-Key was used for another bulk action"))
    return earlier


def _lock_starter(uow: UnitOfWork, agent_id: int) -> Agent:
    return uow.session.get_one(
        Agent, agent_id, with_for_update={"key_share": True}, populate_existing=True
    )


def _refuse_too_many_runs(uow: UnitOfWork, agent_id: int) -> None:
    """The person's row is locked, so that two at once count each other."""
    count = uow.session.scalar(
        select(func.count()).where(BulkRun.agent_id == agent_id, BulkRun.state.in_(UNENDED))
    )
    if (count or 0) >= MOST_RUNS:
        raise ConflictError(say("%(most)d of your bulk actions have not ended yet", most=MOST_RUNS))


def _refuse_size(uow: UnitOfWork, run: BulkRun, ids: Sequence[int] | None) -> None:
    if ids is not None:
        if missing := missing_of(uow.session, ids):
            raise no_such_conversation(missing[0])
        return
    wanted = read_filters(uow.session, run.query or {}, Asker(run.agent_id, uow.now))
    count = count_up_to(uow.session, wanted, MOST_CONVERSATIONS + 1)
    if count == 0:
        raise InvalidInputError("query", say("no conversation is like that"))
    if count > MOST_CONVERSATIONS:
        raise InvalidInputError(
            "query", say("%(most)d conversations at most: narrow it down", most=MOST_CONVERSATIONS)
        )


def _add_rows(uow: UnitOfWork, run: BulkRun, conversation_ids: Sequence[int]) -> None:
    if conversation_ids:
        rows = [
            {"run_id": run.id, "conversation_id": each, "state": RowState.WAITING}
            for each in conversation_ids
        ]
        uow.session.execute(insert_new(uow.session, BulkRow), rows)


def _get_locked(uow: UnitOfWork, run_id: int) -> BulkRun:
    run = uow.session.get(
        BulkRun, run_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if run is None:
        raise NotFoundError(say("there is no bulk action %(id)d", id=run_id))
    return run


def _note(uow: UnitOfWork, run: BulkRun, action: str, actor_id: int | None) -> None:
    """In the audit log: who did what to how many; never a text."""
    counts = {
        state.value: count for state, count in count_rows(uow.session, [run.id])[run.id].items()
    }
    note(
        uow,
        action,
        f"bulk:{run.id}",
        actor_id=actor_id,
        deed=run.action.value,
        counts=counts,
    )
    uow.announce(f"bulk:{run.id}")
