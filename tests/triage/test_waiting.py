"""Customers who wait for a person hear from a rule once a wait; and how the desk stands now."""

import threading
from datetime import timedelta

import pytest
from cast import (
    WANG,
    agent_answers,
    conversation_of,
    customer_writes,
    hire,
    make_account,
    make_rule,
    work_off,
)
from sqlalchemy import select, update

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent, Team, TeamMember
from wxdesk.agents.rules import Presence
from wxdesk.background_jobs import ANSWER_WAITING, DELIVER_BULK, DELIVER_MESSAGE
from wxdesk.calendars.hours import read_intervals
from wxdesk.calendars.operations import CalendarForm, create_calendar
from wxdesk.contacts.models import Contact
from wxdesk.conversations.assigning import claim
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.triage.moments import read_moments, read_rates
from wxdesk.triage.operations import switch_rule
from wxdesk.triage.rules import NOTHING_KNOWN, Limits, Moment, Trigger
from wxdesk.triage.waiting import answer_wait, list_waiting_rules, list_waits
from wxdesk.triage.waiting_jobs import answer_waiting

LI = "oLi000000000000000000000000"
TEXT = "{{customer|您}}好,前面还有人,您是第 {{position}} 位。"


@pytest.fixture
def runtime(sending):
    return sending


@pytest.fixture
def account(runtime, wechat):
    wechat.add_customer()
    with runtime.reading() as session:
        return session.scalars(select(Account)).one()


def waiting_rule(runtime, account, minutes=5, text=TEXT, **values):
    fields = {"trigger": Trigger.WAITING, "waiting_minutes": minutes} | values
    return make_rule(runtime, account, "", text, **fields)


def said(runtime) -> list[str]:
    """What rules said to Wang, in order."""
    with runtime.reading() as session:
        return list(
            session.scalars(
                select(Message.text)
                .where(Message.sender_kind == SenderKind.RULE)
                .order_by(Message.id)
            )
        )


def after(runtime, **units) -> list[str]:
    runtime.clock.advance(**units)
    answer_waiting()
    return said(runtime)


def answers(runtime, agent_id: int) -> None:
    """The agent has read all of Wang's thread, and WeChat takes the answer."""
    with runtime.reading() as session:
        newest = session.scalars(
            select(Message)
            .join(Contact, Contact.id == Message.contact_id)
            .where(Contact.openid == WANG)
            .order_by(Message.id.desc())
            .limit(1)
        ).one()
        newest.conversation_id = conversation_of(runtime).id
    agent_answers(runtime, newest, agent_id)


def test_whoever_waits_too_long_hears_it_once_a_wait(runtime, account, wechat):
    lin = hire(runtime).lin
    rule = waiting_rule(runtime, account, answers_attended=True)
    message = customer_writes(runtime, account)
    assert after(runtime, minutes=4) == []
    assert after(runtime, minutes=1) == ["您好,前面还有人,您是第 2 位。"]
    customer_writes(runtime, account, "还在吗?")
    assert len(after(runtime, minutes=30)) == 1
    work_off(runtime, DELIVER_BULK)
    assert [call["errcode"] for call in wechat.calls("custom/send")] == [0]
    with runtime.reading() as session:
        answer = session.scalars(select(Message).where(Message.sender_id == rule.id)).one()
        assert (answer.outcome, answer.reply_to_id) == ("default", message.id)

    answers(runtime, lin)
    assert len(after(runtime, minutes=30)) == 1, "the answer of a person is on its way"
    work_off(runtime, DELIVER_MESSAGE)
    customer_writes(runtime, account, "又来了")
    assert len(after(runtime, minutes=6)) == 2


def test_two_processes_at_once_say_it_once(runtime, account, build_runtime, redis_server):
    waiting_rule(runtime, account)
    customer_writes(runtime, account)
    runtime.clock.advance(minutes=6)
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        answer_waiting()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said(runtime)) == 1


def test_of_several_rules_the_one_for_the_longest_wait_so_far_speaks(runtime, account):
    waiting_rule(runtime, account, 5, "五")
    waiting_rule(runtime, account, 15, "十五")
    waiting_rule(runtime, account, 15, "重要", priority=9, name="重要")
    customer_writes(runtime, account)
    assert after(runtime, minutes=5) == ["五"]
    assert after(runtime, minutes=10) == ["五", "重要"]
    assert after(runtime, minutes=10) == ["五", "重要"]


def test_once_switched_off_it_says_no_more_and_what_waits_is_taken_back(runtime, account, wechat):
    rule = waiting_rule(runtime, account)
    for openid in (WANG, LI):
        customer_writes(runtime, account, openid=openid)
    runtime.clock.advance(minutes=6)
    with runtime.reading() as session:
        (read,) = list_waiting_rules(session)[account.id]
        waits = list_waits(session, [account.id], runtime.clock(), runtime.clock(), None, 9)
    with runtime.unit_of_work() as uow:
        assert answer_wait(uow, read, waits[0], NOTHING_KNOWN)
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=False, changed_by_id=None)
    with runtime.unit_of_work() as uow:
        assert not answer_wait(uow, read, waits[1], NOTHING_KNOWN)
    work_off(runtime, DELIVER_BULK)
    assert wechat.calls("custom/send") == []
    with runtime.reading() as session:
        assert session.scalars(select(DeliveryRow.state)).all() == [Delivery.WITHDRAWN]


def close_window(runtime) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Contact).values(window_remaining=1))


def fill_team(runtime) -> None:
    lin = hire(runtime).lin
    with runtime.unit_of_work() as uow:
        message = uow.session.scalars(select(Message)).one()
        claim(uow, message.conversation_id, lin)


@pytest.mark.parametrize("trouble", [close_window, fill_team])
def test_nothing_is_said_where_the_slots_are_for_people_or_somebody_is_there(
    runtime, account, trouble
):
    waiting_rule(runtime, account)
    customer_writes(runtime, account)
    trouble(runtime)
    assert after(runtime, minutes=6) == []


def test_a_person_gets_it_as_often_as_the_limit_says(runtime, account):
    lin = hire(runtime).lin
    limits = Limits(per_person=1, per_person_seconds=3600)
    waiting_rule(runtime, account, limits=limits, answers_attended=True)
    for count, minutes in ((1, 6), (1, 6), (2, 60)):
        customer_writes(runtime, account)
        assert len(after(runtime, minutes=minutes)) == count
        answers(runtime, lin)
        work_off(runtime, DELIVER_MESSAGE)


def test_the_moment_tells_hours_people_and_waits_of_each_account(runtime, account):
    people, other = (
        hire(runtime),
        make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other"),
    )
    with runtime.unit_of_work() as uow:
        week = (read_intervals("09:00-17:00"), *((),) * 6)
        form = CalendarForm("办公", "Asia/Shanghai", week)
        calendar = create_calendar(uow, form, actor_id=None)
        team = Team(name="客服", calendar_id=calendar.id, created_at=uow.now)
        uow.session.add(team)
        uow.session.flush()
        uow.session.add(TeamMember(team_id=team.id, agent_id=people.mei))
        uow.session.get_one(Account, account.id).team_id = team.id
        uow.session.get_one(Agent, people.lin).presence = Presence.ONLINE
    customer_writes(runtime, account)
    customer_writes(runtime, account, openid=f"{WANG}2")

    def moments() -> dict[int, Moment]:
        with runtime.reading() as session:
            now = runtime.clock()
            return read_moments(session, now, read_rates(session, now))

    assert moments() == {
        account.id: Moment(is_open=False, is_anybody_online=False, waiting=2),
        other.id: Moment(is_open=True, is_anybody_online=True, waiting=0),
    }
    runtime.clock.advance(hours=-1)
    assert moments()[account.id].is_open


def test_the_expected_wait_follows_from_how_fast_people_answer(runtime, account, wechat):
    lin = hire(runtime).lin
    for number in range(4):
        wechat.add_customer(f"{WANG}{number}")
        message = customer_writes(runtime, account, openid=f"{WANG}{number}")
        agent_answers(runtime, message, lin)
    work_off(runtime, DELIVER_MESSAGE)
    customer_writes(runtime, account)
    runtime.clock.advance(minutes=5)
    with runtime.reading() as session:
        rates = read_rates(session, runtime.clock())
        moment = read_moments(session, runtime.clock(), rates)[account.id]
    assert rates == {account.id: 4 / timedelta(minutes=35).total_seconds()}
    assert (moment.waiting, moment.expected_wait_seconds) == (1, 1050)


def test_the_job_is_rung_by_its_own_name():
    assert ANSWER_WAITING.path == "wxdesk.triage.waiting_jobs.answer_waiting"
