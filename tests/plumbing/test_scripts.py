"""A script that runs for every push, on connections of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from redis.exceptions import ResponseError, TimeoutError
from servers import RedisServer, wait_until

from wxdesk.plumbing.scripts import QuickScript
from wxdesk.runtime import open_redis

ECHO = "redis.call('INCR', KEYS[1]) return {KEYS[1], ARGV[1], ARGV[2]}"
PAUSED_MILLISECONDS = 1000


@pytest.fixture
def echo(redis: Redis) -> QuickScript:
    return QuickScript(redis, ECHO)


@pytest.fixture
def impatient(redis_server: RedisServer) -> Iterator[Redis]:
    redis = open_redis(redis_server.url, answer_seconds=0.2)
    yield redis
    redis.close()


def test_the_script_gets_its_keys_and_its_arguments(echo):
    assert echo(["k"], ["您好", 5]) == [b"k", "您好".encode(), b"5"]


def test_it_runs_though_redis_has_forgotten_it(echo, redis):
    echo(["k"], ["a", 1])
    redis.script_flush()
    assert echo(["k"], ["b", 1])[1] == b"b"
    assert redis.get("k") == b"2"


def test_a_connection_that_redis_has_closed_is_made_anew(redis_server):
    client = open_redis(redis_server.url)
    echo = QuickScript(client, ECHO)
    echo(["k"], ["a", 1])
    assert client.client_kill_filter(_type="normal", skipme=True) >= 1
    assert echo(["k"], ["b", 1])[1] == b"b"
    client.close()


def test_a_late_answer_is_never_given_to_the_next_call(impatient, redis):
    echo = QuickScript(impatient, ECHO)
    echo(["k"], ["first", 1])
    redis.client_pause(PAUSED_MILLISECONDS, all=True)
    with pytest.raises(TimeoutError):
        echo(["k"], ["second", 1])
    wait_until(lambda: redis.get("k") is not None)
    assert echo(["k"], ["third", 1])[1] == b"third"


def test_an_error_of_the_script_is_raised_and_the_next_call_works(redis):
    script = QuickScript(redis, "return redis.call('INCR', KEYS[1])")
    redis.set("k", "no number")
    with pytest.raises(ResponseError):
        script(["k"], [])
    assert script(["other"], []) == 1


def test_each_of_many_threads_gets_its_own_answers(echo):
    def ask(number: int) -> bool:
        return all(
            echo(["k"], [f"{number}-{each}", each])[1] == f"{number}-{each}".encode()
            for each in range(50)
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(8)))


def test_a_connection_serves_one_call_after_the_other(echo, redis):
    before = len(redis.client_list())
    for number in range(20):
        echo(["k"], ["a", number])
    assert len(redis.client_list()) == before + 1
