"""The drain: batches, crashes, poison, and a database that is away."""

import logging
import sqlite3
import threading

import pytest
from cast import WANG, Webhook, entry, make_account, make_rule, messages_of
from hypothesis import given
from hypothesis import strategies as st
from servers import wait_until
from sqlalchemy import func, select

from wxdesk.app import create_app
from wxdesk.conversations.models import Conversation, Message
from wxdesk.intake import jobs
from wxdesk.intake.entries import body_of, read_entry
from wxdesk.intake.jobs import _record, consumer, drain
from wxdesk.intake.models import SetAsidePush
from wxdesk.intake.operations import record
from wxdesk.intake.queries import account_for_everything
from wxdesk.intake.rules import BATCH, LEAST_SHARE, MOST_ATTEMPTS, shares
from wxdesk.intake.streams import intake_streams
from wxdesk.plumbing.schema import upgrade
from wxdesk.plumbing.streams import GROUP, Offer, StreamEntry
from wxdesk.runtime import start
from wxdesk.wechat.push import Push

POISON = "not the JSON that the webhook writes"


@pytest.fixture(autouse=True)
def _short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes after what a test has put there."""
    monkeypatch.setattr(jobs, "LINGER_SECONDS", 0.1)


@pytest.fixture
def streams(runtime):
    streams = intake_streams(runtime.redis)
    streams.prepare()
    return streams


def put_poison(streams, body: str = POISON, key: str = "poison") -> None:
    streams.append_once(Offer(key, "none", "", "1", body, "", " new:2:0"))


def set_aside(runtime) -> list[SetAsidePush]:
    with runtime.reading() as session:
        return list(session.scalars(select(SetAsidePush)))


def test_everything_is_recorded_and_leaves_the_streams(webhook, runtime, account, streams):
    for number in range(BATCH + 50):
        webhook.deliver(webhook.fields(f"第 {number} 条", FromUserName=f"o{number % 40}"))
    drain()
    assert len(messages_of(runtime)) == BATCH + 50
    assert sum(streams.waiting()) == 0
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Conversation)) == 40
        assert account_for_everything(session, runtime.redis, runtime.spool).is_balanced


def test_one_customer_keeps_the_order_of_arrival(webhook, runtime, account, clock, streams):
    for number in range(30):
        clock.advance(milliseconds=1)
        webhook.deliver(webhook.fields(f"{number}"))
    drain()
    assert [message.text for message in messages_of(runtime)] == [str(n) for n in range(30)]


def test_what_a_killed_drain_held_is_recorded_by_its_successor(webhook, runtime, account, streams):
    webhook.deliver(webhook.fields("一"))
    held = streams.read(consumer(), [10] * 4)
    assert held
    drain()
    assert [message.text for message in messages_of(runtime)] == ["一"]
    assert sum(streams.waiting()) == 0


def test_what_another_machine_held_too_long_is_taken_over(webhook, runtime, account, streams):
    webhook.deliver(webhook.fields("一"))
    (held,) = streams.read("dead-machine", [10] * 4)
    command = ("XCLAIM", held.stream, GROUP, "dead-machine", 0, held.id, "IDLE", 31_000)
    runtime.redis.execute_command(*command)
    drain()
    assert [message.text for message in messages_of(runtime)] == ["一"]


def test_a_drain_killed_between_commit_and_finish_stores_nothing_twice(
    webhook, runtime, account, streams
):
    webhook.deliver(webhook.fields("一"))
    (held,) = streams.read(consumer(), [10] * 4)
    with runtime.unit_of_work() as uow:
        record(uow, [read_entry(held.body, held.answer)])
    drain()
    assert len(messages_of(runtime)) == 1
    assert sum(streams.waiting()) == 0


def test_poison_is_set_aside_and_never_blocks_the_rest(
    webhook, runtime, account, streams, zhou, caplog
):
    caplog.set_level(logging.CRITICAL)
    put_poison(streams)
    webhook.deliver(webhook.fields("一"))
    drain()
    assert [message.text for message in messages_of(runtime)] == ["一"]
    for _ in range(MOST_ATTEMPTS):
        drain()
    (kept,) = set_aside(runtime)
    assert (kept.payload, kept.attempts) == (POISON, MOST_ATTEMPTS)
    assert "JSONDecodeError" in kept.reason
    assert sum(streams.waiting()) == 0

    page = zhou.page("/settings/set-aside")
    assert page.status_code == 200
    assert POISON in page.text
    assert zhou.get("/accounting").json["set_aside"] == {"unrecordable": 1}


def test_an_entry_that_the_database_refuses_is_set_aside_with_its_account(
    webhook, runtime, account, streams, caplog
):
    caplog.set_level(logging.CRITICAL)
    webhook.deliver(webhook.fields("好"))
    body = streams.read(consumer(), [10] * 4)[0].body.decode()
    put_poison(streams, body.replace(f'"account_id": {account.id}', '"account_id": 999999'), "a")
    for held in streams.read(consumer(), [10] * 4):
        runtime.redis.hset("wxdesk:intake:attempts", held.name, MOST_ATTEMPTS - 1)
    drain()
    (kept,) = set_aside(runtime)
    assert kept.account_id == 999999
    assert [message.text for message in messages_of(runtime)] == ["好"]


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        "{}",
        '{"account_id": 1}',
        '{"account_id":1,"openid":5,"once_key":"k","kind":"text","event":"","msg_id":"",'
        '"text":"t","fields":null,"created":1700000000,"received":1700000000000000}',
        '{"account_id":1,"openid":"o","once_key":"k","kind":"text","event":"","msg_id":"",'
        '"text":"t","fields":null,"created":99999999999999999,"received":1}',
    ],
    ids=range(6),
)
def test_no_poison_of_any_kind_stays_for_ever(runtime, account, streams, body, caplog):
    caplog.set_level(logging.CRITICAL)
    put_poison(streams, body.replace('"account_id":1', f'"account_id":{account.id}'))
    runtime.redis.hset("wxdesk:intake:attempts", "x", 0)
    for name in streams.read(consumer(), [10] * 4):
        runtime.redis.hset("wxdesk:intake:attempts", name.name, MOST_ATTEMPTS - 1)
    drain()
    assert sum(streams.waiting()) == 0
    assert len(set_aside(runtime)) == 1


def test_a_locked_database_loses_nothing_and_sets_nothing_aside(
    build_runtime, redis_server, tmp_path, caplog
):
    caplog.set_level(logging.CRITICAL)
    path = tmp_path / "own.sqlite3"
    runtime = build_runtime(
        WXDESK_REDIS_URL=redis_server.url, WXDESK_DATABASE_URL=f"sqlite:///{path}"
    )
    upgrade(runtime.engine)
    make_account(runtime)
    webhook = Webhook(create_app(runtime).test_client(), runtime)
    webhook.deliver(webhook.fields("一"))
    path.chmod(0o600)
    away = path.with_suffix(".away")
    runtime.engine.dispose()
    path.rename(away)
    path.mkdir()

    for _ in range(MOST_ATTEMPTS + 2):
        drain()

    path.rmdir()
    away.rename(path)
    assert sum(intake_streams(runtime.redis).waiting()) == 1
    drain()
    assert [message.text for message in messages_of(runtime)] == ["一"]
    assert set_aside(runtime) == []


def test_a_drain_waits_for_another_writer(webhook, runtime, account, streams):
    """The lock of a backup or a colleague is over after a moment: the drain sits it out."""
    if runtime.engine.dialect.name != "sqlite":
        return
    webhook.deliver(webhook.fields("一"))
    other = sqlite3.connect(
        runtime.engine.url.database, isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.rollback)
    release.start()
    drain()
    release.join()
    other.close()
    assert len(messages_of(runtime)) == 1


def test_doubled_entries_are_stored_once(runtime, account, streams):
    one = entry(runtime, account, "一")
    with runtime.unit_of_work() as uow:
        assert record(uow, [one, one]) == 1
    with runtime.unit_of_work() as uow:
        assert record(uow, [one]) == 0
    assert len(messages_of(runtime)) == 1


def test_two_drains_at_once_store_each_message_once(webhook, runtime, account, streams):
    """Also those of one new customer, whose contact and conversation both want to make."""
    for number in range(120):
        webhook.deliver(webhook.fields(f"{number}", FromUserName=f"o{number % 7}"))
    threads = [threading.Thread(target=drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 120
        assert session.scalar(select(func.count()).select_from(Conversation)) == 7
    assert sum(streams.waiting()) == 0
    assert set_aside(runtime) == []


def test_the_same_entries_recorded_by_four_threads_are_stored_once(runtime, account, caplog):
    """Two consumers may hold the same entry: one was only slow, not dead."""
    caplog.set_level(logging.CRITICAL)
    bodies = [_stream_entry(runtime, account, number) for number in range(20)]
    held = [StreamEntry("s", f"{n}-0", body, b"") for n, body in enumerate(bodies)]
    start_line = threading.Barrier(4)
    failures: list[Exception] = []

    def work() -> None:
        start_line.wait()
        try:
            _record(runtime, held)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(messages_of(runtime)) == 20
    assert failures == []


def _stream_entry(runtime, account, number: int) -> bytes:
    now = runtime.clock()
    who = f"o{number % 5}"
    push = Push("gh", who, now.replace(microsecond=0), "text", "", "", str(number), "t", {})
    return body_of(push, account.id, now).encode()


def test_a_drain_that_is_asked_to_stop_leaves_the_rest_where_it_is(webhook, runtime, account):
    webhook.deliver(webhook.fields("一"))
    runtime.stopping.set()
    drain()
    assert messages_of(runtime) == []
    assert sum(intake_streams(runtime.redis).waiting()) == 1


def test_a_message_that_comes_while_the_drain_lingers_is_recorded_without_a_doorbell(
    webhook, runtime, account, streams, monkeypatch
):
    monkeypatch.setattr(jobs, "LINGER_SECONDS", 1.0)
    webhook.deliver(webhook.fields("一"))
    thread = threading.Thread(target=drain)
    thread.start()
    wait_until(lambda: len(messages_of(runtime)) == 1, what="the first message")
    webhook.deliver(webhook.fields("二"))
    wait_until(lambda: len(messages_of(runtime)) == 2, what="the second message")
    thread.join()


def test_spooled_messages_are_drained_with_the_rest(build_runtime, own_redis, caplog):
    caplog.set_level(logging.CRITICAL)
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    account = make_account(runtime)
    make_rule(runtime, account)
    app = create_app(runtime)
    webhook = Webhook(app.test_client(), runtime)
    webhook.deliver(webhook.fields("之前"))
    own_redis.stop()
    webhook.deliver(webhook.fields("抽奖", FromUserName="oLi"))
    own_redis.start()
    start(runtime)

    def is_drained() -> bool:  # the web process may be moving what is spooled at this moment
        drain()
        return runtime.spool.is_empty() and not sum(intake_streams(runtime.redis).waiting())

    wait_until(is_drained, what="an empty spool and empty streams")
    assert sorted(m.text for m in messages_of(runtime)) == sorted(["之前", "抽奖", "感谢参与!"])


COUNTS = st.lists(st.integers(0, 5_000), min_size=4, max_size=4)


@given(COUNTS)
def test_a_batch_is_never_larger_than_allowed_and_never_takes_what_is_not_there(waiting):
    taken = shares(waiting)
    assert sum(taken) == min(BATCH, sum(waiting))
    assert all(0 <= took <= there for took, there in zip(taken, waiting, strict=True))


@given(COUNTS)
def test_no_stream_starves_and_the_urgent_goes_first(waiting):
    taken = shares(waiting)
    for index, there in enumerate(waiting):
        assert taken[index] >= min(there, LEAST_SHARE)
        if taken[index] > LEAST_SHARE:  # more than the least share only when all before are whole
            assert list(taken[:index]) == list(waiting[:index])


@given(COUNTS, st.integers(1, 79))
def test_a_small_batch_is_not_exceeded_by_the_least_shares(waiting, batch):
    taken = shares(waiting, batch)
    assert sum(taken) <= batch
    assert all(took >= 0 for took in taken)


def test_the_accounting_names_the_place_of_every_message(webhook, runtime, account, streams, zhou):
    make_rule(runtime, account, "抽奖")
    for fields in (
        webhook.fields("抽奖"),
        webhook.fields("我的订单呢"),
        webhook.event("LOCATION", Latitude="1"),
    ):
        webhook.deliver(fields)
    before = zhou.get("/accounting").json
    assert (before["accepted"], sum(before["queued"].values())) == (3, 3)
    drain()
    after = zhou.get("/accounting").json
    assert (after["auto_answered"], after["in_conversation"]) == (1, 1)
    assert after["set_aside"] == {"event": 1}
    assert after["is_balanced"] is True
    assert WANG not in str(after)
