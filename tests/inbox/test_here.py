"""Who views and who types in a conversation, seen by colleagues within seconds."""

import json

import pytest
from cast import Api, customer_writes, hire, make_account

from wxdesk.app import create_app
from wxdesk.inbox import here
from wxdesk.inbox.here import MOST_MEMBERS, Doing, Tab
from wxdesk.plumbing.live import STREAM

pytestmark = pytest.mark.one_database


@pytest.fixture
def conversation_id(runtime, account) -> int:
    found = customer_writes(runtime, account).conversation_id
    assert found is not None
    return found


@pytest.fixture
def be(conversation_id):
    """An agent's tab says what it does; gives whom it sees there."""

    def put(api: Api, doing: str, tab: str = "tab-1") -> list[dict[str, object]]:
        path = f"/api/v1/conversations/{conversation_id}/here"
        body = {"tab": tab, "doing": doing}
        answer = api.client.put(path, json=body, headers=api.headers)
        assert answer.status_code == 200, answer.text
        return answer.json["here"]

    return put


@pytest.fixture
def told(runtime, conversation_id):
    """How often browsers were told that something changed here."""
    topic = f"here:{conversation_id}"

    def count() -> int:
        entries = runtime.redis.xrange(STREAM)
        return sum(topic in json.loads(fields[b"topics"]) for _, fields in entries)

    return count


def names(seen: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(one["name"], one["doing"]) for one in seen]


def test_each_sees_the_other_and_nobody_themself(be, lin, mei):
    assert be(lin, "viewing") == []
    assert names(be(mei, "typing")) == [("Lin", "viewing")]
    assert names(be(lin, "viewing")) == [("Mei", "typing")]


def test_the_list_and_the_conversation_show_it_too(be, lin, mei, conversation_id, team):
    be(mei, "typing")
    shown = lin.get(f"/conversations/{conversation_id}").json["here"]
    assert shown == [{"id": team.mei, "name": "Mei", "doing": "typing"}]
    assert mei.get("/conversations").json["items"][0]["here"] == []


def test_several_tabs_count_once_and_typing_counts_most(be, lin, mei):
    be(mei, "typing", "a")
    be(mei, "viewing", "b")
    assert names(be(lin, "viewing")) == [("Mei", "typing")]
    be(mei, "left", "a")
    assert names(be(lin, "viewing")) == [("Mei", "viewing")]
    be(mei, "left", "b")
    assert be(lin, "viewing") == []


def test_who_stops_typing_views_after_ten_seconds_and_is_gone_after_thirty(be, lin, mei, clock):
    be(mei, "typing")
    clock.advance(seconds=9)
    assert names(be(lin, "viewing")) == [("Mei", "typing")]
    clock.advance(seconds=1)
    assert names(be(lin, "viewing")) == [("Mei", "viewing")]
    clock.advance(seconds=20)
    assert be(lin, "viewing") == []


def test_browsers_are_told_only_when_others_see_a_change(be, lin, mei, told, clock):
    be(lin, "viewing")
    assert told() == 1
    clock.advance(seconds=10)
    be(lin, "viewing")
    be(lin, "viewing", "second-tab")
    assert told() == 1
    be(lin, "typing")
    assert told() == 2
    be(mei, "viewing")
    assert told() == 3
    be(lin, "left", "second-tab")
    assert told() == 3


def test_what_ran_out_is_told_with_the_next_sign_of_life(be, lin, mei, told, clock):
    be(lin, "viewing")
    be(mei, "typing")
    before = told()
    clock.advance(seconds=15)
    be(lin, "viewing")  # Mei's typing has run out meanwhile, and nobody was there to say so
    assert told() == before + 1


def test_the_set_lives_no_longer_than_its_members_and_holds_only_so_many(
    runtime, be, lin, conversation_id, clock
):
    be(lin, "viewing")
    key = f"wxdesk:here:{conversation_id}"
    assert 0 < runtime.redis.ttl(key) <= 35
    for number in range(MOST_MEMBERS + 20):
        here.note(
            runtime.redis, conversation_id, Tab(1, f"t{number}"), Doing.TYPING, runtime.clock()
        )
    assert runtime.redis.zcard(key) == MOST_MEMBERS


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"doing": "viewing"}, "tab"),
        ({"tab": "a:b", "doing": "viewing"}, "tab"),
        ({"tab": "x" * 41, "doing": "viewing"}, "tab"),
        ({"tab": "a", "doing": "sleeping"}, "doing"),
        ({"tab": "a", "doing": ["viewing"]}, "doing"),
        ({"tab": "a"}, "doing"),
    ],
)
def test_what_makes_no_sense_is_refused(lin, conversation_id, body, field):
    path = f"/api/v1/conversations/{conversation_id}/here"
    answer = lin.client.put(path, json=body, headers=lin.headers)
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_nobody_is_in_a_conversation_that_does_not_exist(lin, account):
    answer = lin.client.put(
        "/api/v1/conversations/999/here",
        json={"tab": "a", "doing": "viewing"},
        headers=lin.headers,
    )
    assert answer.status_code == 404


def test_without_redis_nobody_is_seen_and_nothing_breaks(build_runtime, own_redis):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    account, team = make_account(runtime), hire(runtime)
    message = customer_writes(runtime, account)
    lin = Api(create_app(runtime).test_client(), runtime, team.lin)
    own_redis.stop()
    answer = lin.client.put(
        f"/api/v1/conversations/{message.conversation_id}/here",
        json={"tab": "a", "doing": "viewing"},
        headers=lin.headers,
    )
    assert (answer.status_code, answer.json) == (200, {"here": []})
