"""The gate in Redis: limits, entries and codes, decided with the stream entry in one call."""

import json

import pytest
from redis import Redis

from wxdesk.plumbing.gates import Counting, Entering, Gate, Gatekeeper, Tally, Wish, mark_of
from wxdesk.plumbing.streams import Offer, Streams

CAMPAIGN = 7
ANSWERS = {
    "entered": '{"text": "你的码 {{code}}", "code": "{{code}}"}',
    "already": '{"text": "已参加 {{code}}"}',
    "sold_out": '{"text": "没有了"}',
    "pending": '{"text": ""}',
}
SPEAKS = " new:2:1 attended:0:1"


@pytest.fixture
def streams(redis: Redis) -> Streams:
    return Streams(redis, "test", ("people", "bulk"))


@pytest.fixture
def keeper(redis: Redis) -> Gatekeeper:
    return Gatekeeper(redis, CAMPAIGN)


def entering(most: int = 1, total: int | None = None, *, has_codes: bool = True) -> Entering:
    return Entering(CAMPAIGN, most, total, has_codes)


def push(streams: Streams, who: str, key: str, gate: Gate) -> str:
    """What was answered; "" when it went to people."""
    offer = Offer(f"1:{key}", "standings", who, "1", "body", "plain answer", SPEAKS, gate=gate)
    return streams.append_once(offer).answer


def enters(streams: Streams, who: str, key: str, entry: Entering | None = None) -> str:
    gate = Gate(who, key, 0, entry=entry or entering(), answers=ANSWERS)
    return json.loads(push(streams, who, key, gate))["text"]


def limited(streams: Streams, who: str, key: str, *, over: str | None = None, **limits: int) -> str:
    """What a rule says whose answers are known to Redis from the first on."""
    gate = Gate(who, "", limits.pop("at", 0), counting := Counting(3, **limits), over)
    Tally(3).begin(streams._redis, counting)
    return push(streams, who, key, gate)


def test_nothing_is_given_before_redis_holds_a_lease(streams, keeper):
    assert enters(streams, "wang", "a") == ""
    assert keeper.open("lease", 0)
    keeper.push("lease", "lease:1", ["A-1"])
    assert enters(streams, "wang", "b") == "你的码 A-1"


def test_each_code_is_given_once_and_one_a_person(streams, keeper):
    keeper.open("lease", 0)
    keeper.push("lease", "lease:1", ["100%-a", "B~2"])
    keeper.say_more("lease", has_more=False)
    assert enters(streams, "wang", "a") == "你的码 100%-a"
    assert enters(streams, "wang", "b") == "已参加 100%-a"
    assert enters(streams, "li", "c") == "你的码 B~2"
    assert enters(streams, "zhao", "d") == "没有了"
    assert streams.waiting() == [0, 4]


def test_while_the_database_has_more_codes_nobody_hears_that_they_are_sold_out(streams, keeper):
    keeper.open("lease", 0)
    assert enters(streams, "wang", "a") == ""
    keeper.say_more("lease", has_more=False)
    assert enters(streams, "wang", "b") == "没有了"
    keeper.hint_more()
    assert enters(streams, "wang", "c") == ""


def test_a_redelivery_gets_the_same_code_and_takes_no_other(streams, keeper):
    keeper.open("lease", 0)
    keeper.push("lease", "lease:1", ["A-1", "A-2"])
    assert enters(streams, "wang", "a", entering(0)) == enters(streams, "wang", "a", entering(0))
    assert keeper.waiting_codes() == 1


def test_a_push_that_entered_counts_once_even_when_redis_has_forgotten_that_it_came(
    streams, keeper, redis
):
    keeper.open("lease", 0)
    keeper.push("lease", "lease:1", ["A-1", "A-2"])
    enters(streams, "wang", "a", entering(0))
    redis.delete("test:once:1:a")
    assert enters(streams, "wang", "a", entering(0)) == ""
    assert keeper.waiting_codes() == 1


def test_total_and_several_entries_of_a_person(streams, keeper):
    keeper.open("lease", 0)
    entry = entering(2, 3, has_codes=False)
    said = [enters(streams, who, key, entry) for who, key in zip("wwwlz", "abcde", strict=True)]
    assert said == ["你的码 ", "你的码 ", "已参加 ", "你的码 ", "没有了"]


def test_who_is_attended_enters_only_where_the_rule_may_speak(streams, keeper, redis):
    keeper.open("lease", 0)
    keeper.push("lease", "lease:1", ["A-1"])
    redis.hset("standings", "wang", "attended")
    gate = Gate("wang", "a", 0, entry=entering(), answers=ANSWERS)
    assert push(streams, "wang", "a", gate) == ""
    assert keeper.waiting_codes() == 1
    assert streams.waiting() == [1, 0]


def test_a_held_answer_goes_first_and_no_code_is_taken(streams, keeper, redis):
    keeper.open("lease", 0)
    keeper.push("lease", "lease:1", ["A-1"])
    redis.hset("held", "wang", "what a colleague wrote")
    gate = Gate("wang", "a", 0, entry=entering(), answers=ANSWERS)
    offer = Offer("1:a", "standings", "wang", "1", "body", "", SPEAKS, "held", "taken", 1, gate)
    assert streams.append_once(offer).answer == "what a colleague wrote"
    assert keeper.waiting_codes() == 1


def test_over_its_limit_a_rule_leaves_the_message_to_people(streams):
    assert limited(streams, "wang", "a", person=1) == "plain answer"
    assert limited(streams, "wang", "b", person=1) == ""
    assert limited(streams, "li", "c", person=1) == "plain answer"
    assert streams.waiting() == [1, 2]


def test_a_rule_whose_answers_are_not_known_leaves_the_message_to_people(streams, redis):
    limited(streams, "wang", "a", person=1, seconds=60)
    Tally(3).forget(redis)
    for number, seconds in enumerate((60, 61)):
        counting = Counting(3, person=1, seconds=seconds)
        gate = Gate("li", "", 0, counting, "enough")
        assert push(streams, "li", f"b{number}", gate) == ""
    assert streams.waiting() == [2, 1]
    assert not redis.keys(f"wxdesk:rule:3:by:{mark_of('li')}")


def test_over_its_limit_a_rule_may_say_something_else(streams):
    assert limited(streams, "wang", "a", over="enough", total=1) == "plain answer"
    assert limited(streams, "li", "b", over="enough", total=1) == "enough"
    assert streams.waiting() == [0, 2]


def test_a_limit_of_a_period_ends_with_it(streams, redis):
    assert limited(streams, "wang", "a", person=1, seconds=60) == "plain answer"
    assert limited(streams, "wang", "b", person=1, seconds=60) == ""
    (key,) = redis.keys("wxdesk:rule:3:by:*")
    assert 0 < redis.ttl(key) <= 60
    redis.delete(key)
    assert limited(streams, "wang", "c", person=1, seconds=60) == "plain answer"


def test_a_limit_a_minute_begins_anew_with_the_next(streams):
    said = [limited(streams, who, who, minute=2, at=5) for who in "abc"]
    assert said == ["plain answer", "plain answer", ""]
    assert limited(streams, "d", "d", minute=2, at=6) == "plain answer"


def test_who_is_over_one_limit_does_not_use_up_another(streams):
    limited(streams, "wang", "a", person=1, total=2)
    limited(streams, "wang", "b", person=1, total=2)
    assert limited(streams, "li", "c", person=1, total=2) == "plain answer"
    assert limited(streams, "zhao", "d", person=1, total=2) == ""


def test_a_decision_stays_until_it_is_committed(keeper):
    keeper.open("lease", 0)
    keeper.push("lease", "lease:1", ["A-1", "A-2"])
    (first,) = keeper.settle(entering(), [Wish("wang", "a")])
    (again,) = keeper.settle(entering(), [Wish("wang", "a")])
    assert (first.outcome, first.code) == (again.outcome, again.code) == ("entered", "A-1")
    keeper.forget(["a"])
    (later,) = keeper.settle(entering(), [Wish("wang", "a")])
    assert later.outcome == "already"
    assert keeper.waiting_codes() == 1


def test_an_offer_is_put_into_the_list_once_and_only_under_its_lease(keeper):
    keeper.open("lease", 0)
    assert keeper.push("lease", "lease:1", ["A-1"])
    assert not keeper.push("lease", "lease:1", ["A-1"])
    assert not keeper.push("an older lease", "older:9", ["B-1"])
    assert keeper.waiting_codes() == 1


def test_the_first_who_builds_opens_the_gate(keeper, streams):
    keeper.build("one", {"wang": "m1"}, {"wang": "A-1"})
    keeper.build("two", {}, {})
    assert keeper.open("one", 1)
    assert not keeper.open("two", 0)
    assert keeper.lease() == "one"
    assert enters(streams, "wang", "b") == "已参加 A-1"
