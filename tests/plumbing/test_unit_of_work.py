"""One transaction, and what follows its commit."""

import logging
from datetime import datetime
from pkgutil import resolve_name

import pytest
from cast import make_account
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from wxdesk import commit_steps
from wxdesk.accounts.models import Account
from wxdesk.background_jobs import DELIVER_MESSAGE
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.live import STREAM
from wxdesk.plumbing.unit_of_work import Step


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


class TestStepsBeforeTheCommit:
    @pytest.mark.parametrize("step", commit_steps.ALL, ids=lambda step: step.path)
    def test_each_step_of_the_table_is_a_function(self, step):
        assert callable(resolve_name(step.path))

    def test_the_table_is_complete(self):
        named = {value for value in vars(commit_steps).values() if isinstance(value, Step)}
        assert named == set(commit_steps.ALL)

    def test_a_step_runs_once_with_all_ids_before_the_commit(self, runtime):
        calls.clear()
        with runtime.unit_of_work() as uow:
            for row_id in (3, 1, 3):
                uow.before_commit(NOTE, row_id)
            assert calls == []
        assert calls == [(1, 3)]

    def test_what_a_step_raises_undoes_the_transaction(self, runtime):
        with pytest.raises(ZeroDivisionError), runtime.unit_of_work() as uow:
            uow.session.add(an_account(uow.now))
            uow.before_commit(FAIL, 1)
        with runtime.reading() as session:
            assert session.scalars(select(Account)).all() == []

    def test_a_step_may_mark_another_and_never_without_end(self, runtime):
        calls.clear()
        with runtime.unit_of_work() as uow:
            uow.before_commit(MARK, 7)
        assert calls == [(7,)]
        with pytest.raises(RuntimeError, match="without end"), runtime.unit_of_work() as uow:
            uow.before_commit(MARK_ITSELF, 1)


calls: list[tuple[int, ...]] = []
NOTE, FAIL, MARK, MARK_ITSELF = (
    Step(f"{__name__}.{name}") for name in ("note", "fail", "mark", "mark_itself")
)


def note(_uow, ids) -> None:
    calls.append(tuple(ids))


def fail(_uow, _ids) -> None:
    raise ZeroDivisionError


def mark(uow, ids) -> None:
    for row_id in ids:
        uow.before_commit(NOTE, row_id)


def mark_itself(uow, _ids) -> None:
    uow.before_commit(MARK_ITSELF, 1)


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
