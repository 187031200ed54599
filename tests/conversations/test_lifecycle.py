"""Conversations are snoozed, wait for the customer, wake and reopen; nothing is buried by it."""

from datetime import timedelta

import pytest
from cast import (
    WANG,
    agent_answers,
    auto_answer,
    conversation_of,
    customer_writes,
    entry,
    lines_of,
    make_rule,
    messages_of,
)
from sqlalchemy import event, func, select, update

from tests.conversations.test_operations import at_once
from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.agents.models import Team as TeamRow
from wxdesk.contacts.models import Contact
from wxdesk.conversations.assigning import claim
from wxdesk.conversations.jobs import check_windows, wake_snoozed
from wxdesk.conversations.lifecycle import pend, set_priority, snooze
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.notes import add_note
from wxdesk.conversations.rules import Priority, Returned, Status
from wxdesk.inbox.operations import reopen, resolve
from wxdesk.intake.operations import record
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.settling import settle_failed, settle_sent
from wxdesk.plumbing.errors import ConflictError, DeliveryError, InvalidInputError
from wxdesk.plumbing.live import Live
from wxdesk.sla.jobs import check_deadlines

HOUR = timedelta(hours=1)


@pytest.fixture
def question(runtime, account):
    return customer_writes(runtime, account)


@pytest.fixture
def answered(runtime, question, team, clock):
    """Lin has answered, WeChat has taken it: nobody waits."""
    answer_id = agent_answers(runtime, question, team.lin)
    settle(runtime, answer_id)
    clock.advance(minutes=1)
    return question


def settle(runtime, answer_id: int, *, error: DeliveryError | None = None) -> None:
    with runtime.unit_of_work() as uow:
        row_id = uow.session.scalars(
            select(DeliveryRow.id).where(DeliveryRow.message_id == answer_id)
        ).one()
        claim_delivery(uow, row_id)
    with runtime.unit_of_work() as uow:
        if error is None:
            settle_sent(uow, row_id)
        else:
            settle_failed(uow, row_id, error)


def do(runtime, act, *arguments, **named) -> None:
    with runtime.unit_of_work() as uow:
        act(uow, *arguments, **named)


def sleep(runtime, team, until=None) -> Conversation:
    do(runtime, snooze, conversation_of(runtime).id, agent_id=team.lin, until=until)
    return conversation_of(runtime)


def actions(runtime) -> list[tuple[str, str | None]]:
    """What happened, and why or by whom."""
    return [
        (
            line.payload["action"],
            line.payload.get("reason") or (line.payload["by"] or {}).get("name"),
        )
        for line in lines_of(runtime)
        if line.kind == "activity" and line.payload["action"] != "claimed"
    ]


class TestSnoozing:
    def test_it_sleeps_until_its_time_and_comes_back_to_its_agent(
        self, runtime, answered, team, clock
    ):
        asleep = sleep(runtime, team, clock.now + HOUR)
        assert (asleep.status, asleep.snoozed_until) == (Status.SNOOZED, clock.now + HOUR)
        clock.advance(minutes=59)
        wake_snoozed()
        assert conversation_of(runtime).status is Status.SNOOZED
        clock.advance(minutes=1)
        seen = Live(runtime.redis).last_id()
        wake_snoozed()
        awake = conversation_of(runtime)
        assert (awake.status, awake.snoozed_until, awake.assignee_id) == (
            Status.OPEN,
            None,
            team.lin,
        )
        assert actions(runtime) == [("snoozed", "Lin"), ("woken", "time")]
        (announced,) = Live(runtime.redis).since(seen)
        assert f"conversation:{awake.id}" in announced[1]

    def test_waking_twice_at_once_leaves_one_line(self, runtime, answered, team, clock):
        sleep(runtime, team, clock.now + HOUR)
        clock.advance(hours=2)
        at_once(4, lambda _: wake_snoozed())
        assert actions(runtime).count(("woken", "time")) == 1

    def test_the_line_says_until_when(self, runtime, answered, team, clock):
        sleep(runtime, team, clock.now + HOUR)
        assert lines_of(runtime)[-1].payload["until"] == "2026-03-02T10:01:00.000Z"
        sleep(runtime, team, None)
        assert lines_of(runtime)[-1].payload["until"] is None

    def test_the_same_time_again_changes_nothing(self, runtime, answered, team, clock):
        once = sleep(runtime, team, clock.now + HOUR)
        twice = sleep(runtime, team, clock.now + HOUR)
        assert once.version == twice.version

    @pytest.mark.parametrize("ahead", [timedelta(0), -HOUR, timedelta(days=367)])
    def test_a_time_that_has_passed_or_is_too_far_is_refused(
        self, runtime, answered, team, clock, ahead
    ):
        with pytest.raises(InvalidInputError) as caught:
            sleep(runtime, team, clock.now + ahead)
        assert caught.value.field == "until"
        assert conversation_of(runtime).status is Status.OPEN

    def test_a_resolved_one_can_not_sleep(self, runtime, answered, team):
        do(runtime, resolve, answered.conversation_id)
        with pytest.raises(ConflictError, match="resolved"):
            sleep(runtime, team)
        with pytest.raises(ConflictError, match="resolved"):
            do(runtime, pend, answered.conversation_id, agent_id=team.lin)

    def test_its_agent_was_deactivated_meanwhile_so_it_belongs_to_all(
        self, runtime, answered, team, clock
    ):
        sleep(runtime, team, clock.now + HOUR)
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).is_active = False
        clock.advance(hours=2)
        wake_snoozed()
        awake = conversation_of(runtime)
        assert (awake.assignee_id, awake.assigned_at) == (None, None)
        assert (awake.returned_reason, awake.returned_from_id) == (Returned.DEACTIVATED, team.lin)

    def test_many_wake_in_batches(self, runtime, account, team, clock, monkeypatch):
        monkeypatch.setattr("wxdesk.conversations.jobs.BATCH", 3)
        for number in range(8):
            customer_writes(runtime, account, openid=f"o{number}")
        with runtime.unit_of_work() as uow:
            uow.session.execute(
                update(Conversation).values(status=Status.SNOOZED, snoozed_until=clock.now + HOUR)
            )
        clock.advance(hours=2)
        wake_snoozed()
        with runtime.reading() as session:
            assert set(session.scalars(select(Conversation.status))) == {Status.OPEN}


class TestTheCustomerWrites:
    @pytest.mark.parametrize("is_pending", [False, True])
    def test_a_sleeping_conversation_wakes(self, runtime, account, answered, team, is_pending):
        if is_pending:
            do(runtime, pend, answered.conversation_id, agent_id=team.lin)
        else:
            sleep(runtime, team)
        message = customer_writes(runtime, account, "还有一个问题")
        awake = conversation_of(runtime)
        assert message.conversation_id == awake.id == answered.conversation_id
        assert (awake.status, awake.assignee_id) == (Status.OPEN, team.lin)
        assert awake.waiting_since is not None
        assert actions(runtime)[-1] == ("woken", "customer")

    def test_one_that_sleeps_for_a_time_wakes_as_well(
        self, runtime, account, answered, team, clock
    ):
        sleep(runtime, team, clock.now + 10 * HOUR)
        customer_writes(runtime, account, "还有一个问题")
        awake = conversation_of(runtime)
        assert (awake.status, awake.snoozed_until) == (Status.OPEN, None)

    def test_a_word_that_a_rule_answers_wakes_nobody(self, runtime, account, answered, team):
        sleep(runtime, team)
        rule = make_rule(runtime, account)
        customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
        assert conversation_of(runtime).status is Status.SNOOZED

    def test_a_batch_wakes_any_number_with_as_many_statements_as_one(
        self, runtime, account, team, clock
    ):
        def statements(number: int) -> int:
            openids = [f"o{number}-{each}" for each in range(number)]
            for openid in openids:
                customer_writes(runtime, account, openid=openid)
            with runtime.unit_of_work() as uow:
                uow.session.execute(
                    update(Conversation).values(status=Status.PENDING, assignee_id=team.lin)
                )
            entries = [entry(runtime, account, openid=openid) for openid in openids]
            counted: list[str] = []

            def count(_connection, _cursor, statement, *_more):
                counted.append(statement)

            event.listen(runtime.engine, "before_cursor_execute", count)
            do(runtime, record, entries)
            event.remove(runtime.engine, "before_cursor_execute", count)
            return len(counted)

        assert statements(1) == statements(12)
        assert conversation_of(runtime, "o12-3").status is Status.OPEN


class TestNothingIsBuried:
    def test_a_broken_promise_ends_the_sleep(self, runtime, question, team, clock):
        sleep(runtime, team, clock.now + 10 * HOUR)
        clock.advance(minutes=6)
        check_deadlines()
        awake = conversation_of(runtime)
        assert (awake.status, awake.is_breached) == (Status.OPEN, True)
        assert actions(runtime)[-1] == ("woken", "breached")

    def test_waiting_for_the_customer_does_not_stop_the_clock_of_a_customer_who_waits(
        self, runtime, question, team, clock
    ):
        do(runtime, pend, question.conversation_id, agent_id=team.lin)
        assert conversation_of(runtime).due_at == question.received_at + timedelta(minutes=5)
        clock.advance(minutes=6)
        check_deadlines()
        assert conversation_of(runtime).status is Status.OPEN

    def test_past_the_promise_it_does_not_sleep_without_end(self, runtime, question, team, clock):
        clock.advance(minutes=6)
        with pytest.raises(ConflictError, match="answer first"):
            sleep(runtime, team)
        with pytest.raises(ConflictError, match="answer first"):
            do(runtime, pend, question.conversation_id, agent_id=team.lin)
        check_deadlines()
        with pytest.raises(ConflictError, match="answer first"):
            sleep(runtime, team)
        assert sleep(runtime, team, clock.now + HOUR).status is Status.SNOOZED

    def test_past_the_promise_an_answer_on_its_way_is_enough(self, runtime, question, team, clock):
        clock.advance(minutes=6)
        check_deadlines()
        agent_answers(runtime, question, team.lin)
        do(runtime, pend, question.conversation_id, agent_id=team.lin)
        assert conversation_of(runtime).status is Status.PENDING

    def test_two_hours_before_the_window_closes_a_customer_who_waits_is_back(
        self, runtime, question, team, clock
    ):
        clock.advance(minutes=6)
        check_deadlines()
        sleep(runtime, team, clock.now + 72 * HOUR)
        clock.advance(hours=45)
        check_windows()
        assert conversation_of(runtime).status is Status.SNOOZED
        clock.advance(hours=1)
        check_windows()
        awake = conversation_of(runtime)
        assert (awake.status, awake.urgency_rank) == (Status.OPEN, 0)
        assert actions(runtime)[-1] == ("woken", "closing")

    def test_in_the_last_two_hours_it_sleeps_only_while_an_answer_is_possible(
        self, runtime, question, team, clock
    ):
        clock.advance(hours=47)
        check_windows()
        check_deadlines()
        with pytest.raises(InvalidInputError) as caught:
            sleep(runtime, team, clock.now + 2 * HOUR)
        assert caught.value.field == "until"
        assert sleep(runtime, team, clock.now + HOUR / 2).status is Status.SNOOZED

    def test_when_nothing_can_be_sent_any_more_it_may_wait_for_the_customer(
        self, runtime, question, team, clock
    ):
        clock.advance(hours=49)
        check_windows()
        check_deadlines()
        do(runtime, pend, question.conversation_id, agent_id=team.lin)
        assert conversation_of(runtime).status is Status.PENDING

    @pytest.mark.parametrize("code", ["45015", "43004"])
    def test_an_answer_that_was_not_sent_brings_it_back(self, runtime, question, team, clock, code):
        answer_id = agent_answers(runtime, question, team.lin)
        do(runtime, pend, question.conversation_id, agent_id=team.lin)
        settle(runtime, answer_id, error=DeliveryError("no", code=code, is_permanent=True))
        awake = conversation_of(runtime)
        assert (awake.status, awake.assignee_id) == (Status.OPEN, team.lin)
        assert actions(runtime)[-1] == ("woken", "failed")

    def test_resolved_with_an_answer_that_was_not_sent_it_is_open_again_and_waits(
        self, runtime, question, team, clock
    ):
        answer_id = agent_answers(runtime, question, team.lin)
        do(runtime, resolve, question.conversation_id, agent_id=team.lin)
        settle(runtime, answer_id, error=DeliveryError("no", code="45015", is_permanent=True))
        back = conversation_of(runtime)
        assert (back.status, back.assignee_id) == (Status.OPEN, team.lin)
        assert back.waiting_since == question.received_at.replace(microsecond=0)
        assert actions(runtime)[-1] == ("reopened", "failed")

    def test_an_old_answer_that_fails_does_not_reopen_what_a_later_one_has_settled(
        self, runtime, question, team, clock
    ):
        first = agent_answers(runtime, question, team.lin, "一")
        agent_answers(runtime, question, team.lin, "二")
        do(runtime, resolve, question.conversation_id, agent_id=team.lin)
        settle(runtime, first, error=DeliveryError("no", code="45015", is_permanent=True))
        assert conversation_of(runtime).status is Status.RESOLVED

    def test_the_customer_writes_while_it_is_put_to_sleep(self, runtime, account, team, clock):
        """Whoever is first: the message is not hidden for longer than the promise."""
        for number in range(5):
            openid = f"o-race-{number}"
            asked = customer_writes(runtime, account, openid=openid)
            settle(runtime, agent_answers(runtime, asked, team.lin))

            def work(index: int, asked=asked, openid=openid) -> None:
                if index:
                    customer_writes(runtime, account, "又来了", openid=openid)
                else:
                    do(
                        runtime,
                        snooze,
                        asked.conversation_id,
                        agent_id=team.lin,
                        until=clock.now + 40 * HOUR,
                    )

            assert at_once(2, work) == [None, None]
        clock.advance(minutes=11)
        check_deadlines()
        with runtime.reading() as session:
            assert set(session.scalars(select(Conversation.status))) == {Status.OPEN}


class TestReopening:
    @pytest.mark.parametrize("hours", [1, 24, 72])
    def test_the_account_says_how_long_an_end_can_be_taken_back_by_writing(
        self, runtime, account, clock, hours
    ):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Account, account.id).reopen_within_hours = hours
        old = customer_writes(runtime, account).conversation_id
        do(runtime, resolve, old)
        clock.advance(hours=hours)
        assert customer_writes(runtime, account).conversation_id == old
        assert actions(runtime)[-1] == ("reopened", "customer")
        do(runtime, resolve, old)
        clock.advance(hours=hours, seconds=1)
        assert customer_writes(runtime, account).conversation_id != old

    def test_with_zero_hours_every_end_is_final(self, runtime, account, clock):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Account, account.id).reopen_within_hours = 0
        old = customer_writes(runtime, account).conversation_id
        do(runtime, resolve, old)
        clock.advance(seconds=1)
        assert customer_writes(runtime, account).conversation_id != old

    def test_a_new_conversation_is_for_the_accounts_team(self, runtime, account):
        with runtime.unit_of_work() as uow:
            group = TeamRow(name="售前", created_at=uow.now)
            uow.session.add(group)
            uow.session.flush()
            uow.session.get_one(Account, account.id).team_id = team_id = group.id
        customer_writes(runtime, account)
        assert conversation_of(runtime).team_id == team_id

    def test_an_agent_opens_a_sleeping_one_again(self, runtime, answered, team, clock):
        sleep(runtime, team, clock.now + HOUR)
        do(runtime, reopen, answered.conversation_id, agent_id=team.mei)
        back = conversation_of(runtime)
        assert (back.status, back.snoozed_until, back.assignee_id) == (Status.OPEN, None, team.lin)
        assert actions(runtime)[-1] == ("reopened", "Mei")

    def test_a_resolved_one_waits_again_if_the_answer_never_left(
        self, runtime, question, team, clock
    ):
        with runtime.unit_of_work() as uow:
            claim(uow, question.conversation_id, team.lin)
        do(runtime, resolve, question.conversation_id, agent_id=team.lin)
        do(runtime, reopen, question.conversation_id, agent_id=team.mei)
        back = conversation_of(runtime)
        assert back.waiting_message_id == question.id
        assert actions(runtime) == [("resolved", "Lin"), ("reopened", "Mei")]

    def test_a_note_is_no_answer(self, runtime, question, team):
        do(runtime, add_note, question.conversation_id, agent_id=team.lin, text="等仓库")
        do(runtime, resolve, question.conversation_id)
        do(runtime, reopen, question.conversation_id)
        assert conversation_of(runtime).waiting_message_id == question.id


def test_the_priority_is_changed_once_with_a_line(runtime, question, team):
    for _ in range(2):
        do(runtime, set_priority, question.conversation_id, Priority.HIGH, agent_id=team.lin)
    assert conversation_of(runtime).priority is Priority.HIGH
    (line,) = lines_of(runtime)
    assert line.payload["priority"] == "high"
    assert line.payload["by"] == {"id": team.lin, "name": "Lin"}


def test_lines_and_sleep_leave_messages_preview_and_sums_alone(
    runtime, account, answered, team, clock
):
    before = conversation_of(runtime)
    sleep(runtime, team, clock.now + HOUR)
    clock.advance(hours=2)
    wake_snoozed()
    after = conversation_of(runtime)
    assert (after.last_message_id, after.last_message_at) == (
        before.last_message_id,
        before.last_message_at,
    )
    assert len(messages_of(runtime)) == 2
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
        assert session.scalars(select(Contact.openid)).one() == WANG
