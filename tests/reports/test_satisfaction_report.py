"""Who was asked and who answered: a mean of nothing is a dash."""

from __future__ import annotations

import pytest

from reports.waits import Past, cells, days, local, value
from wxdesk.reports.behind import list_behind
from wxdesk.reports.rules import Behind, Report
from wxdesk.reports.satisfaction_report import build
from wxdesk.satisfaction.rules import RatingState

NOW = local(20)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past: Past, filters=None) -> Report:
    with past.runtime.reading() as session:
        return build(session, filters or days(2, 8), NOW)


def test_nobody_asked_has_no_mean_and_no_shares(past):
    found = report(past)
    assert value(found, "asked") == 0
    for key in ("answered", "mean", "satisfied", "low"):
        assert value(found, key) is None


def test_nobody_answered_is_a_share_of_nothing_and_still_no_mean(past):
    past.rating(local(3))
    found = report(past)
    assert value(found, "answered") == 0.0
    assert value(found, "mean") is None


def test_mean_and_shares_are_of_those_who_chose_a_score(past):
    for score in (5, 5, 4, 1, None):
        past.rating(local(3), score)
    found = report(past)
    assert value(found, "mean") == pytest.approx(15 / 4)
    assert value(found, "satisfied") == pytest.approx(3 / 4)
    assert value(found, "low") == pytest.approx(1 / 4)
    assert value(found, "answered") == pytest.approx(4 / 5)
    shares = [(row["score"], row["ratings"]) for row in cells(found, "scores")]
    assert shares == [("5", 2), ("4", 1), ("3", 0), ("2", 0), ("1", 1)]


def test_a_question_that_never_left_was_not_asked_and_an_expired_one_was(past):
    past.rating(local(3), state=RatingState.UNSENT)
    past.rating(local(3), state=RatingState.EXPIRED)
    assert value(report(past), "asked") == 1


def test_a_score_counts_on_the_local_day_of_its_question_whenever_it_came(past):
    past.rating(local(3, 0, 30), 5, rated_at=local(15))
    rows = {row["day"]: row["mean"] for row in cells(report(past), "days")}
    assert rows["2026-03-03"] == 5
    assert rows["2026-03-02"] is None
    assert len(rows) == 7


def test_agents_are_those_who_had_the_conversation_at_its_end(past, team):
    past.rating(local(3), 5, agent_id=team.lin)
    past.rating(local(3), 1, agent_id=team.mei)
    past.rating(local(3), None, agent_id=team.mei)
    rows = [(row["agent"], row["mean"], row["asked"]) for row in cells(report(past), "agents")]
    assert rows == [("Mei", 1.0, 2), ("Lin", 5.0, 1)]
    only = report(past, days(2, 8, agent_ids=(team.lin,)))
    assert value(only, "asked") == 1


def test_the_list_behind_a_score_has_the_same_number_of_conversations(past):
    for score in (5, 5, 1):
        past.rating(local(3), score)
    with past.runtime.reading() as session:
        wanted = Behind("ratings", {"score": "5"})
        page = list_behind(session, days(2, 8), wanted, now=NOW)
        rated = list_behind(session, days(2, 8), Behind("ratings", {"answered": "1"}), now=NOW)
    assert (len(page.rows), len(rated.rows)) == (2, 3)


def test_dissatisfied_customers_are_listed_with_what_they_wrote(past):
    past.rating(local(3), 1, comment="太慢了")
    past.rating(local(4), 2)
    past.rating(local(5), 3)
    rows = [(row["score"], row["comment"]) for row in cells(report(past), "lowest")]
    assert rows == [(2, None), (1, "太慢了")]
