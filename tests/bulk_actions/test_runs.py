"""One action on many conversations: counted before, done row by row, stopped and tried again."""

import threading

import pytest
from cast import agent_answers, customer_writes
from sqlalchemy import select, update

from tests.conversations.test_operations import at_once
from wxdesk.agents.models import Agent
from wxdesk.agents.rules import Role
from wxdesk.audit.models import AuditEntry
from wxdesk.bulk_actions import jobs, operations
from wxdesk.bulk_actions.jobs import prune, run
from wxdesk.bulk_actions.models import BulkRow, BulkRun
from wxdesk.bulk_actions.operations import Wish, start
from wxdesk.bulk_actions.rules import BulkAction, RowState, RunState
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Priority, Status
from wxdesk.outbound.models import DeliveryRow


@pytest.fixture
def customers(runtime, account):
    """So many customers have written, each once; gives the ids of their conversations."""

    def write(count: int, first: int = 0) -> list[int]:
        found = []
        for number in range(first, first + count):
            message = customer_writes(runtime, account, openid=f"o{number:027d}")
            assert message.conversation_id is not None
            found.append(message.conversation_id)
        return found

    return write


@pytest.fixture
def begin(runtime, team):
    """Lin starts a run; gives its id."""

    def make(action: str, arguments: dict[str, object] | None = None, **which: object) -> int:
        wish = Wish(BulkAction(action), arguments or {}, **which)  # type: ignore[arg-type]
        with runtime.unit_of_work() as uow:
            return start(uow, wish, team.lin, None).id

    return make


def rows(runtime, run_id: int) -> dict[int, tuple[str, str | None]]:
    with runtime.reading() as session:
        found = session.scalars(select(BulkRow).where(BulkRow.run_id == run_id)).all()
    return {
        row.conversation_id: (row.state.value, operations.sentence_of(row.error)) for row in found
    }


def ends(runtime, run_id: int) -> list[str]:
    return [state for _, (state, _) in sorted(rows(runtime, run_id).items())]


def state_of(runtime, run_id: int) -> RunState:
    with runtime.reading() as session:
        return session.get_one(BulkRun, run_id).state


def conversations(runtime) -> list[Conversation]:
    with runtime.reading() as session:
        return list(session.scalars(select(Conversation).order_by(Conversation.id)))


def change_all(runtime, **values: object) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Conversation).values(**values))


def nobody_waits(runtime) -> None:
    change_all(runtime, waiting_since=None, waiting_message_id=None)


def answers(runtime) -> list[Message]:
    with runtime.reading() as session:
        return list(
            session.scalars(
                select(Message)
                .where(Message.direction == Direction.OUTGOING)
                .order_by(Message.conversation_id)
            )
        )


class TestEachAction:
    def test_resolves_all_that_a_filter_finds(self, runtime, customers, begin):
        customers(3)
        nobody_waits(runtime)
        run_id = begin("resolve", query={"status": "open"})
        run()
        assert {it.status for it in conversations(runtime)} == {Status.RESOLVED}
        assert ends(runtime, run_id) == ["done"] * 3
        assert state_of(runtime, run_id) is RunState.DONE

    def test_who_waits_is_not_resolved_unless_it_is_wished(self, runtime, customers, begin):
        ids = customers(2)
        first = begin("resolve", ids=tuple(ids))
        second = begin("snooze", {"until": None}, ids=tuple(ids))
        run()
        assert rows(runtime, first) == dict.fromkeys(
            ids, ("skipped", "the customer waits for an answer")
        )
        assert ends(runtime, second) == ["skipped"] * 2
        third = begin("resolve", {"even_waiting": True}, ids=tuple(ids))
        run()
        assert ends(runtime, third) == ["done"] * 2

    def test_who_has_an_answer_on_its_way_does_not_wait(self, runtime, account, begin, team):
        message = customer_writes(runtime, account)
        agent_answers(runtime, message, team.lin)
        run_id = begin("resolve", ids=(message.conversation_id,))
        run()
        assert ends(runtime, run_id) == ["done"]

    def test_where_somebody_wrote_since_nothing_is_resolved(
        self, runtime, account, customers, begin
    ):
        ids = customers(2)
        nobody_waits(runtime)
        run_id = begin("resolve", {"even_waiting": True}, ids=tuple(ids))
        customer_writes(runtime, account, "还有一件事", openid=f"o{0:027d}")
        run()
        assert rows(runtime, run_id)[ids[0]] == (
            "failed",
            "the conversation has moved on since you read it",
        )
        assert [it.status for it in conversations(runtime)] == [Status.OPEN, Status.RESOLVED]

    def test_snoozes(self, runtime, customers, begin):
        ids = customers(2)
        nobody_waits(runtime)
        begin("snooze", {"until": "2026-03-03T09:00:00Z"}, ids=tuple(ids))
        run()
        assert {it.status for it in conversations(runtime)} == {Status.SNOOZED}
        assert {it.snoozed_until.day for it in conversations(runtime)} == {3}

    def test_assigns_and_gives_back(self, runtime, customers, begin, team):
        ids = customers(2)
        begin("assign", {"assignee": team.mei}, ids=tuple(ids))
        run()
        assert {it.assignee_id for it in conversations(runtime)} == {team.mei}
        again = begin("assign", {"assignee": team.mei}, ids=tuple(ids))
        begin("assign", {"assignee": None}, ids=tuple(ids[:1]))
        run()
        assert rows(runtime, again)[ids[1]] == ("skipped", "it was so already")
        assert [it.assignee_id for it in conversations(runtime)] == [None, team.mei]

    def test_sets_the_priority(self, runtime, customers, begin):
        ids = customers(2)
        begin("priority", {"priority": "urgent"}, ids=tuple(ids))
        run()
        assert {it.priority for it in conversations(runtime)} == {Priority.URGENT}

    def test_tags_and_marks_as_spam_and_back(self, runtime, customers, begin, zhou, lin):
        ids = customers(2)
        zhou.post(f"/conversations/{ids[0]}/tags", {"add": ["退款"]})
        run_id = begin("tag", {"add": ["退款"]}, ids=tuple(ids))
        run()
        assert ends(runtime, run_id) == ["skipped", "done"]
        assert lin.get(f"/conversations/{ids[1]}").json["tags"] == ["退款"]
        begin("spam", {"is_spam": True}, ids=tuple(ids))
        run()
        assert {it.is_spam for it in conversations(runtime)} == {True}
        back = begin("spam", {"is_spam": False}, ids=tuple(ids))
        run()
        assert ends(runtime, back) == ["done"] * 2
        assert {it.is_spam for it in conversations(runtime)} == {False}

    def test_each_conversation_says_in_its_thread_what_happened(self, runtime, customers, begin):
        (conversation_id,) = customers(1)
        begin("priority", {"priority": "high"}, ids=(conversation_id,))
        run()
        with runtime.reading() as session:
            line = session.scalars(
                select(Message).where(Message.direction == Direction.INTERNAL)
            ).one()
        assert line.payload is not None
        assert (line.payload["action"], line.payload["by"]["name"]) == ("priority", "Lin")


class TestReplies:
    def test_each_gets_an_answer_of_their_own(self, runtime, customers, begin, team):
        ids = customers(3)
        run_id = begin("reply", {"text": "今天系统维护,请稍候。"}, ids=tuple(ids))
        run()
        assert ends(runtime, run_id) == ["done"] * 3
        sent = answers(runtime)
        assert [it.conversation_id for it in sent] == ids
        assert {it.text for it in sent} == {"今天系统维护,请稍候。"}
        assert sent[0].idempotency_key == f"bulk-{run_id}-{ids[0]}"
        assert {it.assignee_id for it in conversations(runtime)} == {None}

    def test_no_more_than_five_a_second_of_all_runs_together(
        self, runtime, customers, begin, clock
    ):
        ids = customers(14)
        begin("reply", {"text": "一"}, ids=tuple(ids[:7]))
        begin("reply", {"text": "二"}, ids=tuple(ids[7:]))
        run()
        run()
        assert len(answers(runtime)) == 5
        assert {it.text for it in answers(runtime)} == {"一", "二"}
        clock.advance(seconds=1)
        run()
        assert len(answers(runtime)) == 10
        clock.advance(seconds=1)
        run()
        assert len(answers(runtime)) == 14

    def test_who_is_skipped_costs_no_time(self, runtime, customers, begin, clock):
        ids = customers(12)
        clock.advance(hours=49)
        run_id = begin("reply", {"text": "好"}, ids=tuple(ids))
        run()
        assert ends(runtime, run_id) == ["skipped"] * 12

    def test_a_clock_that_was_set_back_does_not_stop_them(self, runtime, customers, begin, clock):
        ids = customers(6)
        begin("reply", {"text": "好"}, ids=tuple(ids))
        run()
        clock.advance(minutes=-5)
        run()
        assert len(answers(runtime)) == 6

    def test_whose_window_is_closed_or_quota_gone_is_skipped_with_the_reason(
        self, runtime, customers, begin
    ):
        ids = customers(3)
        with runtime.unit_of_work() as uow:
            people = uow.session.scalars(select(Contact).order_by(Contact.id)).all()
            people[0].window_closes_at = uow.now
            people[1].window_remaining = 0
        run_id = begin("reply", {"text": "好"}, ids=tuple(ids))
        run()
        assert rows(runtime, run_id) == {
            ids[0]: ("skipped", "the reply window is closed until the customer writes again"),
            ids[1]: ("skipped", "no more answers allowed until the customer writes again"),
            ids[2]: ("done", None),
        }

    def test_or_held_if_that_is_wished(self, runtime, customers, begin, clock):
        ids = customers(2)
        clock.advance(hours=49)
        run_id = begin("reply", {"text": "好", "hold": True}, ids=tuple(ids))
        run()
        assert ends(runtime, run_id) == ["done"] * 2
        with runtime.reading() as session:
            assert {it.value for it in session.scalars(select(DeliveryRow.state))} == {"held"}

    def test_who_wrote_since_the_start_is_left_to_a_person_until_it_is_tried_again(
        self, runtime, account, customers, begin, clock
    ):
        ids = customers(2)
        run_id = begin("reply", {"text": "好"}, ids=tuple(ids))
        customer_writes(runtime, account, "等等", openid=f"o{0:027d}")
        run()
        assert ends(runtime, run_id) == ["failed", "done"]
        with runtime.unit_of_work() as uow:
            operations.retry(uow, run_id)
        clock.advance(seconds=1)
        run()
        assert ends(runtime, run_id) == ["done", "done"]
        assert len(answers(runtime)) == 2


class TestKilledAnywhere:
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_each_conversation_is_done_once(
        self, runtime, customers, begin, clock, monkeypatch, when
    ):
        """The worker dies in the middle of the third conversation, before or after its deed."""
        ids = customers(5)
        run_id = begin("reply", {"text": "好"}, ids=tuple(ids))
        real = operations.act

        def deadly(uow, task):
            if task.conversation_id == ids[2] and when == "before":
                raise SystemExit
            done = real(uow, task)
            if task.conversation_id == ids[2]:
                raise SystemExit
            return done

        monkeypatch.setattr(operations, "act", deadly)
        with pytest.raises(SystemExit):
            run()
        monkeypatch.undo()
        assert ends(runtime, run_id) == ["done", "done", "waiting", "waiting", "waiting"]
        assert len(answers(runtime)) == 2
        clock.advance(seconds=1)
        run()
        assert ends(runtime, run_id) == ["done"] * 5
        assert [it.conversation_id for it in answers(runtime)] == ids

    def test_one_that_breaks_does_not_stop_the_others(
        self, runtime, customers, begin, monkeypatch, caplog
    ):
        ids = customers(3)
        run_id = begin("priority", {"priority": "low"}, ids=tuple(ids))
        real = operations.act

        def broken(uow, task):
            done = real(uow, task)
            if task.conversation_id == ids[1]:
                raise ZeroDivisionError
            return done

        monkeypatch.setattr(operations, "act", broken)
        run()
        assert ends(runtime, run_id) == ["done", "failed", "done"]
        assert "went wrong" in str(rows(runtime, run_id)[ids[1]][1])
        assert [it.priority.value for it in conversations(runtime)] == ["low", "normal", "low"]
        assert state_of(runtime, run_id) is RunState.DONE
        assert f"bulk action {run_id}" in caplog.text

    def test_two_workers_at_once_do_each_conversation_once(self, runtime, customers, begin, clock):
        ids = customers(10)
        run_id = begin("reply", {"text": "好"}, ids=tuple(ids))
        both = threading.Barrier(2)

        def work():
            both.wait()
            for conversation_id in ids:
                jobs._do(runtime, run_id, conversation_id)

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert ends(runtime, run_id) == ["done"] * 10
        assert [it.conversation_id for it in answers(runtime)] == ids


class TestStoppedAndTriedAgain:
    def test_paused_between_two_conversations_and_resumed(
        self, runtime, customers, begin, monkeypatch
    ):
        ids = customers(4)
        run_id = begin("priority", {"priority": "high"}, ids=tuple(ids))
        real = jobs._do

        def then_pause(runtime, run_id, conversation_id):
            real(runtime, run_id, conversation_id)
            if conversation_id == ids[1]:
                with runtime.unit_of_work() as uow:
                    operations.pause(uow, run_id)

        monkeypatch.setattr(jobs, "_do", then_pause)
        run()
        monkeypatch.undo()
        assert ends(runtime, run_id) == ["done", "done", "waiting", "waiting"]
        run()
        assert state_of(runtime, run_id) is RunState.PAUSED
        with runtime.unit_of_work() as uow:
            operations.resume(uow, run_id)
        run()
        assert ends(runtime, run_id) == ["done"] * 4

    def test_cancelled_it_leaves_the_rest_as_it_is(self, runtime, customers, begin, team):
        ids = customers(2)
        run_id = begin("priority", {"priority": "high"}, ids=tuple(ids))
        with runtime.unit_of_work() as uow:
            operations.cancel(uow, run_id, team.lin)
        run()
        assert ends(runtime, run_id) == ["waiting"] * 2
        assert {it.priority for it in conversations(runtime)} == {Priority.NORMAL}

    def test_a_person_who_lost_the_permission_in_the_middle_does_nothing_more(
        self, runtime, customers, begin, team, monkeypatch
    ):
        ids = customers(3)
        run_id = begin("priority", {"priority": "high"}, ids=tuple(ids))
        real = jobs._do

        def then_lose(runtime, run_id, conversation_id):
            real(runtime, run_id, conversation_id)
            if conversation_id == ids[0]:
                with runtime.unit_of_work() as uow:
                    uow.session.get_one(Agent, team.lin).role = Role.MARKETER

        monkeypatch.setattr(jobs, "_do", then_lose)
        run()
        assert ends(runtime, run_id) == ["done", "failed", "failed"]
        assert [it.priority.value for it in conversations(runtime)] == ["high", "normal", "normal"]

    def test_nor_does_one_who_was_deactivated_and_it_can_be_tried_again(
        self, runtime, customers, begin, team
    ):
        ids = customers(1)
        run_id = begin("priority", {"priority": "high"}, ids=tuple(ids))
        for is_active, end in ((False, "failed"), (True, "done")):
            with runtime.unit_of_work() as uow:
                uow.session.get_one(Agent, team.lin).is_active = is_active
            run()
            assert ends(runtime, run_id) == [end]
            if end == "failed":
                with runtime.unit_of_work() as uow:
                    operations.retry(uow, run_id)


class TestCollecting:
    def test_in_batches_up_to_the_newest_of_the_start(self, runtime, customers, begin, monkeypatch):
        monkeypatch.setattr(operations, "COLLECT_BATCH", 3)
        ids = customers(7)
        run_id = begin("priority", {"priority": "high"}, query={"status": "open"})
        assert (state_of(runtime, run_id), len(rows(runtime, run_id))) == (RunState.COLLECTING, 3)
        customers(2, first=50)  # they came after the start
        run()
        assert sorted(rows(runtime, run_id)) == ids
        assert state_of(runtime, run_id) is RunState.DONE

    def test_paused_while_it_collects_it_goes_on_collecting(
        self, runtime, customers, begin, monkeypatch
    ):
        monkeypatch.setattr(operations, "COLLECT_BATCH", 2)
        ids = customers(5)
        run_id = begin("priority", {"priority": "high"}, query={"status": "open"})
        with runtime.unit_of_work() as uow:
            operations.pause(uow, run_id)
        run()
        assert len(rows(runtime, run_id)) == 2
        with runtime.unit_of_work() as uow:
            operations.resume(uow, run_id)
        run()
        assert sorted(rows(runtime, run_id)) == ids

    def test_never_more_than_a_run_may_have(self, runtime, customers, begin, monkeypatch):
        monkeypatch.setattr(operations, "COLLECT_BATCH", 2)
        ids = customers(5)
        run_id = begin("priority", {"priority": "high"}, query={"status": "open"})
        monkeypatch.setattr(operations, "MOST_CONVERSATIONS", 3)
        run()
        assert sorted(rows(runtime, run_id)) == ids[:3]
        assert state_of(runtime, run_id) is RunState.DONE

    def test_when_its_tag_is_removed_meanwhile_it_does_what_it_has(
        self, runtime, customers, begin, zhou, monkeypatch
    ):
        monkeypatch.setattr(operations, "COLLECT_BATCH", 2)
        ids = customers(3)
        for each in ids:
            zhou.post(f"/conversations/{each}/tags", {"add": ["退款"]})
        run_id = begin("priority", {"priority": "high"}, query={"tag": "退款"})
        (tag,) = zhou.get("/conversation-tags").json["items"]
        zhou.client.delete(f"/api/v1/conversation-tags/{tag['id']}", headers=zhou.headers)
        run()
        assert ends(runtime, run_id) == ["done"] * 2


class TestFairness:
    def test_a_short_run_does_not_wait_for_a_long_one(self, runtime, customers, begin, monkeypatch):
        monkeypatch.setattr(jobs, "SLICE", 2)
        ids = customers(8)
        order: list[int] = []
        real = jobs._do

        def noting(runtime, run_id, conversation_id):
            order.append(run_id)
            real(runtime, run_id, conversation_id)

        monkeypatch.setattr(jobs, "_do", noting)
        long = begin("priority", {"priority": "high"}, ids=tuple(ids))
        short = begin("priority", {"priority": "low"}, ids=tuple(ids[:2]))
        run()
        assert order == [long, long, short, short] + [long] * 6

    def test_a_turn_ends_in_time_and_rings_again(self, runtime, customers, begin, monkeypatch):
        ids = customers(3)
        run_id = begin("priority", {"priority": "high"}, ids=tuple(ids))
        monkeypatch.setattr(jobs, "TURN_SECONDS", -1.0)
        runtime.redis.flushall()
        run()
        assert ends(runtime, run_id) == ["waiting"] * 3
        assert runtime.redis.llen("rq:queue:bulk") == 1

    def test_a_person_has_at_most_three_that_have_not_ended(self, runtime, customers, lin):
        ids = customers(1)
        body = {"action": "priority", "arguments": {"priority": "low"}, "ids": ids}
        runs = [lin.post("/bulk-actions", body).json["id"] for _ in range(3)]
        refused = lin.post("/bulk-actions", body)
        assert refused.status_code == 409
        lin.post(f"/bulk-actions/{runs[0]}/cancel")
        assert lin.post("/bulk-actions", body).status_code == 201

    def test_nor_more_than_three_by_doing_four_again_at_once(self, runtime, customers, begin):
        ids = customers(1)
        runs = []
        for _ in range(4):
            runs.append(begin("priority", {"priority": "low"}, ids=tuple(ids)))
            with runtime.unit_of_work() as uow:
                uow.session.execute(update(BulkRun).values(state=RunState.DONE))
                uow.session.execute(update(BulkRow).values(state=RowState.FAILED))

        def retry(number: int) -> None:
            with runtime.unit_of_work() as uow:
                operations.retry(uow, runs[number])

        results = at_once(4, retry)
        assert sorted(map(str, results))[:1] == ["3 of your bulk actions have not ended yet"]
        assert results.count(None) == 3


def test_the_audit_log_has_who_did_what_to_how_many_but_no_text(runtime, customers, begin, team):
    ids = customers(2)
    run_id = begin("reply", {"text": "秘密"}, ids=tuple(ids))
    run()
    with runtime.reading() as session:
        notes = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == f"bulk:{run_id}").order_by(AuditEntry.id)
        ).all()
    assert [(it.action, it.actor_id, it.details) for it in notes] == [
        ("bulk.started", team.lin, {"deed": "reply", "counts": {"waiting": 2}}),
        ("bulk.ended", None, {"deed": "reply", "counts": {"done": 2}}),
    ]


def test_old_runs_are_removed_and_running_ones_stay(runtime, customers, begin, clock, monkeypatch):
    monkeypatch.setattr(operations, "PRUNED_ROWS", 2)
    ids = customers(5)
    begin("priority", {"priority": "high"}, ids=tuple(ids))
    run()
    left = begin("priority", {"priority": "low"}, ids=tuple(ids[:1]))
    clock.advance(days=91)
    young = begin("priority", {"priority": "low"}, ids=tuple(ids[:1]))
    prune()
    with runtime.reading() as session:
        assert session.scalars(select(BulkRun.id).order_by(BulkRun.id)).all() == [left, young]
        assert len(session.scalars(select(BulkRow)).all()) == 2
