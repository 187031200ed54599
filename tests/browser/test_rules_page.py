"""Marketer Chen writes a rule in a real browser, tries it, sees wrong hits, and switches it on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from test_accessibility import faults

pytestmark = pytest.mark.browser

CHEN = "chen@demo.wxdesk"


def test_a_rule_is_written_tried_confirmed_and_answers_then_it_is_switched_off(desk, log_in):
    wang = desk.new_customer("王试跑")
    desk.write(wang, "新口令怎么用")
    chen = log_in(CHEN)
    chen.goto(f"{desk.url}/settings/rules/new")
    chen.select_option("#account_id", label="茶季")
    chen.fill("#name", "口令活动")
    chen.fill("#patterns", "新口令")
    chen.fill("#reply_text", "{{customer|您}}好，口令收到")
    expect(chen.locator("#reply-preview")).to_contain_text("王女士好，口令收到")
    chen.fill("#try_text", "新 口令！")
    chen.press("#try_text", "Enter")
    expect(chen.locator("#tried")).to_contain_text("您好，口令收到")
    chen.click("button[value=try]")
    chen.locator("form[action$='/dry-run'] .btn-primary").click()
    expect(chen.locator(".verdict")).to_be_visible()
    expect(chen.locator(".sample-table").first).to_contain_text("新口令怎么用")
    assert desk.phone(wang) == []
    chen.locator(".seen-card .btn-primary").click()
    expect(chen.locator(".rule-state.is-on")).to_be_visible()
    desk.wait_until(
        lambda: bool(desk.write(wang, "新口令") and desk.phone(wang)), "the rule answers"
    )
    assert desk.phone(wang)[0] == "您好，口令收到"
    chen.locator(".page-actions form[action$='/switch'] button").click()
    expect(chen.locator(".rule-state.is-on")).to_have_count(0)


def test_the_editor_shows_what_its_trigger_needs_and_fits_a_phone(desk, log_in):
    chen = log_in(CHEN, 390, 844)
    chen.goto(f"{desk.url}/settings/rules/new")
    expect(chen.locator("#patterns")).to_be_visible()
    chen.select_option("#trigger", "waiting")
    expect(chen.locator("#patterns")).to_be_hidden()
    expect(chen.locator("#waiting_minutes")).to_be_visible()
    assert chen.locator("[name=passes_on]").is_checked()
    chen.click("[data-add-more]")
    chen.select_option("#more0_kind", "msgmenu")
    expect(chen.locator("#more0_choices")).to_be_visible()
    expect(chen.locator("#more0_text")).to_be_hidden()
    chen.click("[data-remove-more]")
    expect(chen.locator("[data-more]")).to_have_count(0)
    for path in ("new", "overlaps", "test-chat", ""):
        chen.goto(f"{desk.url}/settings/rules/{path}".rstrip("/"))
        assert chen.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize(
    ("path", "of"),
    [("/campaigns/new", "#reply_entered_"), ("/settings/rules/new", "#more0_")],
    ids=["campaign", "rule"],
)
def test_a_card_is_shown_as_on_the_phone_while_it_is_written(desk, log_in, path, of):
    chen = log_in(CHEN, at=path)
    asked_for: list[str] = []
    chen.on("request", lambda request: asked_for.append(request.url))
    if of.startswith("#more"):
        chen.click("[data-add-more]")
    block = chen.locator(f".reply-block:has({of}kind)")
    card = block.locator("[data-card-preview]")
    expect(card).to_be_hidden()
    chen.select_option(f"{of}kind", "news")
    expect(card.locator("strong")).to_have_text("标题")
    chen.locator(f"{of}title").press_sequentially("秋茶")
    expect(card.locator("strong")).to_have_text("秋茶")
    chen.fill(f"{of}description", "<b>满百减二十</b>")
    expect(card.locator("small")).to_have_text("<b>满百减二十</b>")
    picture, says = card.locator("img"), card.locator("[data-note]")
    expect(says).to_be_hidden()
    chen.fill(f"{of}picture_url", "https://pictures.invalid/autumn.jpg?size=2")
    expect(says).to_contain_text("pictures.invalid/autumn.jpg")
    expect(picture).to_be_hidden()
    chen.fill(f"{of}picture_url", "javascript:alert(1)")
    expect(says).to_contain_text("http://")
    chen.fill(f"{of}picture_url", f"{desk.url}/static/img/wxdesk.svg")
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.decode().then(() => each.naturalWidth)") > 0
    expect(says).to_be_hidden()
    chen.fill(f"{of}picture_url", f"{desk.url}/media/999999")
    expect(says).to_contain_text("/media/999999")
    expect(picture).to_be_hidden()
    assert [url for url in asked_for if not url.startswith(desk.url)] == []


def test_versions_show_what_changed(desk, log_in):
    chen = log_in(CHEN)
    chen.goto(f"{desk.url}/settings/rules?q=营业时间")
    chen.locator("tr", has_text="茶季").or_(chen.locator("tr .row-title")).first.wait_for()
    chen.locator(".row-title").first.click()
    chen.wait_for_url(re.compile("/settings/rules/[0-9]+$"))
    chen.fill("#reply_text", "我们每天 8:00–20:00 营业。")
    chen.locator(".rule-buttons .btn-primary").click()
    chen.goto(f"{chen.url.split('?')[0]}/versions")
    expect(chen.locator(".rule-versions ins").first).to_contain_text("8:00–20:00")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_one_rule_have_no_serious_fault(desk, log_in, scheme):
    chen = log_in(CHEN)
    chen.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    desk.write(desk.new_customer("王可读"), "有优惠吗")
    chen.goto(f"{desk.url}/settings/rules?q=优惠")
    chen.locator("tbody", has_text="茶季").locator(".row-title").first.click()
    rule = chen.url
    chen.locator(".fold summary").first.click()
    chen.fill("#try_text", "优惠")
    chen.press("#try_text", "Enter")
    expect(chen.locator("#tried .considered")).to_be_visible()
    found = faults(chen, "editor")
    chen.goto(f"{rule}/dry-run?again=1")
    found += faults(chen, "start")
    chen.locator("form[action$='/dry-run'] .btn-primary").click()
    expect(chen.locator(".verdict")).to_be_visible()
    found += faults(chen, "result")
    chen.goto(f"{rule}/versions")
    found += faults(chen, "versions")
    assert found == []
