"""A marketer puts a wrong answer right in a real browser, and the customers see it on the phone."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TOLD = "您好,抽奖时间是周五。"


def list_and_write(desk, page: Page) -> str:
    """Choose the rule, count, list and write; the address of the correction."""
    page.goto(f"{desk.url}/campaigns/corrections")
    page.locator(".page-actions a.btn-primary").click()
    page.locator("tr", has_text="抽奖").locator("a.btn-sm").first.click()
    page.locator("#choice button[type=submit]").click()
    expect(page.locator("#figure-people .figure-value")).not_to_have_text("0")
    page.fill("#name", "抽奖说明更正")
    page.locator("form[method=post] button.btn-primary").click()
    page.wait_for_url(re.compile("/corrections/[0-9]+$"))
    page.fill("#text", "{{remark|您}}好,抽奖时间是周五。")
    expect(page.locator("#preview .fix-bubble").first).to_contain_text("好,抽奖时间是周五。")
    page.fill("#per_minute", "600")
    page.locator("#wording button[type=submit]").click()
    expect(page.locator("button[data-opens=begin]")).to_be_visible()
    return page.url


def test_who_got_the_wrong_answer_is_counted_told_once_and_reported(desk, log_in):
    people = [desk.new_customer(f"抽奖客户{number}") for number in range(3)]
    for openid in people:
        desk.write(openid, "我要抽奖")
        desk.wait_until(lambda who=openid: len(desk.phone(who)) == 1, "the rule has answered")
    page = log_in("chen@demo.wxdesk")
    at = list_and_write(desk, page)
    page.locator("button[data-opens=begin]").click()
    page.locator("#begin button.btn-primary").click()
    expect(page.locator(".fix-done").first).to_be_visible(timeout=90_000)  # without reloading
    for openid in people:
        assert [text for text in desk.phone(openid) if "周五" in text] == [TOLD]
    page.goto(f"{at}/report")
    expect(page.locator("#figure-corrected .figure-value")).not_to_have_text("0")
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("", "/campaigns/corrections", "/campaigns/corrections/new?rule_id=1"):
        page.goto(f"{desk.url}{path}" if path else at)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
