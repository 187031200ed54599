"""Our own limit of calls a minute, shared by all processes of an account."""

import pytest
from cast import APP_ID, WANG
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.pace import Pace

KEY = f"wxdesk:pace:{APP_ID}"


def send(client) -> None:
    client.send_text(WANG, "您好")


def test_two_processes_share_one_limit(connect, script, pauses, clock):
    clients = [connect(script.url, calls_per_minute=10) for _ in range(2)]
    send(clients[0])
    with pytest.raises(DeliveryError) as caught:
        send(clients[1])
    error = caught.value
    assert (error.code, error.is_uncounted, error.is_permanent) == ("pace", True, False)
    assert 4 < (error.retry_at - clock()).total_seconds() <= 60 / 9
    assert (len(script.asked("custom/send")), pauses) == (1, [])


def test_a_short_wait_is_waited_for(connect, script, pauses):
    client = connect(script.url, calls_per_minute=60)
    for _ in range(7):
        send(client)
    assert len(pauses) == 1  # six come at once, the seventh waits for its slot
    assert 0.5 < pauses[0] <= 60 / 54


def test_a_slot_that_was_not_taken_is_not_lost(connect, script, redis):
    client = connect(script.url, calls_per_minute=10)
    send(client)
    before = redis.get(KEY)
    for _ in range(3):
        with pytest.raises(DeliveryError):
            send(client)
    assert redis.get(KEY) == before
    redis.delete(KEY)  # as after the minute
    send(client)


def test_reads_are_not_repeated_into_our_own_limit(connect, script, pauses):
    client = connect(script.url, calls_per_minute=1)
    client.list_tags()
    with pytest.raises(DeliveryError) as caught:
        client.list_tags()
    assert (caught.value.code, pauses) == ("pace", [])


def test_without_a_limit_redis_counts_nothing(connect, script, redis):
    client = connect(script.url)
    for _ in range(30):
        send(client)
    assert redis.exists(KEY) == 0


@given(calls=st.integers(1, 600))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_minute_sees_more_than_the_limit(redis, clock, calls):
    """Slots taken in one go lie as close together as they ever can."""
    redis.delete(KEY)
    waits: list[float] = []
    pace = Pace(redis, APP_ID, calls)
    slots = 0
    for _ in range(calls + 1):
        try:
            pace.wait(clock, waits.append)
        except DeliveryError:
            break
        slots += 1
    slots_a_second = (calls - max(1, calls // 10)) / 60
    assert slots <= max(1, calls // 10) + 2.2 * slots_a_second + 1
    assert all(0 < wait <= 2.0 for wait in waits)
