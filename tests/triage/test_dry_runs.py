"""Dry runs: what a rule would have caught of real messages, whom, and what a person answered."""

from dataclasses import replace

import pytest
from cast import WANG, agent_answers, auto_answer, customer_writes, make_account, make_rule
from sqlalchemy import select, update

from wxdesk.triage import dry_run_pruning, dry_run_steps, dry_runs
from wxdesk.triage.dry_run_steps import work
from wxdesk.triage.dry_runs import DryRunView, ask, claim, confirm, get_run
from wxdesk.triage.findings import Became, Speech
from wxdesk.triage.jobs import prune_dry_runs, run_dry_runs
from wxdesk.triage.models import AutoReplyRuleVersion, DryRun
from wxdesk.triage.operations import change_rule, create_rule, switch_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import (
    Conditions,
    DryRunState,
    Limits,
    Match,
    Newness,
    Trigger,
)

SOON = 60.0
LI = "oLi000000000000000000000000"


@pytest.fixture
def try_it(runtime, account, team):
    """Run a rule over the stored messages, as the job does."""

    def run(patterns: str = "抽奖", *, rule_id=None, days: int = 7, **values) -> DryRunView:
        fields = {"name": "活动", "match": Match.CONTAINS, "reply_text": "感谢参与!"} | values
        form = RuleForm(account_id=account.id, patterns=patterns, **fields)
        with runtime.unit_of_work() as uow:
            run_id = ask(uow, form, rule_id=rule_id, days=days, requested_by_id=team.chen)
        run_dry_runs()
        with runtime.reading() as session:
            return get_run(session, run_id)

    return run


def writes(runtime, account, *texts: str, openid: str = WANG) -> list:
    found = []
    for text in texts:
        runtime.clock.advance(seconds=5)
        found.append(customer_writes(runtime, account, text, openid=openid))
    return found


def test_it_counts_messages_people_and_days_of_this_account_only(runtime, account, try_it):
    writes(runtime, account, "抽奖", "我要抽奖!", "发货了吗")
    runtime.clock.advance(days=1)
    writes(runtime, account, "抽 奖", openid=LI)
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    writes(runtime, other, "抽奖")
    run = try_it()
    assert run.state is DryRunState.DONE
    assert (run.scanned, run.findings.answered, run.findings.people) == (4, 3, 2)
    assert [(day.day, day.answered) for day in run.findings.days] == [
        ("2026-03-02", 2),
        ("2026-03-03", 1),
    ]


def test_messages_before_the_days_are_left_out(runtime, account, try_it):
    writes(runtime, account, "抽奖")
    runtime.clock.advance(days=3)
    writes(runtime, account, "抽奖")
    assert try_it(days=2).findings.answered == 1
    assert try_it(days=7).findings.answered == 2


def test_a_wrong_hit_is_what_a_person_answered(runtime, account, team, try_it):
    question, thanks = writes(runtime, account, "抽奖怎么还没开", "谢谢")
    agent_answers(runtime, thanks, team.lin)
    writes(runtime, account, "抽奖", openid=LI)
    found = try_it().findings
    assert (found.answered, found.wrong) == (2, 1)
    assert found.became == {
        Became.RULE: 0,
        Became.PERSON: 1,
        Became.NOBODY: 1,
        Became.OTHER: 0,
    }
    assert [group.message_id for group in found.wrong_groups] == [question.id]
    assert try_it(passes_on=True).findings.wrong == 0


def test_an_answer_after_more_than_a_day_makes_no_wrong_hit(runtime, account, team, try_it):
    (question,) = writes(runtime, account, "抽奖")
    runtime.clock.advance(days=1, minutes=1)
    agent_answers(runtime, question, team.lin)
    assert try_it().findings.wrong == 0


def test_the_rule_is_silent_where_an_agent_had_just_written(runtime, account, team, try_it):
    (first,) = writes(runtime, account, "你好")
    agent_answers(runtime, first, team.lin)
    writes(runtime, account, "抽奖")
    found = try_it().findings
    assert (found.answered, found.speech[Speech.ATTENDED]) == (0, 1)
    assert try_it(answers_attended=True).findings.answered == 1


def test_rules_that_go_before_and_rules_that_lose_are_named(runtime, account, try_it):
    strong = make_rule(runtime, account, patterns="大奖", priority=9)
    weak = make_rule(runtime, account, patterns="奖", priority=-1)
    writes(runtime, account, "抽奖", "抽奖抽大奖")
    found = try_it().findings
    assert found.beaten_by == {strong.id: 1}
    assert found.taken_from == {weak.id: 1}
    assert found.caught == 2


def test_a_rule_that_is_tried_again_does_not_compete_with_itself(runtime, account, try_it):
    rule = make_rule(runtime, account, patterns="抽奖", priority=9)
    answered = customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
    found = try_it(rule_id=rule.id).findings
    assert (found.answered, found.beaten_by, found.taken_from) == (1, {}, {})
    assert found.became[Became.RULE] == 1
    assert found.common[0].message_id == answered.id


def test_exclusions_conditions_and_limits_hold_back(runtime, account, try_it):
    writes(runtime, account, "抽奖", "抽奖吗", "抽奖")
    assert try_it(exclusions="吗").findings.answered == 2
    assert try_it(conditions=Conditions(weekdays=(7,))).findings.answered == 0
    new = try_it(conditions=Conditions(newness=Newness.NEW)).findings
    assert new.answered == 1
    limited = try_it(limits=Limits(per_person=2)).findings
    assert (limited.answered, limited.speech[Speech.OVER]) == (2, 1)
    assert try_it(limits=Limits(total=1)).findings.answered == 1


def test_a_beginning_in_the_future_is_left_out(runtime, account, try_it):
    writes(runtime, account, "抽奖")
    starts_at = runtime.clock().replace(year=2027)
    assert try_it(conditions=Conditions(starts_at=starts_at)).findings.answered == 1


def test_events_and_first_messages_are_tried_too(runtime, account, try_it):
    scan = {"Event": "SCAN", "EventKey": "shop-1"}
    customer_writes(runtime, account, "", kind="event", event="SCAN", fields=scan)
    writes(runtime, account, "第一条", "第二条")
    scans = try_it("shop-1", trigger=Trigger.SCAN)
    assert (scans.scanned, scans.findings.answered) == (1, 1)
    first = try_it("", trigger=Trigger.FIRST_MESSAGE)
    assert first.findings.answered == 1


def test_long_waits_are_counted_from_the_clocks(runtime, account, team, try_it):
    (fast,) = writes(runtime, account, "在吗")
    runtime.clock.advance(minutes=2)
    agent_answers(runtime, fast, team.lin)
    writes(runtime, account, "急", openid=LI)
    runtime.clock.advance(minutes=9)
    found = try_it("", trigger=Trigger.WAITING, waiting_minutes=5).findings
    assert (found.answered, found.people) == (1, 1)


def test_only_the_newest_messages_are_looked_at_and_that_is_said(
    runtime, account, try_it, monkeypatch
):
    monkeypatch.setattr(dry_run_steps, "MOST_MESSAGES", 2)
    writes(runtime, account, "抽奖", "抽奖", "抽奖")
    run = try_it()
    assert (run.is_cut, run.scanned, run.findings.answered) == (True, 2, 2)


def test_a_run_that_lost_its_process_goes_on_where_it_was(
    runtime, account, team, monkeypatch, try_it
):
    monkeypatch.setattr(dry_run_steps, "SLICE", 2)
    writes(runtime, account, *["抽奖"] * 5)
    form = RuleForm(account.id, "活动", Match.CONTAINS, "抽奖", "谢谢")
    with runtime.unit_of_work() as uow:
        run_id = ask(uow, form, rule_id=None, days=7, requested_by_id=team.chen)
    work(runtime, run_id, -1)  # one slice, then its time is over
    with runtime.reading() as session:
        assert get_run(session, run_id).scanned == 2
    with runtime.unit_of_work() as uow:
        assert claim(uow, run_id) is not None  # a process takes it, and is killed
    work(runtime, run_id, SOON)
    with runtime.reading() as session:
        assert get_run(session, run_id).state is DryRunState.RUNNING
    runtime.clock.advance(seconds=61)
    run_dry_runs()
    with runtime.reading() as session:
        run = get_run(session, run_id)
    assert (run.state, run.scanned, run.findings.answered) == (DryRunState.DONE, 5, 5)


def test_two_processes_never_count_a_message_twice(runtime, account, team, monkeypatch):
    monkeypatch.setattr(dry_run_steps, "SLICE", 2)
    writes(runtime, account, *["抽奖"] * 4)
    form = RuleForm(account.id, "活动", Match.CONTAINS, "抽奖", "谢谢")
    with runtime.unit_of_work() as uow:
        run_id = ask(uow, form, rule_id=None, days=7, requested_by_id=team.chen)
    with runtime.unit_of_work() as uow:
        slow = claim(uow, run_id)
    runtime.clock.advance(seconds=61)
    work(runtime, run_id, SOON)
    with runtime.unit_of_work() as uow:
        assert not dry_runs.keep(uow, slow, {"total": 99}, is_last=True)
    with runtime.reading() as session:
        assert get_run(session, run_id).findings.answered == 4


def test_a_run_that_never_ends_is_given_up(runtime, account, team):
    form = RuleForm(account.id, "活动", Match.CONTAINS, "抽奖", "谢谢")
    with runtime.unit_of_work() as uow:
        run_id = ask(uow, form, rule_id=None, days=7, requested_by_id=team.chen)
    runtime.clock.advance(hours=2)
    run_dry_runs()
    with runtime.reading() as session:
        assert get_run(session, run_id).state is DryRunState.FAILED


def test_what_is_kept_of_a_run_are_numbers_and_ids(runtime, account, try_it):
    writes(runtime, account, "抽奖我的秘密是小猫")
    try_it()
    with runtime.reading() as session:
        kept = session.scalars(select(DryRun.result)).one()
    assert "秘密" not in str(kept)


def test_a_run_of_a_broken_rule_fails_alone(runtime, account, team, try_it):
    writes(runtime, account, "抽奖")
    form = RuleForm(account.id, "活动", Match.CONTAINS, "抽奖", "谢谢")
    with runtime.unit_of_work() as uow:
        broken = ask(uow, form, rule_id=None, days=7, requested_by_id=team.chen)
        uow.session.execute(
            update(DryRun).where(DryRun.id == broken).values(result={"tally": {"bad": 1}})
        )
    assert try_it().findings.answered == 1
    with runtime.reading() as session:
        assert get_run(session, broken).state is DryRunState.FAILED


@pytest.fixture
def form(account, monkeypatch) -> RuleForm:
    """An active rule; two runs are deleted at a time."""
    monkeypatch.setattr(dry_run_pruning, "PRUNED_AT_ONCE", 2)
    text = {"name": "活动", "patterns": "抽奖", "reply_text": "感谢参与!"}
    return RuleForm(account_id=account.id, match=Match.CONTAINS, is_active=True, **text)


def seen(runtime, form: RuleForm, by: int) -> int:
    """A run that somebody has confirmed."""
    with runtime.unit_of_work() as uow:
        run_id = ask(uow, form, rule_id=None, days=7, requested_by_id=by)
    run_dry_runs()
    with runtime.unit_of_work() as uow:
        confirm(uow, run_id, by)
    return run_id


def act(runtime, operation, *arguments, **named):
    with runtime.unit_of_work() as uow:
        return operation(uow, *arguments, **named)


def kept(runtime) -> tuple[set[int], list[int]]:
    """After the pruning: the runs, and those that versions of rules name."""
    prune_dry_runs()
    with runtime.reading() as session:
        named = session.scalars(
            select(AutoReplyRuleVersion.dry_run_id).order_by(AutoReplyRuleVersion.id)
        )
        return set(session.scalars(select(DryRun.id))), [it for it in named if it is not None]


def test_old_runs_are_deleted_but_the_one_that_an_active_rule_answers_by(runtime, team, form):
    first = seen(runtime, form, team.chen)
    rule = act(runtime, create_rule, form, team.chen)
    wider = replace(form, patterns="抽奖\n中奖")
    second = seen(runtime, wider, team.chen)
    act(runtime, change_rule, rule.id, wider, team.chen)
    act(runtime, change_rule, rule.id, replace(wider, reply_text="谢谢!"), team.chen)  # needs none
    others = {seen(runtime, replace(form, patterns=f"签到{n}"), team.chen) for n in range(4)}
    runtime.clock.advance(days=90)
    assert kept(runtime) == ({first, second, *others}, [first, second])
    runtime.clock.advance(seconds=1)
    assert kept(runtime) == ({second}, [second])


def test_old_run_of_a_rule_that_is_off_is_deleted_and_an_unfinished_one_is_not(runtime, team, form):
    seen(runtime, form, team.chen)
    rule = act(runtime, create_rule, form, team.chen)
    act(runtime, switch_rule, rule.id, is_active=False, changed_by_id=team.chen)
    waiting = act(runtime, ask, form, rule_id=None, days=7, requested_by_id=team.chen)
    runtime.clock.advance(days=91)
    young = seen(runtime, form, team.chen)
    with runtime.unit_of_work() as uow:  # nobody has worked on it
        again = update(DryRun).where(DryRun.id == waiting).values(state=DryRunState.WAITING)
        uow.session.execute(again)
    assert kept(runtime) == ({waiting, young}, [])
