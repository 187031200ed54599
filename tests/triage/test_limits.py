"""Limits of rules after Redis has lost its data: counted again from what was recorded."""

from dataclasses import replace

import pytest
from campaigns.scene import somebody, writes
from cast import make_rule, record_waiting
from sqlalchemy import select

from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Place
from wxdesk.plumbing.gates import Rebuilding, mark_of, people_key
from wxdesk.triage import limits as counted
from wxdesk.triage import recounting
from wxdesk.triage.jobs import count_answers
from wxdesk.triage.operations import change_rule
from wxdesk.triage.queries import get_form
from wxdesk.triage.rules import Limits, MoreReply, Outcome, WhenOver

SAID = "感谢参与!"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(counted, "PAGE", 2)
    monkeypatch.setattr(recounting, "PART", 2)


@pytest.fixture
def rule_with(runtime, account):
    def make(**limits):
        more = (MoreReply(Outcome.LIMIT, 1, "已经发过了"),)
        made = Limits(**limits)
        replies = more if made.when_over is WhenOver.REPLY else ()
        return make_rule(runtime, account, limits=made, more_replies=replies)

    return make


def lose_redis(runtime):
    record_waiting(runtime)
    runtime.redis.flushall()


def count_again(clock):
    """As the worker does it, with the time that answers on their way need."""
    count_answers()
    clock.advance(seconds=5)
    count_answers()


def places(runtime):
    record_waiting(runtime)
    with runtime.reading() as session:
        query = select(Message.place).where(Message.place.is_not(None)).order_by(Message.id)
        return list(session.scalars(query))


def test_who_was_answered_once_is_not_answered_again(runtime, webhook, clock, rule_with):
    rule_with(per_person=1, when_over=WhenOver.QUIET)
    for who in range(5):
        assert writes(webhook, who) == SAID
    assert writes(webhook, 1) == ""
    lose_redis(runtime)
    assert [writes(webhook, who) for who in (1, 9)] == ["", ""]  # nobody knows: for a person
    assert places(runtime)[-2:] == [Place.CONVERSATION, Place.CONVERSATION]
    count_answers()
    assert writes(webhook, 8) == ""  # what is on its way is waited for
    clock.advance(seconds=5)
    count_answers()
    assert [writes(webhook, who) for who in (*range(5), 8, 9)] == [""] * 5 + [SAID, SAID]
    assert writes(webhook, 9) == ""


def test_a_total_that_was_reached_stays_reached(runtime, webhook, clock, rule_with):
    rule_with(total=3)
    assert [writes(webhook, who) for who in range(4)] == [SAID] * 3 + [""]
    lose_redis(runtime)
    count_again(clock)
    assert writes(webhook, 9) == ""


def test_what_was_left_of_a_total_is_left(runtime, webhook, clock, rule_with):
    """What the rule said to who was over the limit is no answer."""
    rule_with(per_person=1, total=2, when_over=WhenOver.REPLY)
    assert [writes(webhook, 1) for _ in range(4)] == [
        SAID,
        "已经发过了",
        "已经发过了",
        "已经发过了",
    ]
    lose_redis(runtime)
    count_again(clock)
    assert [writes(webhook, who) for who in (1, 2, 3)] == ["已经发过了", SAID, "已经发过了"]


def test_a_period_goes_on_where_it_was(runtime, webhook, clock, rule_with):
    rule = rule_with(per_person=2, per_person_seconds=3600)
    assert writes(webhook, 1) == SAID
    record_waiting(runtime)
    clock.advance(seconds=3000)
    assert [writes(webhook, who) for who in (1, 1, 2)] == [SAID, "", SAID]
    lose_redis(runtime)
    count_again(clock)
    key = people_key(rule.id)
    left = [runtime.redis.ttl(f"{key}:3600:{mark_of(somebody(who))}") for who in (1, 2)]
    assert left == [pytest.approx(590, abs=10), pytest.approx(3590, abs=10)]
    assert [writes(webhook, who) for who in (1, 2, 2)] == ["", SAID, ""]
    assert not runtime.redis.keys("*:counts:*") + runtime.redis.keys("*:firsts:*")


def test_who_was_answered_before_the_period_is_answered(runtime, webhook, clock, rule_with):
    rule_with(per_person=1, per_person_seconds=3600)
    assert writes(webhook, 1) == SAID
    lose_redis(runtime)
    clock.advance(seconds=3601)
    count_again(clock)
    assert [writes(webhook, 1) for _ in range(2)] == [SAID, ""]


def test_a_process_killed_while_it_counts_counts_nobody_twice(
    runtime, webhook, clock, rule_with, monkeypatch
):
    rule = rule_with(per_person=2, total=5)
    assert [writes(webhook, who) for who in (1, 2, 3)] == [SAID] * 3
    lose_redis(runtime)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Rebuilding, "open", lambda *_: 1 / 0)
        count_again(clock)
    count_answers()
    assert runtime.redis.hgetall(people_key(rule.id)) == {
        mark_of(somebody(who)).encode(): b"1" for who in (1, 2, 3)
    }
    assert [writes(webhook, 1) for _ in range(2)] == [SAID, ""]


def test_two_processes_that_count_at_once_agree(runtime, webhook, clock, rule_with, monkeypatch):
    rule_with(per_person=1)
    assert writes(webhook, 1) == SAID
    lose_redis(runtime)
    real = Rebuilding.open

    def slower(self, *values):
        with monkeypatch.context() as patch:
            patch.setattr(Rebuilding, "open", real)
            count_answers()  # the other one is faster, and somebody is answered
            assert writes(webhook, 2) == SAID
        return real(self, *values)

    monkeypatch.setattr(Rebuilding, "open", slower)
    count_again(clock)
    assert [writes(webhook, who) for who in (1, 2)] == ["", ""]


def limit_to(runtime, webhook, rule, limits):
    """The rule's author changes its limits, and every process hears of it."""
    with runtime.reading() as session:
        form = get_form(session, rule.id)
    with runtime.unit_of_work() as uow:
        change_rule(uow, rule.id, replace(form, limits=limits), None, is_seen=True)
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()


def test_a_limit_that_is_set_later_counts_what_was_said_before(runtime, account, webhook, clock):
    rule = make_rule(runtime, account)
    count_answers()
    assert [writes(webhook, 1) for _ in range(2)] == [SAID, SAID]
    record_waiting(runtime)
    limit_to(runtime, webhook, rule, Limits(per_person=2))
    assert writes(webhook, 2) == ""
    count_again(clock)
    assert [writes(webhook, who) for who in (1, 2, 2, 2)] == ["", SAID, SAID, ""]


def test_a_limit_that_was_away_counts_what_was_said_meanwhile(runtime, webhook, clock, rule_with):
    rule = rule_with(per_person=1)
    count_answers()
    limit_to(runtime, webhook, rule, Limits())
    assert writes(webhook, 1) == SAID
    record_waiting(runtime)
    limit_to(runtime, webhook, rule, Limits(per_person=1))
    count_again(clock)
    assert [writes(webhook, who) for who in (1, 2)] == ["", SAID]


def test_another_number_needs_no_counting(runtime, webhook, rule_with):
    rule = rule_with(per_person=1)
    assert writes(webhook, 1) == SAID
    limit_to(runtime, webhook, rule, Limits(per_person=2))
    assert [writes(webhook, 1) for _ in range(2)] == [SAID, ""]


def test_a_limit_per_minute_needs_no_counting(runtime, webhook, rule_with):
    rule_with(per_minute=1)
    runtime.redis.flushall()
    assert [writes(webhook, who) for who in (1, 2)] == [SAID, ""]


def test_as_long_as_all_is_known_the_database_is_asked_seldom(
    runtime, account, webhook, clock, rule_with, monkeypatch
):
    rule_with(per_person=1)
    count_answers()
    asked = []
    monkeypatch.setattr(recounting, "list_limited", lambda _: asked.append(1) or [])
    count_answers()
    assert asked == []
    assert runtime.redis.ttl(counted.ALL_KNOWN) <= recounting.LOOK_AGAIN_SECONDS
    runtime.redis.delete(counted.ALL_KNOWN)
    count_answers()
    assert asked == [1]


def test_a_run_that_is_too_short_for_all_rules_goes_on_with_the_next(
    runtime, account, webhook, clock, rule_with, monkeypatch
):
    """Those that answer now come first."""
    monkeypatch.setattr("wxdesk.triage.jobs.TURN_SECONDS", -1)
    rule_with(per_person=1)
    lose_redis(runtime)
    count_again(clock)
    assert writes(webhook, 1) == ""
    assert runtime.redis.llen("rq:queue:campaigns") == 1
    monkeypatch.undo()
    count_answers()
    assert [writes(webhook, 2) for _ in range(2)] == [SAID, ""]


def test_another_period_counts_at_once(runtime, webhook, clock, rule_with):
    rule = rule_with(per_person=1, per_person_seconds=24 * 3600)
    assert writes(webhook, 1) == SAID
    record_waiting(runtime)
    clock.advance(hours=2)
    with runtime.unit_of_work() as uow:
        form = get_form(uow.session, rule.id)
        hourly = replace(form, limits=Limits(per_person=1, per_person_seconds=3600))
        change_rule(uow, rule.id, hourly, None, is_seen=True)
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()
    count_again(clock)
    assert [writes(webhook, 1) for _ in range(2)] == [SAID, ""]
