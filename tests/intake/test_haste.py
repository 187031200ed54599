"""What must not take longer than a second, whatever else takes long."""

import threading
import time

import pytest
from campaigns.scene import change, make_campaign, writes
from cast import make_rule
from servers import wait_until
from sqlalchemy import text

from wxdesk.triage import customers
from wxdesk.triage.operations import switch_rule
from wxdesk.triage.rules import Trigger


@pytest.fixture
def directory(webhook):
    return webhook.client.application.extensions["wxdesk-door"].directory


def stopped(directory):
    """The compiling of rules takes for ever: what is heard of a stop all the same."""
    wait_until(lambda: directory._stops, what="a word about the stop", seconds=1)


def test_a_stop_does_not_wait_until_the_rules_are_compiled(runtime, account, webhook, directory):
    campaign = make_campaign(runtime, account)
    rule = make_rule(runtime, account, "地址", "在西湖边")
    assert [writes(webhook, 1), writes(webhook, 1, "地址")] == ["您的码是 无", "在西湖边"]
    with directory._lock:
        change(runtime, campaign, paused_at=runtime.clock())
        with runtime.unit_of_work() as uow:
            switch_rule(uow, rule.id, is_active=False, changed_by_id=None)
        stopped(directory)
        wait_until(lambda: len(directory.find("yunshan").stops.rule_ids) == 1, what="both stops")
        assert [writes(webhook, 2), writes(webhook, 2, "地址")] == ["", ""]
    directory.refresh()
    directory.look_at_stops()
    assert not directory._stops  # the new rulebook knows


def test_a_database_that_is_locked_holds_up_one_push_for_a_second(
    runtime, account, webhook, database
):
    """Its rule needs to know who writes; WeChat waits five seconds, and sends again."""
    is_postgres = database[1].dialect.name == "postgresql"
    make_rule(runtime, account, "", "欢迎", trigger=Trigger.FIRST_MESSAGE)
    assert writes(webhook, 1, "在吗") == "欢迎"
    with database[1].begin() as connection:  # SQLite's readers wait for no writer
        if is_postgres:
            connection.execute(text("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        said = [writes(webhook, 2, "在吗")]
        first = time.monotonic()
        said.append(writes(webhook, 3, "在吗"))
        second = time.monotonic()
    assert said == (["", ""] if is_postgres else ["欢迎", "欢迎"])
    assert first - began < 3
    assert second - first < 0.8  # nobody asks again at once


def test_while_one_question_has_no_answer_nobody_asks_another(runtime, account, monkeypatch):
    """A database that hangs, so that not even its own limit ends the question."""
    hangs, begun, asked = threading.Event(), threading.Event(), []

    def hang(*_values):
        asked.append(1)
        begun.set()
        hangs.wait(20)

    monkeypatch.setattr(customers, "find_customer", hang)
    monkeypatch.setattr(customers, "ANSWER_SECONDS", 0.05)
    shared = customers.Customers(runtime)
    thread = threading.Thread(target=shared.find, args=(account.id, "one"))
    thread.start()
    begun.wait(10)
    wait_until(lambda: shared._is_slow(time.monotonic()), what="doubt")
    assert shared.find(account.id, "two") is None
    hangs.set()
    thread.join()
    assert len(asked) == 1
