"""Conversations are given out by themselves: in order, fairly, within capacity, at once."""

import threading
from datetime import UTC, datetime

import pytest
from calendars.plans import office_hours
from cast import WANG, agent_answers, conversation_of, customer_writes
from sqlalchemy import select

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import AssignmentMode, Presence
from wxdesk.assignment import jobs, waits
from wxdesk.assignment.operations import assign_waiting
from wxdesk.assignment.waits import NO_TEAM, WaitReason
from wxdesk.background_jobs import ASSIGN_WAITING
from wxdesk.conversations.assigning import assign, claim
from wxdesk.conversations.models import Conversation
from wxdesk.inbox.operations import resolve


def waits_to_run(runtime, job) -> bool:
    return bool(runtime.redis.exists(job.doorbell_key))


class TestOrder:
    def test_round_robin_gives_everybody_as_much(self, desk, team):
        desk.make_team(team.lin, team.mei, team.zhou)
        desk.come_online(team.lin, team.mei, team.zhou)
        ids = desk.writes(9)
        jobs.assign_waiting()
        given = desk.assignees(ids)
        assert given[:3] == given[3:6] == given[6:]
        assert sorted(given[:3]) == sorted([team.lin, team.mei, team.zhou])

    def test_the_turn_goes_on_where_the_last_sweep_ended(self, desk, team):
        desk.make_team(team.lin, team.mei)
        desk.come_online(team.lin, team.mei)
        ids = []
        for _ in range(4):
            ids += desk.writes()
            jobs.assign_waiting()
        assert desk.assignees(ids) == [team.lin, team.mei, team.lin, team.mei]

    def test_the_least_loaded_gets_the_next(self, desk, team):
        desk.make_team(team.lin, team.mei, mode=AssignmentMode.LEAST_LOADED)
        desk.set(team.lin, capacity=4)
        desk.set(team.mei, capacity=2)
        desk.come_online(team.lin, team.mei)
        ids = desk.writes(6)
        jobs.assign_waiting()
        given = desk.assignees(ids)
        assert given.count(team.lin) == 4
        assert given.count(team.mei) == 2
        assert given[:3].count(team.lin) == 2

    def test_the_most_urgent_one_is_given_first(self, desk, team):
        desk.make_team(team.lin)
        desk.set(team.lin, capacity=1)
        ids = desk.writes(3)
        with desk.runtime.unit_of_work() as uow:
            late = uow.session.get_one(Conversation, ids[2])
            late.urgency_rank, late.urgent_at = 0, uow.now
        desk.come_online(team.lin)
        jobs.assign_waiting()
        assert desk.assignees(ids) == [None, None, team.lin]

    def test_whoever_answered_the_customer_last_gets_them_again(self, desk, team, clock):
        desk.make_team(team.lin, team.mei, prefers_last_agent=True)
        question = customer_writes(desk.runtime, desk.account)
        agent_answers(desk.runtime, question, team.mei)
        with desk.runtime.unit_of_work() as uow:
            resolve(uow, question.conversation_id)
        clock.advance(days=3)
        desk.come_online(team.lin, team.mei)
        again = customer_writes(desk.runtime, desk.account)
        assert again.conversation_id != question.conversation_id
        jobs.assign_waiting()
        assert conversation_of(desk.runtime, WANG).assignee_id == team.mei

    def test_the_last_agent_without_room_does_not_hold_the_customer_up(self, desk, team, clock):
        desk.make_team(team.lin, team.mei, prefers_last_agent=True)
        desk.set(team.mei, capacity=0)
        question = customer_writes(desk.runtime, desk.account)
        agent_answers(desk.runtime, question, team.mei)
        with desk.runtime.unit_of_work() as uow:
            resolve(uow, question.conversation_id)
        clock.advance(hours=1)
        desk.come_online(team.lin, team.mei)
        customer_writes(desk.runtime, desk.account)
        jobs.assign_waiting()
        assert conversation_of(desk.runtime, WANG).assignee_id == team.lin


class TestRoom:
    def test_nobody_gets_more_than_their_capacity_and_the_reason_is_told(self, desk, team):
        desk.make_team(team.lin)
        desk.set(team.lin, capacity=2)
        desk.come_online(team.lin)
        ids = desk.writes(3)
        jobs.assign_waiting()
        assert desk.assignees(ids) == [team.lin, team.lin, None]
        assert waits.reasons(desk.runtime.redis)[desk.team_id] is WaitReason.AT_CAPACITY
        desk.runtime.redis.expire(waits.KEY, 5)
        jobs.assign_waiting()
        assert 5 < desk.runtime.redis.ttl(waits.KEY) <= waits.KEPT_SECONDS  # each sweep renews it

    def test_what_waits_is_given_when_capacity_frees(self, desk, team):
        desk.make_team(team.lin)
        desk.set(team.lin, capacity=1)
        desk.come_online(team.lin)
        first, second = desk.writes(2)
        jobs.assign_waiting()
        assert desk.assignees([first, second]) == [team.lin, None]
        with desk.runtime.unit_of_work() as uow:
            resolve(uow, first)
        assert waits_to_run(desk.runtime, ASSIGN_WAITING)
        jobs.assign_waiting()
        assert desk.assignees([second]) == [team.lin]
        assert desk.team_id not in waits.reasons(desk.runtime.redis)

    def test_nobody_online_is_told_and_whoever_comes_gets_it_at_once(self, desk, team):
        desk.make_team(team.lin)
        ids = desk.writes()
        jobs.assign_waiting()
        assert waits.reasons(desk.runtime.redis)[desk.team_id] is WaitReason.NOBODY_ONLINE
        assert desk.assignees(ids) == [None]
        desk.come_online(team.lin)
        assert waits_to_run(desk.runtime, ASSIGN_WAITING)
        jobs.assign_waiting()
        assert desk.assignees(ids) == [team.lin]

    def test_out_of_hours_is_told_instead_while_nobody_is_online(self, desk, team, clock):
        desk.make_team(team.lin, calendar_id=office_hours(desk.runtime))
        ids = desk.writes()
        clock.now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # 17:30 in Shanghai
        jobs.assign_waiting()
        assert waits.reasons(desk.runtime.redis)[desk.team_id] is WaitReason.NOBODY_ONLINE
        clock.now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
        jobs.assign_waiting()
        assert waits.reasons(desk.runtime.redis)[desk.team_id] is WaitReason.OUT_OF_HOURS
        desk.come_online(team.lin)
        jobs.assign_waiting()
        assert desk.assignees(ids) == [team.lin]  # whoever works late may

    def test_whoever_is_away_or_not_of_the_team_gets_nothing(self, desk, team):
        desk.make_team(team.lin)
        desk.come_online(team.lin, team.mei)
        desk.set(team.lin, availability=Presence.AWAY)
        desk.come_online(team.lin, team.mei)
        ids = desk.writes()
        jobs.assign_waiting()
        assert desk.assignees(ids) == [None]

    @pytest.mark.parametrize("is_of_team", [True, False])
    def test_by_hand_means_that_nobody_gets_it_by_itself(self, desk, team, is_of_team):
        if is_of_team:
            desk.make_team(team.lin, mode=AssignmentMode.OFF)
        desk.come_online(team.lin)
        ids = desk.writes()
        jobs.assign_waiting()
        assert desk.assignees(ids) == [None]
        reasons = waits.reasons(desk.runtime.redis)
        assert reasons[desk.team_id or NO_TEAM] is WaitReason.MANUAL

    def test_the_list_tells_why_it_waits(self, desk, team, lin):
        desk.make_team(team.lin)
        [one] = desk.writes()
        jobs.assign_waiting()
        shown = lin.get(f"/conversations/{one}").json
        assert shown["wait_reason"] == "nobody_online"
        assert shown["team"] == {"id": desk.team_id, "name": "售前"}

    def test_an_arrival_in_a_team_rings_at_once(self, desk, team):
        desk.make_team(team.lin)
        desk.runtime.redis.delete(ASSIGN_WAITING.doorbell_key)
        desk.writes()
        assert waits_to_run(desk.runtime, ASSIGN_WAITING)

    def test_more_than_a_batch_is_given_in_one_run(self, desk, team, monkeypatch):
        monkeypatch.setattr(jobs, "BATCH", 3)
        desk.make_team(team.lin, team.mei)
        desk.come_online(team.lin, team.mei)
        ids = desk.writes(8)
        jobs.assign_waiting()
        assert None not in desk.assignees(ids)

    def test_the_thread_tells_that_it_was_given_by_itself(self, desk, team):
        desk.make_team(team.lin)
        desk.come_online(team.lin)
        [one] = desk.writes()
        jobs.assign_waiting()
        [line] = desk.lines(one)
        assert (line["action"], line["by"]) == ("assigned", None)
        assert line["to"] == {"id": team.lin, "name": "Lin"}
        assert desk.conversation(one).assigned_at is not None


class TestAtOnce:
    def test_two_sweeps_at_once_never_exceed_the_capacity(self, desk, team):
        desk.make_team(team.lin, team.mei, mode=AssignmentMode.LEAST_LOADED)
        for agent_id in (team.lin, team.mei):
            desk.set(agent_id, capacity=5)
        desk.come_online(team.lin, team.mei)
        ids = desk.writes(30)
        given, errors = [], []
        together = threading.Barrier(4)

        def sweep() -> None:
            together.wait()
            try:
                for _ in range(4):
                    with desk.runtime.unit_of_work() as uow:
                        given.append(assign_waiting(uow, 3))
            except Exception as error:  # noqa: BLE001 -- shown by the test
                errors.append(error)

        threads = [threading.Thread(target=sweep) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert errors == []
        assignees = desk.assignees(ids)
        assert assignees.count(team.lin) == assignees.count(team.mei) == 5
        assert sum(given) == 10
        for one in ids:
            assert desk.actions(one) == (["assigned"] if desk.assignees([one])[0] else [])

    def test_a_claim_beside_a_sweep_is_never_overwritten(self, desk, team):
        desk.make_team(team.lin)
        desk.set(team.lin, capacity=50)
        desk.come_online(team.lin)
        ids = desk.writes(12)
        claimed, together = [], threading.Barrier(2)

        def take() -> None:
            together.wait()
            for one in reversed(ids):
                try:
                    with desk.runtime.unit_of_work() as uow:
                        if claim(uow, one, team.mei):
                            claimed.append(one)
                except Exception as error:  # noqa: BLE001
                    assert "already" in str(error)  # noqa: PT017

        thread = threading.Thread(target=take)
        thread.start()
        together.wait()
        jobs.assign_waiting()
        thread.join(30)
        jobs.assign_waiting()
        expected = [team.mei if one in claimed else team.lin for one in ids]
        assert desk.assignees(ids) == expected

    def test_hand_given_ones_count_towards_the_load(self, desk, team):
        desk.make_team(team.lin)
        desk.set(team.lin, capacity=2)
        ids = desk.writes(3)
        with desk.runtime.unit_of_work() as uow:
            assign(uow, ids[2], team.lin)
        desk.come_online(team.lin)
        jobs.assign_waiting()
        assert desk.assignees(ids) == [team.lin, None, team.lin]

    def test_the_turn_is_kept_on_the_agents_row(self, desk, team):
        desk.make_team(team.lin, team.mei)
        desk.come_online(team.lin, team.mei)
        desk.writes(2)
        jobs.assign_waiting()
        with desk.runtime.reading() as session:
            turns = session.scalars(
                select(Agent.assigned_at).where(Agent.id.in_([team.lin, team.mei]))
            ).all()
        assert len(set(turns)) == 2
        assert None not in turns
