"""Keys pressed before the server has answered the one before: none is lost, none doubled."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LIN = "lin@demo.wxdesk"


def test_the_next_key_waits_for_the_answer_to_the_last(desk, log_in):
    wang = desk.new_customer("手快的王先生")
    desk.write(wang, "我的订单能加急吗")
    lin = log_in(LIN)
    lin.goto(f"{desk.url}/inbox?view=all")
    lin.locator(".conv", has_text="我的订单能加急吗").click()
    expect(lin.locator(".bubble", has_text="我的订单能加急吗")).to_be_visible()
    asked, held = [], []

    def hold(route) -> None:
        asked.append(route.request.url.rsplit("/", 1)[1])
        held.append(route)

    lin.route("**/conversations/*/priority", hold)
    lin.route("**/conversations/*/assign", hold)
    lin.keyboard.press("Escape")  # out of the reply box
    lin.keyboard.press("p")
    lin.keyboard.press("Enter")  # the first: urgent
    expect(lin.locator(".thread-head button[disabled]").first).to_be_visible()
    lin.keyboard.press("a")
    lin.keyboard.press("a")  # the same once more, as fast hands do
    lin.wait_for_timeout(300)
    assert asked == ["priority"]
    held[0].continue_()
    desk.wait_until(lambda: lin.wait_for_timeout(50) or len(held) > 1, "the claim is sent")
    assert asked == ["priority", "assign"]
    held[1].continue_()
    expect(lin.locator(".thread-holder")).to_contain_text("我")
    expect(lin.locator(".conv.is-selected .priority-urgent")).to_be_visible()
    expect(lin.locator(".thread-head button[disabled]")).to_have_count(0)
    assert asked == ["priority", "assign"]


def test_a_key_behind_a_refused_claim_does_nothing(desk, log_in):
    wang = desk.new_customer("抢先的王先生")
    desk.write(wang, "能换个颜色吗")
    lin = log_in(LIN)
    lin.goto(f"{desk.url}/inbox?view=all")
    lin.locator(".conv", has_text="能换个颜色吗").click()
    expect(lin.locator(".bubble", has_text="能换个颜色吗")).to_be_visible()
    asked, held = [], []

    def hold(route) -> None:
        asked.append(route.request.url.rsplit("/", 1)[1])
        held.append(route)

    lin.route("**/conversations/*/assign", hold)
    lin.route("**/conversations/*/resolve", hold)
    lin.keyboard.press("Escape")  # out of the reply box
    lin.keyboard.press("a")
    desk.wait_until(lambda: lin.wait_for_timeout(50) or held, "the claim is sent")
    lin.keyboard.press("e")
    lin.wait_for_timeout(300)
    body = {"title": "Conflict", "status": 409, "detail": "梅在处理", "assignee": {"name": "梅"}}
    held[0].fulfill(status=409, json=body, content_type="application/problem+json")
    expect(lin.locator(".thread-head button[disabled]")).to_have_count(0)
    lin.wait_for_timeout(300)
    assert asked == ["assign"]
