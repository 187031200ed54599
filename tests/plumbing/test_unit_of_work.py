"""One transaction, and what follows its commit."""

import logging
from datetime import datetime

import pytest
from cast import make_account
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from wxdesk.accounts.models import Account
from wxdesk.background_jobs import DELIVER_MESSAGE
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.live import STREAM


def waiting_jobs(runtime) -> int:
    return len(runtime.queues.named(DELIVER_MESSAGE.queue))


def test_the_doorbell_rings_only_after_the_commit(runtime):
    with runtime.unit_of_work() as uow:
        uow.enqueue(DELIVER_MESSAGE, 1)
        assert waiting_jobs(runtime) == 0
    assert waiting_jobs(runtime) == 1


def test_nothing_rings_and_nothing_is_announced_when_the_block_fails(runtime):
    with pytest.raises(ZeroDivisionError), runtime.unit_of_work() as uow:
        uow.enqueue(DELIVER_MESSAGE, 1)
        uow.announce("inbox")
        uow.remember("wxdesk:test", "name", "value")
        raise ZeroDivisionError
    assert waiting_jobs(runtime) == 0
    assert not runtime.redis.exists(STREAM, "wxdesk:test")


def test_rows_of_a_failed_block_are_gone(runtime):
    account = make_account(runtime)
    with pytest.raises(ZeroDivisionError), runtime.unit_of_work() as uow:
        uow.session.get_one(Account, account.id).name = "other"
        uow.session.flush()
        raise ZeroDivisionError
    with runtime.reading() as session:
        assert session.get_one(Account, account.id).name == account.name


def test_the_rows_stay_when_redis_is_away_after_the_commit(build_runtime, own_redis, caplog):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    own_redis.stop()
    with caplog.at_level(logging.ERROR), runtime.unit_of_work() as uow:
        uow.session.add(an_account(uow.now))
        uow.enqueue(DELIVER_MESSAGE, 1)
        uow.announce("inbox")
    with runtime.reading() as session:
        assert session.scalars(select(Account.slug)).all() == ["kept"]
    assert caplog.text.count("the sweepers do them") == 1


def test_the_topics_of_one_block_are_one_entry(runtime):
    with runtime.unit_of_work() as uow:
        uow.announce("inbox", "conversation:1")
        uow.announce("inbox")
    assert runtime.redis.xlen(STREAM) == 1


def test_a_remembered_value_can_be_taken_away_again(runtime):
    with runtime.unit_of_work() as uow:
        uow.remember("wxdesk:test", "wang", "attended")
    assert runtime.redis.hget("wxdesk:test", "wang") == b"attended"
    with runtime.unit_of_work() as uow:
        uow.remember("wxdesk:test", "wang", None)
    assert not runtime.redis.exists("wxdesk:test")


def test_a_naive_datetime_is_refused(runtime):
    account = make_account(runtime)
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(StatementError, match="naive"), runtime.unit_of_work() as uow:
        uow.session.add(
            Contact(account_id=account.id, openid="o", first_seen_at=naive, last_seen_at=uow.now)
        )


def test_an_instant_comes_back_in_utc_to_the_microsecond(runtime, clock):
    clock.advance(microseconds=123_456)
    account = make_account(runtime)
    with runtime.reading() as session:
        assert session.get_one(Account, account.id).created_at == clock.now
        assert session.get_one(Account, account.id).created_at.utcoffset().total_seconds() == 0


def test_readers_do_not_wait_for_a_writer(runtime):
    make_account(runtime)
    with runtime.unit_of_work() as uow:
        uow.session.add(an_account(uow.now))
        uow.session.flush()
        with runtime.reading() as session:
            assert session.scalars(select(Account.slug)).all() == ["yunshan"]


def an_account(now: datetime) -> Account:
    return Account(
        slug="kept",
        name="kept",
        original_id="gh_kept",
        app_id="wx",
        sealed_app_secret="x",
        sealed_token="x",
        mode="plain",
        account_type="service",
        is_verified=True,
        created_at=now,
    )
