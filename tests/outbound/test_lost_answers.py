"""An answer that did not go leaves nobody waiting unseen, whatever was done with it."""

import threading
from datetime import timedelta

import pytest
from cast import agent_answers, conversation_of, customer_writes, entry, lines_of
from servers import wait_until
from sqlalchemy import select, text, update

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.operations import get_locked
from wxdesk.conversations.rules import Status
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.inbox.operations import resolve
from wxdesk.inbox.undo import undo
from wxdesk.intake.operations import record
from wxdesk.intake.rules import HeldAnswer
from wxdesk.outbound.jobs import sweep
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.outbound.settling import note_template_result, settle_failed, settle_unrecorded
from wxdesk.plumbing.errors import DeliveryError

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def question(runtime, account, team) -> Message:
    return customer_writes(runtime, account)


@pytest.fixture
def path(question) -> str:
    return f"/conversations/{question.conversation_id}"


@pytest.fixture
def send(lin, question, path):
    def post(**body: object) -> int:
        given = {"text": "好", "last_seen_message_id": question.id} | body
        answer = lin.post(f"{path}/messages", given)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    return post


@pytest.fixture
def send_held(runtime, send):
    """The window is closed: the answer waits for the customer."""

    def post(**body: object) -> int:
        with runtime.unit_of_work() as uow:
            uow.session.execute(update(Contact).values(window_closes_at=None, window_remaining=0))
        return send(hold=True, **body)

    return post


def change(runtime, message_id: int, **values: object) -> int:
    """Its delivery's id."""
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(
            select(DeliveryRow).where(DeliveryRow.message_id == message_id)
        ).one()
        for name, value in values.items():
            setattr(row, name, value)
        return row.id


def fail(runtime, message_id: int) -> None:
    state = {"state": Delivery.SENDING, "claimed_at": runtime.clock(), "attempts": 1}
    delivery_id = change(runtime, message_id, **state)
    with runtime.unit_of_work() as uow:
        settle_failed(uow, delivery_id, DeliveryError("no", code="x", is_permanent=True))


def waits_for(runtime, message: Message) -> bool:
    found = conversation_of(runtime)
    since = found.waiting_since
    return (found.status, since) == (Status.OPEN, message.received_at) and found.due_at > since


def states(runtime) -> list[str]:
    with runtime.reading() as session:
        return [it.value for it in session.scalars(select(DeliveryRow.state))]


def test_reopened_by_hand_while_it_was_on_its_way(runtime, lin, question, path, send):
    sent = send(then={"resolve": True})
    assert lin.post(f"{path}/reopen", {}).status_code == 200
    assert conversation_of(runtime).waiting_since is None
    fail(runtime, sent)
    assert waits_for(runtime, question)


def test_the_customer_who_wrote_on_waits_since_the_first_message(
    runtime, account, clock, question, send
):
    sent = send(then={"resolve": True})
    clock.advance(seconds=2)
    customer_writes(runtime, account, "还在吗")
    fail(runtime, sent)
    assert waits_for(runtime, question)
    assert conversation_of(runtime).waiting_message_id == question.id


def test_what_a_colleague_had_put_to_rest_does_not_wait_again(
    runtime, account, team, clock, question, send
):
    with runtime.unit_of_work() as uow:
        resolve(uow, question.conversation_id, agent_id=team.lin)
    clock.advance(minutes=10)
    newer = customer_writes(runtime, account, "还有一个问题")
    fail(runtime, send(last_seen_message_id=newer.id))
    assert waits_for(runtime, newer)


def test_an_unconfirmed_one_may_not_have_arrived(runtime, question, send):
    sent = send(then={"resolve": True})
    long_ago = runtime.clock() - timedelta(minutes=10)
    change(runtime, sent, state=Delivery.SENDING, claimed_at=long_ago, attempts=1)
    sweep()
    assert states(runtime) == ["unconfirmed"]
    assert waits_for(runtime, question)


@pytest.mark.parametrize("then", [{"resolve": True}, {"pending": True}, {"snooze_until": None}])
class TestOneThatWaited:
    def test_withdrawn(self, runtime, lin, question, send_held, then):
        sent = send_held(then=then)
        assert lin.post(f"/messages/{sent}/withdraw").status_code == 200
        assert (states(runtime), waits_for(runtime, question)) == (["withdrawn"], True)
        assert lines_of(runtime)[-1].payload["reason"] == "failed"

    def test_expired(self, runtime, clock, question, send_held, then):
        send_held(then=then)
        clock.advance(days=31)
        sweep()
        assert (states(runtime), waits_for(runtime, question)) == (["failed"], True)

    def test_given_out_and_never_recorded(self, runtime, question, send_held, then):
        delivery_id = change(runtime, send_held(then=then))
        with runtime.unit_of_work() as uow:
            settle_unrecorded(uow, delivery_id)
        assert (states(runtime), waits_for(runtime, question)) == (["unconfirmed"], True)

    def test_a_template_that_wechat_did_not_deliver(
        self, runtime, account, question, send_held, then
    ):
        sent = send_held(then=then)
        change(runtime, sent, state=Delivery.SENT, wechat_msgid="77")
        with runtime.unit_of_work() as uow:
            note_template_result(uow, account.id, "77", "failed: system failed")
        assert (states(runtime), waits_for(runtime, question)) == (["failed"], True)


def test_what_was_undone_and_left_with_a_push_all_the_same_is_shown(
    runtime, account, lin, path, send_held
):
    sent = send_held(undo_seconds=5)
    assert lin.post(f"/messages/{sent}/undo").status_code == 200
    given = HeldAnswer((change(runtime, sent),), "好")
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, "在吗", held=given)])
    assert states(runtime) == ["sent"]
    assert sent in [item["id"] for item in lin.get(f"{path}/thread").json["items"]]


class TestLocks:
    """Others hold the conversation first, then write a line or change its messages."""

    @pytest.fixture
    def while_held(self, runtime):
        """Run `other` until it waits for the conversation, then `mine` in the holder's hands."""

        def run(conversation_id: int, other, mine) -> list[object]:
            problems: list[object] = []

            def guarded() -> None:
                try:
                    other()
                except Exception as error:  # noqa: BLE001
                    problems.append(error)

            thread = threading.Thread(target=guarded)
            with runtime.unit_of_work() as uow:
                conversation, _ = get_locked(uow, conversation_id)
                thread.start()
                wait_until(lambda: is_waiting(runtime), what="the lock")
                mine(uow, conversation)
            thread.join()
            return problems

        return run

    @on_postgresql
    def test_undoing_waits_for_the_conversation_before_it_takes_the_message(
        self, runtime, team, question, send, while_held
    ):
        sent = send(undo_seconds=5)

        def take_back() -> None:
            with runtime.unit_of_work() as uow:
                undo(uow, sent, team.lin)

        def move(uow, _conversation) -> None:  # as a merge does
            uow.session.execute(update(Message).values(conversation_id=question.conversation_id))
            uow.session.execute(update(DeliveryRow).values(contact_id=question.contact_id))

        assert while_held(question.conversation_id, take_back, move) == []
        assert states(runtime) == ["withdrawn"]

    @on_postgresql
    def test_the_sweep_holds_no_lock_of_one_while_it_waits_for_another(
        self, runtime, account, team, while_held
    ):
        asked = [customer_writes(runtime, account, openid=f"o{n:027d}") for n in range(2)]
        long_ago = runtime.clock() - timedelta(minutes=10)
        for message in asked:
            sent = agent_answers(runtime, message, team.lin)
            change(runtime, sent, state=Delivery.SENDING, claimed_at=long_ago, attempts=1)
            with runtime.unit_of_work() as uow:
                resolve(uow, message.conversation_id, agent_id=team.lin)

        def note(uow, conversation) -> None:
            note_activity(uow, conversation, Activity.PRIORITY, by=team.lin)

        assert while_held(asked[1].conversation_id, sweep, note) == []
        assert states(runtime) == ["unconfirmed"] * 2


def is_waiting(runtime) -> bool:
    query = "SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1"
    with runtime.reading() as session:
        return session.scalar(text(query)) is not None
