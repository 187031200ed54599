"""Stories in a real browser: agents Lin and Mei, marketer Chen, customer Wang."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

BOX = ".composer textarea"
LIN, MEI, CHEN = "lin@demo.wxdesk", "mei@demo.wxdesk", "chen@demo.wxdesk"


def open_conversation(page, desk, text):
    """Open the conversation whose latest message is this text."""
    if not page.url.endswith("view=all"):
        page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".conv", has_text=text).first.click()
    expect(page.locator(".bubble", has_text=text).last).to_be_visible()


def test_wangs_question_arrives_live_is_answered_by_keyboard_and_reaches_the_phone(desk, log_in):
    lin = log_in(LIN)
    lin.goto(f"{desk.url}/inbox?view=all")
    wang = desk.new_customer("王先生")
    desk.write(wang, "我的茶杯碎了，怎么退款？")
    row = lin.locator(".conv", has_text="我的茶杯碎了")
    expect(row).to_be_visible(timeout=10_000)  # without loading the page again
    row.click()
    lin.locator(".bubble", has_text="我的茶杯碎了").wait_for()
    lin.keyboard.press("a")
    expect(lin.locator(".thread-holder")).to_contain_text("我")
    lin.keyboard.press("r")
    lin.keyboard.type("很抱歉，马上为您补发。")
    lin.keyboard.press("Enter")
    expect(lin.locator(".delivery.is-sent").last).to_be_visible(timeout=10_000)
    assert desk.phone(wang)[-1] == "很抱歉，马上为您补发。"
    lin.keyboard.press("Escape")
    lin.keyboard.press("e")
    expect(lin.locator(".thread-head")).to_contain_text("重新打开")


def test_who_is_slower_sees_the_colleagues_answer_first_and_keeps_the_draft(desk, log_in):
    wang = desk.new_customer("王女士")
    desk.write(wang, "发票什么时候寄出呢")
    lin, mei = log_in(LIN), log_in(MEI)
    open_conversation(lin, desk, "发票什么时候寄出呢")
    open_conversation(mei, desk, "发票什么时候寄出呢")
    lin.context.set_offline(True)  # Lin's page does not hear of Mei's answer
    lin.fill(BOX, "我来查一下发票。")
    mei.fill(BOX, "发票明天寄出。")
    mei.press(BOX, "Enter")
    expect(mei.locator(".delivery.is-sent").last).to_be_visible(timeout=10_000)
    lin.context.set_offline(False)
    lin.press(BOX, "Enter")
    guard = lin.locator(".send-guard")
    expect(guard).to_contain_text("发票明天寄出。")
    expect(guard).to_contain_text("我来查一下发票。")
    assert desk.phone(wang) == ["发票明天寄出。"]
    guard.locator("button", has_text="仍要发送").click()
    desk.wait_until(
        lambda: desk.phone(wang) == ["发票明天寄出。", "我来查一下发票。"], "both answers arrive"
    )


def test_enter_while_composing_chinese_never_sends(desk, log_in):
    wang = desk.new_customer("小王")
    desk.write(wang, "请问有现货吗")
    lin = log_in(LIN)
    open_conversation(lin, desk, "请问有现货吗")
    lin.focus(BOX)
    keyboard = lin.context.new_cdp_session(lin)
    keyboard.send(
        "Input.imeSetComposition", {"text": "you'huo", "selectionStart": 7, "selectionEnd": 7}
    )
    keyboard.send(
        "Input.dispatchKeyEvent",
        {"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229},
    )
    keyboard.send("Input.insertText", {"text": "有货"})
    expect(lin.locator(BOX)).to_have_value("有货")
    assert desk.phone(wang) == []
    lin.press(BOX, "Enter")
    desk.wait_until(lambda: desk.phone(wang) == ["有货"], "the answer arrives once")


def test_rule_switched_off_on_the_page_stops_answering(desk, log_in):
    wang = desk.new_customer("老王")
    assert desk.write(wang, "营业时间")["outcome"] is not None
    assert len(desk.phone(wang)) == 1
    chen = log_in(CHEN)
    chen.goto(f"{desk.url}/settings/rules")
    group = chen.locator("tbody", has=chen.locator("th", has_text="茶季"))
    row = group.locator("tr", has_text="几点开门")
    row.get_by_role("button", name="停用").click()
    expect(row).to_contain_text("v2")
    chen.wait_for_timeout(1_000)  # the promise: within one second, in every process
    for _ in range(6):  # more than there are web processes
        desk.write(wang, "营业时间")
    assert len(desk.phone(wang)) == 1


def test_phone_sized_inbox_goes_from_list_to_thread_and_back(desk, log_in):
    wang = desk.new_customer("王五")
    desk.write(wang, "包裹一直没有更新")
    lin = log_in(LIN, width=390, height=844)
    open_conversation(lin, desk, "包裹一直没有更新")
    expect(lin.locator(".list-pane")).to_be_hidden()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert lin.evaluate(overflow) <= 0
    lin.locator(".back").click()
    expect(lin.locator(".list-pane")).to_be_visible()


def test_after_a_restart_everything_is_there_and_the_page_goes_on(desk, log_in):
    wang = desk.new_customer("王六")
    desk.write(wang, "重启之前的问题")
    lin = log_in(LIN)
    open_conversation(lin, desk, "重启之前的问题")
    lin.fill(BOX, "写到一半")
    desk.stop()
    expect(lin.locator(".banner")).to_be_visible(timeout=15_000)
    desk.start()
    desk.write(wang, "重启之后的问题")
    expect(lin.locator(".bubble", has_text="重启之后的问题")).to_be_visible(timeout=40_000)
    expect(lin.locator(BOX)).to_have_value("写到一半")
