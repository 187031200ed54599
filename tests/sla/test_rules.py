"""When things fall due, as pure functions: the order of stages, pauses, matching, stored forms."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from wxdesk.calendars.rules import NEVER, Calendar, Interval
from wxdesk.conversations.rules import Priority
from wxdesk.sla.rules import (
    BUILT_IN,
    INSTANT,
    Action,
    Clock,
    Conditions,
    Deed,
    Facts,
    Promise,
    Stage,
    Targets,
    Timing,
    When,
    Whom,
    between,
    check_at,
    fits,
    is_breached,
)
from wxdesk.sla.stored import (
    conditions_from,
    conditions_json,
    stages_from,
    stages_json,
    targets_from,
    targets_json,
)

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
OFFICE = Calendar(
    zone=ZoneInfo("Asia/Shanghai"),
    week=((Interval(9 * 60, 12 * 60), Interval(13 * 60, 18 * 60)),) * 5 + ((), ()),
)
NEVER_OPEN = Calendar(zone=ZoneInfo("Asia/Shanghai"), week=((),) * 7)
calendars = st.sampled_from([None, OFFICE])
starts = st.integers(0, 14 * 24 * 3600).map(lambda seconds: NOON + timedelta(seconds=seconds))
spans = st.integers(60, 3 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
ids = st.frozensets(st.integers(1, 5), max_size=3)


@given(calendars, starts, spans, st.integers(1, 98))
def test_a_stage_of_more_percent_is_never_earlier_and_none_is_after_the_deadline(
    calendar, start, target, percent
):
    timing = Timing(start, target, calendar)
    early = timing.stage_at(Stage("a", None, When.PERCENT, percent))
    late = timing.stage_at(Stage("b", None, When.PERCENT, percent + 1))
    assert start <= early <= late <= timing.deadline_at


@given(calendars, starts, spans, st.integers(0, 600), st.integers(0, 600))
def test_minutes_left_are_left_and_minutes_after_a_breach_come_after_it(
    calendar, start, target, left, after
):
    timing = Timing(start, target, calendar)
    warned = timing.stage_at(Stage("a", None, When.MINUTES_LEFT, left))
    assert between(calendar, warned, timing.deadline_at) == min(target, timedelta(minutes=left))
    late = timing.stage_at(Stage("b", None, When.BREACHED_MINUTES, after))
    assert is_breached(timing.deadline_at, late)


@given(calendars, starts, spans, spans)
def test_a_pause_moves_the_deadline_by_what_it_took_of_the_hours(calendar, start, target, pause):
    plain, paused = Timing(start, target, calendar), Timing(start, target, calendar, pause)
    assert between(calendar, plain.deadline_at, paused.deadline_at) == pause


def test_an_answer_at_the_very_deadline_keeps_the_promise_and_the_check_comes_after_it():
    timing = Timing(NOON, timedelta(minutes=5))
    at = check_at(BUILT_IN, Clock.FIRST_RESPONSE, timing)
    assert at == timing.deadline_at + INSTANT
    assert not is_breached(timing.deadline_at, timing.deadline_at)
    assert is_breached(timing.deadline_at, at)


def test_the_next_check_is_the_next_stage_of_this_clock_and_none_when_all_are_over():
    promise = Promise(
        stages=(
            Stage("half", None, When.PERCENT, 50),
            Stage("other", Clock.RESOLUTION, When.PERCENT, 10),
        )
    )
    timing = Timing(NOON, timedelta(minutes=10))
    first = check_at(promise, Clock.FIRST_RESPONSE, timing)
    assert first == NOON + timedelta(minutes=5)
    last = check_at(promise, Clock.FIRST_RESPONSE, timing, first)
    assert last == timing.deadline_at + INSTANT
    assert check_at(promise, Clock.FIRST_RESPONSE, timing, last) == NEVER
    assert check_at(promise, Clock.FIRST_RESPONSE, None) == NEVER


def test_hours_that_never_come_make_no_deadline():
    timing = Timing(NOON, timedelta(minutes=10), NEVER_OPEN)
    after = Stage("b", None, When.BREACHED_MINUTES, 5)
    assert (timing.deadline_at, timing.stage_at(after)) == (NEVER, NEVER)


@given(
    st.builds(Conditions, account_ids=ids, team_ids=ids, tag_ids=ids, contact_tag_ids=ids),
    st.integers(1, 5),
    st.none() | st.integers(1, 5),
    ids,
    ids,
)
def test_each_list_that_is_not_empty_must_have_one_that_fits(conditions, account, team, tags, more):
    facts = Facts(account, team, Priority.NORMAL, tags, more)
    wanted = [
        not conditions.account_ids or account in conditions.account_ids,
        not conditions.team_ids or team in conditions.team_ids,
        not conditions.tag_ids or not conditions.tag_ids.isdisjoint(tags),
        not conditions.contact_tag_ids or not conditions.contact_tag_ids.isdisjoint(more),
    ]
    assert fits(conditions, facts) == all(wanted)


def test_a_promise_for_a_campaign_fits_who_took_part():
    wanted = Conditions(campaign_ids=frozenset({1, 2}))
    assert not fits(wanted, Facts(1, None, Priority.NORMAL))
    assert not fits(wanted, Facts(1, None, Priority.NORMAL, campaign_ids=frozenset({3})))
    assert fits(wanted, Facts(1, None, Priority.NORMAL, campaign_ids=frozenset({2, 3})))


seconds = st.none() | st.integers(60, 10**6)
actions = st.one_of(
    st.builds(Action, do=st.just(Deed.NOTIFY), whom=st.lists(st.sampled_from(Whom)).map(tuple)),
    st.builds(Action, do=st.just(Deed.PRIORITY), priority=st.sampled_from(Priority)),
    st.builds(Action, do=st.just(Deed.REASSIGN), to=st.none() | st.integers(1, 9)),
    st.builds(Action, do=st.just(Deed.TAG), tag_id=st.integers(1, 9)),
    st.builds(Action, do=st.just(Deed.WEBHOOK), url=st.just("https://example.com/")),
)
stages = st.builds(
    Stage,
    key=st.text("abc", min_size=1),
    clock=st.none() | st.sampled_from(Clock),
    when=st.sampled_from(When),
    amount=st.integers(0, 90),
    actions=st.lists(actions, max_size=3).map(tuple),
)


@given(
    st.builds(Conditions, account_ids=ids, team_ids=ids, tag_ids=ids, contact_tag_ids=ids),
    st.dictionaries(st.sampled_from(Priority), st.builds(Targets, seconds, seconds, seconds)),
    st.lists(stages, max_size=3).map(tuple),
)
def test_what_is_stored_as_json_is_read_as_it_was(conditions, targets, some_stages):
    def kept(value):
        return json.loads(json.dumps(value))

    assert conditions_from(kept(conditions_json(conditions))) == conditions
    assert targets_from(kept(targets_json(targets))) == targets
    assert stages_from(kept(stages_json(some_stages))) == some_stages
