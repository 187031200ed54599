"""The JSON door to bulk actions: who may, what is refused, what is shown."""

import pytest
from cast import Api, customer_writes, hire, make_account
from sqlalchemy import func, select, update

from wxdesk.agents.models import Agent
from wxdesk.app import create_app
from wxdesk.bulk_actions import operations
from wxdesk.bulk_actions.jobs import run
from wxdesk.bulk_actions.models import BulkRun
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.plumbing.live import STREAM

pytestmark = pytest.mark.one_database

LOW = {"action": "priority", "arguments": {"priority": "low"}}


@pytest.fixture
def ids(runtime, account) -> list[int]:
    """Three conversations."""
    found = []
    for number in range(3):
        message = customer_writes(runtime, account, openid=f"o{number:027d}")
        found.append(message.conversation_id)
    return found


def begin(api: Api, body: dict[str, object], **headers: str):
    answer = api.post("/bulk-actions", body, **headers)
    assert answer.status_code == 201, answer.text
    return answer.json


class TestCountingFirst:
    def test_says_how_many_who_waits_and_who_can_be_answered(self, runtime, lin, ids, account):
        customer_writes(runtime, account, openid="o" + "9" * 27)
        with runtime.unit_of_work() as uow:
            people = uow.session.scalars(select(Contact).order_by(Contact.id)).all()
            people[0].window_closes_at = uow.now
            people[1].window_remaining = 0
            people[2].is_blacklisted = True
            people[3].remark = "王先生"
            uow.session.execute(
                update(Conversation)
                .where(Conversation.id == ids[0])
                .values(waiting_since=None, waiting_message_id=None)
            )
        body = {"action": "reply", "arguments": {"text": "好"}, "query": {"status": "open"}}
        answer = lin.post("/bulk-actions", body | {"dry_run": True})
        assert answer.status_code == 200
        shown = answer.json
        sample = shown.pop("sample")
        assert shown == {
            "count": 4,
            "most": 10_000,
            "waiting": 3,
            "by": {"reachable": 1, "window_closed": 1, "quota_gone": 1, "unreachable": 1},
        }
        assert (len(sample), sample[-1]) == (4, "王先生")
        with runtime.reading() as session:
            assert session.scalar(select(func.count(BulkRun.id))) == 0

    def test_answers_on_their_way_count(self, lin, ids, account):
        for _ in range(5):
            lin.post(
                f"/conversations/{ids[0]}/messages", {"text": "好", "last_seen_message_id": 10**6}
            )
        body = {"action": "reply", "arguments": {"text": "好"}, "ids": ids[:1], "dry_run": True}
        shown = lin.post("/bulk-actions", body).json
        assert (shown["by"]["quota_gone"], shown["by"]["reachable"]) == (1, 0)
        assert shown["waiting"] == 0

    def test_says_of_each_action_what_matters_for_it(self, lin, ids):
        for action, arguments, split in (
            ("resolve", {}, {"waiting": 3}),
            ("snooze", {"until": None}, {"waiting": 3}),
            ("spam", {"is_spam": True}, {}),
        ):
            body = {"action": action, "arguments": arguments, "ids": ids, "dry_run": True}
            assert lin.post("/bulk-actions", body).json["by"] == split

    def test_finds_what_the_list_finds(self, lin, ids, account):
        lin.post(f"/conversations/{ids[0]}/assign", {"assignee": "me"})
        for query in ({"assignee": "me"}, {"assignee": "none"}, {"status": "resolved"}, {}):
            listed = len(lin.get("/conversations", **query).json["items"])
            counted = lin.post("/bulk-actions", LOW | {"query": query, "dry_run": True}).json
            assert counted["count"] == listed

    def test_of_named_ones_only_those_that_exist_count(self, lin, ids):
        body = LOW | {"ids": [*ids, 999], "dry_run": True}
        assert lin.post("/bulk-actions", body).json["count"] == 3

    def test_too_many_are_counted_and_not_started(self, lin, ids, monkeypatch):
        monkeypatch.setattr(operations, "MOST_CONVERSATIONS", 2)
        answer = lin.post("/bulk-actions", LOW | {"query": {}})
        assert (answer.status_code, answer.json["field"]) == (422, "query")

    def test_none_at_all_is_no_run(self, lin, account):
        answer = lin.post("/bulk-actions", LOW | {"query": {"status": "resolved"}})
        assert (answer.status_code, answer.json["field"]) == (422, "query")


class TestARun:
    def test_shows_its_progress_and_its_end(self, lin, ids, team):
        shown = begin(lin, LOW | {"query": {"status": "open"}})
        assert shown.pop("created_at").startswith("2026-03-02T09:00:00")
        assert shown == {
            "id": shown["id"],
            "action": "priority",
            "arguments": {"priority": "low"},
            "query": {"status": "open"},
            "state": "running",
            "total": 3,
            "waiting": 3,
            "done": 0,
            "skipped": 0,
            "failed": 0,
            "agent": {"id": team.lin, "name": "Lin"},
            "ended_at": None,
        }
        run()
        shown = lin.get(f"/bulk-actions/{shown['id']}").json
        assert (shown["state"], shown["done"], shown["waiting"]) == ("done", 3, 0)
        assert shown["ended_at"] is not None

    def test_browsers_are_told_once_a_slice(self, runtime, lin, ids):
        run_id = begin(lin, LOW | {"ids": ids})["id"]
        runtime.redis.delete(STREAM)
        run()
        bodies = [fields[b"topics"].decode() for _, fields in runtime.redis.xrange(STREAM)]
        told = [body for body in bodies if f'"bulk:{run_id}"' in body]
        assert 1 <= len(told) <= 2  # the slice and the end

    def test_the_same_key_starts_it_once(self, runtime, lin, mei, ids):
        key = {"Idempotency-Key": "k1"}
        first, second = begin(lin, LOW | {"ids": ids}, **key), begin(lin, LOW | {"ids": ids}, **key)
        assert first["id"] == second["id"]
        assert begin(mei, LOW | {"ids": ids}, **key)["id"] != first["id"]
        for other in (LOW | {"ids": ids[:1]}, LOW | {"query": {}}):
            assert lin.post("/bulk-actions", other, **key).status_code == 409
        assert lin.post("/bulk-actions", LOW | {"ids": ids}, **{"Idempotency-Key": "x" * 101})

    def test_the_rows_say_what_became_of_each(self, lin, ids):
        run_id = begin(lin, {"action": "resolve", "arguments": {}, "ids": ids})["id"]
        lin.post(f"/conversations/{ids[1]}/resolve")
        run()
        path = f"/bulk-actions/{run_id}/rows"
        first = lin.get(path, limit=2).json
        rest = lin.get(path, limit=2, cursor=first["next_cursor"]).json
        items = first["items"] + rest["items"]
        assert [item["conversation_id"] for item in items] == ids
        assert rest["next_cursor"] is None
        assert items[0]["error"] == "the customer waits for an answer"
        assert items[0]["contact"]["name"].startswith("WeChat user")
        assert [item["error"] for item in items][1] == "the conversation is resolved"
        assert len(lin.get(path, state="skipped").json["items"]) == 3
        assert lin.get(path, state="failed").json["items"] == []
        assert lin.get(path, state="lost").status_code == 422

    def test_paused_resumed_cancelled(self, lin, ids):
        path = f"/bulk-actions/{begin(lin, LOW | {'ids': ids})['id']}"
        assert lin.post(f"{path}/resume").status_code == 409
        assert lin.post(f"{path}/pause").json["state"] == "paused"
        assert lin.post(f"{path}/pause").status_code == 409
        assert lin.post(f"{path}/resume").json["state"] == "running"
        assert lin.post(f"{path}/cancel").json["state"] == "cancelled"
        for verb in ("pause", "resume", "cancel", "retry"):
            assert lin.post(f"{path}/{verb}").status_code == 409

    def test_nothing_that_failed_is_nothing_to_try_again(self, lin, ids):
        path = f"/bulk-actions/{begin(lin, LOW | {'ids': ids})['id']}"
        run()
        assert lin.post(f"{path}/retry").status_code == 409

    def test_what_failed_is_done_again(self, runtime, lin, ids, account):
        body = {"action": "resolve", "arguments": {"even_waiting": True}, "ids": ids}
        path = f"/bulk-actions/{begin(lin, body)['id']}"
        customer_writes(runtime, account, "还有", openid=f"o{0:027d}")
        run()
        assert lin.get(path).json["failed"] == 1
        again = lin.post(f"{path}/retry").json
        assert (again["state"], again["waiting"], again["ended_at"]) == ("running", 1, None)
        run()
        assert lin.get(path).json["done"] == 3

    def test_one_that_failed_is_done_again_alone(self, runtime, lin, ids, account):
        body = {"action": "resolve", "arguments": {"even_waiting": True}, "ids": ids}
        path = f"/bulk-actions/{begin(lin, body)['id']}"
        for number in (0, 1):
            customer_writes(runtime, account, "还有", openid=f"o{number:027d}")
        run()
        assert lin.get(path).json["failed"] == 2
        assert lin.post(f"{path}/retry", {"conversation_id": 0}).status_code == 422
        done = {"conversation_id": ids[2]}
        assert lin.post(f"{path}/retry", done).status_code == 409
        again = lin.post(f"{path}/retry", {"conversation_id": ids[1]}).json
        assert (again["state"], again["waiting"], again["failed"]) == ("running", 1, 1)
        run()
        rows = lin.get(f"{path}/rows").json["items"]
        assert [row["state"] for row in rows] == ["failed", "done", "done"]

    def test_reasons_are_in_the_language_of_whoever_reads(self, runtime, lin, ids, team):
        run_id = begin(lin, {"action": "resolve", "arguments": {}, "ids": ids})["id"]
        run()
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).locale = "zh_CN"
        (first, *_) = lin.get(f"/bulk-actions/{run_id}/rows").json["items"]
        assert first["contact"]["name"].startswith("微信用户")


class TestWhoMay:
    def test_one_sees_ones_own_and_supervisors_all(self, lin, mei, zhou, ids):
        mine = begin(lin, LOW | {"ids": ids})["id"]
        hers = begin(mei, LOW | {"ids": ids})["id"]
        assert [it["id"] for it in lin.get("/bulk-actions").json["items"]] == [mine]
        assert [it["id"] for it in zhou.get("/bulk-actions").json["items"]] == [hers, mine]
        for path in (f"/bulk-actions/{hers}", f"/bulk-actions/{hers}/rows"):
            assert lin.get(path).status_code == 404
            assert zhou.get(path).status_code == 200
        assert lin.post(f"/bulk-actions/{hers}/cancel").status_code == 404
        assert zhou.post(f"/bulk-actions/{hers}/pause").json["state"] == "paused"

    def test_pages_of_runs(self, lin, ids):
        for _ in range(3):
            begin(lin, LOW | {"ids": ids})
        first = lin.get("/bulk-actions", limit=2).json
        rest = lin.get("/bulk-actions", limit=2, cursor=first["next_cursor"]).json
        found = [it["id"] for it in first["items"] + rest["items"]]
        assert found == sorted(found, reverse=True)
        assert (len(found), rest["next_cursor"]) == (3, None)

    def test_a_marketer_may_not(self, chen, ids):
        assert chen.post("/bulk-actions", LOW | {"ids": ids}).status_code == 403
        assert chen.get("/bulk-actions").status_code == 403

    def test_what_does_not_exist_is_not_found(self, lin, account):
        for path in ("/bulk-actions/9", "/bulk-actions/9/rows"):
            assert lin.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": "delete"}, "action"),
        ({"action": ["reply"]}, "action"),
        (LOW | {"arguments": []}, "ids"),
        (LOW, "ids"),
        (LOW | {"ids": [1], "query": {}}, "ids"),
        (LOW | {"ids": []}, "ids"),
        (LOW | {"ids": list(range(1, 1002))}, "ids"),
        (LOW | {"ids": ["1"]}, "ids"),
        (LOW | {"ids": [True]}, "ids"),
        (LOW | {"query": []}, "query"),
        (LOW | {"query": {"colour": "red"}}, "query.colour"),
        (LOW | {"query": {"status": "lost"}}, "query.status"),
        (LOW | {"ids": [1], "arguments": "x"}, "arguments"),
        (LOW | {"ids": [1], "arguments": {"priority": "huge"}}, "arguments.priority"),
        (LOW | {"ids": [1], "arguments": {"priority": 5}}, "arguments.priority"),
        (LOW | {"ids": [1], "arguments": {"speed": 5}}, "arguments.speed"),
        ({"action": "snooze", "ids": [1]}, "arguments.until"),
        ({"action": "snooze", "ids": [1], "arguments": {"until": "soon"}}, "arguments.until"),
        ({"action": "assign", "ids": [1]}, "arguments.assignee"),
        ({"action": "assign", "ids": [1], "arguments": {"assignee": "x"}}, "arguments.assignee"),
        ({"action": "tag", "ids": [1]}, "arguments.add"),
        ({"action": "tag", "ids": [1], "arguments": {"add": "x"}}, "arguments.add"),
        ({"action": "spam", "ids": [1]}, "arguments.is_spam"),
        ({"action": "reply", "ids": [1]}, "arguments.text"),
        ({"action": "reply", "ids": [1], "arguments": {"text": "  "}}, "arguments.text"),
        ({"action": "reply", "ids": [1], "arguments": {"text": "好" * 683}}, "arguments.text"),
        (
            {"action": "reply", "ids": [1], "arguments": {"text": "x", "hold": "y"}},
            "arguments.hold",
        ),
        (
            {"action": "resolve", "ids": [1], "arguments": {"even_waiting": 1}},
            "arguments.even_waiting",
        ),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_makes_no_sense_is_refused(lin, account, body, field, dry_run):
    answer = lin.post("/bulk-actions", body | {"dry_run": dry_run})
    assert (answer.status_code, answer.json["field"]) == (422, field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "snooze", "arguments": {"until": "2026-03-01T00:00:00Z"}}, "until"),
        ({"action": "snooze", "arguments": {"until": "2028-03-01T00:00:00Z"}}, "until"),
        ({"action": "assign", "arguments": {"assignee": 999}}, "assignee"),
        ({"action": "assign", "arguments": {"team": 999}}, "team"),
        ({"action": "tag", "arguments": {"add": ["没有的"]}}, "add"),
    ],
)
def test_what_could_succeed_for_nobody_is_not_started(lin, ids, body, field):
    answer = lin.post("/bulk-actions", body | {"ids": ids})
    assert (answer.status_code, answer.json["field"]) == (422, f"arguments.{field}")


def test_named_ones_must_exist(lin, ids):
    assert lin.post("/bulk-actions", LOW | {"ids": [*ids, 999]}).status_code == 404


def test_a_marketer_is_no_assignee(lin, ids, team):
    body = {"action": "assign", "arguments": {"assignee": team.chen}, "ids": ids}
    assert lin.post("/bulk-actions", body).status_code == 422


def test_me_is_whoever_starts_it(lin, ids, team):
    shown = begin(lin, {"action": "assign", "arguments": {"assignee": "me"}, "ids": ids})
    assert shown["arguments"] == {"assignee": team.lin}


def test_without_redis_it_is_done_when_redis_is_back(build_runtime, own_redis):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    account, team = make_account(runtime), hire(runtime)
    message = customer_writes(runtime, account)
    lin = Api(create_app(runtime).test_client(), runtime, team.lin)
    own_redis.stop()
    run_id = begin(lin, LOW | {"ids": [message.conversation_id]})["id"]
    own_redis.start()
    run()
    assert lin.get(f"/bulk-actions/{run_id}").json["state"] == "done"
