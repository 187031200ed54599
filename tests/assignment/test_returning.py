"""Conversations go back to all when their agent is gone, silent or deactivated."""

import pytest
from cast import agent_answers, customer_writes
from sqlalchemy import update

from wxdesk.agents.rules import AssignmentMode, Presence, Role
from wxdesk.assignment import jobs
from wxdesk.conversations.assigning import assign, claim
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Returned, Status
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery


def keep(desk, *agent_ids: int, seconds: int) -> None:
    """So much time passes in which only these are here."""
    for _ in range(seconds // 20):
        desk.beat(*agent_ids)
        desk.runtime.clock.advance(seconds=20)
        desk.beat(*agent_ids)
        jobs.sweep_presence()


@pytest.fixture
def taken(desk, team) -> int:
    """Lin is online and has taken a conversation of a team in which everything is by hand."""
    desk.make_team(team.lin, team.mei, mode=AssignmentMode.OFF, grace=300)
    desk.come_online(team.lin)
    [one] = desk.writes()
    with desk.runtime.unit_of_work() as uow:
        claim(uow, one, team.lin)
    return one


class TestOffline:
    def test_after_the_grace_of_the_team_it_returns_with_the_reason(self, desk, team, taken, lin):
        keep(desk, seconds=320)  # 45 s until offline, then five minutes of grace
        assert desk.assignees([taken]) == [team.lin]
        keep(desk, seconds=40)
        found = desk.conversation(taken)
        assert (found.assignee_id, found.assigned_at) == (None, None)
        assert found.returned_reason is Returned.OFFLINE
        shown = lin.get(f"/conversations/{taken}").json["returned"]
        assert shown == {"reason": "offline", "from": {"id": team.lin, "name": "Lin"}}
        assert desk.lines(taken)[-1] == {
            "action": "returned",
            "by": None,
            "from": {"id": team.lin, "name": "Lin"},
            "reason": "offline",
        }

    def test_whoever_comes_back_in_time_keeps_it(self, desk, team, taken):
        keep(desk, seconds=200)
        keep(desk, team.lin, seconds=400)
        assert desk.assignees([taken]) == [team.lin]

    def test_without_a_team_the_grace_is_two_minutes(self, desk, team):
        desk.come_online(team.lin)
        [one] = desk.writes()
        with desk.runtime.unit_of_work() as uow:
            claim(uow, one, team.lin)
        keep(desk, seconds=140)
        assert desk.assignees([one]) == [team.lin]
        keep(desk, seconds=40)
        assert desk.assignees([one]) == [None]

    def test_one_in_which_nobody_waits_stays(self, desk, team, taken):
        with desk.runtime.unit_of_work() as uow:
            uow.session.get_one(Conversation, taken).waiting_since = None
        keep(desk, seconds=600)
        assert desk.assignees([taken]) == [team.lin]

    def test_whoever_was_never_here_has_the_same_grace(self, desk, team):
        """A script that sends no heartbeat, or a colleague who never came."""
        [one] = desk.writes()
        with desk.runtime.unit_of_work() as uow:
            assign(uow, one, team.mei, by=team.zhou)
        keep(desk, seconds=100)
        assert desk.assignees([one]) == [team.mei]
        keep(desk, seconds=40)
        assert desk.assignees([one]) == [None]

    def test_one_given_to_somebody_who_is_gone_has_the_same_grace(self, desk, team, taken):
        keep(desk, seconds=400)
        with desk.runtime.unit_of_work() as uow:
            assign(uow, taken, team.lin, by=team.zhou)
        keep(desk, seconds=280)
        assert desk.assignees([taken]) == [team.lin]
        keep(desk, seconds=40)
        assert desk.assignees([taken]) == [None]

    def test_in_an_automatic_team_a_colleague_gets_it(self, desk, team):
        desk.make_team(team.lin, team.mei)
        desk.come_online(team.lin)
        [one] = desk.writes()
        jobs.assign_waiting()
        assert desk.assignees([one]) == [team.lin]
        keep(desk, team.mei, seconds=180)
        jobs.assign_waiting()
        found = desk.conversation(one)
        assert (found.assignee_id, found.returned_reason) == (team.mei, None)
        assert desk.actions(one) == ["assigned", "returned", "assigned"]


class TestSilent:
    @pytest.fixture
    def given(self, desk, team) -> int:
        """Lin and Mei are here; Lin got it, and may let a customer wait for five minutes."""
        desk.make_team(team.lin, team.mei, silent=300)
        desk.come_online(team.lin, team.mei)
        desk.set(team.mei, capacity=0)
        [one] = desk.writes()
        jobs.assign_waiting()
        desk.set(team.mei, capacity=10)
        return one

    def test_without_an_answer_a_colleague_gets_it(self, desk, team, given):
        keep(desk, team.lin, team.mei, seconds=280)
        assert desk.assignees([given]) == [team.lin]
        keep(desk, team.lin, team.mei, seconds=40)
        assert desk.conversation(given).returned_reason is Returned.SILENT
        jobs.assign_waiting()
        assert desk.assignees([given]) == [team.mei]

    def test_where_all_colleagues_are_full_it_stays_until_one_has_room(self, desk, team, given):
        desk.set(team.mei, capacity=0)
        keep(desk, team.lin, team.mei, seconds=900)
        jobs.assign_waiting()
        assert desk.actions(given) == ["assigned"]
        desk.set(team.mei, capacity=10)
        keep(desk, team.lin, team.mei, seconds=20)
        jobs.assign_waiting()
        assert desk.assignees([given]) == [team.mei]

    def test_with_no_room_but_the_silent_ones_own_it_goes_back_to_them(self, desk, team, given):
        keep(desk, team.lin, team.mei, seconds=320)
        desk.set(team.mei, capacity=0)
        jobs.assign_waiting()
        assert desk.assignees([given]) == [team.lin]

    def test_where_nobody_else_is_it_stays(self, desk, team, given):
        keep(desk, team.lin, seconds=900)
        assert desk.assignees([given]) == [team.lin]
        assert desk.actions(given) == ["assigned"]

    def test_an_answer_on_its_way_is_no_silence_but_a_failed_one_is(self, desk, team, given):
        question = desk.conversation(given)
        with desk.runtime.reading() as session:
            message = session.get_one(Message, question.last_message_id)
        answer_id = agent_answers(desk.runtime, message, team.lin)
        keep(desk, team.lin, team.mei, seconds=900)
        assert desk.assignees([given]) == [team.lin]
        with desk.runtime.unit_of_work() as uow:
            uow.session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.message_id == answer_id)
                .values(state=Delivery.FAILED)
            )
        keep(desk, team.lin, team.mei, seconds=20)
        assert desk.conversation(given).returned_reason is Returned.SILENT

    def test_it_counts_from_when_the_agent_got_it(self, desk, team, given):
        keep(desk, team.lin, team.mei, seconds=240)
        with desk.runtime.unit_of_work() as uow:
            assign(uow, given, team.mei, by=team.zhou)
        keep(desk, team.lin, team.mei, seconds=240)
        assert desk.assignees([given]) == [team.mei]

    def test_it_counts_from_when_the_customer_wrote_again(self, desk, team, given):
        with desk.runtime.unit_of_work() as uow:
            uow.session.get_one(Conversation, given).waiting_since = None
        keep(desk, team.lin, team.mei, seconds=600)
        assert desk.assignees([given]) == [team.lin]

    def test_by_default_an_agent_may_be_silent(self, desk, team):
        desk.make_team(team.lin, team.mei)
        desk.come_online(team.lin)
        [one] = desk.writes()
        jobs.assign_waiting()
        keep(desk, team.lin, team.mei, seconds=1800)
        assert desk.assignees([one]) == [team.lin]


class TestGone:
    @pytest.mark.parametrize("values", [{"is_active": False}, {"role": Role.MARKETER}])
    def test_what_somebody_has_who_may_not_answer_returns(self, desk, team, taken, values):
        desk.set(team.lin, **values)
        keep(desk, seconds=20)
        found = desk.conversation(taken)
        assert (found.assignee_id, found.returned_reason) == (None, Returned.DEACTIVATED)

    def test_sleeping_ones_too(self, desk, team, taken):
        with desk.runtime.unit_of_work() as uow:
            uow.session.get_one(Conversation, taken).status = Status.PENDING
        desk.set(team.lin, is_active=False)
        keep(desk, seconds=20)
        assert desk.assignees([taken]) == [None]


def test_taking_it_clears_why_it_came_back(desk, team, taken, mei):
    keep(desk, seconds=400)
    mei.post(f"/conversations/{taken}/assign", {"assignee": "me"})
    found = desk.conversation(taken)
    assert (found.returned_reason, found.returned_from_id) == (None, None)
    assert found.assigned_at is not None


def test_so_does_answering_it(desk, team, clock):
    desk.come_online(team.lin)
    question = customer_writes(desk.runtime, desk.account)
    with desk.runtime.unit_of_work() as uow:
        claim(uow, question.conversation_id, team.lin)
    keep(desk, seconds=200)
    assert desk.conversation(question.conversation_id).returned_reason is Returned.OFFLINE
    agent_answers(desk.runtime, question, team.mei)
    found = desk.conversation(question.conversation_id)
    assert (found.assignee_id, found.returned_reason) == (team.mei, None)
    assert desk.actions(question.conversation_id) == ["claimed", "returned", "claimed"]


def test_presence_of_whoever_left_is_offline(desk, team):
    desk.come_online(team.lin)
    desk.set(team.lin, is_active=False)
    jobs.sweep_presence()
    assert desk.agent(team.lin).presence is Presence.OFFLINE
