"""Hit rate and wrong hits: each automatic answer is wrong once at most."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reports.waits import Past, cells, days, local, value
from wxdesk.conversations.rules import Place, SenderKind
from wxdesk.reports.behind import list_behind
from wxdesk.reports.rules import Behind, Report
from wxdesk.reports.rules_report import build
from wxdesk.sla.rules import Clock, ClockState

NOW = local(20)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past: Past, filters=None) -> Report:
    with past.runtime.reading() as session:
        return build(session, filters or days(2, 8), NOW)


def answer(past: Past, day: int = 3, rule: int = 7, version: int = 1, matched="退款") -> int:
    """A rule answers a customer; the answer's id."""
    past.message(local(day, 12), SenderKind.CUSTOMER, place=Place.AUTO_ANSWERED)
    return past.message(
        local(day, 12), SenderKind.RULE, sender_id=rule, rule_version=version, matched=matched
    )


def wrong(past: Past, message: int, day: int = 3, after: int = 60, **values) -> int:
    """The customer wrote again so many seconds after the answer, and a person answered."""
    given = {"after_message_id": message, "after_rule_id": 7, "after_rule_version": 1}
    at = local(day, 12) + timedelta(seconds=after)
    return past.wait(at, 30, **(given | {"after_seconds": after} | values))


def test_an_empty_period_has_dashes_for_rates(past):
    found = report(past)
    assert (value(found, "received"), value(found, "wrong_hits")) == (0, 0)
    assert (value(found, "hit_share"), value(found, "wrong_share")) == (None, None)


def test_the_hit_rate_is_of_messages_to_people_or_rules_only(past):
    answer(past)
    past.message(local(3), SenderKind.CUSTOMER)
    past.message(local(3), SenderKind.CUSTOMER, place=Place.SET_ASIDE, set_aside_reason="event")
    found = report(past)
    assert (value(found, "received"), value(found, "answered")) == (2, 1)
    assert value(found, "hit_share") == 0.5


def test_one_automatic_answer_is_wrong_once_however_often_the_customer_came_back(past):
    first, second = answer(past), answer(past)
    wrong(past, first, after=60)
    wrong(past, first, after=300, clock=Clock.NEXT_RESPONSE)
    found = report(past)
    assert value(found, "wrong_hits") == 1
    assert value(found, "wrong_share") == 0.5
    assert second > first


def test_ten_minutes_are_wrong_and_a_second_more_is_not(past):
    wrong(past, answer(past), after=600)
    wrong(past, answer(past), after=601)
    assert value(report(past), "wrong_hits") == 1


def test_nobody_answering_makes_no_wrong_hit(past):
    wrong(past, answer(past), state=ClockState.STOPPED)
    wrong(past, answer(past), clock=Clock.RESOLUTION)
    assert value(report(past), "wrong_hits") == 0


def test_rules_are_shown_by_version_and_keywords_by_what_was_matched(past):
    wrong(past, answer(past))
    answer(past, version=2)
    found = report(past)
    rows = [(row["version"], row["answers"], row["wrong_share"]) for row in cells(found, "rules")]
    assert rows == [("1", 1, 1.0), ("2", 1, 0.0)]
    assert [(row["keyword"], row["wrong"]) for row in cells(found, "keywords")] == [("退款", 1)]


def test_days_have_messages_and_wrong_hits_side_by_side(past):
    wrong(past, answer(past, day=4), day=4)
    rows = {row["day"]: row for row in cells(report(past), "days")}
    assert rows["2026-03-04"] | {"day": ""} == {
        "day": "",
        "received": 1,
        "answered": 1,
        "hit_share": 1.0,
        "answers": 1,
        "wrong": 1,
    }
    assert rows["2026-03-05"]["hit_share"] is None


def test_with_a_filter_that_messages_do_not_have_their_numbers_are_dashes(past):
    answer(past)
    found = report(past, days(2, 8, tag_ids=(1,)))
    assert (value(found, "received"), value(found, "wrong_hits")) == (None, 0)
    assert len(found.notes) == 1


def test_the_list_behind_wrong_hits_has_one_line_for_each(past):
    first = answer(past)
    wrong(past, first, after=60)
    wrong(past, first, after=300, clock=Clock.NEXT_RESPONSE)
    wrong(past, answer(past))
    with past.runtime.reading() as session:
        page = list_behind(session, days(2, 8), Behind("wrong_hits"), now=NOW)
    assert len(page.rows) == value(report(past), "wrong_hits") == 2
