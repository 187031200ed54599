"""A marketer's event in a real browser, from the empty form to the correction, and on the phone."""

import csv
import io
import re
import time

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select, update

from wxdesk.campaigns.models import Promise
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery

pytestmark = pytest.mark.browser

MARKETER = "chen@demo.wxdesk"
TEA = "茶季"
RIGHT = "更正:码从周五起可以兑换。"
CODES = "JL-0001\nJL-0002\nJL-0003\n"


def write_campaign(page: Page, desk, keyword: str) -> str:
    """Fill the form and save it; the address of the campaign's page."""
    page.goto(f"{desk.url}/campaigns")
    page.click(".page-actions a.btn-primary")
    page.fill("#name", "新茶品鉴")
    page.select_option("#account_id", label=TEA)
    page.fill("#starts_at", "2026-01-01T09:00")
    page.fill("#ends_at", "2099-01-01T09:00")
    page.fill("#patterns", keyword)
    page.check("[name=has_codes]")
    page.fill("#reply_entered_text", "恭喜！您的码是 {{code}}")
    expect(page.locator("[data-preview-of=reply_entered_text]")).to_have_text(
        "恭喜！您的码是 {{code}}"
    )
    page.fill("#reply_already_text", "您领过了：{{code}}")
    page.select_option("#reply_sold_out_kind", "news")
    expect(page.locator("#reply_sold_out_text")).to_be_hidden()
    page.fill("#reply_sold_out_title", "下次再来")
    page.fill("#reply_sold_out_url", "https://example.com/next")
    page.click("[data-add-prize]")
    page.locator("[name=prize_name]").first.fill("紫砂壶")
    page.locator("[name=prize_quantity]").first.fill("1")
    page.click(".campaign-form .form-buttons button")
    page.wait_for_url(re.compile("/campaigns/[0-9]+$"))
    expect(page.locator(".reply-list .reply-bubble")).to_contain_text("下次再来")
    return page.url


def import_codes(page: Page, home: str) -> None:
    page.goto(f"{home}/codes")
    page.fill("#text", "JL-0001\nJL-0001\n")
    page.click(".disclosure-body .form-buttons button")
    expect(page.locator(".line-problems")).to_be_visible()
    page.fill("#text", CODES)
    page.click(".disclosure-body .form-buttons button")
    expect(page.locator("tbody code")).to_have_count(3)


def confirm_dry_run(page: Page, home: str) -> None:
    """Look at what it would have caught, say so, and come back."""
    page.goto(home)
    expect(page.locator("form[action$='/live'] button")).to_be_disabled()
    page.click(".steps a[href*='dry-run']")
    page.click(".start-card button[type=submit]")
    confirm = page.locator("form[action$='/apply'] button[type=submit]")
    expect(confirm).to_be_visible(timeout=30_000)
    confirm.click()
    page.wait_for_url(home)


def state(page: Page, name: str) -> None:
    expect(page.locator(".state-mark").first).to_have_class(re.compile(f"state-{name}"))


def takes_part(desk, openid: str, keyword: str) -> str:
    """The customer writes the keyword; what the phone shows then.

    Each web process learns of a rule that was just switched on after a moment, a longer one on a
    busy machine. What it did not know by then lies before people, and the customer writes again.
    """
    answers = len(desk.phone(openid))
    missed = uncaught(desk, openid) - 1

    def is_answered() -> bool:
        nonlocal missed
        if uncaught(desk, openid) > missed:
            missed += 1
            desk.write(openid, keyword)
        return len(desk.phone(openid)) > answers

    desk.wait_until(is_answered, "an answer")
    return desk.phone(openid)[-1]


def uncaught(desk, openid: str) -> int:
    """How many of the customer's messages no rule has taken."""
    with desk.runtime.reading() as session:
        query = select(func.count()).select_from(Message).join(Contact)
        return session.scalar(
            query.where(
                Contact.openid == openid,
                Message.direction == Direction.INCOMING,
                Message.conversation_id.is_not(None),
            )
        )


def test_a_marketer_tries_starts_watches_stops_and_corrects_an_event(desk, log_in):
    keyword = "新茶品鉴礼"
    page = log_in(MARKETER)
    home = write_campaign(page, desk, keyword)
    import_codes(page, home)
    confirm_dry_run(page, home)
    page.click("form[action$='/live'] button")
    state(page, "live")
    wang, li = desk.new_customer("品茶的王先生"), desk.new_customer("品茶的李女士")
    assert takes_part(desk, wang, keyword) == "恭喜！您的码是 JL-0001"
    assert takes_part(desk, wang, keyword) == "您领过了：JL-0001"
    look_at_phone(page, desk, "品茶的王先生", "恭喜！您的码是 JL-0001")
    page.goto(f"{home}/live")
    expect(page.locator("#live-entries")).to_have_text("1")
    expect(page.locator("#live-codes")).to_have_text("2")
    page.click(".btn-stop")
    page.wait_for_url(f"{home}/live")
    state(page, "paused")
    time.sleep(1)  # the button promises this second
    desk.write(li, keyword)
    desk.write(li, keyword)
    expect(page.locator("#live-quiet")).to_have_text("2")
    assert desk.phone(li) == []
    correct(page)
    desk.wait_until(lambda: desk.phone(wang)[2:] == [RIGHT], "what is right, once")
    assert desk.phone(li) == []  # nothing wrong was said to her
    look_at_phone(page, desk, "品茶的王先生", RIGHT)
    go_on(page, home)
    time.sleep(1)
    assert takes_part(desk, li, keyword) == "恭喜！您的码是 JL-0002"


def correct(page: Page) -> None:
    """From the stopped live page: count who was told something, write, begin, see it done."""
    page.click("a[href*='/corrections/new?campaign_id=']")
    page.click("#choice button[type=submit]")
    expect(page.locator("#figure-people .figure-value")).to_have_text("1")
    page.fill("#name", "兑换时间更正")
    page.click("form[method=post] button.btn-primary")
    page.wait_for_url(re.compile("/corrections/[0-9]+$"))
    page.fill("#text", RIGHT)
    page.fill("#per_minute", "600")
    page.click("#wording button[type=submit]")
    page.click("button[data-opens=begin]")
    page.click("#begin button.btn-primary")
    expect(page.locator(".fix-done").first).to_be_visible(timeout=90_000)  # without reloading


def go_on(page: Page, home: str) -> None:
    page.goto(home)
    page.click("details.confirm:has(form[action$='/resume']) summary")
    page.click("form[action$='/resume'] button")
    state(page, "live")


def look_at_phone(page: Page, desk, name: str, text: str) -> None:
    """The customer's phone shows it."""
    phone = page.context.new_page()
    phone.goto(f"{desk.simulator}/")
    phone.locator("#people li", has_text=name).locator("button").first.click()
    expect(phone.locator("#lines")).to_contain_text(text)
    phone.close()


def test_winners_are_drawn_checked_and_told(desk, log_in):
    page = log_in(MARKETER, 390, 844)
    page.goto(f"{desk.url}/campaigns")
    page.locator(".row-title", has_text="新茶品鉴").first.click()
    home = page.url
    page.goto(f"{home}/draws")
    page.click("form[action$='/draws'] .form-buttons button")
    page.wait_for_url(re.compile("/draws/[0-9]+$"))
    page.click("a[href$='?check=1']")
    expect(page.locator(".good-note")).to_be_visible()
    page.goto(f"{home}/prizes")
    page.click(".disclosure summary")
    page.fill("#text", "恭喜您抽中{{prize}}，请留下地址。")
    page.click("form[action$='/tell'] button")
    people = customers(page, home)
    page.select_option(".promise [name=state]", "sent")
    page.fill(".promise [name=tracking]", "SF-778899")
    page.click(".promise button")
    expect(page.locator(".promise [name=tracking]")).to_have_value("SF-778899")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    told = "恭喜您抽中紫砂壶，请留下地址。"

    def times() -> int:
        return sum(desk.phone(openid).count(told) for openid in people)

    desk.wait_until(lambda: times() == 1, "the winner reads it")
    [winner] = [openid for openid in people if told in desk.phone(openid)]
    desk.write(winner, "谢谢")  # and may be answered again as often as WeChat allows
    fail_messages(desk)
    page.goto(f"{home}/prizes")
    page.click(".promise-again")
    expect(page.locator(".promise-again")).to_have_count(0)
    desk.wait_until(lambda: times() == 2, "the winner reads what was sent again")


def fail_messages(desk) -> None:
    """As if WeChat had refused what told the winners."""
    with desk.runtime.unit_of_work() as uow:
        told = select(Promise.told_message_id)
        uow.session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.message_id.in_(told), DeliveryRow.state == Delivery.SENT)
            .values(state=Delivery.FAILED)
        )


def customers(page: Page, home: str) -> list[str]:
    """The openids of those who take part, from the file of entries."""
    text = page.request.get(f"{home}/entries.csv").text()
    return [row["OpenID"] for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))]
