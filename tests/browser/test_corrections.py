"""A marketer puts a wrong answer right in a real browser, and the customers see it on the phone."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind

pytestmark = pytest.mark.browser

TOLD = "您好,抽奖时间是周五。"


def move_answers_back(desk, openids: list[str]) -> None:
    """The rule answered these people some minutes ago."""
    theirs = select(Contact.id).where(Contact.openid.in_(openids))
    answers = (Message.contact_id.in_(theirs), Message.sender_kind == SenderKind.RULE)
    earlier = desk.runtime.clock() - timedelta(minutes=3)

    def are_moved() -> bool:
        with desk.runtime.unit_of_work() as uow:
            moved = uow.session.execute(update(Message).where(*answers).values(received_at=earlier))
            return moved.rowcount == len(openids)

    desk.wait_until(are_moved, "all answers are on record")


def choose_time_that_is_over(page: Page) -> None:
    """The form offers the next minute, which a correction would wait for before it is done."""
    offered = datetime.fromisoformat(page.input_value("#until"))
    page.fill("#until", (offered - timedelta(minutes=2)).isoformat(timespec="minutes"))


def list_and_write(desk, page: Page) -> str:
    """Choose the rule, count, list and write; the address of the correction."""
    page.goto(f"{desk.url}/campaigns/corrections")
    page.locator(".page-actions a.btn-primary").click()
    page.locator("tr", has_text="抽奖").locator("a.btn-sm").first.click()
    choose_time_that_is_over(page)
    page.locator("#choice button[type=submit]").click()
    expect(page.locator("#figure-people .figure-value")).to_have_text("3")
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
    move_answers_back(desk, people)
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
