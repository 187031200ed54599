"""Five seconds to take an answer back: nothing arrives at the phone, and all is as it was."""

import io
import threading
from functools import partial

import pytest
from cast import WANG, Api, conversation_of, customer_writes, hire
from cast import work_off as work_off_queues
from media.phone import PHOTO
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.background_jobs import DELIVER_MESSAGE
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Status
from wxdesk.media.models import Attachment
from wxdesk.outbound import held
from wxdesk.outbound.jobs import (
    deliver,
    release_undoable,
    repair_held,
    sweep,
    try_account_now,
)
from wxdesk.outbound.models import DeliveryRow
from wxdesk.search.jobs import index_messages
from wxdesk.sla.jobs import check_deadlines


@pytest.fixture
def runtime(sending):
    return sending


@pytest.fixture
def account(runtime) -> Account:
    with runtime.reading() as session:
        return session.scalars(select(Account)).one()


@pytest.fixture
def team(runtime):
    return hire(runtime)


@pytest.fixture
def app(runtime):
    return create_app(runtime)


@pytest.fixture
def question(runtime, account, wechat) -> Message:
    wechat.add_customer()
    return customer_writes(runtime, account)


@pytest.fixture
def work_off(runtime):
    """Run every waiting doorbell now."""
    return partial(work_off_queues, runtime, DELIVER_MESSAGE)


@pytest.fixture
def send(lin, question):
    def post(text: str = "马上查。", api: Api = lin, **body: object):
        path = f"/conversations/{question.conversation_id}/messages"
        key = {"Idempotency-Key": str(body.pop("key"))} if "key" in body else {}
        given = {"text": text, "last_seen_message_id": question.id, "undo_seconds": 5}
        answer = api.post(path, given | body, **key)
        assert answer.status_code == 201, answer.text
        return answer.json

    return post


def rows(runtime) -> list[DeliveryRow]:
    with runtime.reading() as session:
        return list(session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)))


def states(runtime) -> list[str]:
    return [row.state.value for row in rows(runtime)]


def undo(api: Api, message_id: int):
    return api.post(f"/messages/{message_id}/undo")


def thread(api: Api, conversation_id: int) -> list[tuple[str, str]]:
    items = api.get(f"/conversations/{conversation_id}/thread").json["items"]
    return [(item["kind"], item["text"]) for item in items]


class TestBeforeItLeaves:
    def test_an_undone_answer_never_arrives(self, runtime, lin, send, work_off, wechat, clock):
        sent = send()
        assert sent["undo_until"] == "2026-03-02T09:00:05.000Z"
        clock.advance(seconds=4)
        answer = undo(lin, sent["id"])
        assert (answer.status_code, answer.json["is_undone"]) == (200, True)
        assert (answer.json["delivery"], answer.json["undo_until"]) == ("withdrawn", None)
        clock.advance(seconds=60)
        release_undoable()
        sweep()
        work_off()
        assert wechat.phone() == []
        assert wechat.calls("custom/send") == []

    def test_nothing_leaves_before_the_seconds_are_over(self, send, work_off, wechat, clock):
        sent = send()
        work_off()
        release_undoable()
        sweep()
        deliver(1)
        work_off()
        clock.advance(seconds=4.9)
        release_undoable()
        sweep()
        work_off()
        assert wechat.phone() == []
        clock.advance(seconds=0.1)
        release_undoable()
        work_off()
        assert wechat.phone() == [sent["text"]]

    def test_then_it_is_too_late(self, runtime, lin, send, work_off, wechat, clock):
        sent = send()
        clock.advance(seconds=5)
        answer = undo(lin, sent["id"])
        assert answer.status_code == 409
        assert answer.json["detail"] == "too late: the answer is on its way"
        release_undoable()
        work_off()
        answer = undo(lin, sent["id"])
        assert answer.json["detail"] == "too late: the answer has left"
        assert (wechat.phone(), states(runtime)) == ([sent["text"]], ["sent"])

    def test_if_the_doorbell_is_lost_the_sweep_sends_it(self, send, work_off, wechat, clock):
        sent = send()
        clock.advance(seconds=5)
        sweep()
        work_off()
        assert wechat.phone() == [sent["text"]]

    def test_killed_between_release_and_doorbell_it_still_leaves(
        self, runtime, send, work_off, wechat, clock
    ):
        sent = send()
        clock.advance(seconds=5)
        release_undoable()
        runtime.redis.delete("rq:queue:outbound")
        release_undoable()
        work_off()
        assert wechat.phone() == []
        sweep()
        work_off()
        assert wechat.phone() == [sent["text"]]

    def test_without_undo_seconds_it_leaves_at_once(self, lin, send, work_off, wechat):
        sent = send(undo_seconds=0)
        assert sent["undo_until"] is None
        assert undo(lin, sent["id"]).status_code == 409
        work_off()
        assert wechat.phone() == [sent["text"]]

    def test_scripts_that_say_nothing_of_undo_send_at_once(self, send, work_off, wechat):
        send(undo_seconds=None)
        work_off()
        assert len(wechat.phone()) == 1

    def test_a_clock_that_was_set_back_does_not_keep_it(self, send, work_off, wechat, clock):
        send()
        clock.advance(hours=-1)
        release_undoable()
        work_off()
        assert len(wechat.phone()) == 1

    def test_mending_the_account_does_not_send_it_early(self, account, lin, send, work_off, wechat):
        sent = send()
        try_account_now(account.id)
        work_off()
        assert wechat.phone() == []
        assert undo(lin, sent["id"]).status_code == 200

    def test_an_answer_that_failed_once_is_not_sent_before_its_pause(
        self, runtime, lin, send, work_off, wechat, clock
    ):
        wechat.spoil("errcode", errcode=-1)
        sent = send()
        clock.advance(seconds=5)
        sweep()  # before the release
        work_off()
        (row,) = rows(runtime)
        assert (row.attempts, row.undo_until, row.undo) == (1, None, None)
        release_undoable()
        assert rows(runtime)[0].next_attempt_at > clock()
        assert undo(lin, sent["id"]).status_code == 409


@pytest.mark.parametrize("seconds", [-1, 11, 2.5, "5", True])
def test_undo_seconds_are_whole_and_few(lin, question, seconds):
    path = f"/conversations/{question.conversation_id}/messages"
    body = {"text": "好", "last_seen_message_id": question.id, "undo_seconds": seconds}
    answer = lin.post(path, body)
    assert (answer.status_code, answer.json["field"]) == (422, "undo_seconds")


class TestWhatIsShown:
    def test_the_undone_answer_is_in_no_thread_and_not_the_latest(
        self, runtime, lin, send, question
    ):
        sent = send()
        conversation_id = question.conversation_id
        latest = lin.get(f"/conversations/{conversation_id}").json["last_message"]
        assert latest["id"] == sent["id"]
        undo(lin, sent["id"])
        shown = lin.get(f"/conversations/{conversation_id}").json
        assert shown["last_message"]["id"] == question.id
        assert conversation_of(runtime).last_message_at == question.received_at
        assert thread(lin, conversation_id) == [("text", question.text)]

    def test_search_does_not_find_it(self, lin, send):
        sent = send("独一无二的句子")
        index_messages()
        found = lin.get("/search", q="独一无二").json["items"]
        assert [it["message"]["id"] for it in found] == [sent["id"]]
        undo(lin, sent["id"])
        index_messages()
        assert lin.get("/search", q="独一无二").json["items"] == []

    def test_it_does_not_stop_a_colleagues_answer(self, lin, mei, send):
        undo(lin, send()["id"])
        send("我来。", mei)

    def test_the_author_and_supervisors_can_others_cannot(self, lin, mei, zhou, chen, send):
        sent = send()
        assert undo(mei, sent["id"]).status_code == 403
        assert undo(chen, sent["id"]).status_code == 403
        assert undo(zhou, sent["id"]).status_code == 200
        assert undo(lin, send("另一条")["id"]).status_code == 200

    def test_twice_is_once(self, runtime, lin, send):
        sent = send()
        first, second = undo(lin, sent["id"]), undo(lin, sent["id"])
        assert (first.status_code, second.status_code) == (200, 200)
        assert second.json["is_undone"]

    def test_what_is_no_answer_cannot_be_undone(self, lin, question):
        assert undo(lin, question.id).status_code == 404
        assert undo(lin, 10**9).status_code == 404

    def test_a_retried_request_gives_the_undone_answer_and_sends_nothing(
        self, runtime, lin, send, work_off, wechat, clock
    ):
        sent = send(key="once")
        undo(lin, sent["id"])
        again = send(key="once")
        assert (again["id"], again["is_undone"]) == (sent["id"], True)
        clock.advance(seconds=10)
        release_undoable()
        sweep()
        work_off()
        assert (wechat.phone(), states(runtime)) == ([], ["withdrawn"])


class TestOrderAndParts:
    LONG = "好" * 1000

    def test_what_was_written_after_it_waits_for_it(self, lin, mei, send, work_off, wechat, clock):
        first = send("第一条")
        path = f"/conversations/{first['conversation_id']}/messages"
        body = {"text": "第二条", "last_seen_message_id": first["id"]}
        assert mei.post(path, body).status_code == 201
        work_off()
        assert wechat.phone() == []
        clock.advance(seconds=5)
        release_undoable()
        work_off()
        assert wechat.phone() == ["第一条", "第二条"]

    def test_what_waited_for_an_undone_one_leaves_at_once(self, lin, mei, send, work_off, wechat):
        first = send("第一条")
        path = f"/conversations/{first['conversation_id']}/messages"
        mei.post(path, {"text": "第二条", "last_seen_message_id": first["id"]})
        work_off()
        undo(lin, first["id"])
        work_off()
        assert wechat.phone() == ["第二条"]

    @pytest.mark.parametrize("which", [0, 1])
    def test_all_parts_are_taken_back_by_any_of_them(
        self, runtime, lin, send, work_off, wechat, which
    ):
        send(self.LONG, allow_split=True)
        ids = [row.message_id for row in rows(runtime)]
        assert len(ids) == 2
        assert undo(lin, ids[which]).status_code == 200
        runtime.clock.advance(seconds=5)
        release_undoable()
        work_off()
        assert (wechat.phone(), states(runtime)) == ([], ["withdrawn"] * 2)

    def test_when_one_part_may_have_left_no_part_is_taken_back(self, runtime, lin, send, clock):
        sent = send(self.LONG, allow_split=True)
        with runtime.unit_of_work() as uow:
            row = uow.session.get_one(DeliveryRow, rows(runtime)[0].id)
            row.state, row.attempts = "sending", 1
        assert undo(lin, sent["id"]).status_code == 409
        assert states(runtime) == ["sending", "queued"]
        with runtime.reading() as session:
            assert session.scalars(select(Message.undone_at).distinct()).all() == [None]

    def test_parts_of_another_long_answer_stay(self, runtime, lin, send, clock):
        first = send(self.LONG, allow_split=True)
        second = send(self.LONG, allow_split=True)
        undo(lin, second["id"])
        assert states(runtime) == ["queued", "queued", "withdrawn", "withdrawn"]
        undo(lin, first["id"])
        assert states(runtime) == ["withdrawn"] * 4


class TestTheConversation:
    def test_who_got_it_by_answering_gives_it_back(self, runtime, lin, send):
        sent = send()
        assert conversation_of(runtime).assignee_id is not None
        undo(lin, sent["id"])
        after = conversation_of(runtime)
        assert (after.assignee_id, after.assigned_at) == (None, None)

    def test_who_had_it_before_keeps_it(self, runtime, lin, team, send, question):
        lin.post(f"/conversations/{question.conversation_id}/assign", {"assignee": "me"})
        undo(lin, send()["id"])
        assert conversation_of(runtime).assignee_id == team.lin

    def test_who_has_written_again_keeps_it(self, runtime, lin, team, send):
        first = send()
        send("还有")
        undo(lin, first["id"])
        assert conversation_of(runtime).assignee_id == team.lin

    def test_undoing_both_gives_it_back(self, runtime, lin, send):
        first, second = send(), send("还有")
        undo(lin, second["id"])
        assert conversation_of(runtime).assignee_id is not None
        undo(lin, first["id"])
        assert conversation_of(runtime).assignee_id is None

    def test_the_clock_runs_on(self, runtime, lin, send, question):
        before = conversation_of(runtime)
        undo(lin, send()["id"])
        after = conversation_of(runtime)
        assert after.waiting_message_id == question.id
        assert after.due_at == before.due_at == before.first_response_deadline_at

    def test_a_file_can_be_sent_again(self, runtime, lin, send, question):
        attached = lin.client.post(
            f"/api/v1/conversations/{question.conversation_id}/attachments",
            data={"file": (io.BytesIO(PHOTO), "a.jpg")},
            headers=lin.headers,
        ).json
        sent = send(kind="image", attachment_id=attached["id"])
        undo(lin, sent["id"])
        with runtime.reading() as session:
            assert session.scalars(select(Attachment.message_id)).one() is None
        again = send(kind="image", attachment_id=attached["id"])
        assert again["attachments"][0]["id"] == attached["id"]


class TestAndThen:
    def test_resolved_with_the_answer_and_the_clock_is_met_when_it_left(
        self, runtime, lin, send, work_off, wechat, clock
    ):
        send(then={"resolve": True})
        assert conversation_of(runtime).status is Status.RESOLVED
        clock.advance(seconds=5)
        release_undoable()
        work_off()
        after = conversation_of(runtime)
        assert wechat.phone() == ["马上查。"]
        assert after.first_response_met_at == clock()
        assert (after.status, after.first_response_breached_at) == (Status.RESOLVED, None)

    def test_undone_it_is_open_and_waits_as_before(self, runtime, lin, send, question):
        before = conversation_of(runtime)
        undo(lin, send(then={"resolve": True})["id"])
        after = conversation_of(runtime)
        names = [
            "status",
            "assignee_id",
            "resolved_at",
            "waiting_since",
            "waiting_message_id",
            "due_at",
            "is_breached",
            "queued_at",
            "urgency_rank",
            "last_message_id",
        ]
        assert {n: getattr(after, n) for n in names} == {n: getattr(before, n) for n in names}
        assert thread(lin, after.id) == [("text", question.text)]

    def test_a_clock_that_was_broken_already_is_broken_still(
        self, runtime, lin, send, clock, question
    ):
        clock.advance(hours=3)
        before = conversation_of(runtime)
        undo(lin, send(then={"resolve": True})["id"])
        after = conversation_of(runtime)
        assert (after.waiting_since, after.due_at) == (before.waiting_since, before.due_at)
        assert after.is_breached

    @pytest.mark.parametrize(
        ("then", "status"),
        [
            ({"snooze_until": "2026-03-03T09:00:00Z"}, Status.SNOOZED),
            ({"snooze_until": None}, Status.SNOOZED),
            ({"pending": True}, Status.PENDING),
        ],
    )
    def test_snoozed_or_pending_with_the_answer_and_open_again(
        self, runtime, lin, send, then, status
    ):
        sent = send(then=then)
        assert conversation_of(runtime).status is status
        undo(lin, sent["id"])
        after = conversation_of(runtime)
        assert (after.status, after.snoozed_until) == (Status.OPEN, None)

    def test_the_customer_who_wrote_since_waits_since_the_first_message(
        self, runtime, lin, send, account, clock, question
    ):
        sent = send(then={"resolve": True})
        clock.advance(seconds=2)
        newer = customer_writes(runtime, account, "还在吗")
        before = conversation_of(runtime)
        assert undo(lin, sent["id"]).status_code == 200
        after = conversation_of(runtime)
        assert (after.status, after.last_message_id) == (Status.OPEN, newer.id)
        assert after.waiting_since == question.received_at
        assert after.assignee_id == before.assignee_id

    def test_what_a_colleague_did_since_stays_but_who_waits_is_not_left_asleep(
        self, runtime, lin, mei, send, team
    ):
        sent = send(then={"snooze_until": None})
        mei.post(
            f"/conversations/{sent['conversation_id']}/assign",
            {"assignee": "me", "take_over": True},
        )
        undo(lin, sent["id"])
        after = conversation_of(runtime)
        assert (after.status, after.assignee_id) == (Status.OPEN, team.mei)

    @pytest.mark.parametrize("how", ["pending", "snooze", "note"])
    def test_put_away_after_the_answer_it_comes_back(self, runtime, lin, mei, send, how):
        runtime.clock.advance(hours=2)
        check_deadlines()
        sent = send(then={"pending": True} if how == "note" else None)
        path = f"/conversations/{sent['conversation_id']}"
        body = {"note": {"text": "看一下"}, "snooze": {"until": None}, "pending": {}}[how]
        answer = mei.post(f"{path}/{'notes' if how == 'note' else how}", body)
        assert answer.status_code < 300, answer.text
        undo(lin, sent["id"])
        after = conversation_of(runtime)
        assert (after.status, after.is_breached) == (Status.OPEN, True)

    def test_what_slept_until_the_same_time_before_it_sleeps_on(
        self, runtime, lin, mei, send, question
    ):
        path = f"/conversations/{question.conversation_id}"
        mei.post(f"{path}/snooze", {"until": "2026-03-02T09:04:00Z"})
        sent = send()
        mei.post(f"{path}/notes", {"text": "看一下"})
        undo(lin, sent["id"])
        assert conversation_of(runtime).status is Status.SNOOZED

    def test_reopened_by_hand_since_the_customer_waits_all_the_same(
        self, runtime, lin, send, question
    ):
        sent = send(then={"resolve": True})
        lin.post(f"/conversations/{question.conversation_id}/reopen", {})
        undo(lin, sent["id"])
        after = conversation_of(runtime)
        assert (after.status, after.waiting_since) == (Status.OPEN, question.received_at)

    def test_resolved_while_a_later_answer_goes_it_stays_resolved(
        self, runtime, lin, mei, send, question
    ):
        sent = send()
        path = f"/conversations/{question.conversation_id}"
        mei.post(f"{path}/messages", {"text": "我来", "last_seen_message_id": sent["id"]})
        mei.post(f"{path}/resolve")
        undo(lin, sent["id"])
        assert conversation_of(runtime).status is Status.RESOLVED

    def test_resolved_by_hand_after_an_answer_that_does_not_go_it_opens_again(
        self, runtime, lin, send, question
    ):
        sent = send()
        lin.post(f"/conversations/{question.conversation_id}/resolve")
        assert conversation_of(runtime).waiting_since is None
        undo(lin, sent["id"])
        after = conversation_of(runtime)
        assert (after.status, after.waiting_message_id) == (Status.OPEN, question.id)

    @pytest.mark.parametrize(
        "then",
        [
            "resolve",
            {},
            {"resolve": False},
            {"resolve": True, "pending": True},
            {"snooze_until": "tomorrow"},
            {"snooze_until": "2026-03-03T09:00:00"},
            {"snooze_until": 5},
        ],
    )
    def test_what_makes_no_sense_sends_nothing(self, runtime, lin, question, then):
        path = f"/conversations/{question.conversation_id}/messages"
        body = {"text": "好", "last_seen_message_id": question.id, "then": then}
        answer = lin.post(path, body)
        assert (answer.status_code, answer.json["field"]) == (422, "then")
        assert rows(runtime) == []

    def test_a_time_that_has_passed_sends_nothing(self, runtime, lin, question):
        path = f"/conversations/{question.conversation_id}/messages"
        wish = {"snooze_until": "2026-03-01T09:00:00Z"}
        body = {"text": "好", "last_seen_message_id": question.id, "then": wish}
        assert lin.post(path, body).status_code == 422
        assert rows(runtime) == []


class TestHeld:
    @pytest.fixture(autouse=True)
    def _closed(self, question, clock):
        clock.advance(hours=49)

    def test_an_answer_that_waits_for_the_customer_is_undone_too(self, runtime, lin, send):
        sent = send(hold=True)
        assert (sent["delivery"], sent["undo_until"] is not None) == ("held", True)
        answer = undo(lin, sent["id"])
        assert (answer.status_code, answer.json["is_undone"]) == (200, True)
        assert states(runtime) == ["withdrawn"]

    def test_later_it_can_only_be_withdrawn(self, runtime, lin, send, clock):
        sent = send(hold=True)
        clock.advance(seconds=5)
        release_undoable()
        assert "withdrawn" in undo(lin, sent["id"]).json["detail"]
        assert lin.post(f"/messages/{sent['id']}/withdraw").status_code == 200

    @pytest.fixture
    def comes_back(self, runtime, account, wechat, clock):
        """Two seconds later the customer writes."""

        def write() -> None:
            clock.advance(seconds=2)
            wechat.platform.write(WANG, "我来了")
            customer_writes(runtime, account, "我来了")

        return write

    def test_the_customer_who_writes_meanwhile_gets_it_when_the_seconds_are_over(
        self, runtime, send, comes_back, work_off, wechat
    ):
        send(hold=True)
        comes_back()
        work_off()
        assert (wechat.phone(), states(runtime)) == ([], ["queued"])
        runtime.clock.advance(seconds=3)
        release_undoable()
        work_off()
        assert wechat.phone() == ["马上查。"]

    def test_and_it_can_still_be_undone(self, lin, send, comes_back, work_off, wechat, clock):
        sent = send(hold=True)
        comes_back()
        assert undo(lin, sent["id"]).status_code == 200
        clock.advance(seconds=10)
        release_undoable()
        sweep()
        work_off()
        assert wechat.phone() == []


class TestWithoutTheMessageApi:
    @pytest.fixture(autouse=True)
    def _unverified(self, runtime):
        with runtime.unit_of_work() as uow:
            account = uow.session.scalars(select(Account)).one()
            account.is_verified = False

    def offered(self, runtime, account) -> dict[str, str]:
        return held.kept(runtime.redis, account.id).offers

    def test_no_push_takes_it_before_the_seconds_are_over(self, runtime, account, send, clock):
        send()
        assert states(runtime) == ["held"]
        repair_held()
        assert self.offered(runtime, account) == {}
        clock.advance(seconds=5)
        release_undoable()
        assert "马上查。" in self.offered(runtime, account)[WANG]

    def test_what_comes_after_it_is_not_offered_before_it(self, runtime, lin, account, send, clock):
        first = send("第一条")
        send("第二条", undo_seconds=0, last_seen_message_id=first["id"])
        repair_held()
        assert self.offered(runtime, account) == {}
        undo(lin, first["id"])
        assert "第二条" in self.offered(runtime, account)[WANG]
        assert "第一条" not in self.offered(runtime, account)[WANG]


def test_of_undoing_and_sending_at_once_exactly_one_happens(
    runtime, lin, send, wechat, clock, question
):
    """Twenty rounds, each on the last moment: one thread undoes, another sends."""
    outcomes = []
    for number in range(20):
        with runtime.unit_of_work() as uow:
            uow.session.scalars(select(Contact)).one().window_remaining = 5
        wechat.platform.write(WANG, "好")
        sent = send(f"第{number}条", undo_seconds=1, last_seen_message_id=10**9)
        delivery_id = rows(runtime)[-1].id
        with runtime.unit_of_work() as uow:  # the sender's clock is ahead
            uow.session.get_one(DeliveryRow, delivery_id).next_attempt_at = uow.now
        both = threading.Barrier(2)

        def take_back(message_id=sent["id"], both=both):
            both.wait()
            outcomes.append(undo(lin, message_id).status_code)

        def go(delivery_id=delivery_id, both=both):
            both.wait()
            deliver(delivery_id)

        threads = [threading.Thread(target=take_back), threading.Thread(target=go)]
        for thread_ in threads:
            thread_.start()
        for thread_ in threads:
            thread_.join()
    ends = states(runtime)
    assert set(ends) <= {"sent", "withdrawn"}
    assert ends.count("withdrawn") == outcomes.count(200)
    assert ends.count("sent") == len(wechat.phone()) == outcomes.count(409)
    with runtime.reading() as session:
        undone = session.scalars(
            select(Message.text).where(
                Message.undone_at.is_not(None), Message.direction == Direction.OUTGOING
            )
        ).all()
    assert not set(undone) & set(wechat.phone())


def test_two_who_undo_at_once_both_see_it_undone(runtime, lin, zhou, send):
    sent = send()
    both, codes = threading.Barrier(2), []

    def take_back(api):
        both.wait()
        codes.append(undo(api, sent["id"]).status_code)

    threads = [threading.Thread(target=take_back, args=(api,)) for api in (lin, zhou)]
    for thread_ in threads:
        thread_.start()
    for thread_ in threads:
        thread_.join()
    assert codes == [200, 200]
    with runtime.reading() as session:
        assert session.scalars(select(Conversation.status)).one() is Status.OPEN


def test_the_undo_note_leaves_with_the_answer(runtime, send, work_off, clock):
    send()
    assert rows(runtime)[0].undo is not None
    clock.advance(seconds=5)
    release_undoable()
    work_off()
    assert rows(runtime)[0].undo is None
