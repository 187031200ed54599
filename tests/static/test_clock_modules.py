"""What the island makes of a conversation's clocks, run in Chromium."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

MINUTE = 60_000
NOON = "2026-11-23T04:00:00Z"
AT_NOON = 1_795_406_400_000


def clock(state="running", **facts):
    plain = {"started_at": None, "warn_at": None, "remaining_seconds": None}
    return {"state": state, **plain, **facts}


def conversation(deadlines=None, clocks=None, **facts):
    return {"status": "open", "deadlines": deadlines or {}, "clocks": clocks or {}, **facts}


def running(tab, given):
    return tab.call("sla", "m.runningClock(x)", given)


def urgency(tab, given, now):
    return tab.call("sla", "m.urgencyOf(m.runningClock(x[0]), x[1])", [given, now])


def test_of_all_clocks_the_one_whose_deadline_comes_first_counts(tab):
    given = conversation(
        {"first_response": "2026-11-23T04:05:00Z", "next_response": None, "resolution": NOON}
    )
    assert running(tab, given)["name"] == "resolution"
    given["deadlines"]["resolution"] = "2026-11-24T04:00:00Z"
    assert running(tab, given)["name"] == "first_response"


def test_a_clock_is_measured_from_its_own_beginning(tab):
    started = {"resolution": clock(started_at="2026-11-23T02:00:00Z")}
    given = conversation({"resolution": NOON}, started, waiting_since="2026-11-23T03:58:00Z")
    assert urgency(tab, given, AT_NOON - 70 * MINUTE) == "calm"
    assert urgency(tab, given, AT_NOON - 50 * MINUTE) == "near"
    assert urgency(tab, given, AT_NOON - 20 * MINUTE) == "warn"
    assert urgency(tab, given, AT_NOON) == "over"


def test_the_warning_of_the_policy_colours_a_clock_before_its_last_quarter(tab):
    its = {"resolution": clock(started_at="2026-11-23T02:00:00Z", warn_at="2026-11-23T02:30:00Z")}
    given = conversation({"resolution": NOON}, its)
    assert urgency(tab, given, AT_NOON - 91 * MINUTE) == "calm"
    assert urgency(tab, given, AT_NOON - 90 * MINUTE) == "warn"


def test_the_last_quarter_is_amber_even_where_the_policy_warns_later(tab):
    its = {"resolution": clock(started_at="2026-11-23T02:00:00Z", warn_at="2026-11-23T03:59:00Z")}
    given = conversation({"resolution": NOON}, its)
    assert urgency(tab, given, AT_NOON - 25 * MINUTE) == "warn"


def test_of_resting_clocks_the_one_with_least_left_is_named(tab):
    its = {
        "next_response": clock("paused", remaining_seconds=90),
        "resolution": clock("paused", remaining_seconds=7200),
    }
    given = conversation(clocks=its, status="pending")
    assert tab.call("sla", "m.pausedClock(x)", given) == {"name": "next_response", "left": 90_000}
    assert running(tab, given) is None


def test_a_resting_clock_without_a_promise_has_nothing_left_to_show(tab):
    given = conversation(clocks={"resolution": clock("paused")}, status="snoozed")
    assert tab.call("sla", "m.pausedClock(x)", given) is None


def test_nothing_runs_and_nothing_rests_in_a_resolved_conversation(tab):
    its = {"resolution": clock("paused", remaining_seconds=90)}
    given = conversation({"resolution": NOON}, its, status="resolved")
    assert running(tab, given) is None
    assert tab.call("sla", "m.pausedClock(x)", given) is None
