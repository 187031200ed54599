"""Promises kept, broken and still running: 0/0 is a dash, and what runs is no part of a share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from reports.waits import Past, cells, days, figure, local, table, value
from wxdesk.conversations.rules import Priority
from wxdesk.reports.attainment import build
from wxdesk.reports.rules import Report
from wxdesk.runtime import Runtime
from wxdesk.sla.models import SlaClock, SlaPolicy, SlaPolicyVersion
from wxdesk.sla.rules import Clock, ClockState

NOW = local(20)


@pytest.fixture
def past(runtime, account) -> Past:
    return Past(runtime, account)


def report(past: Past, filters=None) -> Report:
    with past.runtime.reading() as session:
        return build(session, filters or days(2, 8), NOW)


def a_policy(runtime: Runtime, *names: str) -> int:
    """A policy whose versions had these names; its id."""
    with runtime.unit_of_work() as uow:
        policy = SlaPolicy(position=1, version=len(names), created_at=uow.now)
        uow.session.add(policy)
        uow.session.flush()
        for version, name in enumerate(names, 1):
            uow.session.add(
                SlaPolicyVersion(
                    policy_id=policy.id,
                    version=version,
                    name=name,
                    conditions={},
                    targets={},
                    stages={},
                    created_at=uow.now,
                )
            )
        return policy.id


def test_a_desk_without_a_past_has_dashes_and_no_zeros_for_shares(past):
    found = report(past)
    assert [value(found, f"{clock.value}_share") for clock in Clock] == [None, None, None]
    assert value(found, "broken") == 0
    assert found.notes
    assert all(row["first_response"] is None for row in cells(found, "days"))


def test_an_answer_at_the_very_deadline_keeps_the_promise_and_a_later_one_breaks_it(past):
    past.wait(local(3, 10), 600)
    past.wait(local(3, 11), 601)
    past.wait(local(3, 12), 30)
    found = report(past)
    assert value(found, "first_response_share") == pytest.approx(2 / 3)
    assert value(found, "broken") == 1
    assert cells(found, "clocks")[0] | {"share": None} == {
        "clock": "First response",
        "share": None,
        "kept": 2,
        "broken": 1,
        "running": 0,
        "stopped": 0,
    }


def test_running_clocks_are_shown_apart_and_are_no_part_of_the_share(past):
    past.wait(NOW - timedelta(minutes=5))
    past.wait(NOW - timedelta(minutes=50))
    found = report(past, days(19, 20))
    assert value(found, "running") == 1
    assert value(found, "broken") == 1  # its deadline passed, whether somebody noticed or not
    assert value(found, "first_response_share") == 0.0


def test_a_paused_clock_still_runs_however_long_ago_its_deadline_was(past):
    wait = past.wait(local(3), state=ClockState.PAUSED, paused_at=local(3, 0, 5))
    with past.runtime.unit_of_work() as uow:
        values = {"deadline_at": None, "remaining_seconds": 300}
        uow.session.execute(update(SlaClock).where(SlaClock.id == wait).values(values))
    found = report(past)
    assert (value(found, "running"), value(found, "broken"), value(found, "none")) == (1, 0, 0)


def test_what_ended_without_an_answer_is_neither_kept_nor_broken(past):
    past.wait(local(3, 10), 60, state=ClockState.STOPPED)
    found = report(past)
    assert value(found, "first_response_share") is None
    assert cells(found, "clocks")[0]["stopped"] == 1


def test_what_was_broken_and_then_ended_without_an_answer_stays_broken(past):
    past.wait(local(3, 10), 700, state=ClockState.STOPPED)
    found = report(past)
    assert value(found, "first_response_share") == 0.0
    assert cells(found, "clocks")[0]["stopped"] == 0


def test_waits_without_a_promise_are_counted_and_judged_by_nothing(past):
    past.wait(local(3, 10), 9_999, promise=None)
    found = report(past)
    assert value(found, "none") == 1
    assert value(found, "first_response_share") is None
    assert cells(found, "policies") == []


def test_a_wait_belongs_to_the_period_in_which_it_began(past):
    past.wait(local(8, 23, 59), 7_200)
    past.wait(local(9), 60)
    assert value(report(past), "broken") == 1
    assert value(report(past, days(9, 9)), "first_response_share") == 1.0
    assert [row["first_response"] for row in cells(report(past), "days")][-1] == 0.0


def test_the_report_says_which_version_of_a_policy_promised(past):
    policy = a_policy(past.runtime, "五分钟", "十分钟")
    past.wait(local(3), 700, policy_id=policy, policy_version=1)
    past.wait(local(4), 60, policy_id=policy, policy_version=2)
    past.wait(local(4), 60)
    rows = cells(report(past), "policies")
    assert [(row["policy"], row["version"], row["share"]) for row in rows] == [
        ("十分钟", "2", 1.0),
        ("五分钟", "1", 0.0),
        ("Built-in promise", "", 1.0),
    ]
    link = table(report(past), "policies").rows[1].behind["broken"]
    assert link.narrows == {
        "outcome": "broken",
        "policy": str(policy),
        "version": "1",
        "clock": "first_response",
    }


def test_priorities_and_clocks_are_told_apart(past):
    past.wait(local(3), 60, priority=Priority.URGENT)
    past.wait(local(3), 700, priority=Priority.LOW, clock=Clock.RESOLUTION)
    found = cells(report(past), "priorities")
    rows = [(row["priority"], row["clock"], row["share"]) for row in found]
    assert rows == [("Urgent", "First response", 1.0), ("Low", "Resolution", 0.0)]


def test_the_period_before_has_the_same_length_and_ends_where_this_one_begins(past):
    past.wait(local(1, 23), 700)
    past.wait(local(3), 60)
    found = report(past, days(2, 8, compares=True))
    its = figure(found, "first_response_share")
    assert (its.value, its.before) == (1.0, 0.0)


def test_filters_of_account_team_agent_and_tag_leave_out_the_rest(past):
    past.wait(local(3), 60)
    for name in ("account_ids", "team_ids", "agent_ids", "tag_ids"):
        found = report(past, days(2, 8, **{name: (999_999,)}))
        assert value(found, "first_response_share") is None
