"""Keys pressed before the server has answered the one before: none is lost, none doubled."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LIN = "lin@demo.wxdesk"


def held_back(desk, log_in, name: str, question: str, *paths: str):
    """Lin has the customer's conversation open; what she asks of these paths waits for us."""
    desk.write(desk.new_customer(name), question)
    lin = log_in(LIN)
    lin.goto(f"{desk.url}/inbox?view=all")
    lin.locator(".conv", has_text=question).click()
    expect(lin.locator(".bubble", has_text=question)).to_be_visible()
    asked, held = [], []

    def hold(route) -> None:
        asked.append(route.request.url.rsplit("/", 1)[1])
        held.append(route)

    for path in paths:
        lin.route(f"**/conversations/*/{path}", hold)
    lin.keyboard.press("Escape")  # out of the reply box
    return lin, asked, held


def test_the_next_key_waits_for_the_answer_to_the_last(desk, log_in):
    lin, asked, held = held_back(
        desk, log_in, "手快的王先生", "我的订单能加急吗", "priority", "assign"
    )
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
    lin, asked, held = held_back(desk, log_in, "抢先的王先生", "能换个颜色吗", "assign", "resolve")
    lin.keyboard.press("a")
    desk.wait_until(lambda: lin.wait_for_timeout(50) or held, "the claim is sent")
    lin.keyboard.press("e")
    lin.wait_for_timeout(300)
    body = {"title": "Conflict", "status": 409, "detail": "梅在处理", "assignee": {"name": "梅"}}
    held[0].fulfill(status=409, json=body, content_type="application/problem+json")
    expect(lin.locator(".thread-head button[disabled]")).to_have_count(0)
    lin.wait_for_timeout(300)
    assert asked == ["assign"]


def test_keys_behind_the_help_do_nothing_from_the_moment_it_is_asked_for(desk, log_in):
    lin, asked, held = held_back(
        desk, log_in, "急性子的王先生", "快捷键在哪里", "assign", "resolve"
    )
    lin.evaluate(  # the second key before the browser has drawn anything
        """async () => {
            const press = (key) => (document.querySelector("dialog[open]") ?? document.body)
                .dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
            press("?");
            for (let turn = 0; turn < 10; turn++) await null;
            press("e");
        }"""
    )
    expect(lin.locator(".help-dialog[open]")).to_be_visible()
    lin.keyboard.press("Escape")
    lin.keyboard.press("a")
    desk.wait_until(lambda: lin.wait_for_timeout(50) or held, "the claim is sent")
    held[0].continue_()
    expect(lin.locator(".thread-holder")).to_contain_text("我")
    assert asked == ["assign"]
