"""Clocks: judged by when things happened, never by when somebody looks."""

import threading
from datetime import timedelta

import pytest
from cast import (
    WANG,
    agent_answers,
    conversation_of,
    customer_writes,
    entry,
    make_account,
    messages_of,
)
from sqlalchemy import select

from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation
from wxdesk.inbox.operations import reopen, resolve
from wxdesk.intake.operations import record
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.settling import settle_failed, settle_sent
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import DeliveryError, InvalidInputError
from wxdesk.plumbing.live import Live
from wxdesk.sla import jobs
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.models import SlaClock
from wxdesk.sla.operations import set_policy
from wxdesk.sla.rules import RESPONSES, Clock, Targets

FIRST, NEXT = timedelta(seconds=300), timedelta(seconds=600)


def breaches(runtime) -> list[SlaClock]:
    with runtime.reading() as session:
        return list(
            session.scalars(
                select(SlaClock).where(SlaClock.breached_at.is_not(None)).order_by(SlaClock.id)
            )
        )


def claimed_answer(runtime, message, agent_id: int) -> int:
    """Lin answers and the answer is on its way to WeChat; gives the delivery."""
    answer = agent_answers(runtime, message, agent_id)
    with runtime.unit_of_work() as uow:
        delivery = uow.session.scalars(
            select(DeliveryRow.id).where(DeliveryRow.message_id == answer)
        ).one()
        assert claim_delivery(uow, delivery) is not None
    return delivery


def arrives(runtime, delivery: int) -> None:
    with runtime.unit_of_work() as uow:
        settle_sent(uow, delivery)


def test_the_first_message_starts_the_first_response_clock(runtime, account, clock):
    customer_writes(runtime, account)
    found = conversation_of(runtime)
    assert found.waiting_since == clock.now
    assert found.first_response_deadline_at == found.due_at == clock.now + FIRST
    assert found.next_response_deadline_at is None


def test_writing_more_does_not_move_the_deadline(runtime, account, clock):
    customer_writes(runtime, account)
    started = clock.now
    clock.advance(minutes=4)
    customer_writes(runtime, account, "还在吗?")
    assert conversation_of(runtime).due_at == started + FIRST
    assert conversation_of(runtime).waiting_since == started


def test_two_messages_of_one_batch_start_the_clock_at_the_older(runtime, account, clock):
    early = entry(runtime, account, "一", created_at=clock.now - timedelta(seconds=20))
    late = entry(runtime, account, "二", received_at=clock.now + timedelta(milliseconds=5))
    with runtime.unit_of_work() as uow:
        record(uow, [late, early])
    assert conversation_of(runtime).waiting_since == clock.now - timedelta(seconds=20)


def test_the_clock_starts_when_the_customer_wrote_and_not_when_it_came(runtime, account, clock):
    wrote = clock.now - timedelta(seconds=90)
    customer_writes(runtime, account, created_at=wrote)
    assert conversation_of(runtime).due_at == wrote + FIRST


@pytest.mark.parametrize("skew", [timedelta(minutes=-6), timedelta(seconds=1), timedelta(days=9)])
def test_a_clock_that_is_wrong_is_not_believed(runtime, account, clock, skew):
    customer_writes(runtime, account, created_at=clock.now + skew)
    assert conversation_of(runtime).waiting_since == clock.now


def test_a_message_that_is_recorded_late_moves_the_start_back(runtime, account, clock):
    customer_writes(runtime, account, "二")
    earlier = clock.now - timedelta(seconds=40)
    customer_writes(runtime, account, "一", created_at=earlier, received_at=earlier)
    assert conversation_of(runtime).waiting_since == earlier
    assert conversation_of(runtime).due_at == earlier + FIRST


def test_an_answer_meets_the_clock_only_when_wechat_has_accepted_it(runtime, account, clock, team):
    message = customer_writes(runtime, account)
    delivery = claimed_answer(runtime, message, team.lin)
    assert conversation_of(runtime).waiting_since is not None
    clock.advance(seconds=2)
    arrives(runtime, delivery)
    found = conversation_of(runtime)
    assert (found.waiting_since, found.due_at) == (None, FAR_FUTURE)
    assert found.first_response_met_at == clock.now
    assert breaches(runtime) == []


@pytest.mark.parametrize("is_ambiguous", [True, False])
def test_a_failed_or_unconfirmed_answer_meets_nothing(runtime, account, clock, team, is_ambiguous):
    message = customer_writes(runtime, account)
    due_at = conversation_of(runtime).due_at
    delivery = claimed_answer(runtime, message, team.lin)
    error = DeliveryError("no", code="x", is_permanent=True, is_ambiguous=is_ambiguous)
    with runtime.unit_of_work() as uow:
        settle_failed(uow, delivery, error)
    found = conversation_of(runtime)
    assert (found.due_at, found.first_response_met_at) == (due_at, None)


def test_after_the_first_answer_the_next_response_clock_runs(runtime, account, clock, team):
    message = customer_writes(runtime, account)
    arrives(runtime, claimed_answer(runtime, message, team.lin))
    clock.advance(minutes=3)
    customer_writes(runtime, account, "谢谢,还有")
    found = conversation_of(runtime)
    assert found.next_response_deadline_at == found.due_at == clock.now + NEXT
    assert found.first_response_deadline_at == message.received_at + FIRST


def test_a_message_that_came_while_the_answer_was_in_flight_still_waits(
    runtime, account, clock, team
):
    message = customer_writes(runtime, account)
    delivery = claimed_answer(runtime, message, team.lin)
    clock.advance(seconds=1)
    wrote = clock.now
    customer_writes(runtime, account, "等等,还有一个")
    clock.advance(seconds=1)
    arrives(runtime, delivery)
    found = conversation_of(runtime)
    assert found.first_response_met_at == clock.now
    assert found.waiting_since == wrote
    assert found.due_at == wrote + NEXT


def test_an_answer_at_the_very_deadline_keeps_the_promise(runtime, account, clock, team):
    message = customer_writes(runtime, account)
    delivery = claimed_answer(runtime, message, team.lin)
    clock.advance(seconds=300)
    arrives(runtime, delivery)
    assert breaches(runtime) == []


def test_a_late_check_records_the_breach_at_the_deadline(runtime, account, clock):
    customer_writes(runtime, account)
    deadline = clock.now + FIRST
    clock.advance(hours=3)
    check_deadlines()
    (breach,) = breaches(runtime)
    assert (breach.breached_at, breach.breach_noticed_at) == (deadline, clock.now)
    assert (breach.clock, breach.breach_assignee_id) == (Clock.FIRST_RESPONSE, None)
    found = conversation_of(runtime)
    assert found.is_breached
    assert found.first_response_breached_at == deadline


def test_an_answer_after_the_deadline_is_a_breach_even_if_nobody_checked(
    runtime, account, clock, team
):
    message = customer_writes(runtime, account)
    delivery = claimed_answer(runtime, message, team.lin)
    deadline = clock.now + FIRST
    clock.advance(seconds=301)
    arrives(runtime, delivery)
    check_deadlines()
    (breach,) = breaches(runtime)
    assert (breach.breached_at, breach.breach_assignee_id) == (deadline, team.lin)
    assert not conversation_of(runtime).is_breached  # nobody waits any more


def test_a_breach_is_recorded_once(runtime, account, clock, team):
    message = customer_writes(runtime, account)
    clock.advance(seconds=301)
    check_deadlines()
    check_deadlines()
    arrives(runtime, claimed_answer(runtime, message, team.lin))
    check_deadlines()
    assert len(breaches(runtime)) == 1


def test_nothing_is_a_breach_at_the_very_deadline(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(seconds=300)
    check_deadlines()
    assert breaches(runtime) == []


def test_two_broken_promises_of_one_conversation_are_two_breaches(runtime, account, clock, team):
    message = customer_writes(runtime, account)
    clock.advance(seconds=301)
    arrives(runtime, claimed_answer(runtime, message, team.lin))
    customer_writes(runtime, account, "还有")
    clock.advance(seconds=601)
    check_deadlines()
    assert [breach.clock for breach in breaches(runtime)] == list(RESPONSES)


def test_resolving_after_the_deadline_keeps_the_breach(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(seconds=301)
    with runtime.unit_of_work() as uow:
        resolve(uow, conversation_of(runtime).id)
    check_deadlines()
    assert len(breaches(runtime)) == 1
    assert conversation_of(runtime).is_breached is False


def test_a_breach_is_announced_and_makes_the_customer_urgent(runtime, account, clock):
    customer_writes(runtime, account)
    seen = Live(runtime.redis).last_id()
    clock.advance(seconds=301)
    check_deadlines()
    ((_id, topics),) = Live(runtime.redis).since(seen)
    assert topics == {f"conversation:{conversation_of(runtime).id}"}
    assert runtime.redis.hget(standings.key(account.id), WANG) == b"overdue"


def test_a_reopened_conversation_has_a_first_response_clock_again(runtime, account, clock, team):
    message = customer_writes(runtime, account)
    arrives(runtime, claimed_answer(runtime, message, team.lin))
    with runtime.unit_of_work() as uow:
        resolve(uow, conversation_of(runtime).id)
    clock.advance(hours=2)
    customer_writes(runtime, account, "又来了")
    found = conversation_of(runtime)
    assert found.first_response_deadline_at == found.due_at == clock.now + FIRST
    assert found.first_response_met_at is None


def test_a_new_policy_moves_the_running_clocks_and_no_broken_one(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(seconds=301)
    check_deadlines()
    broken_at = conversation_of(runtime).due_at
    customer_writes(runtime, account, openid="oLi")
    with runtime.unit_of_work() as uow:
        set_policy(uow, account.id, Targets(60, 120))
    assert conversation_of(runtime).due_at == broken_at
    assert conversation_of(runtime, "oLi").due_at == clock.now + timedelta(seconds=60)
    assert conversation_of(runtime, "oLi").first_response_deadline_at == clock.now + timedelta(
        seconds=60
    )


def test_a_new_policy_leaves_other_accounts_alone(runtime, account, clock):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    customer_writes(runtime, other)
    with runtime.unit_of_work() as uow:
        set_policy(uow, account.id, Targets(60, 120))
    assert conversation_of(runtime).due_at == clock.now + FIRST


@pytest.mark.parametrize(
    ("targets", "field"),
    [(Targets(59, 600), "first_response_seconds"), (Targets(60, 10**9), "next_response_seconds")],
)
def test_a_promise_that_makes_no_sense_names_its_field(runtime, account, targets, field):
    with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
        set_policy(uow, account.id, targets)
    assert caught.value.field == f"targets.normal.{field}"


def test_more_breaches_than_one_batch_are_all_recorded(runtime, account, clock, monkeypatch):
    """A check with a cap of a hundred a run lags for hours behind an event."""
    monkeypatch.setattr(jobs, "BATCH", 100)
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, openid=f"o{n}") for n in range(510)])
    clock.advance(seconds=301)
    check_deadlines()
    with runtime.reading() as session:
        open_ = session.scalars(select(Conversation.id).where(~Conversation.is_breached)).all()
    assert open_ == []
    assert len(breaches(runtime)) == 510


def test_two_checks_at_once_record_each_breach_once(runtime, account, clock):
    for number in range(20):
        customer_writes(runtime, account, openid=f"o{number}")
    clock.advance(seconds=301)
    threads = [threading.Thread(target=check_deadlines) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(breaches(runtime)) == 20


def test_an_event_starts_no_clock(runtime, account):
    customer_writes(runtime, account, kind="event", event="LOCATION")
    with runtime.reading() as session:
        assert session.scalars(select(Conversation)).all() == []
    assert len(messages_of(runtime)) == 1


def test_an_answer_on_its_way_when_the_conversation_is_resolved_still_meets_the_clock(
    runtime, account, clock, team
):
    question = customer_writes(runtime, account)
    delivery = claimed_answer(runtime, question, team.lin)
    with runtime.unit_of_work() as uow:
        resolve(uow, question.conversation_id)
    clock.advance(seconds=2)
    arrives(runtime, delivery)
    assert conversation_of(runtime).first_response_met_at == clock.now
    assert breaches(runtime) == []


def test_an_old_answer_does_not_meet_the_clock_of_a_new_episode(runtime, account, clock, team):
    question = customer_writes(runtime, account)
    delivery = claimed_answer(runtime, question, team.lin)
    with runtime.unit_of_work() as uow:
        resolve(uow, question.conversation_id)
    clock.advance(seconds=60)
    again = customer_writes(runtime, account, "还有一个问题")
    arrives(runtime, delivery)
    found = conversation_of(runtime)
    assert found.id == again.conversation_id
    assert (found.first_response_met_at, found.waiting_since) == (None, clock.now)


def test_answers_and_their_results_at_once_do_not_wait_in_a_circle(runtime, account, team):
    """One agent writes on while WeChat accepts what was written before."""
    question = customer_writes(runtime, account)
    failures: list[BaseException] = []

    def settle(delivery: int) -> None:
        try:
            arrives(runtime, delivery)
        except BaseException as error:  # noqa: BLE001 -- shown below
            failures.append(error)

    delivery = claimed_answer(runtime, question, team.lin)
    for _ in range(20):
        threads = [
            threading.Thread(target=settle, args=(delivery,)),
            threading.Thread(target=customer_writes, args=(runtime, account)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        delivery = claimed_answer(runtime, messages_of(runtime)[-1], team.lin)
    assert failures == []


def test_a_customer_without_an_answer_waits_again_when_the_conversation_is_reopened(
    runtime, account, clock, team
):
    question = customer_writes(runtime, account)
    with runtime.unit_of_work() as uow:
        resolve(uow, question.conversation_id)
    clock.advance(seconds=30)
    with runtime.unit_of_work() as uow:
        reopen(uow, question.conversation_id)
    found = conversation_of(runtime)
    assert found.waiting_since == question.created_at
    assert found.due_at == question.created_at + FIRST


def test_a_customer_who_had_an_answer_does_not_wait_after_reopening(runtime, account, clock, team):
    question = customer_writes(runtime, account)
    arrives(runtime, claimed_answer(runtime, question, team.lin))
    with runtime.unit_of_work() as uow:
        resolve(uow, question.conversation_id)
    with runtime.unit_of_work() as uow:
        reopen(uow, question.conversation_id)
    assert conversation_of(runtime).waiting_since is None
