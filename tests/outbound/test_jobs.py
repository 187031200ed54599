"""Answers on their way to a real WeChat over HTTP: sent once, failed in words, or unconfirmed."""

import logging
import threading
from datetime import timedelta
from functools import partial

import pytest
from cast import (
    APP_ID,
    WANG,
    agent_answers,
    conversation_of,
    customer_writes,
    hire,
    make_account,
    messages_of,
)
from cast import (
    work_off as work_off_queues,
)
from media.phone import PHOTO
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.background_jobs import DELIVER_MESSAGE
from wxdesk.contacts.models import Contact, ReplyWindow
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.inbox.operations import Answer, reply
from wxdesk.media.api import keep_upload
from wxdesk.media.operations import bind
from wxdesk.media.uploads import NewUpload
from wxdesk.outbound import held
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.outbound.jobs import deliver, sweep, try_account_now
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery, queue_delivery
from wxdesk.outbound.rules import ACCOUNT_PAUSE, MOST_ATTEMPTS, Delivery, Via
from wxdesk.outbound.settling import settle_failed, settle_sent
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.error_codes import meaning_of
from wxdesk.wechat.quota import Quotas


@pytest.fixture
def runtime(sending):
    return sending


@pytest.fixture
def account(runtime) -> Account:
    with runtime.reading() as session:
        return session.scalars(select(Account)).one()


@pytest.fixture
def lin(runtime) -> int:
    return hire(runtime).lin


@pytest.fixture
def question(runtime, account, wechat) -> Message:
    """Wang has asked something, and WeChat knows it."""
    wechat.add_customer()
    return customer_writes(runtime, account)


@pytest.fixture
def work_off(runtime):
    """Run every waiting doorbell now, with RQ's own worker."""
    return partial(work_off_queues, runtime, DELIVER_MESSAGE)


def rows(runtime) -> list[DeliveryRow]:
    with runtime.reading() as session:
        return list(session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)))


def states(runtime) -> list[str]:
    return [row.state.value for row in rows(runtime)]


def remaining(runtime) -> int:
    with runtime.reading() as session:
        return session.scalars(select(Contact.window_remaining)).one()


def test_an_answer_is_on_the_customers_phone_and_marked_sent(
    runtime, question, lin, work_off, wechat
):
    agent_answers(runtime, question, lin, "马上查。\n请稍等 😀")
    assert states(runtime) == ["queued"]
    work_off()
    assert wechat.phone() == ["马上查。\n请稍等 😀"]
    assert states(runtime) == ["sent"]
    assert remaining(runtime) == 4
    assert conversation_of(runtime).waiting_since is None


@pytest.mark.parametrize("code", [40003, 45002, 48002])
def test_a_refused_answer_failed_for_good_and_says_why(
    runtime, question, lin, work_off, wechat, code
):
    wechat.spoil("errcode", errcode=code)
    agent_answers(runtime, question, lin)
    work_off()
    sweep()
    work_off()
    (row,) = rows(runtime)
    assert (row.state, row.error_code, row.attempts) == (Delivery.FAILED, str(code), 1)
    assert row.last_error == meaning_of(code).reason
    assert row.rid
    assert len(wechat.calls("custom/send")) == 1
    assert (remaining(runtime), wechat.phone()) == (5, [])
    assert conversation_of(runtime).waiting_since is not None


@pytest.mark.parametrize("code", [45015, 45047])
def test_wechats_refusal_corrects_the_window(runtime, question, lin, work_off, wechat, code):
    wechat.spoil("errcode", errcode=code)
    agent_answers(runtime, question, lin)
    work_off()
    assert states(runtime) == ["failed"]
    assert remaining(runtime) == 0
    with runtime.reading() as session:
        entered = session.scalars(select(ReplyWindow)).one()
    assert entered.closed_by == str(code)


def test_an_answer_that_may_wait_waits_when_wechat_knows_better(
    runtime, account, question, lin, work_off, wechat
):
    wechat.spoil("errcode", errcode=45047)
    held_if_needed(runtime, question, lin)
    work_off()
    assert states(runtime) == ["held"]
    runtime.clock.advance(seconds=5)
    wechat.platform.write(WANG, "还在吗")
    customer_writes(runtime, account, "还在吗")
    work_off()
    assert (states(runtime), wechat.phone()) == (["sent"], ["马上查。"])


def test_without_the_message_api_the_answer_waits_for_the_next_push(
    runtime, account, question, lin, work_off, wechat
):
    wechat.spoil("errcode", errcode=48001)
    agent_answers(runtime, question, lin)
    work_off()
    assert states(runtime) == ["held"]
    with runtime.reading() as session:
        assert session.get_one(Account, account.id).messages_refused_at is not None
    assert runtime.redis.hexists(held.key(account.id), WANG)


def test_what_an_admin_must_mend_waits_and_is_sent_when_it_is_mended(
    runtime, account, question, lin, work_off, wechat
):
    wechat.spoil("errcode", errcode=40164)
    agent_answers(runtime, question, lin)
    work_off()
    (row,) = rows(runtime)
    assert (row.state, row.error_code) == (Delivery.QUEUED, "40164")
    assert row.next_attempt_at == runtime.clock.now + ACCOUNT_PAUSE
    with runtime.reading() as session:
        assert session.get_one(Account, account.id).problem_code == "40164"
    try_account_now(account.id)
    work_off()
    assert (states(runtime), wechat.phone()) == (["sent"], ["马上查。"])


def test_a_used_up_quota_keeps_the_answer_until_it_is_cleared(
    runtime, account, question, lin, work_off, wechat
):
    wechat.spoil("errcode", errcode=45009)
    agent_answers(runtime, question, lin)
    work_off()
    agent_answers(runtime, question, lin, "第二条")
    work_off()
    first, second = rows(runtime)
    assert (first.state, first.error_code) == (Delivery.QUEUED, "45009")
    assert first.next_attempt_at > runtime.clock.now + timedelta(minutes=5)
    assert second.state is Delivery.QUEUED
    assert len(wechat.calls("custom/send")) == 1  # the second was not even tried
    Quotas(runtime.redis, APP_ID, runtime.clock).clear()
    try_account_now(account.id)
    work_off()
    sweep()
    work_off()
    assert wechat.phone() == ["马上查。", "第二条"]


def test_a_rule_never_spends_the_last_answers_that_are_kept_for_people(
    runtime, account, question, work_off, wechat
):
    for number in range(5):
        with runtime.unit_of_work() as uow:
            message = Message(
                account_id=account.id,
                contact_id=question.contact_id,
                direction=Direction.OUTGOING,
                kind="text",
                text=f"活动提醒 {number}",
                sender_kind=SenderKind.RULE,
                created_at=uow.now,
                received_at=uow.now,
            )
            uow.session.add(message)
            uow.session.flush()
            queue_delivery(uow, message)
    work_off()
    assert len(wechat.phone()) == 3
    assert states(runtime) == ["sent"] * 3 + ["failed"] * 2
    assert remaining(runtime) == 2
    assert rows(runtime)[-1].error_code == "kept"


def test_a_refusal_does_not_close_a_window_that_was_opened_since(
    runtime, account, question, lin, wechat
):
    answer_id = agent_answers(runtime, question, lin)
    with runtime.unit_of_work() as uow:
        delivery_id = uow.session.scalars(select(DeliveryRow.id)).one()
        assert claim_delivery(uow, delivery_id)
    runtime.clock.advance(seconds=3)
    customer_writes(runtime, account, "又来了")
    runtime.clock.advance(seconds=1)
    with runtime.unit_of_work() as uow:
        settle_failed(uow, delivery_id, DeliveryError("closed", code="45015", is_permanent=True))
    assert answer_id
    assert remaining(runtime) == 5


@pytest.mark.parametrize("api", ["message/template/send", "media/upload"])
def test_a_right_that_is_missing_elsewhere_takes_no_messages_away(
    runtime, account, question, lin, wechat, api
):
    wechat.spoil("errcode", api=api, errcode=48001)
    with runtime.unit_of_work() as uow:
        message = Message(
            account_id=account.id,
            contact_id=question.contact_id,
            direction=Direction.OUTGOING,
            kind="template" if "template" in api else "image",
            text="",
            payload={"template_id": "t", "data": {}, "title": "x"},
            sender_kind=SenderKind.AGENT,
            sender_id=lin,
            created_at=uow.now,
            received_at=uow.now,
        )
        uow.session.add(message)
        uow.session.flush()
        via = Via.TEMPLATE if "template" in api else Via.CUSTOMER_SERVICE
        delivery_id = queue_delivery(uow, message, via=via).id
    if "upload" in api:
        file_id = keep_upload(runtime, NewUpload(account.id, lin, "图.jpg", PHOTO)).id
        with runtime.unit_of_work() as uow:
            bind(uow, file_id, message.id, lin)
    deliver(delivery_id)
    assert states(runtime) == ["failed"]
    with runtime.reading() as session:
        assert session.get_one(Account, account.id).messages_refused_at is None


def test_a_template_that_waits_does_not_hold_up_the_answers(
    runtime, account, question, lin, work_off, wechat
):
    with runtime.unit_of_work() as uow:
        message = Message(
            account_id=account.id,
            contact_id=question.contact_id,
            direction=Direction.OUTGOING,
            kind="template",
            text="",
            sender_kind=SenderKind.AGENT,
            sender_id=lin,
            created_at=uow.now,
            received_at=uow.now,
        )
        uow.session.add(message)
        uow.session.flush()
        row = queue_delivery(uow, message, via=Via.TEMPLATE)
        row.next_attempt_at = uow.now + timedelta(hours=9)
    agent_answers(runtime, question, lin)
    sweep()
    work_off()
    assert wechat.phone() == ["马上查。"]


def test_the_rest_of_a_long_text_does_not_go_out_without_its_beginning(
    runtime, question, lin, work_off, wechat
):
    wechat.spoil("errcode", errcode=48002)
    assert question.conversation_id is not None
    outgoing = Outgoing(OutgoingKind.TEXT, "好" * 1000)
    with runtime.unit_of_work() as uow:
        answer = Answer(question.conversation_id, lin, outgoing, question.id, may_split=True)
        reply(uow, answer)
    work_off()
    assert (states(runtime), wechat.phone()) == (["failed", "failed"], [])


def held_if_needed(runtime, message: Message, agent_id: int) -> None:
    assert message.conversation_id is not None
    outgoing = Outgoing(OutgoingKind.TEXT, "马上查。")
    with runtime.unit_of_work() as uow:
        reply(uow, Answer(message.conversation_id, agent_id, outgoing, message.id, is_held=True))


def test_the_quota_that_wechat_counts_is_the_one_that_the_desk_counts(
    runtime, account, question, lin, work_off, wechat
):
    for number in range(5):
        agent_answers(runtime, question, lin, str(number))
    work_off()
    assert wechat.phone() == list("01234")
    assert remaining(runtime) == 0


def test_a_busy_wechat_is_asked_again_with_growing_pauses(
    runtime, question, lin, work_off, wechat, clock
):
    wechat.spoil("errcode", errcode=-1, times=3)
    agent_answers(runtime, question, lin)
    work_off()
    pauses = []
    for _ in range(3):
        (row,) = rows(runtime)
        assert row.state is Delivery.QUEUED
        assert row.error_code == "-1"
        pauses.append((row.next_attempt_at - clock.now).total_seconds())
        sweep()
        work_off()  # too early: nothing is sent
        assert len(wechat.calls("custom/send")) == len(pauses)
        clock.now = row.next_attempt_at
        sweep()
        work_off()
    assert pauses == [1, 2, 4]
    (row,) = rows(runtime)
    assert (row.state, row.attempts, row.error_code) == (Delivery.SENT, 4, None)
    assert wechat.phone() == ["马上查。"]


def test_a_wechat_that_stays_busy_is_given_up_in_words(
    runtime, question, lin, work_off, wechat, clock
):
    wechat.spoil("errcode", errcode=-1, times=100)
    agent_answers(runtime, question, lin)
    for _ in range(MOST_ATTEMPTS + 3):
        sweep()
        work_off()
        clock.advance(seconds=60)
    (row,) = rows(runtime)
    assert (row.state, row.attempts) == (Delivery.FAILED, MOST_ATTEMPTS)
    assert row.last_error == "WeChat is busy"


@pytest.mark.parametrize("code", [40001, 42001])
def test_an_ended_token_is_replaced_once_within_the_same_attempt(
    runtime, question, lin, work_off, wechat, code
):
    wechat.spoil("errcode", errcode=code)
    agent_answers(runtime, question, lin)
    work_off()
    (row,) = rows(runtime)
    assert (row.state, row.attempts) == (Delivery.SENT, 1)
    assert len(wechat.calls("custom/send")) == 2
    assert wechat.phone() == ["马上查。"]


def test_an_answer_that_wechat_took_without_saying_so_is_unconfirmed_and_never_sent_again(
    runtime, question, lin, work_off, wechat, clock
):
    """The connection is cut after the message was taken: nobody knows."""
    wechat.spoil("timeout_after_accepting", seconds=9)
    agent_answers(runtime, question, lin)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wxdesk.wechat.transport.ANSWER_SECONDS", 0.5)
        work_off()
    (row,) = rows(runtime)
    assert (row.state, row.error_code) == (Delivery.UNCONFIRMED, "timeout")
    clock.advance(hours=1)
    sweep()
    work_off()
    assert states(runtime) == ["unconfirmed"]
    assert wechat.phone() == ["马上查。"]
    assert remaining(runtime) == 4  # it may have been counted
    assert conversation_of(runtime).waiting_since is not None


@pytest.mark.parametrize("kind", ["http_500", "junk"])
def test_an_answer_that_nobody_understands_is_unconfirmed(
    runtime, question, lin, work_off, wechat, kind
):
    wechat.spoil(kind)
    agent_answers(runtime, question, lin)
    work_off()
    assert states(runtime) == ["unconfirmed"]


def test_a_wechat_that_can_not_be_reached_is_tried_again(build_runtime, redis_server, clock):
    runtime = build_runtime(WXDESK_REDIS_URL=redis_server.url)
    runtime.redis.set(f"wxdesk:token:{APP_ID}", "a-token")
    message = customer_writes(runtime, make_account(runtime))
    agent_answers(runtime, message, hire(runtime).lin)
    deliver(rows(runtime)[0].id)
    (row,) = rows(runtime)
    assert (row.state, row.error_code) == (Delivery.QUEUED, "unreachable")


def test_a_process_that_was_killed_while_sending_leaves_an_unconfirmed_answer(
    runtime, question, lin, work_off, wechat, clock
):
    agent_answers(runtime, question, lin)
    with runtime.unit_of_work() as uow:
        claim_delivery(uow, rows(runtime)[0].id)  # and there the process dies
    clock.advance(seconds=150)
    sweep()
    assert states(runtime) == ["sending"]
    clock.advance(seconds=1)
    sweep()
    work_off()
    (row,) = rows(runtime)
    assert (row.state, row.error_code) == (Delivery.UNCONFIRMED, "lost")
    assert wechat.calls("custom/send") == []


def test_a_result_that_comes_after_the_sweep_does_not_count_twice(runtime, question, lin, clock):
    agent_answers(runtime, question, lin)
    delivery = rows(runtime)[0].id
    with runtime.unit_of_work() as uow:
        claim_delivery(uow, delivery)
    clock.advance(seconds=151)
    sweep()
    with runtime.unit_of_work() as uow:
        settle_sent(uow, delivery)
    assert states(runtime) == ["unconfirmed"]
    assert remaining(runtime) == 4


def test_a_later_answer_waits_while_an_earlier_one_is_to_be_tried_again(
    runtime, question, lin, work_off, wechat, clock
):
    wechat.spoil("errcode", errcode=-1)
    agent_answers(runtime, question, lin, "一")
    agent_answers(runtime, question, lin, "二")
    work_off()
    assert states(runtime) == ["queued", "queued"]
    clock.advance(seconds=1)
    sweep()
    work_off()
    assert wechat.phone() == ["一", "二"]
    assert states(runtime) == ["sent", "sent"]


def test_an_answer_that_failed_for_good_lets_the_next_one_go(
    runtime, question, lin, work_off, wechat
):
    wechat.spoil("errcode", errcode=45008)
    agent_answers(runtime, question, lin, "一")
    agent_answers(runtime, question, lin, "二")
    work_off()
    assert states(runtime) == ["failed", "sent"]


def test_another_customer_does_not_wait(runtime, account, question, lin, work_off, wechat):
    wechat.add_customer("oLi0000000000000000000000000")
    other = customer_writes(runtime, account, openid="oLi0000000000000000000000000")
    wechat.spoil("errcode", errcode=-1)
    agent_answers(runtime, question, lin, "一")
    agent_answers(runtime, other, lin, "二")
    work_off()
    assert states(runtime) == ["queued", "sent"]


def test_a_doubled_doorbell_sends_once(runtime, question, lin, work_off, wechat):
    agent_answers(runtime, question, lin)
    delivery = rows(runtime)[0].id
    for _ in range(3):
        runtime.queues.enqueue(DELIVER_MESSAGE, delivery)
    work_off()
    assert wechat.phone() == ["马上查。"]


def test_two_workers_at_once_send_once(runtime, question, lin, wechat):
    agent_answers(runtime, question, lin)
    delivery = rows(runtime)[0].id
    start = threading.Barrier(4)
    claimed: list[object] = []

    def claim() -> None:
        start.wait()
        with runtime.unit_of_work() as uow:
            claimed.append(claim_delivery(uow, delivery))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(parcel is not None for parcel in claimed) == 1


def test_a_lost_doorbell_is_rung_by_the_sweeper(runtime, question, lin, work_off, wechat):
    agent_answers(runtime, question, lin)
    runtime.queues.named(DELIVER_MESSAGE.queue).empty()
    sweep()
    work_off()
    assert wechat.phone() == ["马上查。"]


def test_a_doorbell_for_a_row_that_is_not_there_does_no_harm(runtime):
    deliver(999_999)


def test_redis_away_while_sending_is_tried_again(build_runtime, own_redis, wechat, clock, caplog):
    caplog.set_level(logging.CRITICAL)
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url, WXDESK_WECHAT_API_URL=wechat.url)
    account = make_account(runtime)
    wechat.register(account)
    wechat.add_customer()
    agent_answers(runtime, customer_writes(runtime, account), hire(runtime).lin)
    own_redis.stop()
    deliver(rows(runtime)[0].id)
    (row,) = rows(runtime)
    assert (row.state, row.error_code) == (Delivery.QUEUED, "redis")
    own_redis.start()
    clock.now = row.next_attempt_at
    deliver(row.id)
    assert wechat.phone() == ["马上查。"]


def test_a_customer_who_wrote_again_meanwhile_keeps_waiting(  # noqa: PLR0913
    runtime, account, question, lin, work_off, wechat, clock
):
    agent_answers(runtime, question, lin)
    clock.advance(seconds=1)
    newer = customer_writes(runtime, account, "等等")
    work_off()
    assert conversation_of(runtime).waiting_since == newer.received_at


def test_the_error_of_a_delivery_never_names_the_customer_or_the_token(
    runtime, question, lin, work_off, wechat, caplog
):
    wechat.spoil("errcode", errcode=45015)
    agent_answers(runtime, question, lin, "秘密")
    work_off()
    token = runtime.redis.get("wxdesk:token:wx0123456789abcdef").decode()
    for secret in (WANG, "秘密", token):
        assert secret not in caplog.text


def test_messages_stay_in_the_order_in_which_they_were_written(
    runtime, question, lin, work_off, wechat
):
    for number in range(4):
        agent_answers(runtime, question, lin, str(number))
    for row in reversed(rows(runtime)):
        deliver(row.id)  # doorbells in the wrong order
    work_off()
    assert wechat.phone() == list("0123")
    assert [m.text for m in messages_of(runtime)][1:] == list("0123")
