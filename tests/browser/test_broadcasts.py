"""A marketer sends to many in a real browser, and the customers' phones show it."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

HOME = "/campaigns/broadcasts"


def begin(page, desk, kind, name):
    page.goto(f"{desk.url}{HOME}/new")
    page.select_option("#account_id", label="茶季")
    page.check(f"input[name=kind][value={kind}]")
    page.click(".broadcast-form button[type=submit]")
    if kind == "template":
        page.select_option("#choose-template", index=1)
        page.wait_for_url("**template_id=*")
    page.fill("input[name=name]", name)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_mass_send_from_the_draft_to_the_phones(desk, log_in):
    wang = desk.new_customer("王群发")
    desk.write(wang, "在吗")
    page = log_in("chen@demo.wxdesk")
    begin(page, desk, "mass", "会员日")
    expect(page.locator("[data-mass=mpnews]")).to_be_hidden()
    page.fill("#text", "本周六会员日，全场新茶可试饮。")
    page.click("text=保存并查看人数")
    expect(page.locator(".broadcast-bubble")).to_have_text("本周六会员日，全场新茶可试饮。")
    people = int(page.locator(".broadcast-numbers .is-main dd").inner_text())
    assert people > 0
    assert fits(page)
    page.click("button[name=do][value=send]")
    expect(page.locator("#progress")).to_have_attribute("data-state", re.compile("sending|done"))
    desk.wait_until(lambda: "本周六会员日，全场新茶可试饮。" in desk.phone(wang), "the mass send")
    expect(page.locator("#progress")).to_have_attribute("data-state", "done")
    expect(page.locator("#progress .figure-value").first).not_to_have_text("0")
    page.goto(f"{desk.url}{HOME}")
    expect(page.locator("tbody tr").first).to_contain_text("会员日")


def test_template_to_each_person_is_shown_in_the_thread_as_a_broadcast(desk, log_in):
    wang = desk.new_customer("王模板")
    desk.write(wang, "我的茶发货了吗")
    page = log_in("chen@demo.wxdesk", 390, 844)
    begin(page, desk, "template", "发货提醒")
    for box in page.locator('input[name^="data."]').all():
        box.fill("{{remark|您}}的新茶已发货")
    page.click("text=保存并查看人数")
    expect(page.locator(".broadcast-card")).to_contain_text("王女士的新茶已发货")
    assert fits(page)
    page.click("button[name=do][value=send]")
    desk.wait_until(
        lambda: any("您的新茶已发货" in text for text in desk.phone(wang)), "the template"
    )
    expect(page.locator("#progress")).to_have_attribute("data-state", "done")
    expect(page.locator("tbody")).to_contain_text("已送达")
    assert fits(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".conv", has_text="发货").first.click()
    expect(page.locator(".bubble-label", has_text="群发").last).to_contain_text("发货提醒")


def test_cancelling_is_asked_about_first(desk, log_in):
    page = log_in("chen@demo.wxdesk")
    begin(page, desk, "mass", "先不发")
    page.fill("#text", "这条不会发出")
    page.click("text=保存并查看人数")
    page.check("input[name=when][value=at]")
    page.fill("#send_at", "2020-01-01T09:00")
    page.click("button[name=do][value=send]")
    expect(page.locator("#send_at-error")).to_be_visible()
    page.click(".page-actions .btn-outline-danger")
    expect(page.locator("#sure")).to_be_visible()
    page.click("#sure button[value=no]")
    page.click(".page-actions .btn-outline-danger")
    page.click("#sure button[value=yes]")
    expect(page.locator("#progress")).to_have_attribute("data-state", "cancelled")
