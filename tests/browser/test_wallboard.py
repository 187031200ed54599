"""The wall shows who waits as soon as somebody writes, and says when it has no news."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SUPERVISOR = "zhou@demo.wxdesk"


def test_a_customer_who_writes_is_on_the_wall_within_moments(desk, log_in, nobody_waits):
    page = log_in(SUPERVISOR, width=1920, height=1080)
    page.goto(f"{desk.url}/reports/wallboard")
    expect(page.locator("#waiting")).to_have_text("0")
    expect(page.locator("#oldest")).to_have_text("–")
    customer = desk.new_customer("墙上的客户")
    desk.write(customer, "请问有人吗")
    expect(page.locator("#waiting")).to_have_text("1", timeout=8_000)
    ticking = page.locator("#oldest")
    first = ticking.inner_text()
    expect(ticking).not_to_have_text(first, timeout=5_000)
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080


def test_a_wall_without_news_says_since_when(desk, log_in):
    page = log_in(SUPERVISOR, width=1920, height=1080)
    page.clock.install()
    page.goto(f"{desk.url}/reports/wallboard")
    expect(page.locator("#waiting")).not_to_have_text("–")
    expect(page.locator("#lost")).to_be_hidden()
    page.route("**/reports/wallboard/now*", lambda route: route.abort())
    page.clock.run_for(30_000)
    expect(page.locator("#lost")).to_be_visible()
    page.context.close()  # its clock would stay in it
