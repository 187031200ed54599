"""Append once, choose by standing, read fairly, finish late."""

import pytest
from redis import Redis

from wxdesk.plumbing.streams import GROUP, Offer, Streams

CHOICES = " new:2:1 attended:0:1 overdue:1:1"


@pytest.fixture
def streams(redis: Redis) -> Streams:
    streams = Streams(redis, "test", ("high", "low"))
    streams.prepare()
    return streams


def offer(key: str = "k", answer: str = "hello", who: str = "wang") -> Offer:
    return Offer(key, "test:standings", who, "7", f"body {key}", answer, CHOICES)


def test_a_first_offer_is_appended_and_rings(streams):
    appended = streams.append_once(offer())
    assert (appended.is_new, appended.answer, appended.must_ring) == (True, "hello", True)
    assert streams.waiting() == [0, 1]


def test_the_same_offer_again_gets_the_first_answer_and_adds_nothing(streams):
    streams.append_once(offer(answer="first"))
    again = streams.append_once(offer(answer="second"))
    assert (again.is_new, again.answer, again.must_ring) == (False, "first", False)
    assert streams.waiting() == [0, 1]
    assert streams.accepted() == {"7": 1}


def test_a_first_offer_without_answer_is_remembered_too(streams):
    streams.append_once(offer(answer=""))
    again = streams.append_once(offer(answer="now there is a rule"))
    assert (again.is_new, again.answer) == (False, "")


def test_the_standing_decides_stream_and_answer(streams, redis):
    redis.hset("test:standings", mapping={"li": "attended", "zhao": "overdue"})
    assert streams.append_once(offer("1", who="wang")).answer == "hello"
    assert streams.append_once(offer("2", who="li")).answer == ""
    assert streams.append_once(offer("3", who="zhao")).answer == "hello"
    assert streams.waiting() == [2, 1]


def test_an_unknown_standing_counts_as_new(streams, redis):
    redis.hset("test:standings", "wang", "left by a newer version")
    assert streams.append_once(offer()).answer == "hello"
    assert streams.waiting() == [0, 1]


def test_no_doorbell_rings_while_a_reader_is_at_work(streams):
    streams.hold_flag()
    assert not streams.append_once(offer("1")).must_ring
    streams.release_flag()
    assert streams.append_once(offer("2")).must_ring
    assert not streams.append_once(offer("3")).must_ring


def test_a_read_entry_stays_until_it_is_finished(streams):
    streams.append_once(offer())
    (entry,) = streams.read("me", [10, 10])
    assert (entry.body, entry.answer) == (b"body k", b"hello")
    assert streams.waiting() == [0, 1]
    assert streams.read("me", [10, 10]) == []
    streams.finish([entry])
    assert streams.waiting() == [0, 0]
    assert streams.left_over("me", 10) == []


def test_the_same_consumer_finds_what_its_earlier_life_held(streams):
    for number in range(3):
        streams.append_once(offer(str(number)))
    streams.read("me", [10, 10])
    assert [entry.body for entry in streams.left_over("me", 10)] == [
        b"body 0",
        b"body 1",
        b"body 2",
    ]
    assert streams.left_over("somebody else", 10) == []


def test_another_consumer_claims_what_was_held_too_long(streams, redis):
    streams.append_once(offer())
    (entry,) = streams.read("dead", [10, 10])
    redis.execute_command("XCLAIM", entry.stream, GROUP, "dead", 0, entry.id, "IDLE", 31_000)
    assert [found.id for found in streams.left_over("alive", 10)] == [entry.id]


def test_shares_limit_each_stream_and_zero_skips_it(streams, redis):
    redis.hset("test:standings", "li", "attended")
    for number in range(4):
        streams.append_once(offer(f"w{number}"))
        streams.append_once(offer(f"l{number}", who="li"))
    assert [entry.body for entry in streams.read("me", [2, 0])] == [b"body l0", b"body l1"]
    assert len(streams.read("me", [1, 3])) == 4


def test_failures_are_counted_by_entry_and_forgotten(streams):
    streams.append_once(offer("1"))
    streams.append_once(offer("2"))
    first, second = streams.read("me", [10, 10])
    assert [streams.failed(first), streams.failed(first), streams.failed(second)] == [1, 2, 1]
    streams.forget_failures(first)
    assert streams.failed(first) == 1


def test_preparing_twice_keeps_what_waits(streams):
    streams.append_once(offer())
    streams.prepare()
    assert len(streams.read("me", [10, 10])) == 1


def test_entries_from_before_the_group_was_made_are_read(redis):
    streams = Streams(redis, "fresh", ("high", "low"))
    streams.append_once(offer())
    streams.prepare()
    assert len(streams.read("me", [10, 10])) == 1
