"""Held answers leave once, whatever crosses them: kills, withdrawals, verification."""

from datetime import timedelta

import pytest
from cast import (
    WANG,
    agent_answers,
    conversation_of,
    customer_writes,
    entry,
    messages_of,
    record_waiting,
)
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.intake.operations import record
from wxdesk.intake.rules import HeldAnswer
from wxdesk.outbound import held, operations
from wxdesk.outbound.jobs import repair_held, sweep, try_account_now
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import requeue
from wxdesk.outbound.rules import LONGEST_HELD, Delivery
from wxdesk.outbound.settling import withdraw
from wxdesk.wechat.push import read_fields


@pytest.fixture
def unverified(runtime, account, webhook) -> Account:
    set_verified(runtime, webhook, is_verified=False)
    return account


@pytest.fixture
def question(runtime, unverified):
    return customer_writes(runtime, unverified)


@pytest.fixture
def waiting(runtime, question, team) -> int:
    """Lin has answered Wang, and the answer waits; gives its message's id."""
    return agent_answers(runtime, question, team.lin, "明天到。")


def set_verified(runtime, webhook, *, is_verified: bool) -> None:
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(select(Account)).one()
        row.is_verified = is_verified
        touch(uow, row.id)
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()


def rows(runtime) -> list[DeliveryRow]:
    with runtime.reading() as session:
        return list(session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)))


def states(runtime) -> list[str]:
    return [row.state.value for row in rows(runtime)]


def says(webhook, text: str) -> str:
    answer = webhook.deliver(webhook.fields(text))
    return read_fields(answer.data)["Content"] if answer.text != "success" else ""


def marks(runtime, account) -> int:
    return runtime.redis.hlen(held.taken_key(account.id))


def test_a_mark_that_a_killed_worker_left_does_not_silence_the_next_answers(
    runtime, webhook, unverified, team, waiting
):
    assert says(webhook, "在吗") == "明天到。"
    left = runtime.redis.hgetall(held.taken_key(unverified.id))
    record_waiting(runtime)
    runtime.redis.hset(held.taken_key(unverified.id), mapping=left)  # as after a kill
    agent_answers(runtime, messages_of(runtime)[-1], team.lin, "还有一件事。")
    assert says(webhook, "好") == ""  # the mark still stands
    repair_held()
    assert marks(runtime, unverified) == 0
    assert says(webhook, "好的") == "还有一件事。"


def test_a_known_push_that_got_the_answer_is_recorded_as_its_way(runtime, unverified, waiting):
    """Redis has forgotten the push, so its redelivery took what waited."""
    known = entry(runtime, unverified, "在吗")
    with runtime.unit_of_work() as uow:
        record(uow, [known])
    (row,) = rows(runtime)
    again = HeldAnswer((row.id,), "明天到。")
    with runtime.unit_of_work() as uow:
        assert record(uow, [entry(runtime, unverified, once_key=known.once_key, held=again)]) == 0
    assert states(runtime) == ["sent"]


def test_what_was_withdrawn_is_not_sent_by_a_release_that_had_seen_it(runtime, waiting):
    (row,) = rows(runtime)
    with runtime.unit_of_work() as uow:
        withdraw(uow, waiting)
    with runtime.unit_of_work() as uow:
        requeue(uow, [row.id], [Delivery.HELD])
    assert states(runtime) == ["withdrawn"]


def test_an_answer_given_to_a_push_is_not_sent_again_when_the_account_is_verified(
    runtime, webhook, unverified, waiting
):
    assert says(webhook, "在吗") == "明天到。"
    set_verified(runtime, webhook, is_verified=True)
    try_account_now(unverified.id)
    sweep()
    assert states(runtime) == ["held"]  # the webhook has it: wait for the record
    record_waiting(runtime)
    assert states(runtime) == ["sent"]


def test_verification_sends_what_waits_while_the_window_is_open(
    runtime, webhook, unverified, waiting
):
    set_verified(runtime, webhook, is_verified=True)
    try_account_now(unverified.id)
    assert states(runtime) == ["queued"]
    assert runtime.redis.hlen(held.key(unverified.id)) == 0


def test_a_further_answer_is_not_offered_together_with_one_that_has_left(
    runtime, webhook, question, unverified, team, waiting
):
    assert says(webhook, "在吗") == "明天到。"
    agent_answers(runtime, question, team.lin, "第二条。")
    assert says(webhook, "人呢") == ""
    record_waiting(runtime)
    assert says(webhook, "喂") == "第二条。"


def test_many_held_answers_are_all_kept_by_the_repair(
    runtime, webhook, unverified, team, monkeypatch
):
    monkeypatch.setattr(held, "PAGE", 3)
    for number in range(8):
        asked = customer_writes(runtime, unverified, openid=f"o{number}")
        agent_answers(runtime, asked, team.lin, f"答 {number}")
    repair_held()
    assert runtime.redis.hlen(held.key(unverified.id)) == 8


def test_an_answer_that_was_given_out_and_never_recorded_is_owned_up_to(
    runtime, webhook, unverified, waiting, clock
):
    says(webhook, "在吗")
    runtime.redis.delete("wxdesk:intake:direct", "wxdesk:intake:urgent")  # Redis lost it
    old = runtime.redis.hget(held.taken_key(unverified.id), WANG).decode().partition("|")[2]
    stamp = int(clock.now.timestamp()) - 4000
    runtime.redis.hset(held.taken_key(unverified.id), WANG, f"{stamp}|{old}")
    repair_held()
    assert (states(runtime), marks(runtime, unverified)) == (["unconfirmed"], 0)


def test_an_answer_held_for_days_is_still_tried_again_when_wechat_is_busy(
    runtime, webhook, unverified, waiting, clock
):
    clock.advance(days=5)
    (row,) = rows(runtime)
    with runtime.unit_of_work() as uow:
        requeue(uow, [row.id], [Delivery.HELD])
    assert rows(runtime)[0].queued_at == clock.now


def test_after_a_month_it_has_failed(runtime, unverified, waiting, clock):
    clock.now += LONGEST_HELD + timedelta(seconds=1)
    sweep()
    assert states(runtime) == ["failed"]


def test_the_clock_is_met_when_it_left_not_when_it_was_recorded(
    runtime, webhook, unverified, waiting, clock
):
    clock.advance(seconds=60)
    says(webhook, "在吗")
    left_at = clock.now
    clock.advance(minutes=20)  # the worker was away
    record_waiting(runtime)
    conversation = conversation_of(runtime)
    assert conversation.first_response_met_at == left_at
    assert conversation.first_response_breached_at is None


def test_what_waits_for_the_account_beyond_one_page_is_rung_for_again(
    runtime, account, team, monkeypatch
):
    monkeypatch.setattr(operations, "MOST_SWEPT", 1)
    for number in range(2):
        asked = customer_writes(runtime, account, openid=f"o{number}")
        agent_answers(runtime, asked, team.lin, "答")
    with runtime.unit_of_work() as uow:
        for row in uow.session.scalars(select(DeliveryRow)):
            row.next_attempt_at = uow.now + timedelta(hours=5)
    runtime.redis.flushdb()
    try_account_now(account.id)
    named = {job.func_name.rpartition(".")[2] for job in runtime.queues.named("outbound").jobs}
    assert named == {"deliver", "try_account_now"}
