"""The wall: who waits now, who works, how the day goes; for the people who may see reports."""

from __future__ import annotations

import pytest
from cast import Browser
from sqlalchemy import update

from reports.waits import SHANGHAI, Past, local
from wxdesk.agents.models import Agent, Team, TeamMember
from wxdesk.agents.rules import Presence
from wxdesk.conversations.models import Conversation
from wxdesk.reports.wallboard import Scope, Wall, WallCache, read_wall
from wxdesk.sla.models import SlaClock

NOW = local(3, 10)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def wall(past: Past, scope: Scope | None = None) -> Wall:
    with past.runtime.reading() as session:
        return read_wall(session, scope or Scope(), SHANGHAI, NOW)


def waiting(past: Past, at, **values) -> int:
    """An open conversation whose customer waits since then; `values` replace its columns."""
    clock = past.wait(at)
    with past.runtime.unit_of_work() as uow:
        conversation_id = uow.session.get_one(SlaClock, clock).conversation_id
        if values:
            its = update(Conversation).where(Conversation.id == conversation_id)
            uow.session.execute(its.values(**values))
    return conversation_id


def here(past: Past, agent_id: int, presence: Presence = Presence.ONLINE) -> None:
    with past.runtime.unit_of_work() as uow:
        uow.session.execute(update(Agent).where(Agent.id == agent_id).values(presence=presence))


def a_team(past: Past, *members: int) -> int:
    with past.runtime.unit_of_work() as uow:
        team = Team(name="售前", created_at=uow.now)
        uow.session.add(team)
        uow.session.flush()
        uow.session.add_all(TeamMember(team_id=team.id, agent_id=each) for each in members)
        return team.id


def test_a_new_desk_has_an_empty_wall_with_dashes(past, team):
    found = wall(past)
    assert (found.all.waiting, found.all.oldest_since, found.agents) == (0, None, [])
    assert (found.today.median_seconds, found.today.in_time) == (None, None)
    assert {one.backlog for one in found.course} == {0}


def test_who_waits_is_counted_with_the_oldest_and_what_nobody_has(past, team):
    waiting(past, local(3, 9, 50))
    waiting(past, local(3, 9, 20), assignee_id=team.lin)
    waiting(past, local(3, 9, 30), waiting_since=None)
    found = wall(past)
    assert (found.all.load, found.all.waiting) == (3, 2)
    assert found.all.oldest_since == local(3, 9, 20)
    assert (found.unassigned.waiting, found.unassigned.oldest_since) == (1, local(3, 9, 50))


def test_late_is_what_is_broken_and_due_what_falls_due_in_a_quarter_of_an_hour(past, team):
    waiting(past, local(3, 9), is_breached=True, due_at=local(3, 9, 10))
    waiting(past, local(3, 9), due_at=local(3, 10, 15))
    waiting(past, local(3, 9), due_at=local(3, 10, 16))
    found = wall(past)
    assert (found.all.breached, found.all.due) == (1, 1)


def test_spam_and_what_sleeps_are_not_on_the_wall(past, team):
    waiting(past, local(3, 9), is_spam=True)
    waiting(past, local(3, 9), status="snoozed")
    assert wall(past).all.load == 0


def test_agents_who_are_here_come_first_and_the_absent_only_if_somebody_waits_for_them(past, team):
    here(past, team.mei)
    here(past, team.zhou, Presence.AWAY)
    waiting(past, local(3, 9), assignee_id=team.lin)
    assert [line.name for line in wall(past).agents] == ["Mei", "Zhou", "Lin"]


def test_marketers_who_answer_nobody_are_not_on_the_wall(past, team):
    here(past, team.chen)
    assert wall(past).agents == []


def test_a_teams_wall_shows_its_conversations_and_its_people(past, team):
    sales = a_team(past, team.mei)
    here(past, team.mei)
    here(past, team.lin)
    waiting(past, local(3, 9), team_id=sales)
    waiting(past, local(3, 9))
    found = wall(past, Scope(team_ids=(sales,)))
    assert found.all.waiting == 1
    assert [line.name for line in found.agents] == ["Mei"]


def test_today_is_the_local_day_and_counts_by_agent(past, team):
    here(past, team.mei)
    past.wait(local(2, 23, 59), 60, agent_id=team.mei)
    past.wait(local(3, 0, 1), 60, agent_id=team.mei)
    past.wait(local(3, 9), 700, agent_id=team.mei)
    found = wall(past)
    assert (found.today.answers, found.today.in_time, found.today.broken) == (2, 0.5, 1)
    assert found.today.median_seconds == 60
    assert found.agents[0].answers == 2


def test_the_course_ends_with_who_waits_now(past, team):
    past.wait(local(3, 8), 5_400)
    waiting(past, local(3, 9, 59))
    course = wall(past).course
    assert len(course) == 16
    assert [one.backlog for one in course if one.begins >= local(3, 9)] == [1, 1, 0, 1]


def test_many_walls_read_the_database_once_a_second(past):
    ticks = [0.0]
    cache = WallCache(timer=lambda: ticks[0])
    reads = []

    def read() -> Wall:
        reads.append(ticks[0])
        return wall(past)

    for at in (0.0, 0.5, 0.9, 1.2):
        ticks[0] = at
        cache.get(Scope(), read)
    cache.get(Scope(team_ids=(1,)), read)
    assert reads == [0.0, 1.2, 1.2]


@pytest.mark.one_database
def test_supervisors_see_the_wall_and_agents_do_not(app, past, team):
    boss, agent = Browser(app.test_client()), Browser(app.test_client())
    boss.log_in("zhou")
    agent.log_in("lin")
    page = boss.get("/reports/wallboard")
    assert page.status_code == 200
    assert "wallboard.js" in page.get_data(as_text=True)
    assert agent.get("/reports/wallboard").status_code == 403
    assert agent.get("/reports/wallboard/now").status_code == 403


@pytest.mark.one_database
def test_the_numbers_come_as_json_with_instants_in_utc(app, past, team):
    past.wait(past.runtime.clock())
    boss = Browser(app.test_client())
    boss.log_in("zhou")
    found = boss.get("/reports/wallboard/now").get_json()
    assert found["all"]["waiting"] == 1
    assert found["all"]["oldest_since"] == "2026-03-02T09:00:00.000Z"
    assert found["today"]["in_time"] is None


@pytest.mark.one_database
def test_a_team_that_is_no_number_is_refused(app, past, team):
    boss = Browser(app.test_client())
    boss.log_in("zhou")
    assert boss.get("/reports/wallboard/now?team=x").status_code == 422
    assert boss.get("/reports/wallboard?team=999").status_code == 200
    assert boss.get("/reports/wallboard?team=").status_code == 200


@pytest.mark.one_database
def test_a_wall_that_fetches_its_numbers_stays_logged_in(app, past, team):
    boss = Browser(app.test_client())
    boss.log_in("zhou")
    answer = boss.get("/reports/wallboard/now")
    assert "wxdesk=" in answer.headers["Set-Cookie"]
    assert "Expires=" in answer.headers["Set-Cookie"]
