"""Conversations open, continue, reopen, are claimed by one, and end."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest
from cast import (
    WANG,
    agent_answers,
    auto_answer,
    conversation_of,
    customer_writes,
    make_account,
    make_rule,
)
from sqlalchemy import event, func, select

from wxdesk.conversations import standings
from wxdesk.conversations.assigning import assign, claim
from wxdesk.conversations.jobs import sweep_standings
from wxdesk.conversations.lifecycle import set_priority
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import reopen
from wxdesk.conversations.queries import list_standings
from wxdesk.conversations.rules import Priority, Status
from wxdesk.inbox.operations import claim_next, resolve
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.live import Live


def count(runtime) -> int:
    with runtime.reading() as session:
        return session.scalar(select(func.count()).select_from(Conversation)) or 0


def end(runtime) -> None:
    with runtime.unit_of_work() as uow:
        resolve(uow, conversation_of(runtime).id)


def standing(runtime, account) -> str | None:
    found = runtime.redis.hget(standings.key(account.id), WANG)
    return found.decode() if found else None


def at_once(number: int, work) -> list[object]:
    """Run `work(index)` in threads that start together; gives what each returned or raised."""
    results: list[object] = []
    start = threading.Barrier(number)

    def run(index: int) -> None:
        start.wait()
        try:
            results.append(work(index))
        except Exception as error:  # noqa: BLE001
            results.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@contextmanager
def free_when_writing(runtime, conversation_ids: Collection[int]) -> Iterator[set[int]]:
    """Which of these others could lock while a message was being written (PostgreSQL).

    They would hold what the writer wants next, and want to write a message: a circle.
    """
    free: set[int] = set()
    rows = select(Conversation.id).where(Conversation.id.in_(conversation_ids))

    def look(_connection, _cursor, statement, *_rest) -> None:
        if "pg_advisory_xact_lock" in statement:
            with runtime.engine.connect() as other:
                free.update(other.scalars(rows.with_for_update(key_share=True, skip_locked=True)))

    event.listen(runtime.engine, "before_cursor_execute", look)
    yield free
    event.remove(runtime.engine, "before_cursor_execute", look)


def write_twice(runtime, account, clock) -> tuple[int, int]:
    """Wang has an ended conversation and an open one; gives the ids of both."""
    ended = customer_writes(runtime, account)
    end(runtime)
    clock.advance(days=3)
    current = customer_writes(runtime, account)
    assert ended.conversation_id != current.conversation_id
    return ended.conversation_id, current.conversation_id


def test_a_second_message_continues_the_conversation(runtime, account, clock):
    first = customer_writes(runtime, account)
    clock.advance(hours=20)
    second = customer_writes(runtime, account, "还在吗?")
    assert first.conversation_id == second.conversation_id
    assert conversation_of(runtime).last_message_id == second.id


def test_a_resolved_conversation_reopens_when_the_customer_writes_again(
    runtime, account, clock, team
):
    customer_writes(runtime, account)
    with runtime.unit_of_work() as uow:
        claim(uow, conversation_of(runtime).id, team.lin)
    end(runtime)
    clock.advance(hours=1)
    again = customer_writes(runtime, account, "还有一个问题")
    found = conversation_of(runtime)
    assert (found.id, found.status) == (again.conversation_id, Status.OPEN)
    assert found.assignee_id is None  # Lin may have gone home: everybody sees it
    assert found.resolved_at is None
    assert found.waiting_since is not None
    assert count(runtime) == 1


def test_after_a_day_a_customer_opens_a_new_conversation(runtime, account, clock):
    customer_writes(runtime, account)
    end(runtime)
    clock.advance(hours=24, seconds=1)
    customer_writes(runtime, account, "新的问题")
    assert count(runtime) == 2


def test_customers_of_two_accounts_with_one_openid_are_two_customers(runtime, account):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    customer_writes(runtime, account)
    customer_writes(runtime, other)
    assert count(runtime) == 2


def test_an_automatic_answer_opens_no_conversation(runtime, account):
    rule = make_rule(runtime, account)
    customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
    assert count(runtime) == 0


def test_of_twenty_agents_at_once_exactly_one_gets_the_conversation(runtime, account, team):
    conversation = customer_writes(runtime, account).conversation_id
    agents = [team.lin, team.mei, team.zhou, team.admin]

    def take(index: int) -> int:
        with runtime.unit_of_work() as uow:
            claim(uow, conversation, agents[index % 4])
        return agents[index % 4]

    results = at_once(20, take)
    winners = {result for result in results if isinstance(result, int)}
    losers = [result for result in results if not isinstance(result, int)]
    assert winners == {conversation_of(runtime).assignee_id}
    assert len(losers) == 15  # the winner's own five succeed
    assert all(isinstance(loser, ConflictError) for loser in losers)
    assert {loser.extra["assignee"]["id"] for loser in losers} == winners


def test_agents_who_ask_for_the_next_at_once_get_different_ones(runtime, account, team):
    for number in range(6):
        customer_writes(runtime, account, openid=f"o{number}")

    def take(index: int) -> int | None:
        with runtime.unit_of_work() as uow:
            return claim_next(uow, team.lin if index % 2 else team.mei)

    results = at_once(6, take)
    assert sorted(results) == sorted(set(results))
    assert None not in results


def test_the_next_is_the_most_urgent_and_then_none(runtime, account, clock, team):
    late = customer_writes(runtime, account, openid="oLi")
    clock.advance(seconds=60)
    customer_writes(runtime, account)
    with runtime.unit_of_work() as uow:
        assert claim_next(uow, team.lin) == late.conversation_id
    with runtime.unit_of_work() as uow:
        assert claim_next(uow, team.lin) is not None
    with runtime.unit_of_work() as uow:
        assert claim_next(uow, team.lin) is None


def test_claiming_what_one_has_already_is_no_conflict(runtime, account, team):
    conversation = customer_writes(runtime, account).conversation_id
    for _ in range(2):
        with runtime.unit_of_work() as uow:
            claim(uow, conversation, team.lin)
    assert conversation_of(runtime).assignee_id == team.lin


def test_a_resolved_conversation_can_not_be_claimed_or_assigned(runtime, account, team):
    conversation = customer_writes(runtime, account).conversation_id
    end(runtime)
    for act in (claim, assign):
        with pytest.raises(ConflictError, match="resolved"), runtime.unit_of_work() as uow:
            act(uow, conversation, team.lin)


def test_a_colleague_takes_over_and_gives_back(runtime, account, team):
    conversation = customer_writes(runtime, account).conversation_id
    with runtime.unit_of_work() as uow:
        claim(uow, conversation, team.lin)
    with runtime.unit_of_work() as uow:
        assign(uow, conversation, team.mei)
    assert conversation_of(runtime).assignee_id == team.mei
    with runtime.unit_of_work() as uow:
        assign(uow, conversation, None)
    assert conversation_of(runtime).assignee_id is None


def test_nobody_that_exists_is_refused(runtime, account):
    conversation = customer_writes(runtime, account).conversation_id
    with pytest.raises(InvalidInputError), runtime.unit_of_work() as uow:
        claim(uow, conversation, 999_999)
    with pytest.raises(NotFoundError), runtime.unit_of_work() as uow:
        assign(uow, 999_999, None)


def test_an_older_conversation_does_not_reopen_beside_a_newer_one(runtime, account, clock):
    old = customer_writes(runtime, account).conversation_id
    end(runtime)
    clock.advance(days=2)
    new = customer_writes(runtime, account).conversation_id
    with pytest.raises(ConflictError) as caught, runtime.unit_of_work() as uow:
        reopen(uow, old)
    assert caught.value.extra == {"newer_conversation_id": new}


def test_resolving_ends_the_clock_and_twice_changes_nothing(runtime, account, clock):
    customer_writes(runtime, account)
    end(runtime)
    once = conversation_of(runtime)
    clock.advance(minutes=5)
    end(runtime)
    twice = conversation_of(runtime)
    assert (once.status, once.due_at, once.waiting_since) == (Status.RESOLVED, FAR_FUTURE, None)
    assert (twice.resolved_at, twice.version) == (once.resolved_at, once.version)


def test_every_change_grows_the_version_and_is_announced(runtime, account, team):
    conversation = customer_writes(runtime, account).conversation_id
    before = conversation_of(runtime).version
    seen = Live(runtime.redis).last_id()
    with runtime.unit_of_work() as uow:
        claim(uow, conversation, team.lin)
    assert conversation_of(runtime).version == before + 1
    (entry,) = Live(runtime.redis).since(seen)
    assert entry[1] == {f"conversation:{conversation}"}


def test_the_webhook_knows_who_is_attended(runtime, account, team):
    message = customer_writes(runtime, account)
    assert standing(runtime, account) is None
    agent_answers(runtime, message, team.lin)
    assert standing(runtime, account) == "attended"
    end(runtime)
    assert standing(runtime, account) is None


def test_a_change_of_an_old_conversation_leaves_what_the_webhook_knows(
    runtime, account, team, clock
):
    old, current = write_twice(runtime, account, clock)
    with runtime.unit_of_work() as uow:
        claim(uow, current, team.lin)
    with runtime.unit_of_work() as uow:
        set_priority(uow, old, Priority.HIGH, agent_id=team.mei)
    assert standing(runtime, account) == "attended"


def test_the_sweeper_repairs_what_redis_forgot_or_never_heard(runtime, account, team):
    conversation = customer_writes(runtime, account).conversation_id
    with runtime.unit_of_work() as uow:
        claim(uow, conversation, team.lin)
    runtime.redis.delete(standings.key(account.id))
    runtime.redis.hset(standings.key(account.id), "oGone", "attended")
    sweep_standings()
    assert runtime.redis.hgetall(standings.key(account.id)) == {WANG.encode(): b"attended"}


def test_the_sweeper_does_not_undo_a_claim_that_happens_meanwhile(runtime, account, team):
    """A claim between the sweeper's reading and its writing must not be swept away for long."""
    conversation = customer_writes(runtime, account).conversation_id
    kept_before = standings.kept(runtime.redis, account.id)
    with runtime.reading() as session:
        truth_before = list_standings(session, account.id)
    with runtime.unit_of_work() as uow:
        claim(uow, conversation, team.lin)
    standings.repair(runtime.redis, account.id, kept_before, truth_before)
    sweep_standings()
    assert standing(runtime, account) == "attended"
