"""Stories in a real browser about the three clocks of a conversation. Lin works; Zhou promised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from cast import entry
from playwright.sync_api import expect
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.lifecycle import pend
from wxdesk.conversations.models import Conversation
from wxdesk.intake.operations import record
from wxdesk.sla.operations import archive_policy, create_policy
from wxdesk.sla.rules import Action, Clock, Deed, PolicyForm, Stage, Targets, When, Whom

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nobody_waits", "promise")]

LIN = "lin@demo.wxdesk"
TELLS = (Action(Deed.NOTIFY, whom=(Whom.ASSIGNEE,)),)


@pytest.fixture
def promise(desk) -> Iterator[None]:
    """An answer in 10 minutes, an end in an hour; a warning when 3 of the 10 are over."""
    stage = Stage("w1", Clock.FIRST_RESPONSE, When.PERCENT, 30, TELLS)
    form = PolicyForm("会员承诺", {"normal": Targets(600, 1200, 3600)}, stages=(stage,))
    with desk.runtime.unit_of_work() as uow:
        policy_id = create_policy(uow, form).id
    yield
    with desk.runtime.unit_of_work() as uow:
        archive_policy(uow, policy_id)


def wrote(desk, openid, text, minutes_ago=0.0):
    """A customer has written this, so long ago; gives the conversation's id."""
    runtime = desk.runtime
    with runtime.reading() as session:
        account = session.scalars(select(Account).where(Account.slug == "yunshan")).one()
    at = runtime.clock() - timedelta(minutes=minutes_ago)
    values = {"created_at": at.replace(microsecond=0), "received_at": at}
    once_key = f"{openid:0>64}"
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, text, openid=openid, once_key=once_key, **values)])
    with runtime.reading() as session:
        theirs = select(Conversation.id).join(Contact).where(Contact.openid == openid)
        return session.scalars(theirs.order_by(Conversation.id.desc())).first()


def rests(desk, conversation_id):
    with desk.runtime.unit_of_work() as uow:
        lin = uow.session.scalars(select(Agent.id).where(Agent.email == LIN)).one()
        pend(uow, conversation_id, agent_id=lin)


def chip(page, text):
    return page.locator(".conv", has_text=text).locator("[class*='sla-']")


def clock(page, number):
    """Of the panel: 0 first response, 1 next response, 2 resolution."""
    return page.locator(".clocks .clock").nth(number)


def see_all(page, desk):
    page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".rows").wait_for()


def test_a_chip_turns_amber_when_the_policy_warns_and_red_when_it_is_late(desk, log_in):
    wrote(desk, "oCalmCustomer", "刚刚问的", minutes_ago=1)
    wrote(desk, "oWarnCustomer", "问了四分钟", minutes_ago=4)  # 60 % left, but the policy warns
    late = wrote(desk, "oLateCustomer", "问了很久", minutes_ago=15)
    page = log_in(LIN)
    see_all(page, desk)
    expect(chip(page, "刚刚问的")).to_have_class("chip sla-calm")
    expect(chip(page, "问了四分钟")).to_have_class("chip sla-warn")
    expect(chip(page, "问了很久")).to_have_class("chip sla-over")
    expect(chip(page, "问了很久")).to_contain_text("超时")
    rows = page.locator(".conv .row-text").all_inner_texts()
    assert rows.index("问了很久") < rows.index("问了四分钟") < rows.index("刚刚问的")
    page.locator(f".conv[data-id='{late}']").click()
    expect(clock(page, 0)).to_have_class("clock is-over")


def test_a_resting_conversation_says_paused_and_how_much_is_left(desk, log_in):
    resting = wrote(desk, "oRestingCustomer", "等我回家再说", minutes_ago=2.05)
    rests(desk, resting)
    page = log_in(LIN)
    page.goto(f"{desk.url}/inbox/{resting}?view=pending")
    expect(page.locator(f".conv[data-id='{resting}'] .sla-paused")).to_have_text("暂停")
    expect(clock(page, 0)).to_have_class("clock is-paused")
    expect(clock(page, 0)).to_contain_text("已暂停，剩余 7:5")
    expect(clock(page, 2)).to_have_class("clock is-paused")


def test_the_panel_shows_the_resolution_and_whose_promise_it_is(desk, log_in):
    opened = wrote(desk, "oPanelCustomer", "什么时候解决", minutes_ago=5)
    page = log_in(LIN)
    page.goto(f"{desk.url}/inbox/{opened}?view=all")
    expect(clock(page, 2)).to_have_class("clock is-calm")
    expect(clock(page, 2)).to_contain_text("剩余 5")
    expect(clock(page, 1)).to_contain_text("未计时")
    expect(page.locator(".clock-policy")).to_have_text("服务承诺：会员承诺，第 1 版")
