"""Why promises were broken, whose they were and how late the answers came."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reports.waits import SHANGHAI, Past, cells, days, local, table, value
from wxdesk.reports.behind import list_behind
from wxdesk.reports.breaches import build
from wxdesk.reports.rules import Report
from wxdesk.sla.rules import BreachCause, Clock

NOW = local(20)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past: Past, filters=None) -> Report:
    with past.runtime.reading() as session:
        return build(session, filters or days(2, 8), NOW)


def broken(past: Past, day: int, late: float = 60, cause=BreachCause.NOT_TAKEN, **values) -> int:
    return past.wait(local(day, 9, 30), 600 + late, breach_cause=cause, **values)


def test_a_period_without_broken_promises_says_so_and_has_no_lateness(past):
    past.wait(local(3), 60)
    found = report(past)
    assert value(found, "broken") == 0
    assert value(found, "late_median") is None
    assert [row["share"] for row in cells(found, "causes")] == [None] * 5
    assert "No promise of this period was broken." in found.notes


def test_causes_are_counted_and_their_shares_sum_up_to_all(past):
    broken(past, 3, cause=BreachCause.NOBODY_ONLINE)
    broken(past, 3, cause=BreachCause.NOBODY_ONLINE)
    broken(past, 4, cause=BreachCause.AT_CAPACITY)
    rows = {row["cause"]: row for row in cells(report(past), "causes")}
    assert rows["Nobody online"]["broken"] == 2
    assert rows["All at capacity"]["share"] == pytest.approx(1 / 3)
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1)


def test_who_was_silent_is_named_only_where_silence_was_the_cause(past, team):
    broken(past, 3, cause=BreachCause.ASSIGNED_SILENT, breach_assignee_id=team.lin)
    broken(past, 3, cause=BreachCause.OUT_OF_HOURS, breach_assignee_id=team.mei)
    assert cells(report(past), "silent") == [{"agent": "Lin", "broken": 1}]


def test_lateness_counts_from_the_deadline_in_whole_seconds(past):
    for late in (1, 10.9, 59.999, 3_600):
        broken(past, 3, late)
    found = report(past)
    assert value(found, "late_median") == 10
    assert value(found, "late_longest") == 3_600
    assert value(found, "late_p90") == 3_600


def test_lateness_is_exact_where_the_deadline_lies_between_two_seconds(past):
    past.wait(local(3) + timedelta(microseconds=900_000), 600 + 59.2)
    past.wait(local(3) + timedelta(microseconds=100_000), 600 + 30.95)
    found = report(past)
    assert (value(found, "late_median"), value(found, "late_longest")) == (30, 59)


def test_a_broken_promise_that_still_runs_waits_and_has_no_lateness_yet(past):
    past.wait(local(3), breached_at=local(3, 0, 10), breach_cause=BreachCause.NOT_TAKEN)
    found = report(past)
    assert (value(found, "broken"), value(found, "waiting")) == (1, 1)
    assert value(found, "late_longest") is None
    row = cells(found, "list")[0]
    assert row["ended"] is None
    assert row["late"] == int((NOW - local(3, 0, 10)).total_seconds())


def test_a_deadline_that_nobody_noticed_yet_is_broken_and_not_judged(past):
    past.wait(NOW - timedelta(seconds=601))
    found = report(past, days(19, 20))
    assert value(found, "broken") == 1
    assert cells(found, "causes")[-1]["cause"] == "Not judged yet"
    assert cells(found, "list")[0]["late"] == 1


def test_what_is_not_judged_yet_has_its_column_only_where_there_is_any(past):
    broken(past, 3)
    assert "not_judged" not in cells(report(past), "hours")[0]
    assert "not_judged" not in cells(report(past), "teams")[0]
    late = NOW - timedelta(seconds=601)
    past.wait(late)
    found = report(past, days(2, 20))
    by_hour = {row["hour"]: row["not_judged"] for row in cells(found, "hours") if row["not_judged"]}
    assert by_hour == {f"{late.astimezone(SHANGHAI):%H}": 1}
    row = cells(found, "teams")[0]
    assert (row["broken"], row["not_taken"], row["not_judged"]) == (2, 1, 1)
    assert table(found, "hours").drawn[-1] == "not_judged"


def test_the_hours_are_those_of_the_wall_clock(past):
    broken(past, 3, cause=BreachCause.AT_CAPACITY)
    rows = {row["hour"]: row["at_capacity"] for row in cells(report(past), "hours")}
    assert rows["09"] == 1
    assert sum(rows.values()) == 1


def test_the_list_has_the_latest_deadline_first_and_leads_to_the_conversation(past):
    broken(past, 3)
    broken(past, 5, clock=Clock.RESOLUTION)
    found = report(past)
    lines = cells(found, "list")
    assert [line["clock"] for line in lines] == ["Resolution", "First response"]
    assert lines[0]["started"] == local(5, 9, 30)
    assert lines[0]["policy"] == "Built-in promise"
    link = table(found, "list").rows[0].behind["customer"]
    with past.runtime.reading() as session:
        page = list_behind(session, days(20, 20), link, now=NOW)
    assert [row.conversation_id for row in page.rows] == [int(link.narrows["id"])]


def test_teams_are_told_apart_and_those_without_one_too(past):
    broken(past, 3)
    rows = cells(report(past), "teams")
    assert [(row["team"], row["broken"], row["not_taken"]) for row in rows] == [("No team", 1, 1)]
