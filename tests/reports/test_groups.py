"""Reports by agent, team, account, tag and hour of the week."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cast import make_account

from reports.waits import Past, cells, days, local, table
from wxdesk.agents.models import Team
from wxdesk.conversations.models import ConversationTag, ConversationTagging
from wxdesk.conversations.rules import Place, SenderKind
from wxdesk.reports import by_account, by_agent, by_tag, by_team, hours
from wxdesk.reports.behind import list_behind
from wxdesk.reports.rules import Filters, Period
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock, ClockState

NOW = local(20)
WEEK = days(2, 8)
BUILDERS = (by_agent.build, by_team.build, by_account.build, by_tag.build, hours.build)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past, build, filters=WEEK, now=NOW):
    with past.runtime.reading() as session:
        return build(session, filters, now)


def row_of(report, key, name):
    return next(row for row in cells(report, key) if row["name"] == name)


def a_tag(past, name, *clock_ids):
    with past.runtime.unit_of_work() as uow:
        tag = ConversationTag(name=name, created_at=uow.now)
        uow.session.add(tag)
        uow.session.flush()
        for clock_id in clock_ids:
            conversation_id = uow.session.get_one(SlaClock, clock_id).conversation_id
            uow.session.add(
                ConversationTagging(
                    conversation_id=conversation_id, tag_id=tag.id, tagged_at=uow.now
                )
            )
        return tag.id


def test_a_wait_belongs_to_who_answered_it_and_what_runs_to_nobody(past, team):
    past.wait(local(3), took=60, agent_id=team.lin)
    past.wait(local(3), took=900, agent_id=team.lin, clock=Clock.NEXT_RESPONSE)
    past.wait(local(3), took=3_600, agent_id=team.mei, clock=Clock.RESOLUTION)
    past.wait(local(3), took=60, state=ClockState.STOPPED)
    past.wait(local(3))
    found = report(past, by_agent.build)
    lin = row_of(found, "durations", "Lin")
    assert (lin["first_count"], lin["first_median"]) == (1, 60)
    assert (lin["turn_count"], lin["turn_longest"]) == (2, 900)
    assert (lin["resolution_count"], lin["resolution_median"]) == (0, None)
    assert row_of(found, "durations", "Mei")["resolution_median"] == 3_600
    assert row_of(found, "promises", "Lin")["share"] == 0.5
    nobody = row_of(found, "work", "Nobody")
    assert (nobody["begun"], nobody["waiting"], nobody["written"]) == (2, 1, None)


def test_agents_who_did_nothing_have_a_row_of_zeros_and_dashes(past, team):
    found = report(past, by_agent.build)
    names = [row["name"] for row in cells(found, "work")]
    assert names == ["Admin", "Lin", "Mei", "Zhou"]  # Chen may not answer
    lin = row_of(found, "durations", "Lin")
    assert (lin["first_count"], lin["first_median"]) == (0, None)
    assert row_of(found, "promises", "Lin")["share"] is None
    assert found.notes[0].startswith("No customer began to wait")


def test_answers_written_are_counted_by_their_writer(past, team):
    past.message(local(3), SenderKind.AGENT, sender_id=team.lin)
    past.message(local(3), SenderKind.AGENT, sender_id=team.lin)
    past.message(local(3), SenderKind.AGENT, sender_id=team.chen)
    past.message(local(9), SenderKind.AGENT, sender_id=team.mei)
    found = report(past, by_agent.build)
    written = {row["name"]: row["written"] for row in cells(found, "work")}
    assert written == {"Admin": 0, "Chen": 1, "Lin": 2, "Mei": 0, "Zhou": 0}


def test_with_a_filter_by_agent_only_these_have_rows(past, team):
    past.wait(local(3), took=60, agent_id=team.lin)
    past.wait(local(3), took=60, agent_id=team.mei)
    found = report(past, by_agent.build, replace(WEEK, agent_ids=(team.lin,)))
    assert [row["name"] for row in cells(found, "work")] == ["Lin"]


def test_by_team_with_those_of_no_team_at_the_end(past):
    with past.runtime.unit_of_work() as uow:
        sales = Team(name="售前", created_at=uow.now)
        uow.session.add(sales)
        uow.session.flush()
        team_id = sales.id
    past.wait(local(3), took=60, team_id=team_id)
    past.wait(local(3), took=120)
    found = report(past, by_team.build)
    assert [row["name"] for row in cells(found, "work")] == ["售前", "No team"]
    assert row_of(found, "durations", "售前")["first_median"] == 60


def test_by_account_with_messages_in_and_out(past, team):
    other = make_account(
        past.runtime, slug="other", original_id="gh_other", app_id="wx00000000000000aa"
    )
    past.message(local(3), SenderKind.CUSTOMER)
    past.message(local(3), SenderKind.CUSTOMER, place=Place.AUTO_ANSWERED)
    past.message(local(3), SenderKind.RULE, sender_id=1)
    Past(past.runtime, other, past._numbers).message(local(3), SenderKind.CUSTOMER)
    found = report(past, by_account.build)
    row = row_of(found, "work", past.account.name)
    assert (row["received"], row["auto_answered"], row["by_rules"], row["by_people"]) == (
        2,
        1,
        1,
        0,
    )
    assert row_of(found, "work", other.name)["received"] == 1


def test_a_conversation_with_two_tags_counts_under_both(past):
    both, one = past.wait(local(3), took=60), past.wait(local(3), took=120)
    past.wait(local(3))
    a_tag(past, "催单", both)
    a_tag(past, "退款", both, one)
    found = report(past, by_tag.build)
    begun = {row["name"]: row["begun"] for row in cells(found, "work")}
    assert begun == {"催单": 1, "退款": 2, "No tag": 1}
    assert row_of(found, "work", "No tag")["waiting"] == 1


def test_the_hours_of_the_week_are_local(past):
    past.wait(local(2), took=60)  # Monday 00:00 in Shanghai, Sunday in UTC
    past.wait(local(8, 23, 59), took=90)
    past.message(local(4, 10, 30), SenderKind.CUSTOMER)
    found = report(past, hours.build)
    begun = {(str(r["day"]), r["hour"]): r["begun"] for r in cells(found, "waits") if r["begun"]}
    assert begun == {("Monday", "00"): 1, ("Sunday", "23"): 1}
    received = [r for r in cells(found, "volumes") if r["received"]]
    assert [(str(r["day"]), r["hour"], r["usual"]) for r in received] == [("Wednesday", "10", 1.0)]
    assert len(table(found, "durations").rows) == 168


def test_what_to_expect_in_an_hour_is_reckoned_by_how_often_it_has_come(past):
    for day in (4, 11):
        past.message(local(day, 10), SenderKind.CUSTOMER)
    past.message(local(11, 10), SenderKind.CUSTOMER)
    found = report(past, hours.build, days(2, 22), now=local(15))
    row = next(r for r in cells(found, "volumes") if r["received"])
    assert (row["received"], row["hours"], row["usual"]) == (3, 2, 1.5)


def test_hours_before_the_first_message_and_the_one_that_runs_are_no_part_of_the_mean(past):
    past.message(local(9, 10, 50), SenderKind.CUSTOMER)  # a Monday
    past.message(local(16, 10), SenderKind.CUSTOMER)
    past.message(local(16, 10, 5), SenderKind.CUSTOMER)
    past.message(local(23, 10, 5), SenderKind.CUSTOMER)
    for now, expected in (
        (local(23, 10, 59), (4, 2, 1.5)),
        (local(23, 11), (4, 3, 4 / 3)),
    ):
        found = report(past, hours.build, days(2, 29), now=now)
        rows = {(str(r["day"]), r["hour"]): r for r in cells(found, "volumes")}
        row = rows["Monday", "10"]
        assert (row["received"], row["hours"], row["usual"]) == expected
        assert rows["Monday", "09"]["hours"] == 2
    assert rows["Monday", "11"]["hours"] == 2


def test_a_first_hour_that_runs_has_no_mean_yet(past):
    past.message(local(3, 10), SenderKind.CUSTOMER)
    found = report(past, hours.build, days(2, 8), now=local(3, 10, 30))
    row = next(r for r in cells(found, "volumes") if r["received"])
    assert (row["received"], row["hours"], row["usual"]) == (1, 0, None)


def test_an_hour_that_the_clocks_skip_has_come_once_less_often(past):
    past.message(local(2), SenderKind.CUSTOMER)
    zone = ZoneInfo("Europe/Berlin")
    since = datetime(2026, 3, 22, 23, tzinfo=UTC)
    period = Period(since, since + timedelta(days=7, hours=-1), zone)
    found = report(past, hours.build, Filters(period, compares=False), now=local(31))
    often = {(str(r["day"]), r["hour"]): r["hours"] for r in cells(found, "volumes")}
    assert often["Sunday", "02"] == 0
    assert often["Sunday", "03"] == often["Monday", "02"] == 1


@pytest.mark.parametrize("build", BUILDERS)
def test_every_column_is_explained_and_every_list_opens_with_as_many_as_the_number_says(
    past, team, build
):
    past.wait(local(3), took=60, agent_id=team.lin)
    past.wait(local(3), took=6_000, agent_id=team.lin, clock=Clock.RESOLUTION)
    tagged = past.wait(local(4))
    past.wait(local(4), took=60, state=ClockState.STOPPED)
    past.message(local(3), SenderKind.CUSTOMER)
    past.message(local(3), SenderKind.AGENT, sender_id=team.lin)
    a_tag(past, "催单", tagged)
    found = report(past, build)
    opened = 0
    for each in found.tables:
        explained = [column for column in each.columns if column.unit != "text"]
        assert all(len(column.definition) > 10 for column in explained)
        for row in each.rows:
            values = dict(zip([column.key for column in each.columns], row.values, strict=True))
            for key, behind in row.behind.items():
                if key.endswith("count") or "_" not in key:
                    with past.runtime.reading() as session:
                        rows = list_behind(session, WEEK, behind, now=NOW).rows
                    assert len(rows) == values[key], (each.key, key, values)
                    opened += bool(rows)
    assert opened
