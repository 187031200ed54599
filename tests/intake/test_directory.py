"""What the webhook of one process knows of accounts and rules, and how it goes on with trouble."""

import threading

import pytest
from cast import make_account, make_rule
from servers import wait_until
from sqlalchemy import event, text

from wxdesk.intake.directory import Directory
from wxdesk.plumbing.clock import EPOCH
from wxdesk.triage.rules import NOTHING_KNOWN, Heard


@pytest.fixture
def other(runtime):
    return make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")


def touch_with(runtime, statement: str, **values: object) -> None:
    with runtime.engine.begin() as connection:
        connection.execute(text(statement), values)


def speaks(desk, text: str = "抽奖") -> bool:
    heard = Heard(EPOCH, "o", text=text)
    return desk.rulebook.find(heard, NOTHING_KNOWN, lambda: None) is not None


def break_keys_of(runtime, account) -> None:
    """As if the row came from an installation with another secret key."""
    touch_with(
        runtime,
        "UPDATE accounts SET sealed_token = 'junk', config_version = config_version + 1"
        " WHERE id = :id",
        id=account.id,
    )


def test_an_account_whose_keys_can_not_be_opened_does_not_silence_the_others(
    runtime, account, other, caplog
):
    break_keys_of(runtime, other)
    make_rule(runtime, account, "抽奖")
    directory = Directory(runtime)
    assert speaks(directory.find("yunshan"))


def test_a_pattern_that_can_no_longer_be_compiled_does_not_silence_the_others(
    runtime, account, other, caplog
):
    rule = make_rule(runtime, other, "a+", match="regex")
    touch_with(runtime, "UPDATE auto_reply_rules SET patterns = '(' WHERE id = :id", id=rule.id)
    make_rule(runtime, account, "抽奖")
    directory = Directory(runtime)
    assert speaks(directory.find("yunshan"))


def test_trouble_with_one_account_does_not_stop_the_watching(runtime, account, other, caplog):
    directory = Directory(runtime)
    assert directory.find("other") is not None
    break_keys_of(runtime, other)
    wait_until(lambda: caplog.text, what="a word about the broken account")
    make_rule(runtime, account, "抽奖")
    wait_until(
        lambda: speaks(directory._desks["yunshan"]),
        what="the new rule, without any request that would start the watching again",
    )


def test_many_threads_share_one_watch(runtime, account):
    directory = Directory(runtime)
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        directory.find("yunshan")

    before = sum(thread.name == "directory" for thread in threading.enumerate())
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watching = sum(thread.name == "directory" for thread in threading.enumerate())
    assert watching <= before + 1


def test_unknown_addresses_do_not_ask_the_database_without_limit(runtime, account):
    """Anybody can ask for any address: that must not become a flood of queries."""
    directory = Directory(runtime)
    directory.find("yunshan")
    statements: list[str] = []

    def count(_connection, _cursor, statement, *_more) -> None:
        statements.append(statement)

    event.listen(runtime.engine, "before_cursor_execute", count)
    for number in range(50):
        assert directory.find(f"nobody{number}") is None
    event.remove(runtime.engine, "before_cursor_execute", count)
    assert len(statements) < 50
