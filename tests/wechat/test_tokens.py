"""The access token against a real stable_token: one writer, bounded calls."""

import subprocess
import sys
import threading

import pytest
from cast import APP_ID, APP_SECRET, FakeClock, WeChat

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.tokens import Tokens
from wxdesk.wechat.transport import Transport


def tokens(redis, console: WeChat, secret: str = APP_SECRET) -> Tokens:
    transport = Transport(APP_ID, console.url)
    return Tokens(redis, lambda call: transport.exchange(call, None), (APP_ID, secret))


def test_eight_cold_threads_fetch_one_token(redis, console):
    found: list[str] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        found.append(tokens(redis, console).get())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(console.calls("stable_token")) == 1


def test_a_kept_token_is_used_again_by_another_process(redis, console):
    assert tokens(redis, console).get() == tokens(redis, console).get()
    assert len(console.calls("stable_token")) == 1


def test_the_token_is_renewed_before_it_ends(redis, console, clock: FakeClock):
    tokens(redis, console).get()
    assert 0 < redis.ttl(f"wxdesk:token:{APP_ID}") <= 7200 - 300


def test_a_refused_token_is_replaced_by_one_forced_refresh(redis, console):
    refused = tokens(redis, console).get()
    replacement = tokens(redis, console).get(refused=refused)

    assert replacement != refused
    assert tokens(redis, console).get() == replacement
    assert len(console.calls("stable_token")) == 3  # the first, the repeated one, the forced one


def test_a_token_that_somebody_else_has_replaced_costs_no_call(redis, console):
    refused = tokens(redis, console).get()
    tokens(redis, console).get(refused=refused)
    before = len(console.calls("stable_token"))

    tokens(redis, console).get(refused=refused)

    assert len(console.calls("stable_token")) == before


def test_a_permanently_refused_token_costs_a_bounded_number_of_calls(redis, console):
    """Forced refreshes are few at WeChat, and each kills the token that others use."""
    token = tokens(redis, console).get()
    token = tokens(redis, console).get(refused=token)
    before = len(console.calls("stable_token"))
    for _ in range(3):
        with pytest.raises(DeliveryError, match="does not accept") as caught:
            tokens(redis, console).get(refused=token)
        assert not caught.value.is_permanent
    assert len(console.calls("stable_token")) == before + 3  # asked again, nothing forced


def test_a_day_has_a_limited_number_of_forced_refreshes(redis, console):
    token = tokens(redis, console).get()
    redis.set(f"wxdesk:token:{APP_ID}:forced-today", 10)
    with pytest.raises(DeliveryError, match="does not accept"):
        tokens(redis, console).get(refused=token)


def test_a_token_that_came_too_late_does_not_replace_a_newer_one(redis, console):
    """Its lock has run out while WeChat was slow, and somebody else has fetched one meanwhile."""
    transport = Transport(APP_ID, console.url)

    def slow(call):
        answer = transport.exchange(call, None)
        redis.set(f"wxdesk:token:{APP_ID}:lock", "of somebody else")
        redis.set(f"wxdesk:token:{APP_ID}", "newer")
        return answer

    mine = Tokens(redis, slow, (APP_ID, APP_SECRET)).get()
    assert mine != "newer"
    assert redis.get(f"wxdesk:token:{APP_ID}") == b"newer"
    assert redis.get(f"wxdesk:token:{APP_ID}:lock") == b"of somebody else"


def test_a_wrong_secret_is_permanent(redis, console):
    with pytest.raises(DeliveryError) as caught:
        tokens(redis, console, "wrong").get()
    assert caught.value.code == "40125"
    assert caught.value.is_permanent
    assert not caught.value.is_ambiguous


@pytest.mark.parametrize("kind", ["http_500", "junk", "drop_connection"])
def test_a_broken_answer_is_tried_again_later(redis, console, kind):
    console.spoil(kind, api="stable_token")
    with pytest.raises(DeliveryError) as caught:
        tokens(redis, console).get()
    assert not caught.value.is_permanent
    assert not caught.value.is_ambiguous
    assert tokens(redis, console).get()  # the lock was given back


def test_a_busy_wechat_is_tried_again_later(redis, console):
    console.spoil("errcode", api="stable_token", errcode=-1)
    with pytest.raises(DeliveryError) as caught:
        tokens(redis, console).get()
    assert (caught.value.code, caught.value.is_permanent) == ("-1", False)


PROCESS = """
import sys
from redis import Redis
from wxdesk.wechat.tokens import Tokens
from wxdesk.wechat.transport import Transport
socket, url, app_id, secret = sys.argv[1:]
transport = Transport(app_id, url)
tokens = Tokens(
    Redis(unix_socket_path=socket), lambda call: transport.exchange(call, None), (app_id, secret)
)
print("ready", flush=True)
sys.stdin.readline()
print(tokens.get())
"""


def test_cold_processes_fetch_one_token(redis_server, console):
    arguments = [sys.executable, "-c", PROCESS, str(redis_server.socket), console.url]
    processes = [
        subprocess.Popen(
            [*arguments, APP_ID, APP_SECRET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 3
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [process.communicate(timeout=30)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(set(found)) == 1
    assert found[0]
    assert len(console.calls("stable_token")) == 1
