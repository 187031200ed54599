"""The overview: how the desk stands now, and how the period went, beside the one before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from reports.waits import Past, cells, days, figure, local, table, value
from wxdesk.agents.models import Agent
from wxdesk.agents.rules import Presence
from wxdesk.conversations.models import Conversation, ConversationTag, ConversationTagging
from wxdesk.conversations.rules import Place, SenderKind
from wxdesk.reports.behind import list_behind
from wxdesk.reports.clock_figures import Waits
from wxdesk.reports.overview import build
from wxdesk.reports.rules import durations
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock, ClockState

NOW = local(8, 12)
WEEK = days(2, 8)
DAY = timedelta(days=1)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past, filters=WEEK, now=NOW):
    with past.runtime.reading() as session:
        return build(session, filters, now)


def behind(past, found, key, filters=WEEK, now=NOW):
    """Ids of the rows behind a figure."""
    with past.runtime.reading() as session:
        page = list_behind(session, filters, figure(found, key).behind, now=now)
    return {row.id for row in page.rows}


def change(past, clock_id, **values):
    with past.runtime.unit_of_work() as uow:
        uow.session.execute(update(SlaClock).where(SlaClock.id == clock_id).values(**values))


def test_a_new_desk_has_zeros_where_it_counts_and_dashes_where_it_measures(past):
    found = report(past)
    assert (value(found, "received"), value(found, "begun"), value(found, "now_waiting")) == (
        0,
        0,
        0,
    )
    for key in ("now_oldest", "now_load", "first_median", "turn_p90", "resolution_median"):
        assert value(found, key) is None, key
    for key in ("first_response_share", "wrong_hit_rate", "auto_answered_share"):
        assert value(found, key) is None, key
    assert [str(note) for note in found.notes] == ["Nothing has come in during this period."]


def test_a_report_says_since_when_there_is_anything_to_count(past):
    past.message(local(3, 10), SenderKind.CUSTOMER)
    past.wait(local(6, 10), took=60)
    notes = [str(note) for note in report(past).notes]
    assert notes == [
        "The first message arrived on 2026-03-03: before there is nothing.",
        "Waits and promises are recorded since 2026-03-06; messages also before.",
    ]
    assert report(past, days(6, 8)).notes == ()


def test_the_oldest_unanswered_is_timed_from_when_the_customer_wrote(past):
    past.wait(NOW - timedelta(hours=2))
    oldest = past.wait(NOW - timedelta(days=3), promise=None)
    past.wait(NOW - timedelta(days=5), took=60)
    found = report(past)
    assert value(found, "now_waiting") == 2
    assert value(found, "now_oldest") == 3 * 24 * 3600
    assert oldest in behind(past, found, "now_oldest")


def test_a_resolution_clock_is_nobody_who_waits_for_an_answer(past):
    past.wait(NOW - timedelta(hours=2), clock=Clock.RESOLUTION, promise=60)
    found = report(past)
    assert (value(found, "now_waiting"), value(found, "now_oldest")) == (0, None)
    assert value(found, "now_breached") == 1


def test_a_missed_deadline_is_broken_before_anybody_has_noticed(past):
    late = past.wait(NOW - timedelta(minutes=11), promise=600)
    found = report(past)
    assert value(found, "now_breached") == 1
    assert behind(past, found, "now_breached") == {late}
    assert value(found, "first_response_share") == 0.0


def test_a_paused_clock_is_neither_due_nor_broken_however_much_time_passes(past):
    paused = past.wait(NOW - timedelta(hours=5), promise=600, state=ClockState.PAUSED)
    change(past, paused, paused_at=NOW - timedelta(hours=4, minutes=55), remaining_seconds=300)
    found = report(past)
    assert (value(found, "now_waiting"), value(found, "now_breached")) == (1, 0)
    assert value(found, "now_due") == 0
    assert cells(found, "promises")[0]["undecided"] == 1


def test_due_are_deadlines_within_fifteen_minutes_that_are_not_missed(past):
    due = {past.wait(NOW - timedelta(seconds=600 - left), promise=600) for left in (0, 1, 600)}
    due.add(past.wait(NOW, promise=900))
    past.wait(NOW, promise=901)
    past.wait(NOW - timedelta(seconds=601), promise=600)
    found = report(past)
    assert value(found, "now_due") == 4
    assert behind(past, found, "now_due") == due


def test_a_conversation_with_two_late_clocks_counts_once(past):
    first = past.wait(NOW - timedelta(hours=2), promise=60)
    with past.runtime.unit_of_work() as uow:
        its = uow.session.get_one(SlaClock, first)
        conversation_id, contact_id = its.conversation_id, its.contact_id
    past.wait(
        NOW - timedelta(hours=2),
        promise=60,
        clock=Clock.RESOLUTION,
        conversation_id=conversation_id,
        contact_id=contact_id,
    )
    found = report(past)
    assert value(found, "now_breached") == 1
    assert len(behind(past, found, "now_breached")) == 2


def test_agents_online_and_their_load(past, team):
    with past.runtime.unit_of_work() as uow:
        uow.session.execute(
            update(Agent)
            .where(Agent.id.in_([team.lin, team.chen]))  # Chen may not answer customers
            .values(presence=Presence.ONLINE, capacity=4)
        )
    past.wait(NOW - timedelta(minutes=1))
    with past.runtime.unit_of_work() as uow:
        uow.session.execute(update(Conversation).values(assignee_id=team.lin))
    found = report(past)
    assert (value(found, "now_online"), value(found, "now_load")) == (1, 0.25)
    assert value(found, "now_unassigned") == 0


def test_messages_are_counted_by_what_became_of_them(past, team):
    at = local(3, 10)
    past.message(at, SenderKind.CUSTOMER)
    past.message(at, SenderKind.CUSTOMER, place=Place.AUTO_ANSWERED)
    past.message(at, SenderKind.CUSTOMER, place=Place.SET_ASIDE, set_aside_reason="event")
    past.message(at, SenderKind.RULE, sender_id=1, rule_version=1)
    past.message(at, SenderKind.AGENT, sender_id=team.lin)
    past.message(at, SenderKind.AGENT, sender_id=team.lin, undone_at=at)
    past.message(local(9), SenderKind.CUSTOMER)
    found = report(past)
    keys = ("received", "auto_answered", "by_rules", "by_people")
    assert [value(found, key) for key in keys] == [2, 1, 1, 1]
    assert value(found, "auto_answered_share") == 0.5
    assert len(behind(past, found, "received")) == 2
    assert len(behind(past, found, "by_people")) == 1
    tuesday = next(row for row in cells(found, "volumes") if row["at"] == "2026-03-03")
    assert (tuesday["received"], tuesday["to_people"], tuesday["by_rules"]) == (2, 1, 1)


def test_with_a_team_messages_are_dashes_and_a_note_says_why(past):
    past.message(local(3), SenderKind.CUSTOMER)
    found = report(past, replace(WEEK, team_ids=(1,)))
    assert value(found, "received") is None
    assert cells(found, "volumes")[0]["received"] is None
    assert any("team or a tag" in note for note in found.notes)


def test_with_an_agent_only_their_answers_are_counted(past, team):
    past.message(local(3), SenderKind.CUSTOMER)
    past.message(local(3), SenderKind.AGENT, sender_id=team.lin)
    past.message(local(3), SenderKind.AGENT, sender_id=team.mei)
    found = report(past, replace(WEEK, agent_ids=(team.lin,)))
    assert (value(found, "received"), value(found, "by_people")) == (None, 1)


def test_durations_are_exact_and_of_those_who_were_answered(past):
    for seconds in range(1, 101):
        past.wait(local(2, 9), took=seconds)
    past.wait(local(2, 9), took=9_999, state=ClockState.STOPPED)
    past.wait(local(2, 9))
    past.wait(local(2, 9), took=1_000, clock=Clock.NEXT_RESPONSE)
    row = cells(report(past), "durations")[0]
    assert (row["count"], row["median"], row["p90"], row["p95"], row["longest"]) == (
        100,
        50,
        90,
        95,
        100,
    )
    turns = cells(report(past), "durations")[1]
    assert (turns["count"], turns["longest"]) == (101, 1_000)


@given(st.lists(st.integers(0, 10**6), max_size=60), st.integers(0, 3))
def test_percentiles_of_a_list_are_those_of_the_nearest_rank(seconds, parts):
    waits = Waits()
    for part in range(parts + 1):
        waits.add(Waits(seconds=seconds[part :: parts + 1]))
    counts = {each: seconds.count(each) for each in seconds}
    assert waits.durations == durations(counts)


def test_a_wait_without_business_hours_is_left_out_of_them_and_not_taken_for_0(past):
    past.wait(local(3), took=900, business_seconds=300)
    past.wait(local(3), took=700, business_seconds=None)
    past.wait(local(3), took=500, business_seconds=0)
    found = report(past, replace(WEEK, has_business_hours=True))
    row = cells(found, "durations")[0]
    assert (row["count"], row["median"], row["longest"]) == (2, 0, 300)
    assert any("no part of the durations: 1" in note for note in found.notes)


def test_a_period_selects_waits_by_their_beginning_and_not_by_their_end(past):
    past.wait(local(1, 23, 59, 59), took=3_600)
    inside = past.wait(local(2), took=60)
    last = past.wait(local(8, 23, 59, 59), took=86_400)
    past.wait(local(9), took=60)
    found = report(past, now=local(20))
    assert value(found, "begun") == 2
    assert behind(past, found, "begun", now=local(20)) == {inside, last}


def test_kept_is_of_kept_and_broken_and_what_runs_is_apart(past):
    past.wait(local(3), took=60)
    past.wait(local(3), took=601)
    past.wait(local(3), took=60, promise=None)
    past.wait(local(3), took=60, state=ClockState.STOPPED)
    past.wait(NOW - timedelta(seconds=1))
    row = cells(report(past), "promises")[0]
    assert (row["kept"], row["broken"], row["undecided"], row["share"]) == (1, 1, 1, 0.5)


def test_the_backlog_is_a_stock_at_the_end_of_each_day(past):
    past.wait(local(1, 12), took=2 * 24 * 3600)  # before the period, until Tuesday noon
    past.wait(local(2, 23, 59, 59))  # still waits
    past.wait(local(4, 10), took=60)
    past.wait(local(4, 23), took=3_600)  # until midnight: that day ends with it
    found = report(past)
    waiting = [row["waiting"] for row in cells(found, "backlog")]
    assert waiting == [2, 1, 2, 1, 1, 1, 1]
    moved = [(row["begun"], row["ended"]) for row in cells(found, "backlog")]
    assert moved[0] == (1, 0)
    assert moved[2] == (2, 1)
    assert moved[3] == (0, 1)
    assert value(found, "waiting_at_end") == 1


def test_the_backlog_of_a_past_period_is_that_of_its_end(past):
    waiting = past.wait(local(3), took=4 * 24 * 3600)
    past.wait(local(6), took=60)
    found = report(past, days(2, 5), now=local(20))
    assert value(found, "waiting_at_end") == 1
    assert behind(past, found, "waiting_at_end", days(2, 5), local(20)) == {waiting}


def test_hours_that_have_not_come_are_dashes(past):
    found = report(past, days(8, 8))
    waiting = [row["waiting"] for row in cells(found, "backlog")]
    assert waiting == [0] * 13 + [None] * 11
    assert table(found, "backlog").columns[0].unit == "instant"


def test_each_figure_stands_beside_that_of_the_period_before(past):
    filters = replace(days(4, 5), compares=True)
    past.wait(local(3), took=40)
    past.wait(local(4), took=60)
    past.wait(local(1), took=999)
    found = figure(report(past, filters, now=local(20)), "first_median")
    assert (found.value, found.before) == (60, 40)


def test_an_unfinished_day_is_compared_with_the_same_hours(past):
    filters = replace(days(8, 8), compares=True)
    past.wait(local(7, 11, 59), took=10)
    past.wait(local(7, 12, 0), took=20)
    assert figure(report(past, filters), "begun").before == 1


def test_a_tag_narrows_to_conversations_that_have_it_now(past):
    tagged = past.wait(local(3), took=60)
    past.wait(local(3), took=60)
    with past.runtime.unit_of_work() as uow:
        tag = ConversationTag(name="催单", created_at=uow.now)
        uow.session.add(tag)
        uow.session.flush()
        conversation_id = uow.session.get_one(SlaClock, tagged).conversation_id
        uow.session.add(
            ConversationTagging(conversation_id=conversation_id, tag_id=tag.id, tagged_at=uow.now)
        )
        tag_id = tag.id
    filters = replace(WEEK, tag_ids=(tag_id,))
    found = report(past, filters)
    assert value(found, "begun") == 1
    assert behind(past, found, "begun", filters) == {tagged}


def test_with_an_agent_a_running_wait_is_that_of_who_has_the_conversation(past, team):
    past.wait(local(3), took=60, agent_id=team.lin)
    past.wait(local(3), took=60, agent_id=team.mei)
    running = past.wait(NOW - timedelta(minutes=1))
    with past.runtime.unit_of_work() as uow:
        conversation_id = uow.session.get_one(SlaClock, running).conversation_id
        its = Conversation.id == conversation_id
        uow.session.execute(update(Conversation).where(its).values(assignee_id=team.lin))
    found = report(past, replace(WEEK, agent_ids=(team.lin,)))
    assert (value(found, "begun"), value(found, "now_waiting")) == (2, 1)


def test_who_is_online_is_said_to_be_the_same_for_every_account_and_tag(past, team):
    with past.runtime.unit_of_work() as uow:
        here = update(Agent).where(Agent.id == team.lin)
        uow.session.execute(here.values(presence=Presence.ONLINE))
    for narrowed in ({"account_ids": (999,)}, {"tag_ids": (999,)}):
        found = report(past, replace(WEEK, **narrowed))
        assert value(found, "now_online") == 1
        assert any("Who is online now" in note for note in found.notes)
    assert not any("Who is online now" in note for note in report(past).notes)


def test_every_figure_has_a_definition_and_every_list_behind_it_opens(past):
    past.wait(local(3), took=900)
    found = report(past, replace(WEEK, compares=True))
    assert len({one.key for one in found.figures}) == len(found.figures)
    for one in found.figures:
        assert one.label
        assert len(one.definition) > 20, one.key
        if one.behind is not None:
            behind(past, found, one.key)
    for each in found.tables:
        for row in each.rows:
            assert len(row.values) == len(each.columns)
            for key, one in row.behind.items():
                assert key in {column.key for column in each.columns}
                with past.runtime.reading() as session:
                    list_behind(session, WEEK, one, now=NOW)
