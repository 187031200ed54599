"""A marketer puts a wrong answer right in a real browser, and the customers see it on the phone."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from wxdesk.agents.queries import find_agent
from wxdesk.contacts.changes import change_blacklist
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.corrections import operations
from wxdesk.corrections.models import Correction
from wxdesk.corrections.models import CorrectionRecipient as Its
from wxdesk.corrections.operations import Wish
from wxdesk.corrections.rules import Choice, Wording

pytestmark = pytest.mark.browser

CHEN = "chen@demo.wxdesk"
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


def got_it_wrong(desk, count: int, since: datetime) -> Choice:
    """So many customers have just got the rule's answer; the choice of exactly these."""
    people = [desk.new_customer(f"进行中客户{number}") for number in range(count)]
    for openid in people:
        desk.write(openid, "我要抽奖")
    answers = (
        select(Message)
        .join(Contact, Contact.id == Message.contact_id)
        .where(Contact.openid.in_(people), Message.sender_kind == SenderKind.RULE)
    )

    def found() -> list[Message]:
        with desk.runtime.reading() as session:
            return list(session.scalars(answers))

    desk.wait_until(lambda: len(found()) == count, "all answers are on record")
    one = found()[0]
    until = desk.runtime.clock() + timedelta(minutes=5)
    return Choice(one.account_id, (one.sender_id,), since, until)


def begun_and_paused(desk, choice: Choice) -> int:
    """A correction at one person a minute, which stands still; its id."""
    with desk.runtime.unit_of_work() as uow:
        chen = find_agent(uow.session, CHEN).id
        wish = Wish(choice, "更正进行中", rule_id=choice.rule_ids[0])
        made = operations.create(uow, wish, chen).id

    def is_listed() -> bool:
        with desk.runtime.reading() as session:
            return session.get_one(Correction, made).state == "ready"

    desk.wait_until(is_listed, "everybody is listed")
    with desk.runtime.unit_of_work() as uow:
        operations.write(uow, made, Wording("更正进行中", TOLD, 1, skips_helped=True), chen, None)
        operations.begin(uow, made, chen, None)
        operations.pause(uow, made, chen)
    return made


def act(desk, operation, correction_id: int) -> None:
    with desk.runtime.unit_of_work() as uow:
        operation(uow, correction_id, find_agent(uow.session, CHEN).id)


def test_page_follows_what_is_sent_and_nothing_moves_below_the_pointer(desk, log_in):
    choice = got_it_wrong(desk, 4, desk.runtime.clock())
    made = begun_and_paused(desk, choice)
    with desk.runtime.unit_of_work() as uow:
        turns = select(Its).where(Its.correction_id == made).order_by(Its.got_at, Its.contact_id)
        first = uow.session.scalars(turns).first().contact_id
        change_blacklist(uow, first, is_blacklisted=True)  # a new section above will say so
    page = log_in(CHEN, 1440, 700, at=f"/campaigns/corrections/{made}")
    page.evaluate("window.isTheSame = true")
    rows, state = page.locator("#people-rows tbody tr"), page.locator("#state-title .fix-state")
    expect(rows).to_have_count(4)
    rows.last.locator("td").first.hover()
    before = rows.last.bounding_box()["y"]
    act(desk, operations.resume, made)
    expect(state).to_have_class(re.compile("fix-sending"))
    expect(page.locator("#fix-news")).to_have_text(re.compile("^发送中"))
    expect(page.locator("#people-rows .fix-left_out")).to_have_count(1)
    expect(page.locator("#people-rows .fix-sent")).to_have_count(1)
    expect(page.locator("#figure-sent .figure-value")).to_have_text("1")
    expect(page.locator("#left-out-title")).to_be_visible()
    assert abs(rows.last.bounding_box()["y"] - before) < 1
    page.locator("form[action$='/pause'] button").hover()
    act(desk, operations.pause, made)
    expect(state).to_have_class(re.compile("fix-paused"))
    expect(page.locator("form[action$='/pause']")).to_be_visible()  # it has not become another
    page.mouse.move(5, 5)
    expect(page.locator("form[action$='/resume']")).to_be_visible()
    expect(page.locator("form[action$='/pause']")).to_have_count(0)
    assert page.evaluate("window.isTheSame")
    act(desk, operations.cancel, made)


def test_page_asks_no_more_when_nobody_looks_or_it_has_ended(desk, log_in):
    choice = got_it_wrong(desk, 1, desk.runtime.clock())
    made = begun_and_paused(desk, choice)
    page = log_in(CHEN, at=f"/campaigns/corrections/{made}")
    asked = []
    page.on("request", lambda it: asked.append(it) if it.url.endswith(f"/{made}") else None)

    def asks() -> bool:
        page.wait_for_timeout(1500)  # one may be under way
        before = len(asked)
        page.wait_for_timeout(5000)
        return len(asked) > before

    assert asks()
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    assert not asks()
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    act(desk, operations.cancel, made)
    expect(page.locator("#state-title .fix-state")).to_have_class(re.compile("fix-cancelled"))
    assert not asks()


def test_who_got_the_wrong_answer_is_counted_told_once_and_reported(desk, log_in):
    people = [desk.new_customer(f"抽奖客户{number}") for number in range(3)]
    for openid in people:
        desk.write(openid, "我要抽奖")
        desk.wait_until(lambda who=openid: len(desk.phone(who)) == 1, "the rule has answered")
    move_answers_back(desk, people)
    page = log_in(CHEN)
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
