"""A supervisor sets hours and promises in a real browser, and sees what would change."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_hours_of_monday_are_copied_and_a_day_gets_its_own(desk, log_in):
    page = log_in("admin@demo.wxdesk")
    page.goto(f"{desk.url}/settings/calendars/new")
    page.fill("#name", "大促排班")
    page.fill("#day1", "08:00-12:00, 13:00-20:00")
    page.click("[data-copy-monday='7']")
    assert page.input_value("#day7") == "08:00-12:00, 13:00-20:00"
    page.click(".form-buttons button")
    page.wait_for_url(re.compile("/calendars/[0-9]+$"))
    page.fill("#first", "2030-11-11")
    assert not page.is_visible("#hours")
    page.check("input[name=kind][value=open]")
    page.fill("#hours", "00:00-24:00")
    page.click("#days .form-buttons button")
    expect(page.locator(".days-table")).to_contain_text("2030-11-11")
    page.goto(f"{page.url.split('#')[0]}/year?year=2030")
    expect(page.locator(".day-cell.look-own-open")).to_have_count(2)  # the day and the legend


def test_a_policy_with_stages_is_previewed_before_it_is_saved(desk, log_in):
    customer = desk.new_customer("等待预览的客户")
    desk.write(customer, "多久能回复我?")
    page = log_in("admin@demo.wxdesk", 390, 844)
    page.goto(f"{desk.url}/settings/sla/new")
    page.fill("#name", "大客户时限")
    page.check("[name=own_urgent]")
    page.fill("[name=urgent_first_response]", "1")
    page.click("[data-add-stage]")
    page.click("[data-add-stage]")
    page.locator("[data-remove-stage]").first.click()
    page.locator("[data-stage] [name$=amount]").fill("50")
    page.click("button[value=preview]")
    expect(page.locator("#preview")).to_be_visible()
    assert page.input_value("[data-stage] [name$=amount]") == "50"
    assert page.input_value("[name=urgent_first_response]") == "1"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#preview button")
    page.wait_for_url("**/settings/sla")
    last = page.locator(".policy-list > li", has_text="大客户时限")
    expect(last).to_contain_text("50")
    last.locator("a.btn").click()
    page.click(".remove-box summary")
    page.click(".remove-box .btn-remove")
    page.wait_for_url("**/settings/sla")
    expect(page.locator(".policy-list")).not_to_contain_text("大客户时限")
