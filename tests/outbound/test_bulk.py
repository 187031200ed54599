"""What is sent to many goes behind every answer, leaves people's slots, and can be taken back."""

import json
from datetime import timedelta

import pytest
from cast import WANG, conversation_of, customer_writes, hire, make_account, work_off
from sqlalchemy import event, func, select

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import get_keys
from wxdesk.background_jobs import DELIVER_BULK, DELIVER_MESSAGE
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.inbox.operations import Answer, reply
from wxdesk.outbound import held, jobs
from wxdesk.outbound.bulk import send_again, withdraw_bulk
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.outbound.jobs import deliver, deliver_bulk, repair_held, sweep
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery, queue_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.outbound.settling import settle_failed
from wxdesk.outbound.turns import next_bulk
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.pace import Pace

LI = "oLi0000000000000000000000000"


@pytest.fixture
def runtime(sending):
    return sending


@pytest.fixture
def lin(runtime) -> int:
    return hire(runtime).lin


@pytest.fixture
def question(runtime, account, wechat) -> Message:
    wechat.add_customer()
    return customer_writes(runtime, account)


@pytest.fixture
def account(runtime):
    with runtime.reading() as session:
        return session.scalars(select(Account)).one()


def send_to_many(runtime, question: Message, text: str = "更正", **how) -> int:
    """Queue one message of the desk; gives its id."""
    with runtime.unit_of_work() as uow:
        message = Message(
            account_id=question.account_id,
            contact_id=question.contact_id,
            direction=Direction.OUTGOING,
            kind="text",
            text=text,
            sender_kind=SenderKind.SYSTEM,
            source="correction",
            created_at=uow.now,
            received_at=uow.now,
        )
        uow.session.add(message)
        uow.session.flush()
        queue_delivery(uow, message, is_bulk=True, **({"may_wait": True} | how))
        return message.id


def answers(runtime, question: Message, agent_id: int, text: str = "马上查。") -> None:
    """An agent who has seen everything answers."""
    with runtime.unit_of_work() as uow:
        newest = uow.session.scalar(select(func.max(Message.id)))
        outgoing = Outgoing(OutgoingKind.TEXT, text)
        reply(uow, Answer(question.conversation_id, agent_id, outgoing, newest))


def statements_of_withdrawing(runtime, message_ids: list[int]) -> int:
    """Take them back; how many statements the database was asked."""
    asked = []

    def note(_connection, _cursor, statement, *_) -> None:
        asked.append(statement)

    event.listen(runtime.engine, "before_cursor_execute", note)
    with runtime.unit_of_work() as uow:
        assert withdraw_bulk(uow, message_ids) == set(message_ids)
    event.remove(runtime.engine, "before_cursor_execute", note)
    return len(asked)


def states(runtime) -> list[str]:
    with runtime.reading() as session:
        rows = session.scalars(select(DeliveryRow).order_by(DeliveryRow.id))
        return [row.state.value for row in rows]


def test_an_answer_goes_before_what_was_queued_for_many_and_never_waits_for_it(
    runtime, account, question, lin, wechat
):
    wechat.add_customer(LI)
    other = customer_writes(runtime, account, openid=LI)
    send_to_many(runtime, question, "更正")
    answers(runtime, question, lin, "马上查。")
    answers(runtime, other, lin, "您好。")
    deliver_bulk()
    assert states(runtime) == ["queued", "queued", "queued"]  # two answers of its account are due
    work_off(runtime, DELIVER_MESSAGE)
    assert states(runtime) == ["queued", "sent", "sent"]
    work_off(runtime, DELIVER_BULK)
    assert wechat.phone() == ["马上查。", "更正"]
    assert conversation_of(runtime).waiting_since is None


def test_what_goes_to_many_waits_for_an_answer_that_is_to_be_tried_again(
    runtime, question, lin, wechat, clock
):
    wechat.spoil("errcode", errcode=-1)
    answers(runtime, question, lin, "马上查。")
    work_off(runtime, DELIVER_MESSAGE)
    send_to_many(runtime, question)
    deliver_bulk()
    assert states(runtime) == ["queued", "queued"]
    clock.advance(seconds=1)
    sweep()
    work_off(runtime, DELIVER_MESSAGE, DELIVER_BULK)
    assert wechat.phone() == ["马上查。", "更正"]


def test_the_last_answers_of_a_window_are_kept_and_the_rest_waits_for_the_customer(
    runtime, account, question, wechat, clock
):
    for number in range(5):
        send_to_many(runtime, question, str(number))
    work_off(runtime, DELIVER_BULK)
    assert states(runtime) == ["sent"] * 3 + ["held"] * 2
    sweep()
    work_off(runtime, DELIVER_BULK)
    assert states(runtime) == ["sent"] * 3 + ["held"] * 2  # not tried over and over
    clock.advance(minutes=1)
    wechat.platform.write(WANG, "谢谢")
    customer_writes(runtime, account, "谢谢")
    work_off(runtime, DELIVER_BULK)
    assert wechat.phone() == list("01234")
    with runtime.reading() as session:
        assert session.scalars(select(Contact.window_remaining)).one() == 3


def test_what_failed_for_good_says_why_and_can_be_sent_again(runtime, question, wechat):
    wechat.spoil("errcode", errcode=45002)
    message_id = send_to_many(runtime, question)
    work_off(runtime, DELIVER_BULK)
    assert states(runtime) == ["failed"]
    with runtime.unit_of_work() as uow:
        assert send_again(uow, [message_id], [Delivery.FAILED]) == {message_id}
    work_off(runtime, DELIVER_BULK)
    assert (states(runtime), wechat.phone()) == (["sent"], ["更正"])


def test_what_has_not_left_is_taken_back_and_what_is_leaving_is_not(runtime, question, wechat):
    leaving, queued = send_to_many(runtime, question, "一"), send_to_many(runtime, question, "二")
    waiting = send_to_many(runtime, question, "三", is_held=True)
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)).first()
        assert claim_delivery(uow, row.id)
    with runtime.unit_of_work() as uow:
        assert withdraw_bulk(uow, [leaving, queued, waiting]) == {queued, waiting}
    assert states(runtime) == ["sending", "withdrawn", "withdrawn"]
    work_off(runtime, DELIVER_BULK)
    assert wechat.phone() == []


def test_held_again_it_leaves_when_the_customer_writes(runtime, account, question, wechat, clock):
    message_id = send_to_many(runtime, question)
    with runtime.unit_of_work() as uow:
        withdraw_bulk(uow, [message_id])
    with runtime.unit_of_work() as uow:
        assert send_again(uow, [message_id], [Delivery.WITHDRAWN], is_held=True)
    assert states(runtime) == ["held"]
    clock.advance(minutes=1)
    wechat.platform.write(WANG, "在吗")
    customer_writes(runtime, account, "在吗")
    work_off(runtime, DELIVER_BULK)
    assert wechat.phone() == ["更正"]


def test_without_the_message_api_it_waits_for_the_answer_to_a_push(
    runtime, account, question, wechat
):
    wechat.spoil("errcode", errcode=48001)
    send_to_many(runtime, question)
    work_off(runtime, DELIVER_BULK)
    assert states(runtime) == ["held"]
    assert runtime.redis.hexists(held.key(account.id), WANG)


def test_what_a_person_wrote_goes_first_with_the_answer_to_a_push(
    runtime, account, question, lin, wechat
):
    wechat.spoil("errcode", errcode=48001)
    send_to_many(runtime, question)
    work_off(runtime, DELIVER_BULK)
    answers(runtime, question, lin)
    assert states(runtime) == ["held", "held"]
    offered = runtime.redis.hget(held.key(account.id), WANG)
    with runtime.reading() as session:
        newest_first = select(DeliveryRow.id).order_by(DeliveryRow.id.desc())
        ids = list(session.scalars(newest_first))
    assert json.loads(offered) == {"held": ids, "text": "马上查。\n\n更正"}
    repair_held()
    assert runtime.redis.hget(held.key(account.id), WANG) == offered
    runtime.redis.delete(held.key(account.id))
    repair_held()
    assert runtime.redis.hget(held.key(account.id), WANG) == offered


def test_what_waits_for_many_is_taken_back_with_as_few_statements_as_for_one(
    runtime, account, lin, wechat
):
    people = [f"oPerson{number:02d}000000000000000000" for number in range(12)]
    waiting = []
    for openid in people:
        wechat.add_customer(openid)
        question = customer_writes(runtime, account, openid=openid)
        waiting.append(send_to_many(runtime, question, is_held=True))
    still = [send_to_many(runtime, question, f"第{n}条", is_held=True) for n in range(25)]
    offers = runtime.redis.hgetall(held.key(account.id))
    assert {openid.decode() for openid in offers} == set(people)
    of_one = statements_of_withdrawing(runtime, waiting[:1])
    assert statements_of_withdrawing(runtime, waiting[1:]) == of_one
    ((openid, left),) = runtime.redis.hgetall(held.key(account.id)).items()
    assert openid.decode() == people[-1]
    assert json.loads(left)["text"] == "\n\n".join(f"第{n}条" for n in range(20))
    assert len(json.loads(left)["held"]) == held.MOST_HELD < len(still)


def test_what_goes_to_many_stops_no_answer_of_somebody_who_has_not_seen_it(runtime, question, lin):
    send_to_many(runtime, question)
    with runtime.unit_of_work() as uow:
        outgoing = Outgoing(OutgoingKind.TEXT, "马上查。")
        reply(uow, Answer(question.conversation_id, lin, outgoing, question.id))
    assert states(runtime) == ["queued", "queued"]


def test_a_lost_doorbell_is_rung_again_and_a_dead_workers_send_is_unconfirmed(
    runtime, question, wechat, clock
):
    send_to_many(runtime, question)
    runtime.queues.named(DELIVER_BULK.queue).empty()
    runtime.queues.answered(DELIVER_BULK)
    sweep()
    work_off(runtime, DELIVER_BULK)
    assert wechat.phone() == ["更正"]
    send_to_many(runtime, question, "二")
    with runtime.unit_of_work() as uow:
        rows = uow.session.scalars(select(DeliveryRow.id).order_by(DeliveryRow.id)).all()
        assert claim_delivery(uow, rows[-1])  # and there the process dies
    clock.advance(seconds=151)
    sweep()
    work_off(runtime, DELIVER_BULK)
    assert states(runtime) == ["sent", "unconfirmed"]
    assert wechat.phone() == ["更正"]


@pytest.mark.parametrize(("may_wait", "ends"), [(True, "queued"), (False, "failed")])
def test_it_is_tried_for_two_days_when_it_may_wait_and_else_half_an_hour(
    runtime, question, wechat, clock, may_wait, ends
):
    wechat.spoil("errcode", errcode=40164, times=9)
    send_to_many(runtime, question, may_wait=may_wait)
    deliver_bulk()
    clock.advance(minutes=40)
    deliver_bulk()
    assert states(runtime) == [ends]


def test_who_stands_behind_finds_no_slot_while_others_find_one_at_once(redis, clock):
    pauses: list[float] = []
    bulk, people = Pace(redis, "wx1", 60), Pace(redis, "wx1", 60)
    bulk.leaves_burst = True
    bulk.wait(clock, pauses.append)
    bulk.wait(clock, pauses.append)
    assert len(pauses) == 1
    assert pauses[0] > timedelta(seconds=1).total_seconds()
    people.wait(clock, pauses.append)
    assert len(pauses) == 1


def test_a_doorbell_of_an_answer_never_sends_more_than_its_answer(runtime, question, lin, wechat):
    send_to_many(runtime, question)
    answers(runtime, question, lin)
    with runtime.reading() as session:
        rows = session.scalars(select(DeliveryRow.id).order_by(DeliveryRow.id)).all()
    deliver(rows[0])
    assert states(runtime) == ["queued", "queued"]
    deliver(rows[1])
    assert wechat.phone() == ["马上查。"]


def test_another_account_does_not_stand_back(runtime, account, question, lin, wechat):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx99")
    wechat.register(other)
    wechat.add_customer(LI, original_id="gh_other")
    theirs = customer_writes(runtime, other, openid=LI)
    answers(runtime, question, lin)
    send_to_many(runtime, theirs, "更正")
    deliver_bulk()
    assert (states(runtime), wechat.phone(LI)) == (["queued", "sent"], ["更正"])


@pytest.mark.parametrize(("code", "then"), [("-1", "queued"), ("45015", "held")])
def test_what_is_taken_back_while_it_is_being_sent_is_not_tried_again(
    runtime, question, wechat, clock, code, then
):
    message_id = send_to_many(runtime, question)
    with runtime.reading() as session:
        delivery_id = next_bulk(session, clock.now)
    with runtime.unit_of_work() as uow:
        claim_delivery(uow, delivery_id)
    with runtime.unit_of_work() as uow:
        assert withdraw_bulk(uow, [message_id]) == set()
    assert states(runtime) == ["sending"]
    with runtime.unit_of_work() as uow:
        settle_failed(uow, delivery_id, DeliveryError("refused", code=code))
    assert states(runtime) == ["withdrawn"]
    clock.advance(seconds=5)
    deliver_bulk()
    sweep()
    assert wechat.phone() == []
    with runtime.unit_of_work() as uow:  # somebody wants it after all
        assert send_again(uow, [message_id], [Delivery.WITHDRAWN]) == {message_id}
    wechat.spoil("errcode", errcode=-1)
    deliver_bulk()
    assert states(runtime) == [then]  # as any other


def test_right_before_it_is_sent_it_is_asked_whether_it_was_taken_back(
    runtime, question, wechat, monkeypatch
):
    message_id = send_to_many(runtime, question)
    original = jobs.client_for

    def takes_its_time(*args, **how):
        with runtime.unit_of_work() as uow:
            withdraw_bulk(uow, [message_id])
        return original(*args, **how)

    monkeypatch.setattr(jobs, "client_for", takes_its_time)
    deliver_bulk()
    assert wechat.phone() == []
    assert states(runtime) == ["withdrawn"]


def test_what_stopped_one_message_stops_no_other_call_of_the_account(runtime, account, wechat):
    with runtime.reading() as session:
        keys = get_keys(session, runtime.vault, account.id)
    stopped = DeliveryError("x", code="stopped")

    def refuse() -> None:
        raise stopped

    client = client_for(runtime, keys, is_bulk=True)
    client.look_before(refuse)
    with pytest.raises(DeliveryError, match="x"):
        client.list_tags()
    assert wechat.calls("tags/get") == []
    assert client_for(runtime, keys, is_bulk=True).list_tags() is not None
