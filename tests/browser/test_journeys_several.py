"""Stories of several agents, of small screens and of large letters. Lin and Mei are agents."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nobody_waits")]

BOX = ".composer textarea"
LIN, MEI = "lin@demo.wxdesk", "mei@demo.wxdesk"
SOON_MS = 15_000
PHONE = (390, 844)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def wrote(desk, name, text):
    """A new customer who has written this; gives the openid."""
    openid = desk.new_customer(name)
    desk.write(openid, text)
    return openid


def show(page: Page, desk, text):
    page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".conv", has_text=text).first.click()
    expect(page.locator(".bubble", has_text=text).last).to_be_visible()


def test_of_two_who_take_a_conversation_at_once_one_has_it_and_the_other_is_told(desk, log_in):
    wrote(desk, "王赛一", "两个人都想接我")
    pages = {"林小雨": log_in(LIN), "梅芳": log_in(MEI)}
    for page in pages.values():
        show(page, desk, "两个人都想接我")
    for page in pages.values():  # neither waits for the other's answer
        page.keyboard.press("a")
    holders = [page.locator(".thread-holder") for page in pages.values()]
    for holder in holders:
        expect(holder).not_to_contain_text("未分配", timeout=SOON_MS)
    shown = [holder.inner_text() for holder in holders]
    winners = [text for text in shown if "我" in text]
    assert len(winners) == 1, shown
    loser = next(name for name, text in zip(pages, shown, strict=True) if "我" not in text)
    winner = next(name for name in pages if name != loser)
    assert winner in shown[list(pages).index(loser)]
    expect(pages[loser].locator(".notice").first).to_be_visible()


def test_a_phone_sized_agent_answers_three_customers_in_a_row(desk, log_in):
    customers = [wrote(desk, f"手机{n}", f"手机上第{n}位") for n in (1, 2, 3)]
    lin = log_in(LIN, width=PHONE[0], height=PHONE[1])
    lin.goto(f"{desk.url}/inbox?view=all")
    for number, openid in enumerate(customers, 1):
        row = lin.locator(".conv", has_text=f"手机上第{number}位")
        row.scroll_into_view_if_needed()
        row.click()
        expect(lin.locator(".bubble", has_text=f"手机上第{number}位")).to_be_visible()
        expect(lin.locator(".list-pane")).to_be_hidden()
        lin.fill(BOX, f"回复第{number}位")
        lin.locator(".composer .split-button .btn-primary").first.click()
        expect(lin.locator(BOX)).to_have_value("")
        assert lin.evaluate(OVERFLOW) <= 0
        lin.locator(".back").click()
        expect(lin.locator(".list-pane")).to_be_visible()
        answer = [f"回复第{number}位"]
        desk.wait_until(lambda: desk.phone(openid) == answer, "the answer arrives")  # noqa: B023


def test_at_twice_the_size_an_agent_finds_reads_and_answers(desk, log_in):
    """200 % zoom on a screen of 1280 by 800: half as many CSS pixels."""
    wang = wrote(desk, "王放大", "字放大两倍还能用吗")
    lin = log_in(LIN, width=640, height=400)
    show(lin, desk, "字放大两倍还能用吗")
    assert lin.evaluate(OVERFLOW) <= 0
    box = lin.locator(BOX)
    box.scroll_into_view_if_needed()
    box.fill("能用")
    send = lin.locator(".composer .split-button .btn-primary").first
    expect(send).to_be_in_viewport(ratio=0.9)
    send.click()
    desk.wait_until(lambda: desk.phone(wang) == ["能用"], "the answer arrives")
    expect(lin.locator(".bubble", has_text="能用").last).to_be_in_viewport()
    lin.locator(".back").click()
    row = lin.locator(".conv", has_text="能用").first
    expect(row).to_be_in_viewport()
    assert lin.evaluate(OVERFLOW) <= 0
