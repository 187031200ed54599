"""Clocks as rows: what begins, meets, stops, pauses and moves them, and what they say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cast import agent_answers, auto_answer, conversation_of, customer_writes, entry, make_rule
from sqlalchemy import select

from sla.desk import arrives, clocks, make_calendar, office, policy, running
from wxdesk.agents.models import Agent, PresenceSpan, Team, TeamMember
from wxdesk.agents.rules import Presence
from wxdesk.contacts.changes import change_tags as change_contact_tags
from wxdesk.contacts.models import Tag
from wxdesk.conversations.assigning import Handover, claim, hand_over
from wxdesk.conversations.lifecycle import pend, set_priority, snooze, wake_due
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.rules import Priority, Status
from wxdesk.conversations.tagging import change_tags, create_tag, merge_tags
from wxdesk.inbox.operations import reopen, resolve
from wxdesk.inbox.spam import mark_spam, not_spam
from wxdesk.intake.operations import record
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.rules import BreachCause, Clock, ClockState, Conditions, Targets

FIRST, NEXT = timedelta(minutes=5), timedelta(minutes=10)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def do(runtime, function, *args, **kwargs):
    with runtime.unit_of_work() as uow:
        return function(uow, *args, **kwargs)


class TestRows:
    def test_a_customer_who_writes_has_two_clocks_and_only_the_answer_has_a_deadline(
        self, runtime, account, clock
    ):
        message = customer_writes(runtime, account)
        first, resolution = clocks(runtime)
        assert (first.clock, first.deadline_at) == (Clock.FIRST_RESPONSE, clock.now + FIRST)
        assert (first.started_at, first.started_by_id) == (clock.now, message.id)
        assert first.started_quarter == int(clock.now.timestamp()) // 900
        assert (resolution.clock, resolution.deadline_at) == (Clock.RESOLUTION, None)
        assert (first.policy_id, first.policy_version) == (None, None)

    def test_met_carries_the_time_of_the_event_and_not_of_its_noticing(
        self, runtime, account, team, clock
    ):
        message = customer_writes(runtime, account)
        clock.advance(minutes=2)
        arrives(runtime, agent_answers(runtime, message, team.lin))
        first, _ = clocks(runtime)
        assert (first.state, first.ended_at, first.agent_id) == (
            ClockState.MET,
            clock.now,
            team.lin,
        )
        assert (first.seconds, first.business_seconds) == (120, None)
        assert first.answer_id is not None

    def test_an_automatic_answer_never_meets_a_clock(self, runtime, account, clock):
        rule = make_rule(runtime, account)
        customer_writes(runtime, account)
        clock.advance(minutes=1)
        customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
        assert running(runtime, Clock.FIRST_RESPONSE).started_at == clock.now - MINUTE

    def test_the_clock_does_not_run_on_after_the_end(self, runtime, account, team, clock):
        """Where it does, resolved conversations breach for ever."""
        message = customer_writes(runtime, account)
        do(runtime, resolve, message.conversation_id, agent_id=team.lin)
        first, resolution = clocks(runtime)
        assert (first.state, first.ended_at) == (ClockState.STOPPED, clock.now)
        assert (resolution.state, resolution.agent_id) == (ClockState.MET, team.lin)
        clock.advance(hours=3)
        check_deadlines()
        assert [it.breached_at for it in clocks(runtime)] == [None, None]

    def test_a_queue_in_front_of_the_desk_never_hides_waiting(self, runtime, account, clock):
        written = clock.now
        late = entry(runtime, account, created_at=written)
        clock.advance(minutes=4)
        do(runtime, record, [replace(late, received_at=clock.now)])
        assert running(runtime, Clock.FIRST_RESPONSE).started_at == written

    def test_a_clock_of_wechat_that_is_wrong_by_hours_is_not_believed(
        self, runtime, account, clock
    ):
        customer_writes(runtime, account, created_at=clock.now - 3 * HOUR)
        assert running(runtime, Clock.FIRST_RESPONSE).started_at == clock.now

    def test_who_answers_what_they_had_has_a_handling_time_and_who_takes_it_by_answering_none(
        self, runtime, account, team, clock
    ):
        had = customer_writes(runtime, account)
        clock.advance(seconds=20)
        do(runtime, claim, had.conversation_id, team.lin)
        clock.advance(seconds=40)
        arrives(runtime, agent_answers(runtime, had, team.lin))
        taken = customer_writes(runtime, account, openid="oLi")
        clock.advance(seconds=40)
        arrives(runtime, agent_answers(runtime, taken, team.mei))
        met = [it for it in clocks(runtime) if it.state is ClockState.MET]
        assert [it.handling_seconds for it in met] == [40, None]

    def test_the_last_automatic_answer_of_the_hour_before_stands_with_the_wait(
        self, runtime, account, clock
    ):
        rule = make_rule(runtime, account)
        do(
            runtime,
            record,
            [entry(runtime, account, "抽奖", answer=auto_answer(rule))],
        )
        clock.advance(minutes=4)
        customer_writes(runtime, account, "不是这个")
        wait = running(runtime, Clock.FIRST_RESPONSE)
        assert (wait.after_rule_id, wait.after_rule_version) == (rule.id, rule.version)
        assert wait.after_seconds == 240

    def test_a_message_recorded_late_moves_the_start_and_what_had_come_before_it(
        self, runtime, account, clock
    ):
        rule = make_rule(runtime, account)
        late = entry(runtime, account, "早一点")
        clock.advance(minutes=1)
        do(runtime, record, [entry(runtime, account, "抽奖", answer=auto_answer(rule))])
        clock.advance(minutes=1)
        second = customer_writes(runtime, account, "晚一点")
        before = running(runtime, Clock.FIRST_RESPONSE)
        assert (before.after_rule_id, before.started_by_id) == (rule.id, second.id)
        do(runtime, record, [late])
        wait = running(runtime, Clock.FIRST_RESPONSE)
        assert (wait.id, wait.started_at) == (before.id, clock.now - 2 * MINUTE)
        assert (wait.after_rule_id, wait.after_seconds) == (None, None)
        assert wait.deadline_at == wait.started_at + FIRST


class TestEpisodes:
    def test_reopening_is_a_new_episode_with_a_new_first_response_and_resolution(
        self, runtime, account, team, clock
    ):
        message = customer_writes(runtime, account)
        arrives(runtime, agent_answers(runtime, message, team.lin))
        do(runtime, resolve, message.conversation_id, agent_id=team.lin)
        clock.advance(hours=1)
        customer_writes(runtime, account, "又来了")
        found = [(it.clock, it.episode, it.state) for it in clocks(runtime)]
        assert found == [
            (Clock.FIRST_RESPONSE, 1, ClockState.MET),
            (Clock.RESOLUTION, 1, ClockState.MET),
            (Clock.FIRST_RESPONSE, 2, ClockState.RUNNING),
            (Clock.RESOLUTION, 2, ClockState.RUNNING),
        ]
        assert running(runtime, Clock.RESOLUTION).started_at == clock.now

    def test_reopened_by_a_person_the_resolution_counts_from_then(
        self, runtime, account, team, clock
    ):
        message = customer_writes(runtime, account)
        do(runtime, resolve, message.conversation_id)
        clock.advance(minutes=3)
        do(runtime, reopen, message.conversation_id, agent_id=team.lin)
        assert running(runtime, Clock.RESOLUTION).started_at == clock.now
        assert running(runtime, Clock.FIRST_RESPONSE).started_at == clock.now - 3 * MINUTE

    def test_what_was_no_spam_goes_on_in_the_same_episode(self, runtime, account, team, clock):
        message = customer_writes(runtime, account)
        began = clock.now
        do(runtime, mark_spam, message.conversation_id, agent_id=team.lin, is_blacklisted=None)
        assert {it.state for it in clocks(runtime)} == {ClockState.STOPPED}
        clock.advance(minutes=2)
        do(runtime, not_spam, message.contact_id, agent_id=team.lin)
        found = clocks(runtime)
        assert [(it.state, it.started_at, it.ended_at) for it in found] == [
            (ClockState.RUNNING, began, None)
        ] * 2
        assert conversation_of(runtime).episode == 1

    def test_an_undone_end_of_a_broken_promise_is_looked_at_once(
        self, runtime, account, team, clock
    ):
        message = customer_writes(runtime, account)
        clock.advance(minutes=6)
        check_deadlines()
        do(runtime, mark_spam, message.conversation_id, agent_id=team.lin, is_blacklisted=None)
        do(runtime, not_spam, message.contact_id, agent_id=team.lin)
        for _ in range(3):
            check_deadlines()
        assert {it.check_at for it in clocks(runtime)} == {FAR_FUTURE}
        assert conversation_of(runtime).is_breached


class TestPromises:
    def test_the_first_policy_that_fits_wins_whatever_comes_after(self, runtime, account, clock):
        policy(
            runtime, "urgent", Targets(60), conditions=Conditions(priorities=frozenset({"urgent"}))
        )
        policy(runtime, "all", Targets(120))
        message = customer_writes(runtime, account)
        assert conversation_of(runtime).due_at == clock.now + 2 * MINUTE
        do(runtime, set_priority, message.conversation_id, Priority.URGENT, agent_id=1)
        assert conversation_of(runtime).due_at == clock.now + MINUTE

    def test_targets_by_priority_and_the_normal_ones_for_the_others(self, runtime, account, clock):
        policy(
            runtime,
            "both",
            Targets(300, 600, 3600),
            more={"high": Targets(60, 60, None)},
        )
        message = customer_writes(runtime, account)
        assert running(runtime, Clock.RESOLUTION).deadline_at == clock.now + HOUR
        do(runtime, set_priority, message.conversation_id, Priority.HIGH, agent_id=1)
        assert running(runtime, Clock.RESOLUTION).deadline_at is None
        assert running(runtime, Clock.FIRST_RESPONSE).deadline_at == clock.now + MINUTE

    def test_nothing_promised_is_still_measured(self, runtime, account, team, clock):
        policy(runtime, "none", Targets(None, None, None))
        message = customer_writes(runtime, account)
        clock.advance(hours=5)
        check_deadlines()
        assert conversation_of(runtime).due_at == FAR_FUTURE
        arrives(runtime, agent_answers(runtime, message, team.lin))
        first = clocks(runtime)[0]
        assert (first.seconds, first.deadline_at, first.breached_at) == (5 * 3600, None, None)

    @pytest.mark.parametrize("kind", ["team", "tag", "customer tag"])
    def test_it_follows_team_tags_and_customer_tags_in_the_same_transaction(
        self, runtime, account, team, clock, kind
    ):
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            sales = Team(name="sales", created_at=uow.now)
            vip = Tag(account_id=account.id, name="VIP")
            uow.session.add_all([sales, vip])
            tag = create_tag(uow, "发票")
            uow.session.flush()
            ids = {"team": sales.id, "tag": tag.id, "customer tag": vip.id}
        field = {"team": "team_ids", "tag": "tag_ids", "customer tag": "contact_tag_ids"}[kind]
        policy(runtime, kind, Targets(60), conditions=Conditions(**{field: frozenset({ids[kind]})}))
        assert conversation_of(runtime).due_at == clock.now + FIRST
        with runtime.unit_of_work() as uow:
            if kind == "team":
                handover = Handover(None, team_id=sales.id, has_team=True)
                hand_over(uow, message.conversation_id, handover, takes_over=True)
            elif kind == "tag":
                conversation, contact = get_locked(uow, message.conversation_id)
                change_tags(uow, conversation, add=["发票"], remove=[], by=None, may_make=False)
                changed(uow, conversation, contact)
            else:
                change_contact_tags(uow, message.contact_id, ["VIP"])
        assert conversation_of(runtime).due_at == clock.now + MINUTE

    def test_a_tag_that_is_merged_takes_its_promise_along(self, runtime, account, clock):
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            conversation, _ = get_locked(uow, message.conversation_id)
            change_tags(uow, conversation, add=["急"], remove=[], by=None, may_make=True)
            tag_id = uow.session.scalars(select(ConversationTag.id)).one()
        policy(runtime, "tag", Targets(60), conditions=Conditions(tag_ids=frozenset({tag_id})))
        assert conversation_of(runtime).due_at == clock.now + MINUTE
        into_id = do(runtime, create_tag, "加急").id
        do(runtime, merge_tags, tag_id, into_id)
        assert conversation_of(runtime).due_at == clock.now + MINUTE


class TestTheQueue:
    def test_the_earliest_deadline_of_all_running_clocks_decides_the_place(
        self, runtime, account, team, clock
    ):
        """In other desks a clock that has been met, or a later one, wins."""
        policy(runtime, "All", Targets(300, 7200, 3600))
        message = customer_writes(runtime, account)
        assert conversation_of(runtime).due_at == clock.now + FIRST
        arrives(runtime, agent_answers(runtime, message, team.lin))
        assert conversation_of(runtime).due_at == clock.now + HOUR
        clock.advance(minutes=1)
        customer_writes(runtime, account, "还有")
        found = conversation_of(runtime)
        assert found.next_response_deadline_at == clock.now + 2 * HOUR
        assert found.due_at == found.resolution_deadline_at == clock.now + HOUR - MINUTE

    def test_one_broken_clock_of_two_is_enough_and_the_other_runs_on(self, runtime, account, clock):
        policy(runtime, "All", Targets(300, 600, 3600))
        customer_writes(runtime, account)
        clock.advance(minutes=6)
        check_deadlines()
        found = conversation_of(runtime)
        assert (found.is_breached, found.resolution_breached_at) == (True, None)
        clock.advance(hours=1)
        check_deadlines()
        assert conversation_of(runtime).resolution_breached_at == found.resolution_deadline_at


class TestHours:
    def test_who_writes_in_the_evening_has_a_deadline_the_next_morning(
        self, runtime, account, clock
    ):
        """The promise that counts nights is the most frequent complaint about other desks."""
        clock.now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # Monday 20:00 in Shanghai
        policy(runtime, "office", Targets(600), calendar_id=office(runtime))
        customer_writes(runtime, account)
        assert conversation_of(runtime).due_at == datetime(2026, 3, 3, 1, 10, tzinfo=UTC)

    def test_business_seconds_count_open_hours_only(self, runtime, account, team, clock):
        clock.now = datetime(2026, 3, 2, 9, 50, tzinfo=UTC)  # ten minutes before closing
        policy(runtime, "office", Targets(1800), calendar_id=office(runtime))
        message = customer_writes(runtime, account)
        clock.now = datetime(2026, 3, 3, 1, 5, tzinfo=UTC)
        arrives(runtime, agent_answers(runtime, message, team.lin))
        first = clocks(runtime)[0]
        assert (first.business_seconds, first.breached_at) == (15 * 60, None)

    def test_changed_hours_move_the_running_clocks(self, runtime, account, clock):
        clock.now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        calendar_id = office(runtime)
        policy(runtime, "office", Targets(600), calendar_id=calendar_id)
        customer_writes(runtime, account)
        make_calendar(runtime, [(0, 1440)] * 7, calendar_id=calendar_id)
        assert conversation_of(runtime).due_at == clock.now + 10 * MINUTE


class TestPauses:
    def test_a_pause_keeps_what_was_left(self, runtime, account, team, clock):
        policy(runtime, "pauses", Targets(600), pauses=True)
        message = customer_writes(runtime, account)
        clock.advance(minutes=4)
        do(runtime, pend, message.conversation_id, agent_id=team.lin)
        paused = running(runtime, Clock.FIRST_RESPONSE)
        assert (paused.state, paused.remaining_seconds) == (ClockState.PAUSED, 360)
        assert conversation_of(runtime).due_at == FAR_FUTURE
        clock.advance(hours=2)
        check_deadlines()
        do(runtime, reopen, message.conversation_id, agent_id=team.lin)
        assert conversation_of(runtime).due_at == clock.now + 6 * MINUTE
        assert running(runtime, Clock.FIRST_RESPONSE).breached_at is None

    def test_where_the_policy_does_not_pause_the_clock_runs_on(self, runtime, account, team, clock):
        policy(runtime, "runs", Targets(600))
        message = customer_writes(runtime, account)
        do(runtime, pend, message.conversation_id, agent_id=team.lin)
        assert conversation_of(runtime).due_at == clock.now + 10 * MINUTE

    def test_a_snooze_that_is_noticed_late_hides_no_waiting(self, runtime, account, team, clock):
        policy(runtime, "pauses", Targets(600), pauses=True)
        message = customer_writes(runtime, account)
        until = clock.now + HOUR
        do(runtime, snooze, message.conversation_id, agent_id=team.lin, until=until)
        clock.advance(hours=4)  # the worker was away
        do(runtime, wake_due, 10)
        assert conversation_of(runtime).due_at == until + 10 * MINUTE
        check_deadlines()
        assert running(runtime, Clock.FIRST_RESPONSE).breached_at == until + 10 * MINUTE

    def test_a_pause_ends_when_the_customer_wrote_and_not_when_that_was_recorded(
        self, runtime, account, team, clock
    ):
        policy(runtime, "pauses", Targets(600, 600, 3600), pauses=True)
        message = customer_writes(runtime, account)
        arrives(runtime, agent_answers(runtime, message, team.lin))
        do(runtime, pend, message.conversation_id, agent_id=team.lin)
        clock.advance(minutes=30)
        wrote = clock.now
        late = entry(runtime, account, created_at=wrote)
        clock.advance(minutes=4)
        do(runtime, record, [replace(late, received_at=clock.now)])
        assert running(runtime, Clock.RESOLUTION).deadline_at == wrote + HOUR

    def test_an_answer_accepted_during_a_pause_meets_the_clock(self, runtime, account, team, clock):
        policy(runtime, "pauses", Targets(600), pauses=True)
        message = customer_writes(runtime, account)
        do(runtime, pend, message.conversation_id, agent_id=team.lin)
        clock.advance(hours=1)
        arrives(runtime, agent_answers(runtime, message, team.lin))
        first = clocks(runtime)[0]
        assert (first.state, first.breached_at, first.seconds) == (ClockState.MET, None, 3600)

    def test_a_broken_promise_can_not_be_paused_away(self, runtime, account, team, clock):
        policy(runtime, "pauses", Targets(600), pauses=True)
        message = customer_writes(runtime, account)
        clock.advance(minutes=11)  # nobody has looked yet
        until = clock.now + HOUR
        do(runtime, snooze, message.conversation_id, agent_id=team.lin, until=until)
        check_deadlines()
        first = running(runtime, Clock.FIRST_RESPONSE)
        assert first.breached_at == first.started_at + 10 * MINUTE
        assert conversation_of(runtime).status is Status.OPEN

    def test_a_pause_counts_in_business_time(self, runtime, account, team, clock):
        clock.now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # half an hour before closing
        policy(runtime, "office", Targets(3600), pauses=True, calendar_id=office(runtime))
        message = customer_writes(runtime, account)
        clock.advance(minutes=10)
        do(runtime, pend, message.conversation_id, agent_id=team.lin)
        assert running(runtime, Clock.FIRST_RESPONSE).remaining_seconds == 50 * 60
        clock.now = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)  # at night
        do(runtime, reopen, message.conversation_id, agent_id=team.lin)
        assert conversation_of(runtime).due_at == datetime(2026, 3, 3, 1, 50, tzinfo=UTC)


class TestCauses:
    @pytest.fixture
    def desk(self, runtime, account, team, clock):
        """A team of Lin, online since the morning; the account's conversations are its own."""
        with runtime.unit_of_work() as uow:
            row = Team(name="support", created_at=uow.now)
            uow.session.add(row)
            uow.session.flush()
            uow.session.add(TeamMember(team_id=row.id, agent_id=team.lin))
            uow.session.add(
                PresenceSpan(agent_id=team.lin, presence=Presence.ONLINE, began_at=uow.now)
            )
            uow.session.get_one(type(account), account.id).team_id = row.id
        return row

    def cause(self, runtime):
        check_deadlines()
        return running(runtime, Clock.FIRST_RESPONSE).breach_cause

    def test_people_were_there_and_nobody_took_it(self, runtime, account, desk, clock):
        customer_writes(runtime, account)
        clock.advance(minutes=6)
        assert self.cause(runtime) is BreachCause.NOT_TAKEN

    def test_nobody_of_the_team_was_online_at_the_deadline(
        self, runtime, account, desk, team, clock
    ):
        customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            span = uow.session.scalars(select(PresenceSpan)).one()
            span.ended_at = uow.now + 4 * MINUTE
            mei = PresenceSpan(
                agent_id=team.mei, presence=Presence.ONLINE, began_at=uow.now + 4 * MINUTE
            )
            lin = PresenceSpan(
                agent_id=team.lin, presence=Presence.ONLINE, began_at=uow.now + 6 * MINUTE
            )
            uow.session.add_all([mei, lin])
        clock.advance(minutes=10)  # noticed late, judged by then
        assert self.cause(runtime) is BreachCause.NOBODY_ONLINE

    def test_everybody_online_had_as_much_as_they_take(self, runtime, account, desk, team, clock):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).capacity = 1
        other = customer_writes(runtime, account, openid="oLi")
        do(runtime, claim, other.conversation_id, team.lin)
        arrives(runtime, agent_answers(runtime, other, team.lin))
        customer_writes(runtime, account)
        clock.advance(minutes=6)
        assert self.cause(runtime) is BreachCause.AT_CAPACITY

    def test_who_had_it_was_silent_and_who_got_it_later_was_not(
        self, runtime, account, desk, team, clock
    ):
        message = customer_writes(runtime, account)
        do(runtime, claim, message.conversation_id, team.lin)
        late = customer_writes(runtime, account, openid="oLi")
        clock.advance(minutes=6)
        do(runtime, claim, late.conversation_id, team.mei)
        check_deadlines()
        found = {
            it.conversation_id: (it.breach_cause, it.breach_assignee_id)
            for it in clocks(runtime)
            if it.breached_at is not None
        }
        assert found[message.conversation_id] == (BreachCause.ASSIGNED_SILENT, team.lin)
        assert found[late.conversation_id] == (BreachCause.NOT_TAKEN, None)

    def test_the_teams_hours_were_over(self, runtime, account, desk, clock):
        clock.now = datetime(2026, 3, 2, 9, 57, tzinfo=UTC)
        calendar_id = office(runtime)
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Team, desk.id).calendar_id = calendar_id
        customer_writes(runtime, account)
        clock.advance(minutes=6)
        assert self.cause(runtime) is BreachCause.OUT_OF_HOURS

    def test_a_deadline_at_the_very_end_of_the_hours_lies_within_them(
        self, runtime, account, desk, clock
    ):
        clock.now = datetime(2026, 3, 2, 9, 55, tzinfo=UTC)
        policy(runtime, "office", Targets(300), calendar_id=office(runtime))
        customer_writes(runtime, account)
        clock.advance(minutes=6)
        assert self.cause(runtime) is BreachCause.NOT_TAKEN
