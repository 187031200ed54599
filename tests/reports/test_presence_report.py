"""Who was online, and how long answers took in hand."""

from __future__ import annotations

import pytest

from reports.waits import Past, cells, days, local, value
from wxdesk.agents.models import Team, TeamMember
from wxdesk.reports.presence_report import build
from wxdesk.reports.rules import Report
from wxdesk.sla.rules import ClockState

NOW = local(20)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past: Past, filters=None, now=NOW) -> Report:
    with past.runtime.reading() as session:
        return build(session, filters or days(2, 8), now)


def test_nobody_seen_has_no_rates_and_the_report_says_so(past):
    found = report(past)
    assert (value(found, "people"), value(found, "online")) == (0, 0)
    assert (value(found, "per_hour"), value(found, "handling_median")) == (None, None)
    assert "Nobody was seen in this period." in found.notes


def test_only_the_part_within_the_period_counts(past, team):
    past.there(team.lin, local(1, 22), local(2, 2))
    past.there(team.lin, local(8, 23), local(9, 5))
    assert value(report(past), "online") == 3 * 3600


def test_whoever_is_online_still_counts_until_now(past, team):
    past.there(team.lin, local(3, 9), None)
    assert value(report(past, days(3, 3), local(3, 10)), "online") == 3600
    assert value(report(past, days(3, 3), local(5)), "online") == 15 * 3600


def test_away_is_told_apart_and_offline_is_nothing(past, team):
    past.there(team.lin, local(3, 9), local(3, 10))
    past.there(team.lin, local(3, 10), local(3, 10, 30), "away")
    past.there(team.lin, local(3, 10, 30), local(3, 18), "offline")
    row = cells(report(past), "agents")[0]
    assert (row["agent"], row["online"], row["away"]) == ("Lin", 3600, 1800)


def test_handling_is_of_the_agent_who_answered_and_unknown_ones_are_left_out(past, team):
    for seconds in (30, 60, 90, None):
        past.wait(local(3, 10), 100, agent_id=team.lin, handling_seconds=seconds)
    past.wait(local(3, 10), 100, agent_id=team.mei, state=ClockState.STOPPED, handling_seconds=5)
    past.there(team.lin, local(3, 9), local(3, 11))
    row = cells(report(past), "agents")[0]
    assert (row["answers"], row["median"], row["longest"]) == (4, 60, 90)
    assert row["per_hour"] == 2.0
    assert row["at_once"] == pytest.approx(180 / 7200)
    assert value(report(past), "answers") == 4


def test_answers_without_presence_have_no_rate(past, team):
    past.wait(local(3, 10), 100, agent_id=team.lin, handling_seconds=30)
    row = cells(report(past), "agents")[0]
    assert (row["online"], row["per_hour"], row["at_once"]) == (0, None, None)


def test_days_are_local_and_every_day_has_a_row(past, team):
    past.there(team.lin, local(3, 23), local(4, 1))
    rows = {row["day"]: row["online"] for row in cells(report(past), "days")}
    assert (rows["2026-03-03"], rows["2026-03-04"]) == (3600, 3600)
    assert len(rows) == 7


def test_the_hours_of_the_week_show_how_many_were_online_on_average(past, team):
    past.there(team.lin, local(2, 9), local(2, 10))
    past.there(team.mei, local(2, 9, 30), local(2, 10))
    rows = {(row["day"], row["hour"]): row["online"] for row in cells(report(past), "hours")}
    assert rows["Monday", "09"] == 1.5
    assert rows["Tuesday", "09"] == 0.0
    assert len(rows) == 168
    two_weeks = report(past, days(2, 15))
    rows = {(row["day"], row["hour"]): row["online"] for row in cells(two_weeks, "hours")}
    assert rows["Monday", "09"] == 0.75


def test_hours_that_have_not_come_yet_are_not_shown_as_empty(past, team):
    past.there(team.lin, local(2, 9), None)
    rows = cells(report(past, days(2, 2), local(2, 9, 20)), "hours")
    assert len(rows) == 10
    assert rows[-1]["online"] == 1.0


def test_a_team_is_who_is_in_it_now(past, team):
    past.there(team.lin, local(3, 9), local(3, 10))
    past.there(team.mei, local(3, 9), local(3, 10))
    with past.runtime.unit_of_work() as uow:
        sales = Team(name="售前", created_at=uow.now)
        uow.session.add(sales)
        uow.session.flush()
        uow.session.add(TeamMember(team_id=sales.id, agent_id=team.mei))
        team_id = sales.id
    rows = cells(report(past, days(2, 8, team_ids=(team_id,))), "agents")
    assert [row["agent"] for row in rows] == ["Mei"]
