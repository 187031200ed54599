"""Warnings and escalation: at their time, once, whatever was down, with what they do."""

import threading
from datetime import timedelta

import pytest
from cast import agent_answers, conversation_of, customer_writes, lines_of
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from sla.desk import arrives, clocks, office, policy, running
from wxdesk.agents.models import Agent, Team, TeamMember
from wxdesk.conversations.assigning import claim
from wxdesk.conversations.lifecycle import pend, set_priority
from wxdesk.conversations.models import Conversation, ConversationTag, ConversationTagging
from wxdesk.conversations.rules import Priority
from wxdesk.conversations.tagging import create_tag
from wxdesk.inbox.operations import reopen
from wxdesk.notifications.models import Notification, WebhookCall
from wxdesk.notifications.rules import Topic
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.sla import jobs
from wxdesk.sla.checking import check_due
from wxdesk.sla.episodes import wait_again
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.models import SlaPolicyVersion, SlaStageEvent
from wxdesk.sla.rules import Action, Clock, Conditions, Deed, Stage, Targets, When, Whom

MINUTE = timedelta(minutes=1)
TELL = Action(Deed.NOTIFY, whom=(Whom.SUPERVISORS,))


def stage(key: str, when: When, amount: int, *actions: Action) -> Stage:
    return Stage(key, Clock.FIRST_RESPONSE, when, amount, actions or (TELL,))


def promise(runtime, *stages: Stage, **values):
    """Ten minutes for the first answer."""
    return policy(runtime, "All", Targets(600, 600), stages=stages, **values)


def events(runtime) -> list[SlaStageEvent]:
    with runtime.reading() as session:
        return list(session.scalars(select(SlaStageEvent).order_by(SlaStageEvent.id)))


def keys(runtime) -> list[str]:
    """Of the stages that happened, without their policies."""
    return [event.stage.partition(":")[2] for event in events(runtime)]


def rows(runtime, model):
    with runtime.reading() as session:
        return list(session.scalars(select(model).order_by(model.id)))


def at(runtime, clock, minutes: float) -> None:
    """The check, so long after the customer wrote."""
    clock.now = running(runtime, Clock.FIRST_RESPONSE).started_at + minutes * MINUTE
    check_deadlines()


class TestTimes:
    def test_by_percentage_by_minutes_left_and_after_the_breach(self, runtime, account, clock):
        promise(
            runtime,
            stage("half", When.PERCENT, 50),
            stage("soon", When.MINUTES_LEFT, 2),
            stage("broken", When.BREACHED_MINUTES, 0),
            stage("long", When.BREACHED_MINUTES, 5),
        )
        customer_writes(runtime, account)
        began = clock.now
        seen = {}
        for minutes in (4.9, 5, 7.9, 8, 10, 10.1, 14.9, 15.1):
            at(runtime, clock, minutes)
            seen[minutes] = keys(runtime)
        half, soon, broken = ["half"], ["half", "soon"], ["half", "soon", "broken"]
        assert list(seen.values()) == [
            [],
            half,
            half,
            soon,
            soon,
            broken,
            broken,
            [*broken, "long"],
        ]
        assert [event.due_at - began for event in events(runtime)][:2] == [5 * MINUTE, 8 * MINUTE]
        assert running(runtime, Clock.FIRST_RESPONSE).check_at == FAR_FUTURE

    def test_percent_and_minutes_left_count_business_time(self, runtime, account, clock):
        clock.now = clock.now.replace(hour=9, minute=54)  # 17:54 in Shanghai: six minutes are left
        began = clock.now
        promise(runtime, stage("soon", When.MINUTES_LEFT, 2), calendar_id=office(runtime))
        customer_writes(runtime, account)
        assert running(runtime, Clock.FIRST_RESPONSE).check_at - began == timedelta(
            hours=15, minutes=8
        )

    def test_a_warning_after_a_pause_comes_later(self, runtime, account, team, clock):
        promise(runtime, stage("half", When.PERCENT, 50), pauses=True)
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            pend(uow, message.conversation_id, agent_id=team.lin)
        at(runtime, clock, 60)
        assert events(runtime) == []
        with runtime.unit_of_work() as uow:
            reopen(uow, message.conversation_id, agent_id=team.lin)
        at(runtime, clock, 64)
        assert events(runtime) == []
        at(runtime, clock, 65)
        assert keys(runtime) == ["half"]


class TestOnce:
    def test_each_happens_once_however_often_it_is_looked_at(self, runtime, account, team, clock):
        promise(runtime, stage("half", When.PERCENT, 50))
        customer_writes(runtime, account)
        at(runtime, clock, 6)
        customer_writes(runtime, account, "还有")
        for _ in range(3):
            check_deadlines()
        assert len(events(runtime)) == 1
        assert len(rows(runtime, Notification)) == 2  # Zhou and the admin

    def test_two_checks_at_once_do_each_stage_once(self, runtime, account, team, clock):
        promise(runtime, stage("half", When.PERCENT, 50))
        for number in range(20):
            customer_writes(runtime, account, openid=f"o{number}")
        clock.advance(minutes=6)
        threads = [threading.Thread(target=check_deadlines) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check_deadlines()
        assert len(events(runtime)) == 20
        assert len(rows(runtime, Notification)) == 40

    def test_what_was_due_while_everything_was_down_is_done_late_with_its_own_time(
        self, runtime, account, clock
    ):
        promise(runtime, stage("half", When.PERCENT, 50), stage("b", When.BREACHED_MINUTES, 0))
        customer_writes(runtime, account)
        began = clock.now
        clock.advance(hours=3)
        runtime.redis.flushall()
        check_deadlines()
        assert keys(runtime) == ["half", "b"]
        assert {it.happened_at for it in events(runtime)} == {clock.now}
        assert events(runtime)[0].due_at == began + 5 * MINUTE
        first = running(runtime, Clock.FIRST_RESPONSE)
        assert (first.breached_at, first.breach_noticed_at) == (began + 10 * MINUTE, clock.now)

    def test_a_process_that_dies_in_the_middle_leaves_all_of_it_to_the_next(
        self, runtime, account, team, clock
    ):
        promise(runtime, stage("half", When.PERCENT, 50))
        customer_writes(runtime, account)
        clock.advance(minutes=6)
        with pytest.raises(ZeroDivisionError), runtime.unit_of_work() as uow:
            assert check_due(uow, 10) == 1
            raise ZeroDivisionError
        assert (events(runtime), rows(runtime, Notification)) == ([], [])
        check_deadlines()
        assert (len(events(runtime)), len(rows(runtime, Notification))) == (1, 2)

    def test_an_answer_in_time_leaves_nothing_to_warn_of(self, runtime, account, team, clock):
        promise(runtime, stage("half", When.PERCENT, 50))
        message = customer_writes(runtime, account)
        arrives(runtime, agent_answers(runtime, message, team.lin))
        clock.advance(hours=1)
        check_deadlines()
        assert events(runtime) == []

    def test_a_clock_that_was_set_back_warns_no_second_time(self, runtime, account, clock):
        promise(runtime, stage("half", When.PERCENT, 50))
        customer_writes(runtime, account)
        at(runtime, clock, 6)
        at(runtime, clock, 2)
        at(runtime, clock, 7)
        assert len(events(runtime)) == 1

    def test_a_second_policy_has_stages_of_its_own_under_the_same_names(
        self, runtime, account, team, clock
    ):
        urgent = Conditions(priorities=frozenset({"high"}))
        policy(
            runtime,
            "Urgent",
            Targets(600),
            stages=(stage("s1", When.PERCENT, 50),),
            conditions=urgent,
        )
        promise(runtime, stage("s1", When.PERCENT, 50))
        message = customer_writes(runtime, account)
        at(runtime, clock, 6)
        for priority in (Priority.HIGH, Priority.NORMAL):  # to the other policy, and back
            with runtime.unit_of_work() as uow:
                set_priority(uow, message.conversation_id, priority, agent_id=team.lin)
            clock.advance(seconds=30)
            check_deadlines()
        assert keys(runtime) == ["s1", "s1"]
        assert len({event.stage for event in events(runtime)}) == 2
        assert len(rows(runtime, Notification)) == 4  # Zhou and the admin, of each

    def test_the_longest_key_is_kept_with_its_policy_and_a_longer_one_refused(
        self, runtime, account, team, clock
    ):
        with pytest.raises(InvalidInputError, match="25 characters"):
            promise(runtime, stage("k" * 26, When.PERCENT, 50))
        promise(runtime, stage("k" * 25, When.PERCENT, 50))
        customer_writes(runtime, account)
        at(runtime, clock, 6)
        assert keys(runtime) == ["k" * 25]
        assert {it.once_key[-25:] for it in rows(runtime, Notification)} == {"k" * 25}

    def test_a_clock_with_the_id_of_a_deleted_one_warns_all_the_same(
        self, runtime, account, team, clock
    ):
        call = Action(Deed.WEBHOOK, url="https://example.com/hook")
        every = Stage("s1", None, When.PERCENT, 50, (TELL, call))
        promise(runtime, every)
        message = customer_writes(runtime, account)
        answer_id = agent_answers(runtime, message, team.lin)
        arrives(runtime, answer_id)
        clock.advance(minutes=1)
        customer_writes(runtime, account, "还有")
        deleted = running(runtime, Clock.NEXT_RESPONSE)
        clock.advance(minutes=6)
        check_deadlines()
        with runtime.unit_of_work() as uow:
            sent = uow.session.scalars(select(DeliveryRow)).one()
            sent.state = Delivery.FAILED
            uow.session.flush()
            wait_again(uow, uow.session.get_one(Conversation, message.conversation_id))
        assert deleted.id not in {it.id for it in clocks(runtime)}
        check_deadlines()
        before = len(rows(runtime, Notification)), len(rows(runtime, WebhookCall))
        customer_writes(runtime, account, openid="oLi")
        if runtime.engine.dialect.name == "sqlite":
            assert deleted.id in {it.id for it in clocks(runtime)}
        clock.advance(minutes=6)
        check_deadlines()
        after = len(rows(runtime, Notification)), len(rows(runtime, WebhookCall))
        assert (after[0] - before[0], after[1] - before[1]) == (2, 1)  # Zhou and the admin


class TestOneThatFails:
    """A priority that this version does not know, from a row of a later one."""

    def spoil(self, runtime, policy_id: int) -> None:
        spoiled = {"do": "priority", "priority": "vip"}
        with runtime.unit_of_work() as uow:
            row = uow.session.scalars(
                select(SlaPolicyVersion).where(SlaPolicyVersion.policy_id == policy_id)
            ).one()
            (its,) = row.stages["stages"]
            row.stages = {"stages": [its | {"actions": [spoiled]}]}

    def fill(self, runtime, account, clock) -> list[int]:
        """Seven customers, the third and the sixth with the stage that fails; their ids."""
        bad = policy(
            runtime,
            "Bad",
            Targets(600),
            stages=(stage("s1", When.PERCENT, 50, Action(Deed.PRIORITY, priority="high")),),
            conditions=Conditions(priorities=frozenset({"low"})),
        )
        promise(runtime, stage("s1", When.PERCENT, 50))
        with runtime.unit_of_work() as uow:
            lin = uow.session.scalars(select(Agent.id).limit(1)).one()
        failing = []
        for number in range(7):
            message = customer_writes(runtime, account, openid=f"o{number}")
            if number in (2, 5):
                failing.append(message.conversation_id)
                with runtime.unit_of_work() as uow:
                    set_priority(uow, message.conversation_id, Priority.LOW, agent_id=lin)
        self.spoil(runtime, bad.id)
        clock.advance(minutes=6)
        return failing

    def test_the_others_are_done_and_it_is_tried_again(self, runtime, account, team, clock, caplog):
        failing = self.fill(runtime, account, clock)
        check_deadlines()
        warned = {event.clock_id for event in events(runtime)}
        left = [
            it for it in clocks(runtime) if it.clock is Clock.FIRST_RESPONSE and it.id not in warned
        ]
        assert (len(warned), [it.conversation_id for it in left]) == (5, failing)
        assert all(f"the check of promises failed: clock {it.id}" in caplog.text for it in left)
        with runtime.unit_of_work() as uow:
            for row in uow.session.scalars(select(SlaPolicyVersion)):
                (its,) = row.stages["stages"]
                row.stages = {
                    "stages": [its | {"actions": [{"do": "priority", "priority": "high"}]}]
                }
        check_deadlines()
        assert len(events(runtime)) == 7

    def test_with_many_more_due_after_it_all_of_them_are_done(
        self, runtime, account, team, clock, monkeypatch
    ):
        monkeypatch.setattr(jobs, "BATCH", 2)
        self.fill(runtime, account, clock)
        check_deadlines()
        assert len(events(runtime)) == 5

    def test_what_fails_before_a_clock_is_found_is_not_passed_over(self, runtime, account, clock):
        customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            uow.session.execute(text("ALTER TABLE sla_clocks RENAME TO gone"))
        try:
            with pytest.raises(DBAPIError):
                check_deadlines()
        finally:
            with runtime.unit_of_work() as uow:
                uow.session.execute(text("ALTER TABLE gone RENAME TO sla_clocks"))


class TestActions:
    def run(self, runtime, account, clock, *actions: Action):
        promise(runtime, stage("s", When.PERCENT, 50, *actions))
        message = customer_writes(runtime, account)
        at(runtime, clock, 5)
        (event,) = events(runtime)
        return message, event.results["actions"]

    def test_assignee_team_and_supervisors_are_told_what_is_due(
        self, runtime, account, team, clock
    ):
        with runtime.unit_of_work() as uow:
            row = Team(name="support", created_at=uow.now)
            uow.session.add(row)
            uow.session.flush()
            uow.session.add(TeamMember(team_id=row.id, agent_id=team.mei))
            uow.session.get_one(type(account), account.id).team_id = row.id
        promise(runtime, stage("s", When.PERCENT, 50, Action(Deed.NOTIFY, whom=tuple(Whom))))
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            claim(uow, message.conversation_id, team.lin)
        at(runtime, clock, 5)
        told = rows(runtime, Notification)
        assert {it.agent_id for it in told} == {team.lin, team.mei, team.zhou, team.admin}
        assert {(it.topic, it.conversation_id) for it in told} == {
            (Topic.SLA_WARNING, message.conversation_id)
        }
        assert told[0].details["clock"] == "first_response"

    @pytest.mark.parametrize("has_team", [False, True])
    def test_without_a_team_that_has_people_everybody_who_answers_is_told(
        self, runtime, account, team, clock, has_team
    ):
        if has_team:
            with runtime.unit_of_work() as uow:
                row = Team(name="empty", created_at=uow.now)
                uow.session.add(row)
                uow.session.flush()
                uow.session.add(TeamMember(team_id=row.id, agent_id=team.mei))
                uow.session.get_one(type(account), account.id).team_id = row.id
                uow.session.get_one(Agent, team.mei).is_active = False
        promise(
            runtime,
            stage("a", When.PERCENT, 50, Action(Deed.NOTIFY, whom=(Whom.ASSIGNEE,))),
            stage("b", When.PERCENT, 50, Action(Deed.NOTIFY, whom=(Whom.TEAM,))),
        )
        customer_writes(runtime, account)
        at(runtime, clock, 5)
        answering = {team.lin, team.zhou, team.admin} | (set() if has_team else {team.mei})
        told = rows(runtime, Notification)
        assert {it.agent_id for it in told} == answering
        assert len(told) == 2 * len(answering)

    def test_the_priority_is_raised_and_never_lowered(self, runtime, account, clock):
        high = Action(Deed.PRIORITY, priority="high")
        low = Action(Deed.PRIORITY, priority="low")
        self.run(runtime, account, clock, high, low)
        assert conversation_of(runtime).priority is Priority.HIGH
        assert lines_of(runtime)[-1].payload["action"] == "priority"

    def test_back_to_all_or_to_another_team(self, runtime, account, team, clock):
        with runtime.unit_of_work() as uow:
            row = Team(name="second line", created_at=uow.now)
            uow.session.add(row)
            uow.session.flush()
        promise(
            runtime,
            stage("pool", When.PERCENT, 50, Action(Deed.REASSIGN)),
            stage("team", When.PERCENT, 80, Action(Deed.REASSIGN, to=row.id)),
        )
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            claim(uow, message.conversation_id, team.lin)
        at(runtime, clock, 5)
        assert conversation_of(runtime).assignee_id is None
        at(runtime, clock, 8)
        assert conversation_of(runtime).team_id == row.id

    def test_a_tag_is_put_on(self, runtime, account, clock):
        with runtime.unit_of_work() as uow:
            tag_id = create_tag(uow, "超时").id
        message, results = self.run(runtime, account, clock, Action(Deed.TAG, tag_id=tag_id))
        with runtime.reading() as session:
            found = session.scalars(select(ConversationTagging.conversation_id)).all()
        assert (found, results) == ([message.conversation_id], [{"do": "tag", "tag_id": tag_id}])

    def test_another_system_is_called_without_a_word_of_the_customer(self, runtime, account, clock):
        self.run(runtime, account, clock, Action(Deed.WEBHOOK, url="https://example.com/hook"))
        (call,) = rows(runtime, WebhookCall)
        assert (call.url, call.event) == ("https://example.com/hook", "sla_warning")
        assert call.body["clock"] == "first_response"
        assert "订单" not in str(call.body)

    def test_what_can_not_be_done_any_more_is_said_and_the_rest_is_done(
        self, runtime, account, team, clock
    ):
        with runtime.unit_of_work() as uow:
            tag_id = create_tag(uow, "超时").id
        promise(runtime, stage("s", When.PERCENT, 50, Action(Deed.TAG, tag_id=tag_id), TELL))
        with runtime.unit_of_work() as uow:
            uow.session.delete(uow.session.get_one(ConversationTag, tag_id))
        customer_writes(runtime, account)
        at(runtime, clock, 5)
        tag, told = events(runtime)[0].results["actions"]
        assert "no tag" in tag["problem"]
        assert told["agent_ids"] == [team.zhou, team.admin]

    def test_ten_conversations_due_together_are_all_escalated(self, runtime, account, clock):
        promise(
            runtime, stage("s", When.BREACHED_MINUTES, 0, Action(Deed.PRIORITY, priority="high"))
        )
        for number in range(10):
            customer_writes(runtime, account, openid=f"o{number}")
        clock.advance(minutes=11)
        check_deadlines()
        assert len(events(runtime)) == 10
        assert len([it for it in clocks(runtime) if it.breached_at is not None]) == 10


@pytest.mark.parametrize("kind", list(When))
def test_nothing_promised_warns_of_nothing(runtime, account, clock, kind):
    policy(runtime, "All", Targets(None, None), stages=(stage("s", kind, 10),))
    customer_writes(runtime, account)
    clock.advance(hours=9)
    check_deadlines()
    assert events(runtime) == []
