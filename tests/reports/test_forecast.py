"""The staffing forecast: what history says, what an event adds, what one fewer would mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cast import Browser
from hypothesis import given
from hypothesis import strategies as st

from reports.waits import QUARTER, SHANGHAI, Past, local
from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.erlang import Target
from wxdesk.reports.forecast import (
    A_DAY,
    A_WEEK,
    PlannedEvent,
    Staffing,
    arrivals,
    event_of,
    half_hour_of,
    need_of,
    present,
    week_of,
    weekdays_between,
)
from wxdesk.reports.forecast_form import read_asked
from wxdesk.reports.forecast_history import Scope, read_history
from wxdesk.reports.forecast_pages import make_forecast
from wxdesk.sla.rules import Clock, ClockState

TEAM = Staffing(Target(0.8, 20), handling_seconds=180)
MONDAY, SUNDAY = date(2026, 3, 2), date(2026, 3, 8)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def quarter(at) -> int:
    return (at - EPOCH) // QUARTER


def test_a_hundred_questions_in_half_an_hour_need_the_fourteen_agents_of_the_textbook():
    need = need_of(0, 100.0, TEAM)
    assert (need.agents, need.paid) == (14, 14)
    assert need.given.within == pytest.approx(0.888, abs=1e-3)
    assert need.one_fewer.within < 0.8


def test_one_fewer_than_can_cope_is_told_as_a_queue_that_grows():
    need = need_of(0, 1.0, TEAM)
    assert need.agents == 1
    assert need.one_fewer.wait_seconds is None
    assert need.one_fewer.within == 0.0


def test_nobody_is_needed_where_nobody_asks_and_nothing_is_known_without_history():
    assert (need_of(0, 0.0, TEAM).agents, need_of(0, 0.0, TEAM).one_fewer) == (0, None)
    assert need_of(0, None, TEAM).agents is None


def test_several_questions_in_hand_and_time_away_change_how_many_are_paid():
    several = Staffing(TEAM.target, 180, at_once=3, away=0.3)
    need = need_of(0, 100.0, several)
    assert need.agents == 5  # 14 places
    assert need.paid == 8  # 5 / 0.7 = 7.1
    assert need.given.within >= 0.8


def test_a_load_that_cannot_be_counted_has_no_number():
    assert need_of(0, 10**9, TEAM).agents is None
    assert need_of(0, 99_900.0, TEAM).agents > 9_990  # each half hour of three minutes' work
    assert need_of(0, 100_100.0, TEAM).agents is None


def test_equal_half_hours_keep_their_own_place_in_the_week():
    assert need_of(7, 3.0, TEAM) == replace(need_of(5, 3.0, TEAM), begins=7)


@given(first=st.dates(date(2025, 1, 1), date(2026, 1, 1)), length=st.integers(0, 60))
def test_weekdays_are_counted_as_a_calendar_shows_them(first, length):
    last = first + timedelta(days=length - 1)
    found = [0] * 7
    for number in range(length):
        found[(first + timedelta(days=number)).weekday()] += 1
    assert weekdays_between(first, last) == found


def test_arrivals_are_means_of_the_weeks_and_quiet_weeks_count_as_zero():
    two_weeks = {quarter(local(2, 9)): 4, quarter(local(2, 9, 15)): 2}
    found = arrivals(two_weeks, MONDAY, date(2026, 3, 15), SHANGHAI, busiest=False)
    assert found[half_hour_of(local(2, 9), SHANGHAI)] == 3.0
    busiest = arrivals(two_weeks, MONDAY, date(2026, 3, 15), SHANGHAI, busiest=True)
    assert busiest[half_hour_of(local(2, 9), SHANGHAI)] == 6.0


def test_weekdays_that_did_not_occur_are_unknown_and_not_quiet():
    found = arrivals({}, MONDAY, date(2026, 3, 4), SHANGHAI, busiest=False)
    assert found[: 3 * A_DAY] == [0.0] * 3 * A_DAY
    assert found[3 * A_DAY :] == [None] * 4 * A_DAY


def test_who_was_online_is_a_mean_over_the_half_hour_and_the_weeks():
    spans = [(local(2, 9), local(2, 10)), (local(2, 9, 15), local(2, 9, 30))]
    found = present(spans, MONDAY, date(2026, 3, 15), SHANGHAI)
    nine = half_hour_of(local(2, 9), SHANGHAI)
    assert found[nine : nine + 3] == [0.75, 0.5, 0.0]


def test_an_event_comes_on_top_of_the_usual_questions():
    usual = [2.0] * A_WEEK
    event = PlannedEvent(local(7, 20), 3, people_per_hour=1_000, asking=0.1)
    found = event_of(event, usual, TEAM, SHANGHAI)
    assert [at for at, _, _ in found] == [local(7, 20), local(7, 20, 30), local(7, 21)]
    _, with_event, without = found[0]
    assert with_event.questions == 52.0
    assert with_event.agents > without.agents


def test_an_event_without_history_is_calculated_all_the_same():
    event = PlannedEvent(local(7, 20), 1, people_per_hour=1_000, asking=0.2)
    _, with_event, without = event_of(event, [None] * A_WEEK, TEAM, SHANGHAI)[0]
    assert (with_event.questions, with_event.agents) == (100.0, 14)
    assert without.agents is None


def test_history_is_made_of_whole_days_since_the_desk_began(past):
    past.wait(local(3, 12), 60)
    past.wait(local(4, 9), 60, handling_seconds=40)
    past.wait(local(4, 9), 60, handling_seconds=80, clock=Clock.NEXT_RESPONSE)
    past.wait(local(4, 9), 60, clock=Clock.RESOLUTION)
    past.wait(local(4, 9), 60, handling_seconds=9_999, state=ClockState.STOPPED)
    with past.runtime.reading() as session:
        found = read_history(session, Scope(), 8, SHANGHAI, local(10, 15))
    assert (found.first_day, found.last_day, found.days) == (date(2026, 3, 4), date(2026, 3, 9), 6)
    assert found.quarters == {quarter(local(4, 9)): 3}
    assert (found.handling_seconds, found.measured) == (60.0, 2)


def test_a_new_desk_has_no_history_and_no_day_of_it(past):
    with past.runtime.reading() as session:
        found = read_history(session, Scope(), 8, SHANGHAI, local(10))
    assert (found.days, found.handling_seconds, found.quarters) == (0, None, {})


def test_history_of_a_team_leaves_out_the_others(past, team):
    past.wait(local(3), 60)
    past.wait(local(4), 60)
    past.there(team.lin, local(4, 9), local(4, 10))
    with past.runtime.reading() as session:
        found = read_history(session, Scope(team_ids=(999,)), 8, SHANGHAI, local(10))
    assert (found.quarters, found.spans) == ({}, [])


def test_the_week_folds_the_nights_and_marks_where_too_few_are_online(past, team):
    past.wait(local(1), 60)
    for minute in range(30):
        past.wait(local(2, 9, minute), 60, handling_seconds=300)
    past.there(team.lin, local(2, 9), local(2, 18))
    with past.runtime.reading() as session:
        history = read_history(session, Scope(), 1, SHANGHAI, local(9))
    staffing = Staffing(Target(0.8, 60), 300)
    made = make_forecast(history, staffing, SHANGHAI, busiest=False, day=None, event=None)
    folded = [(line.begins, line.ends) for line in made.lines if not line.cells]
    assert folded == [("00:00", "09:00"), ("09:30", "24:00")]
    nine = next(line for line in made.lines if line.begins == "09:00")
    assert nine.cells[0].is_short
    assert made.day == 1
    assert made.peak_begins == "09:00"
    assert made.questions_a_week == 30


def test_a_field_that_cannot_be_taken_has_a_sentence_and_the_rest_is_kept():
    asked, form = read_asked({"share": "120", "weeks": "x", "within": "45"}, SHANGHAI)
    assert asked is None
    assert set(form.errors) == {"share", "weeks"}
    assert form.shown["within"] == "45"


def test_an_event_needs_a_day_and_how_many_people_come():
    assert "people" in read_asked({"date": "2026-03-07"}, SHANGHAI)[1].errors
    assert "date" in read_asked({"people": "100"}, SHANGHAI)[1].errors
    assert "date" in read_asked({"date": "9999-12-31", "people": "1"}, SHANGHAI)[1].errors
    asked, _ = read_asked({"date": "2026-03-07", "time": "20:40", "people": "600"}, SHANGHAI)
    assert asked.event == PlannedEvent(local(7, 20, 30), 4, 600, 0.1)


def test_without_arguments_the_usual_is_asked_for():
    asked, form = read_asked({}, SHANGHAI)
    assert not form.errors
    assert (asked.weeks, asked.target, asked.event) == (8, Target(0.8, 60), None)
    assert asked.staffing(None).handling_seconds == 120
    assert asked.staffing(33.0).handling_seconds == 33.0


def test_all_half_hours_of_a_week_are_answered():
    assert [need.begins for need in week_of([1.0] * A_WEEK, TEAM)] == list(range(A_WEEK))


@pytest.fixture
def boss(app, team) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("zhou")
    return browser


@pytest.mark.one_database
def test_the_page_of_a_new_desk_explains_itself(boss):
    page = boss.get("/reports/forecast").get_data(as_text=True)
    assert "There is no history yet" in page


@pytest.mark.one_database
def test_the_page_shows_a_week_and_an_event(past, boss):
    past.wait(past.runtime.clock() - timedelta(days=3), 60, handling_seconds=50)
    past.wait(past.runtime.clock() - timedelta(days=1), 60, handling_seconds=50)
    page = boss.get("/reports/forecast?date=2026-03-07&people=600")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Through the event" in text
    assert "5 days of the week are unknown" in text


@pytest.mark.one_database
def test_a_bad_field_is_marked_on_the_page(boss):
    page = boss.get("/reports/forecast?share=0")
    assert page.status_code == 422
    assert "a whole number from 1 to 99" in page.get_data(as_text=True)


@pytest.mark.one_database
def test_the_csv_has_every_half_hour_and_no_number_where_none_is_known(past, boss):
    past.wait(past.runtime.clock() - timedelta(days=3), 60)
    past.wait(past.runtime.clock() - timedelta(days=1), 60)
    answer = boss.get("/reports/forecast/week.csv?date=2026-03-07&people=600&hours=1")
    lines = answer.get_data(as_text=True).strip().splitlines()
    assert len(lines) == 1 + A_WEEK + 2
    assert lines[1].startswith("Monday,00:00,,,")
    assert lines[-1].startswith("Planned event,")
    assert boss.get("/reports/forecast/week.csv?weeks=0").status_code == 422


@pytest.mark.one_database
def test_the_forecast_is_for_those_who_may_see_reports(app, team):
    agent = Browser(app.test_client())
    agent.log_in("lin")
    assert agent.get("/reports/forecast").status_code == 403
