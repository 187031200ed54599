"""An event minute by minute: flows lie in steps, the backlog is a stock at the end of each."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from reports.waits import Past, cells, days, local, table, value
from wxdesk.conversations.rules import Place, SenderKind
from wxdesk.reports.event import build
from wxdesk.reports.event_figures import MINUTE, read_course, step_of
from wxdesk.reports.rules import Report

NOW = local(20)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past: Past, filters=None, now=NOW) -> Report:
    with past.runtime.reading() as session:
        return build(session, filters or days(3, 3), now)


def by_minute(found: Report, key: str = "steps") -> dict[str, dict]:
    return {f"{row['begins'] + timedelta(hours=8):%H:%M}": row for row in cells(found, key)}


def test_a_day_has_its_1440_minutes_and_a_quiet_one_is_all_zeros_and_dashes(past):
    found = report(past)
    rows = cells(found, "steps")
    assert len(rows) == 1440
    assert {row["backlog"] for row in rows} == {0}
    assert (value(found, "most"), value(found, "most_at")) == (0, None)
    assert value(found, "caught_up") is None


def test_who_begins_and_ends_in_one_minute_was_never_in_the_backlog(past):
    past.wait(local(3, 20, 0, 10), 40)
    past.wait(local(3, 20, 0, 10), 60)
    rows = by_minute(report(past))
    assert (rows["20:00"]["began"], rows["20:00"]["ended"], rows["20:00"]["backlog"]) == (2, 1, 1)
    assert (rows["20:01"]["ended"], rows["20:01"]["backlog"]) == (1, 0)


def test_an_instant_on_the_full_minute_belongs_to_the_minute_that_begins(past):
    past.wait(local(3, 20, 1), 60)
    rows = by_minute(report(past))
    assert [rows[at]["backlog"] for at in ("20:00", "20:01", "20:02")] == [0, 1, 0]


def test_those_who_waited_before_the_period_are_in_its_backlog(past):
    past.wait(local(2, 23), 7_200)
    past.wait(local(1), None)
    past.wait(local(2), 60)
    found = report(past)
    assert value(found, "backlog_first") == 2
    rows = by_minute(found)
    assert (rows["00:59"]["backlog"], rows["01:00"]["backlog"]) == (2, 1)


def test_the_peak_is_told_with_its_time_and_when_it_was_over(past):
    for second in range(30):
        past.wait(local(3, 20, 0, second), 600)
    past.wait(local(3, 21), None)
    found = report(past)
    assert value(found, "backlog_most") == 30
    assert value(found, "backlog_at") == local(3, 20)
    assert value(found, "caught_up") == local(3, 20, 11)


def test_a_backlog_that_never_came_down_is_not_caught_up(past):
    past.wait(local(3, 20), None)
    assert value(report(past), "caught_up") is None


def test_minutes_that_are_not_over_and_those_of_the_future_are_told_apart(past):
    past.wait(local(3, 10), None)
    rows = by_minute(report(past, now=local(3, 12, 0, 30)))
    assert rows["12:00"]["backlog"] == 1
    assert rows["12:01"]["backlog"] is None
    assert rows["12:01"]["received"] is None


def test_messages_are_counted_by_when_they_arrived(past):
    past.message(local(3, 20), SenderKind.CUSTOMER)
    past.message(local(3, 20, 0, 59), SenderKind.CUSTOMER, place=Place.AUTO_ANSWERED)
    past.message(local(3, 20), SenderKind.CUSTOMER, place=Place.SET_ASIDE, set_aside_reason="event")
    past.message(local(3, 20, 1), SenderKind.AGENT)
    past.message(local(3, 20, 1), SenderKind.AGENT, undone_at=local(3, 20, 1))
    found = report(past)
    rows = by_minute(found)
    assert (rows["20:00"]["received"], rows["20:00"]["answered"]) == (2, 1)
    assert rows["20:01"]["people"] == 1
    assert (value(found, "received"), value(found, "most")) == (2, 2)


def test_longer_periods_have_longer_steps_and_their_busiest_day_by_minutes(past):
    for filters, steps in ((days(2, 8), 7 * 96), (days(2, 29), 28 * 24)):
        past.message(local(4, 20, 5), SenderKind.CUSTOMER)
        found = report(past, filters, local(30))
        assert len(cells(found, "steps")) == steps
        assert len(cells(found, "minutes")) == 1440
        assert by_minute(found, "minutes")["20:05"]["received"] > 0
    assert table(report(past, days(2, 8)), "minutes").title.endswith("2026-03-04")


def test_every_step_equals_a_count_by_hand_whatever_the_length(past):
    chance = random.Random(7)  # noqa: S311 -- the same waits in every run
    waits = []
    for _ in range(60):
        at = local(2) + timedelta(seconds=chance.randint(-90_000, 7 * 86_400))
        took = chance.choice([None, 0, 59, 60, 900, 40_000])
        waits.append((at, None if took is None else at + timedelta(seconds=took)))
        past.wait(at, took)
    for filters in (days(2, 2), days(2, 8), days(2, 14)):
        with past.runtime.reading() as session:
            length = step_of(filters.period)
            steps = read_course(session, filters, NOW, length).steps
        for step in steps[:: 7 if length == MINUTE else 1]:
            end = step.begins + length
            if step.backlog is None:
                continue
            assert step.began == sum(step.begins <= at < end for at, _ in waits)
            assert step.backlog == sum(at < end and (it is None or it >= end) for at, it in waits)


def test_the_filter_of_agents_does_not_hide_who_waits(past, team):
    past.wait(local(3, 10), None)
    past.wait(local(3, 10), 90, agent_id=team.mei)
    found = report(past, days(3, 3, agent_ids=(team.lin,)))
    assert value(found, "backlog_most") == 2
    assert value(found, "received") is None
    assert found.notes
