"""An admin tests the connection and makes new keys in a real browser."""

import pytest

pytestmark = pytest.mark.browser

HOME = "/settings/accounts/chaji"


def test_the_steps_run_one_after_another_and_new_keys_lose_no_message(desk, log_in):
    page = log_in("admin@demo.wxdesk")
    page.goto(desk.url + HOME)
    assert page.locator(".check-step.is-unknown").count() == 6
    page.click("[data-check-all] button")
    page.wait_for_selector(".check-step.is-good[data-step=permissions]")
    page.wait_for_load_state()
    assert page.locator(".check-step.is-good").count() == 6

    page.check("input[name=is_token]")
    page.check("input[name=is_aes_key]")
    page.click(f'form[action="{HOME}/keys"] button')
    token = page.input_value("#copy-token")
    assert page.input_value("#copy-url") == f"{desk.url}/wechat/chaji"
    page.goto(desk.url + HOME)
    assert token not in page.content()
    customer = desk.new_customer("轮换密钥")
    assert desk.write(customer, "旧钥匙推送的消息")["outcome"] in ("success", "reply")


def test_a_single_step_is_tested_on_a_small_screen_without_reloading(desk, log_in):
    page = log_in("admin@demo.wxdesk", 390, 844)
    page.goto(f"{desk.url}/settings/accounts/yunshan")
    page.evaluate("window.stays = true")
    page.click("[data-step=token] button")
    page.wait_for_selector(".check-step.is-good[data-step=token]")
    assert page.evaluate("window.stays") is True
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
