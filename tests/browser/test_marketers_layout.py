"""Marketers' pages with the longest names: nothing runs out of a phone or hides a button."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from playwright.sync_api import expect
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.agents.queries import find_agent
from wxdesk.campaigns.definitions import CampaignForm
from wxdesk.campaigns.operations import create_campaign
from wxdesk.campaigns.switching import go_live
from wxdesk.contacts.models import FollowEvent
from wxdesk.qr_codes.operations import create_codes
from wxdesk.qr_codes.rules import CodeForm
from wxdesk.triage.operations import create_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Match, Outcome

pytestmark = pytest.mark.browser

CHEN, ZHOU = "chen@demo.wxdesk", "zhou@demo.wxdesk"
MAILS = "/reports/mails"
WORD = "Supercalifragilisticexpialidocious" * 2
KEYWORD = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 2
FITS = "document.documentElement.scrollWidth <= innerWidth"
DARK = "document.documentElement.dataset.bsTheme = 'dark'"
CUT = """() => [...document.querySelectorAll('main *')].filter(each => {
  const style = getComputedStyle(each)
  return style.textOverflow === 'ellipsis' && each.scrollWidth > each.clientWidth + 1
    && !each.closest('[title]') && !each.querySelector('[title]')
}).map(each => each.textContent)"""
OUT_OF_SIGHT = """() => [...document.querySelectorAll('main [aria-current=page]')].filter(each => {
  const bar = each.closest('nav').getBoundingClientRect()
  const tab = each.getBoundingClientRect()
  return tab.left < bar.left - 1 || tab.right > bar.right + 1 || tab.right > innerWidth + 1
}).map(each => each.textContent.trim())"""
MARKS = """() => echarts.getInstanceByDom(document.querySelector('[data-chart]'))
  .getOption().series[0].markLine.data"""
LIGHTNESS = """each => {
  const [red, green, blue] = getComputedStyle(each).color.match(/[0-9.]+/g).map(Number)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}"""


@pytest.fixture(scope="module")
def long_paths(desk) -> list[str]:
    """Pages of a rule, a campaign and a QR code with names of 60 and more letters."""
    with desk.runtime.unit_of_work() as uow:
        tea = uow.session.scalars(select(Account.id).where(Account.slug == "chaji")).one()
        chen = find_agent(uow.session, CHEN).id
        form = RuleForm(tea, WORD[:60], Match.EXACT, f"{KEYWORD}\n{KEYWORD}2", "好", is_active=True)
        rule = create_rule(uow, form, chen, is_seen=True)
        campaign_id = make_campaign(uow, WORD, f"{KEYWORD}3")
        code = CodeForm(tea, WORD, folder=WORD[:60])
        (code_id,) = create_codes(uow, [code], chen)
    of_rule = [f"/settings/rules/{rule.id}{rest}" for rest in ("", "/dry-run", "/versions")]
    of_campaign = [
        f"/campaigns/{campaign_id}{rest}"
        for rest in ("", "/edit", "/codes", "/entries", "/draws", "/prizes", "/live")
    ]
    of_code = [f"/campaigns/qr-codes/{code_id}{rest}" for rest in ("", "/poster")]
    lists = ["/settings/rules", "/campaigns", "/campaigns/qr-codes"]
    return [*of_rule, *of_campaign, *of_code, *lists]


def has_followed(desk) -> bool:
    with desk.runtime.reading() as session:
        return session.scalar(select(FollowEvent.id).limit(1)) is not None


def make_campaign(uow, name: str, keyword: str) -> int:
    """A draft of 茶季 that begins now."""
    tea = uow.session.scalars(select(Account.id).where(Account.slug == "chaji")).one()
    form = CampaignForm(
        account_id=tea,
        name=name,
        starts_at=uow.now,
        ends_at=uow.now + timedelta(days=1),
        match=Match.EXACT,
        patterns=keyword,
        replies={Outcome.ENTERED: "好"},
    )
    return create_campaign(uow, form, actor_id=find_agent(uow.session, CHEN).id).id


def test_no_page_is_wider_than_a_phone_and_what_is_cut_can_be_read(desk, log_in, long_paths):
    chen = log_in(CHEN, 390, 844)
    for path in long_paths:
        chen.goto(f"{desk.url}{path}")
        assert chen.evaluate(FITS), path
        assert chen.evaluate(CUT) == [], path


def test_the_tab_of_the_page_is_in_sight_on_a_phone_and_the_page_at_its_top(
    desk, log_in, long_paths
):
    prizes = next(path for path in long_paths if path.endswith("/prizes"))
    for email, path, tabs in ((CHEN, prizes, 2), (CHEN, "/campaigns/health", 1), (ZHOU, MAILS, 1)):
        page = log_in(email, 390, 844, at=path)
        expect(page.locator("main [aria-current=page]")).to_have_count(tabs)
        assert page.evaluate(OUT_OF_SIGHT) == [], path
        assert page.evaluate("scrollY") == 0, path


def test_the_switches_of_the_rules_stay_in_sight(desk, log_in, long_paths):
    chen = log_in(CHEN)
    chen.goto(f"{desk.url}/settings/rules")
    row = chen.locator("tr", has_text=WORD[:60]).filter(has=chen.locator("td.actions button"))
    expect(row).to_be_visible()
    frame = chen.locator(".table-responsive").bounding_box()
    button = row.locator("td.actions button").bounding_box()
    assert button["x"] + button["width"] <= frame["x"] + frame["width"]


def test_a_rules_state_is_a_small_mark_on_a_phone(desk, log_in, long_paths):
    chen = log_in(CHEN, 390, 844)
    chen.goto(f"{desk.url}/settings/rules")
    assert chen.locator(".rule-state").first.bounding_box()["width"] < 90


def test_what_ends_something_can_be_read_in_the_dark(desk, log_in, long_paths):
    chen = log_in(CHEN)
    chen.goto(f"{desk.url}/settings/rules")
    chen.evaluate(DARK)
    chen.evaluate(
        "document.querySelector('main').insertAdjacentHTML("
        "'beforeend', '<button id=ends class=\"btn btn-outline-danger\">停止</button>')"
    )
    assert chen.locator("#ends").evaluate(LIGHTNESS) > 150


def test_what_was_sent_on_one_day_has_one_mark_with_all_names(desk, log_in):
    openid = desk.new_customer("赵标记")
    url = f"{desk.simulator}/sim/customers/{openid}/events?wait=1"
    requests.post(url, json={"event": "subscribe"}, timeout=30).raise_for_status()
    desk.wait_until(lambda: has_followed(desk), "the new follower")
    with desk.runtime.unit_of_work() as uow:
        by = find_agent(uow.session, CHEN).id
        for name in ("标记甲", "标记乙"):
            go_live(uow, make_campaign(uow, name, f"{name}口令"), actor_id=by, is_seen=True)
    chen = log_in(CHEN)
    chen.goto(f"{desk.url}/campaigns/health")
    chen.locator("[data-chart] canvas").first.wait_for()
    marks = chen.evaluate(MARKS)
    (both,) = [mark["name"] for mark in marks if "标记甲" in mark["name"]]
    assert "标记乙" in both
    assert len({mark["xAxis"] for mark in marks}) == len(marks)
