"""Topics: published, resumed, coalesced."""

import json
import queue

import pytest
from redis import Redis
from servers import wait_until

from wxdesk.plumbing.live import MAX_WAITING, RESYNC, STREAM, Listener, Live, event_stream
from wxdesk.runtime import open_redis


@pytest.fixture
def live(redis: Redis) -> Live:
    return Live(redis)


@pytest.fixture
def listener(redis_server):
    """Its thread reads for as long as the process runs, so its connection is left to it."""
    return Listener(open_redis(redis_server.url, answer_seconds=None), 2)


def names(entries) -> list[set[str]]:
    return [set(topics) for _id, topics in entries]


def topics_of(event: str) -> list[str]:
    return json.loads(event.split("data: ")[1])["topics"]


def test_what_was_published_after_an_id_comes_back_in_order(live):
    live.publish(["inbox"])
    seen = live.last_id()
    live.publish(["conversation:1", "here:1"])
    live.publish(["conversation:2"])
    assert names(live.since(seen)) == [{"conversation:1", "here:1"}, {"conversation:2"}]


def test_what_names_its_conversation_or_customer_does_not_say_that_the_whole_list_changed(live):
    live.publish(["inbox"])
    seen = live.last_id()
    live.publish(["inbox", "conversation:1"])
    live.publish(["inbox", "contact:1"])
    live.publish(["inbox", "agents"])
    assert names(live.since(seen)) == [{"conversation:1"}, {"contact:1"}, {"inbox", "agents"}]


def test_nothing_new_is_an_empty_list_and_not_a_gap(live):
    live.publish(["inbox"])
    assert live.since(live.last_id()) == []


def test_an_id_that_is_no_longer_kept_is_a_gap(live, redis):
    for number in range(5):
        live.publish([f"conversation:{number}"])
    first = redis.xrange(STREAM, count=1)[0][0].decode()
    redis.xtrim(STREAM, maxlen=2, approximate=False)
    assert live.since(first) is None


def test_an_emptied_redis_is_a_gap(live):
    assert live.since("5-0") is None


def test_more_topics_than_a_browser_can_use_become_one(live):
    live.publish(["inbox"])
    seen = live.last_id()
    live.publish([f"conversation:{number}" for number in range(501)])
    assert names(live.since(seen)) == [{"all"}]


def test_nothing_is_published_for_no_topics(live, redis):
    live.publish([])
    assert not redis.exists(STREAM)


def test_a_browser_that_missed_something_is_told_at_once(live, listener, clock):
    live.publish(["inbox"])
    seen = live.last_id()
    live.publish(["conversation:1"])
    live.publish(["conversation:2"])
    events = event_stream(live, listener, queue.Queue(), seen, clock)
    assert next(events).startswith("retry: 500\nevent: hello")
    missed = next(events)
    assert missed.startswith(f"id: {live.last_id()}\n")
    assert topics_of(missed) == ["conversation:1", "conversation:2"]
    events.close()


@pytest.mark.parametrize("last_id", ["1-1", "junk", "0-0", "", "5-x"])
def test_a_browser_with_a_gap_is_told_to_fetch_everything(live, listener, clock, last_id):
    live.publish(["inbox"])
    events = event_stream(live, listener, queue.Queue(), last_id, clock)
    next(events)
    assert next(events).startswith("event: resync")
    events.close()


def test_what_happens_within_half_a_second_is_one_event(live, listener, clock):
    mailbox: queue.Queue = queue.Queue()
    for number in range(3):
        mailbox.put((f"{number}-0", frozenset({f"conversation:{number}", "inbox"})))
    events = event_stream(live, listener, mailbox, None, clock)
    next(events)
    event = next(events)
    assert topics_of(event) == ["conversation:0", "conversation:1", "conversation:2", "inbox"]
    assert event.startswith("id: 2-0\n")
    events.close()


def test_every_open_browser_gets_every_entry(live, listener):
    first, second = listener.join(), listener.join()
    wait_until(lambda: _published_until_seen(live, [first, second]), what="both mailboxes")


def _published_until_seen(live: Live, mailboxes: list[queue.Queue]) -> bool:
    """The thread starts to listen at some moment after `join`; publish until it does."""
    live.publish(["inbox"])
    return all(not mailbox.empty() for mailbox in mailboxes)


def test_a_process_that_serves_enough_browsers_refuses_the_next(listener):
    first = listener.join()
    assert listener.join() is not None
    assert listener.join() is None
    listener.leave(first)
    assert listener.join() is not None


def test_a_closed_stream_gives_its_place_back(live, listener, clock):
    mailbox = listener.join()
    listener.join()
    events = event_stream(live, listener, mailbox, None, clock)
    next(events)
    events.close()
    assert not listener.is_full


def test_a_browser_that_reads_nothing_does_not_stop_the_others(listener):
    lazy, eager = listener.join(), listener.join()
    for number in range(MAX_WAITING + 5):
        listener._hand_out((f"{number}-0", frozenset({"inbox"})))
        eager.get_nowait()
    assert lazy.get_nowait() == RESYNC  # the single topics are gone: fetch everything
    assert lazy.qsize() < 5
