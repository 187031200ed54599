"""Who is here: several tabs count once, silence takes people off, Redis' trouble does not."""

import pytest
from cast import Api, hire, make_account
from sqlalchemy import select

from assignment.conftest import Desk, settle
from wxdesk.agents import presence
from wxdesk.agents.models import PresenceSpan
from wxdesk.agents.rules import Presence
from wxdesk.app import create_app
from wxdesk.assignment import jobs
from wxdesk.assignment.presence import PresenceChange, note_presence
from wxdesk.background_jobs import SWEEP_PRESENCE


def spans(desk, agent_id) -> list[tuple[str, float | None]]:
    """What the agent was, and for how many seconds."""
    with desk.runtime.reading() as session:
        rows = session.scalars(
            select(PresenceSpan).where(PresenceSpan.agent_id == agent_id).order_by(PresenceSpan.id)
        )
        return [
            (
                row.presence.value,
                (row.ended_at - row.began_at).total_seconds() if row.ended_at else None,
            )
            for row in rows
        ]


def sweep_after(desk, seconds: int) -> None:
    """So much time passes, with the sweep at work all the while."""
    for _ in range(seconds // 5):
        desk.runtime.clock.advance(seconds=5)
        jobs.sweep_presence()


class TestHeartbeats:
    def test_an_agent_is_online_with_a_tab_and_offline_45_seconds_after_the_last_heartbeat(
        self, desk, team
    ):
        desk.come_online(team.lin)
        assert desk.agent(team.lin).presence is Presence.ONLINE
        sweep_after(desk, 40)
        assert desk.agent(team.lin).presence is Presence.ONLINE
        sweep_after(desk, 10)
        assert desk.agent(team.lin).presence is Presence.OFFLINE
        assert spans(desk, team.lin) == [("online", 45.0), ("offline", None)]

    def test_several_tabs_and_devices_count_once_and_the_last_one_decides(self, desk, team, clock):
        desk.beat(team.lin, tab="desk")
        desk.beat(team.lin, tab="phone")
        jobs.sweep_presence()
        presence.leave(desk.runtime.redis, team.lin, "desk", clock())
        for _ in range(8):
            desk.beat(team.lin, tab="phone")
            sweep_after(desk, 10)
        assert spans(desk, team.lin) == [("online", None)]

    def test_a_page_that_loads_again_does_not_take_its_person_off(self, desk, team, clock):
        desk.come_online(team.lin)
        presence.leave(desk.runtime.redis, team.lin, "tab", clock())
        sweep_after(desk, 5)
        desk.beat(team.lin, tab="the-new-page")
        sweep_after(desk, 20)
        assert spans(desk, team.lin) == [("online", None)]

    def test_the_last_tab_that_closes_takes_them_off_in_seconds(self, desk, team, clock):
        desk.come_online(team.lin)
        presence.leave(desk.runtime.redis, team.lin, "tab", clock())
        sweep_after(desk, 10)
        assert desk.agent(team.lin).presence is Presence.OFFLINE

    def test_ten_minutes_in_which_no_tab_is_used_mean_away(self, desk, team):
        desk.beat(team.lin, tab="one")
        for _ in range(12):
            desk.beat(team.lin, tab="one", is_active=False)
            desk.beat(team.lin, tab="two", is_active=False)
            sweep_after(desk, 55)
        assert desk.agent(team.lin).presence is Presence.AWAY
        desk.beat(team.lin, tab="two")
        sweep_after(desk, 5)
        assert desk.agent(team.lin).presence is Presence.ONLINE

    def test_a_hidden_tab_that_the_browser_slows_down_stays(self, desk, team):
        for _ in range(5):
            desk.beat(team.lin, is_active=False)
            sweep_after(desk, 60)
        assert [name for name, _ in spans(desk, team.lin)] == ["online"]

    def test_the_tabs_of_a_person_are_bounded(self, desk, team, clock):
        for number in range(100):
            desk.beat(team.lin, tab=f"tab-{number}")
        kept = desk.runtime.redis.zcard(f"wxdesk:presence:{team.lin}")
        assert kept <= presence.MOST_TABS + 1
        tabs = presence.tabs_of(desk.runtime.redis, [team.lin], clock())
        assert tabs[team.lin].is_open
        assert tabs[team.lin].is_used

    def test_two_sweeps_at_once_make_one_span(self, desk, team):
        change = PresenceChange(team.lin, Presence.OFFLINE, Presence.ONLINE)
        for expected in (1, 0):
            with desk.runtime.unit_of_work() as uow:
                assert note_presence(uow, [change]) == expected
        assert spans(desk, team.lin) == [("online", None)]


class TestTheDoor:
    def beat(self, api, **body):
        return api.client.put(
            "/api/v1/me/presence", json={"tab": "abc", **body}, headers=api.headers
        )

    def test_it_answers_with_state_and_load_and_writes_no_row(self, desk, team, lin):
        answer = self.beat(lin, is_active=True)
        assert answer.json == {
            "availability": "online",
            "presence": "online",
            "load": 0,
            "capacity": 10,
        }
        assert desk.agent(team.lin).presence is Presence.OFFLINE
        assert desk.runtime.redis.exists(SWEEP_PRESENCE.doorbell_key)

    @pytest.mark.parametrize("tab", [None, "", "a" * 41, "a:b", "+", 7])
    def test_a_tab_has_a_plain_id(self, desk, lin, tab):
        answer = self.beat(lin, tab=tab)
        assert (answer.status_code, answer.json["field"]) == (422, "tab")

    def test_what_one_chooses_counts_at_once(self, desk, team, lin):
        desk.come_online(team.lin)
        answer = lin.patch("/me", {"availability": "offline"})
        assert (answer.json["availability"], answer.json["presence"]) == ("offline", "offline")
        assert self.beat(lin, is_active=True).json["presence"] == "offline"
        lin.patch("/me", {"availability": "online"})
        jobs.sweep_presence()
        assert lin.get("/me").json["presence"] == "online"

    def test_preferences_are_merged_and_checked(self, desk, lin):
        assert lin.get("/me").json["preferences"]["undo_seconds"] == 5
        lin.patch("/me", {"preferences": {"undo_seconds": 0}})
        answer = lin.patch("/me", {"preferences": {"sound": "off"}}).json["preferences"]
        assert (answer["undo_seconds"], answer["sound"]) == (0, "off")
        wrong = lin.patch("/me", {"preferences": {"sound": "loud"}})
        assert (wrong.status_code, wrong.json["field"]) == (422, "preferences.sound")

    def test_agents_and_teams_are_listed_with_load_and_presence(self, desk, team, lin):
        desk.make_team(team.lin, team.mei)
        desk.come_online(team.lin)
        desk.writes(2)
        jobs.assign_waiting()
        agents = {one["name"]: one for one in lin.get("/agents").json["items"]}
        assert list(agents) == ["Admin", "Lin", "Mei", "Zhou"]
        assert agents["Lin"] == {
            "id": team.lin,
            "name": "Lin",
            "role": "agent",
            "presence": "online",
            "load": 2,
            "capacity": 10,
            "teams": [desk.team_id],
            "is_active": True,
        }
        [shown] = lin.get("/teams").json["items"]
        assert shown == {
            "id": desk.team_id,
            "name": "售前",
            "mode": "round_robin",
            "members": [{"id": team.lin, "name": "Lin"}, {"id": team.mei, "name": "Mei"}],
            "waiting": 0,
            "wait_reason": None,
        }

    def test_me_names_rights_and_teams(self, desk, team, lin):
        desk.make_team(team.lin)
        me = lin.get("/me").json
        assert "conversations.reply" in me["permissions"]
        assert "agents.write" not in me["permissions"]
        assert me["teams"] == [{"id": desk.team_id, "name": "售前"}]


class TestRedisInTrouble:
    def test_an_emptied_redis_takes_nobody_off_until_browsers_had_time_to_come_back(
        self, desk, team
    ):
        desk.come_online(team.lin, team.mei)
        desk.runtime.redis.flushall()
        for _ in range(9):
            desk.beat(team.lin)
            sweep_after(desk, 10)
            assert desk.agent(team.mei).presence is Presence.ONLINE
        desk.beat(team.lin)
        sweep_after(desk, 10)
        assert desk.agent(team.mei).presence is Presence.OFFLINE
        assert desk.agent(team.lin).presence is Presence.ONLINE
        assert spans(desk, team.lin) == [("online", None)]

    def test_while_redis_is_away_and_after_it_came_back_everybody_stays(
        self, build_runtime, own_redis, database_url, clock
    ):
        runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
        people = hire(runtime)
        desk = Desk(runtime, make_account(runtime))
        settle(desk)
        desk.come_online(people.lin)
        own_redis.stop()
        clock.advance(minutes=5)
        look_without_redis = jobs.sweep_presence.__wrapped__
        look_without_redis()
        assert desk.agent(people.lin).presence is Presence.ONLINE
        own_redis.start()  # with the old heartbeats, all of them too old
        sweep_after(desk, 30)
        assert desk.agent(people.lin).presence is Presence.ONLINE
        desk.beat(people.lin)
        sweep_after(desk, 40)
        assert spans(desk, people.lin) == [("online", None)]
        sweep_after(desk, 60)
        assert desk.agent(people.lin).presence is Presence.OFFLINE

    def test_a_heartbeat_without_redis_answers_with_what_is_known(
        self, build_runtime, own_redis, database_url
    ):
        runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
        people = hire(runtime)
        app = create_app(runtime)
        lin = Api(app.test_client(), runtime, people.lin)
        own_redis.stop()
        answer = lin.client.put("/api/v1/me/presence", json={"tab": "a"}, headers=lin.headers)
        assert (answer.status_code, answer.json["presence"]) == (200, "offline")


def test_spans_are_kept_for_400_days(desk, team, clock):
    desk.come_online(team.lin)
    sweep_after(desk, 60)
    clock.advance(days=399)
    jobs.prune_presence()
    assert len(spans(desk, team.lin)) == 2
    clock.advance(days=2)
    jobs.prune_presence()
    assert [name for name, _ in spans(desk, team.lin)] == ["offline"]
