"""The bell: each person is told once, of what concerns them, and of nothing else."""

import pytest
from cast import Api, FakeClock, Team, conversation_of, customer_writes
from sqlalchemy import event, select

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.notifications import jobs
from wxdesk.notifications.models import Notification
from wxdesk.notifications.operations import notify, notify_all
from wxdesk.notifications.queries import list_notifications
from wxdesk.notifications.rules import Notice, Topic
from wxdesk.plumbing.live import Live
from wxdesk.runtime import Runtime

DETAILS = {"clock": "first_response", "deadline_at": "2026-03-02T09:05:00.000Z", "policy": "VIP"}


def tell(runtime: Runtime, *agent_ids: int, key: str = "clock:1:w1", **values: object) -> None:
    parts = {"topic": Topic.SLA_WARNING, "conversation_id": None, "details": DETAILS} | values
    with runtime.unit_of_work() as uow:
        notify(uow, agent_ids, **parts, once_key=key)


def bell(person: Api) -> dict:
    answer = person.get("/notifications")
    assert answer.status_code == 200
    return answer.json


def test_the_bell_says_what_is_due_when_and_for_whom(runtime, account: Account, lin, team: Team):
    customer_writes(runtime, account)
    conversation = conversation_of(runtime)
    tell(runtime, team.lin, conversation_id=conversation.id)
    found = bell(lin)
    (line,) = found["items"]
    assert found["unseen"] == 1
    assert line["title"] == "First answer due soon"
    assert line["text"] == "VIP · due at 03-02 17:05"  # the desk's zone is Asia/Shanghai
    assert line["customer"] == f"WeChat user {conversation.contact_id:04d}"
    assert line["link"] == f"/inbox/{conversation.id}"
    assert line["created_at"] == "2026-03-02T09:00:00.000Z"
    assert line["seen_at"] is None


def test_the_same_event_tells_each_person_once(runtime, lin, mei, team: Team):
    tell(runtime, team.lin)
    tell(runtime, team.lin, team.mei)
    tell(runtime, team.lin, key="clock:1:breach", topic=Topic.SLA_BREACH)
    assert [line["topic"] for line in bell(lin)["items"]] == ["sla_breach", "sla_warning"]
    assert len(bell(mei)["items"]) == 1


def test_many_events_are_told_in_one_statement(runtime, lin, mei, team: Team):
    notices = [
        Notice((team.lin, team.mei), Topic.SLA_BREACH, None, DETAILS, f"clock:{number}:breach")
        for number in range(150)
    ]
    with runtime.unit_of_work() as uow:
        notify_all(uow, notices)
        notify_all(uow, [])
    assert bell(lin)["unseen"] == bell(mei)["unseen"] == 100  # counted no further


def test_nobody_is_told_of_what_others_are_told(runtime, lin, mei, team: Team):
    tell(runtime, team.lin)
    number = bell(lin)["items"][0]["id"]
    assert bell(mei)["items"] == []
    mei.post("/notifications/seen", {"id": number})
    mei.post("/notifications/seen", {"until_id": number})
    assert bell(lin)["unseen"] == 1


def test_whoever_has_left_is_told_nothing(runtime, team: Team):
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Agent, team.mei).is_active = False
    tell(runtime, team.lin, team.mei)
    with runtime.reading() as session:
        assert session.scalars(select(Notification.agent_id)).all() == [team.lin]


def test_one_is_read_or_all_up_to_one(runtime, lin, team: Team):
    for number in range(4):
        tell(runtime, team.lin, key=str(number))
    newest, third, second, _ = (line["id"] for line in bell(lin)["items"])
    assert lin.post("/notifications/seen", {"id": third}).json == {"unseen": 3}
    assert lin.post("/notifications/seen", {"until_id": second}).json == {"unseen": 1}
    assert [line["seen_at"] is None for line in bell(lin)["items"]] == [True, False, False, False]
    assert lin.get("/notifications/unseen").json["newest"]["id"] == newest


@pytest.mark.parametrize("body", [{}, {"id": "1"}, {"until_id": 0}, {"id": True}, {"id": None}])
@pytest.mark.one_database
def test_what_is_no_number_is_refused(lin, body):
    assert lin.post("/notifications/seen", body).status_code == 422


def test_long_lists_come_page_by_page(runtime, lin, team: Team):
    for number in range(5):
        tell(runtime, team.lin, key=str(number))
    first = lin.get("/notifications", limit=3).json
    second = lin.get("/notifications", limit=3, cursor=first["next_cursor"]).json
    ids = [line["id"] for line in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), second["next_cursor"]) == (5, None)


@pytest.mark.one_database
def test_the_bell_reads_its_newest_lines_in_the_order_of_an_index(runtime, team: Team):
    """SQLite would sort all of a person's notifications; a poll asks for the newest one."""
    seen: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, *_more) -> None:
        seen.append((statement, parameters))

    event.listen(runtime.engine, "before_cursor_execute", note)
    with runtime.reading() as session:
        list_notifications(session, team.lin, before_id=9, limit=1)
        event.remove(runtime.engine, "before_cursor_execute", note)
        statement, parameters = seen[-1]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = " / ".join(row[-1] for row in plan)
    assert "ix_notifications_agent_id (agent_id=? AND id<?)" in steps
    assert "TEMP B-TREE" not in steps


def test_browsers_of_the_person_hear_of_it_at_once(runtime, team: Team):
    Live(runtime.redis).publish(["inbox"])
    before = Live(runtime.redis).last_id()
    tell(runtime, team.lin)
    (entry,) = Live(runtime.redis).since(before) or []
    assert entry[1] == {f"agent:{team.lin}"}


@pytest.mark.one_database
def test_the_browser_tells_only_those_who_chose_so(runtime, lin, team: Team):
    tell(runtime, team.lin)
    assert lin.get("/notifications/unseen").json["tells_browser"] is False
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Agent, team.lin).preferences = {"notifications": True}
    assert lin.get("/notifications/unseen").json["tells_browser"] is True


def test_a_bell_without_news_says_so(lin):
    found = lin.get("/notifications/unseen").json
    assert found == {"unseen": 0, "newest": None, "tells_browser": False}


def test_notifications_are_kept_for_ninety_days(runtime, lin, team: Team, clock: FakeClock):
    tell(runtime, team.lin)
    clock.advance(days=89)
    jobs.prune()
    assert len(bell(lin)["items"]) == 1
    clock.advance(days=2)
    jobs.prune()
    assert bell(lin)["items"] == []
