"""Stories in a real browser about the list: views, keys, many at once, alarms. Lin and Mei work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cast import entry
from playwright.sync_api import expect
from sqlalchemy import func, select, update

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Status
from wxdesk.intake.operations import record
from wxdesk.plumbing.search_index import Entry
from wxdesk.search.models import MESSAGES
from wxdesk.search.progress import position

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nobody_waits")]

LIN, MEI = "lin@demo.wxdesk", "mei@demo.wxdesk"
SLOW_MS = 15_000


def many_write(desk, prefix, number, text, minutes_ago=0):
    """So many customers of the other account have written, so long ago."""
    runtime = desk.runtime
    with runtime.reading() as session:
        account = session.scalars(select(Account).where(Account.slug == "yunshan")).one()
    at = runtime.clock() - timedelta(minutes=minutes_ago)
    entries = [
        entry(
            runtime,
            account,
            f"{text}{n}",
            openid=f"o{prefix}{n:010d}",
            once_key=f"{prefix}-{n}",
            created_at=at.replace(microsecond=0),
            received_at=at,
        )
        for n in range(number)
    ]
    with runtime.unit_of_work() as uow:
        record(uow, entries)


def leave_only(desk, prefix, number):
    """All but so many of these customers' conversations are resolved, as if by others."""
    runtime = desk.runtime
    theirs = select(Contact.id).where(Contact.openid.like(f"o{prefix}%"))
    with runtime.unit_of_work() as uow:
        ids = select(Conversation.id).where(Conversation.contact_id.in_(theirs))
        rest = list(uow.session.scalars(ids.order_by(Conversation.id).offset(number)))
        change = update(Conversation).where(Conversation.id.in_(rest))
        uow.session.execute(change.values(status=Status.RESOLVED, resolved_at=uow.now))
        uow.announce("inbox")


def row_of(page, text):
    return page.locator(".conv", has_text=text)


def open_row(page, text):
    """Open it, and take the pointer away, as rows keep still under it."""
    row_of(page, text).click()
    page.mouse.move(1000, 300)
    page.locator(".bubble", has_text=text).wait_for()


def texts_of(page):
    return page.locator(".conv .row-text").all_inner_texts()


def see(page, desk, view, order="newest"):
    page.goto(f"{desk.url}/inbox?view={view}")
    page.locator(".order-choice select").select_option(order)
    page.locator(".rows").wait_for()


def count_of(page, name):
    return page.locator(".view", has_text=name).locator(".view-count")


def test_views_follow_what_agents_do_without_loading_the_page_again(desk, log_in):
    wang = desk.new_customer("王一")
    desk.write(wang, "视图里找得到我吗")
    lin = log_in(LIN)
    see(lin, desk, "unassigned")
    open_row(lin, "视图里找得到我吗")
    lin.keyboard.press("a")
    expect(row_of(lin, "视图里找得到我吗")).to_have_count(0, timeout=SLOW_MS)
    lin.keyboard.press("g")
    lin.keyboard.press("m")
    expect(row_of(lin, "视图里找得到我吗")).to_be_visible()
    expect(count_of(lin, "待我处理")).to_have_text("1")
    lin.keyboard.press("z")
    lin.locator(".pick", has_text="直到客户来信").click()
    expect(row_of(lin, "视图里找得到我吗")).to_have_count(0, timeout=SLOW_MS)
    expect(count_of(lin, "稍后处理")).to_have_text("1", timeout=SLOW_MS)
    desk.write(wang, "我又来了")
    expect(row_of(lin, "我又来了")).to_be_visible(timeout=SLOW_MS)
    open_row(lin, "我又来了")
    lin.keyboard.press("e")
    expect(row_of(lin, "我又来了")).to_have_count(0, timeout=SLOW_MS)


def test_rows_do_not_jump_under_the_pointer_and_come_in_order_when_it_leaves(desk, log_in):
    first, second = desk.new_customer("王二"), desk.new_customer("王三")
    desk.write(first, "先写的人")
    desk.write(second, "后写的人")
    lin = log_in(LIN)
    see(lin, desk, "all")
    expect(row_of(lin, "后写的人")).to_be_visible()
    row_of(lin, "后写的人").hover()
    before = texts_of(lin)
    desk.write(first, "先写的人又写了")
    pill = lin.locator(".held-pill")
    expect(pill).to_have_text("1 处变动", timeout=SLOW_MS)
    changed = [text.replace("又写了", "") for text in texts_of(lin)]
    assert changed == before  # today's words, yesterday's places
    expect(lin.locator("[aria-live=polite]", has_text="列表有 1 处变动")).to_have_count(1)
    lin.locator(".topbar").hover()
    expect(pill).to_have_count(0)
    expect(lin.locator(".conv .row-text").first).to_have_text("先写的人又写了")


def test_of_a_thousand_conversations_few_rows_are_drawn(desk, log_in):
    many_write(desk, "many", 1000, "第几位客户")
    lin = log_in(LIN)
    lin.goto(f"{desk.url}/inbox?view=all&account=yunshan")
    lin.locator(".rows").wait_for()
    box = lin.locator(".list-scroll")
    for rows in (60, 90, 120):
        box.evaluate("box => (box.scrollTop = box.scrollHeight)")
        loaded = lin.locator(f".conv[aria-setsize='{rows}']")
        expect(loaded.first).to_be_visible(timeout=SLOW_MS)
    assert lin.locator(".conv").count() < 60
    many_write(desk, "more", 1, "还有一位")  # the place that is being read stays
    seen = lin.locator(".conv").nth(10).get_attribute("data-id")
    lin.wait_for_timeout(1500)
    expect(lin.locator(f".conv[data-id='{seen}']")).to_be_in_viewport()
    leave_only(desk, "many", 60)


def test_what_a_filter_finds_is_resolved_at_once_after_a_dry_run(desk, log_in):
    many_write(desk, "bulk", 70, "批量客户")
    leave_only(desk, "more", 0)
    leave_only(desk, "many", 0)
    lin = log_in(LIN)
    lin.goto(f"{desk.url}/inbox?view=all&account=yunshan")
    row = lin.locator(".conv", has_text="批量客户").nth(2)
    row.locator(".row-pick").click()
    expect(lin.locator(".bulk-bar")).to_contain_text("已选 1 条")
    lin.keyboard.press("Escape")
    expect(lin.locator(".bulk-bar")).to_have_count(0)
    row.locator(".row-pick").click()
    lin.locator(".conv", has_text="批量客户").nth(4).click(modifiers=["Shift"])
    expect(lin.locator(".bulk-bar")).to_contain_text("已选 3 条")
    lin.locator(".bulk-note button").click()  # all that are loaded
    lin.locator(".bulk-note button").click()  # and all that the filters find
    lin.keyboard.press("e")
    dialog = lin.locator(".bulk-dialog")
    expect(dialog.locator(".bulk-count")).to_have_text("共 70 个会话", timeout=SLOW_MS)
    expect(dialog.locator(".is-waiting")).to_contain_text("70 仍在等待回复")
    dialog.locator(".check-line").click()
    dialog.locator(".btn-primary").click()
    expect(lin.locator(".bulk-run")).to_contain_text("已完成 70/70", timeout=60_000)
    expect(lin.locator(".list-pane")).to_contain_text("没有符合筛选条件的会话", timeout=SLOW_MS)


def test_the_palette_goes_to_views_and_assigns_to_people(desk, log_in):
    wang = desk.new_customer("王四")
    desk.write(wang, "请转给同事")
    lin, mei = log_in(LIN), log_in(MEI, at="/inbox")
    see(lin, desk, "all")
    open_row(lin, "请转给同事")
    lin.keyboard.press("Control+k")
    expect(lin.locator(".palette input")).to_be_focused()
    lin.keyboard.type("梅芳")
    expect(lin.locator(".palette [role=option]").first).to_have_text("转接给 梅芳转接")
    lin.keyboard.press("Enter")
    expect(lin.locator(".thread-holder")).to_contain_text("梅芳")
    expect(row_of(mei, "请转给同事")).to_be_visible(timeout=SLOW_MS)
    lin.keyboard.press("Control+k")
    lin.keyboard.type("草稿")
    lin.keyboard.press("Enter")
    lin.wait_for_url("**view=drafts*")


def test_the_slow_reply_alarm_stays_until_the_longest_is_answered(desk, log_in):
    many_write(desk, "slow", 2, "等了很久", minutes_ago=6)
    lin = log_in(LIN, at="/inbox")
    alarm = lin.locator(".slow-alarm")
    expect(alarm).to_contain_text("2 位等待超过 3 分钟", timeout=SLOW_MS)
    assert lin.title().startswith("(")
    alarm.locator("button[aria-expanded]").click()
    expect(alarm.locator("ul")).to_have_count(0)
    expect(alarm).to_be_visible()  # folded it is still there
    for text in ("等了很久0", "等了很久1"):
        alarm.locator("button", has_text="处理最久").click()
        expect(lin.locator(".bubble", has_text=text)).to_be_visible()
        lin.keyboard.press("e")
        expect(lin.locator(".notice")).to_contain_text("会话已解决")
        lin.locator(".notice .icon-button").click()
    expect(alarm).to_have_count(0, timeout=SLOW_MS)


def test_a_search_result_opens_the_conversation_at_the_message(desk, log_in):
    wang = desk.new_customer("王五")
    desk.write(wang, "紫砂壶裂了一道缝")
    desk.write(wang, "还在吗")
    lin = log_in(LIN, at="/inbox")
    lin.locator(".views").wait_for()
    lin.keyboard.press("/")
    box = lin.locator(".search-box input")
    expect(box).to_be_focused()
    lin.keyboard.type("不存在的词语")
    expect(lin.locator(".search-pane")).to_contain_text("没有找到结果", timeout=SLOW_MS)
    box.fill("裂了")
    hit = lin.locator(".hit", has_text="紫砂壶")
    expect(hit.locator("mark")).to_have_text("裂了", timeout=SLOW_MS)
    hit.click()
    expect(lin.locator(".bubble", has_text="紫砂壶裂了一道缝")).to_be_visible()
    lin.go_back()
    expect(hit).to_be_visible()


def is_indexed(desk, openid):
    """Whether the index, which is some seconds behind, has all that the customer wrote."""
    last = select(func.max(Message.id)).join(Contact).where(Contact.openid == openid)
    with desk.runtime.reading() as session:
        return session.scalar(last) <= position(session)


def test_a_search_goes_on_until_it_finds_something(desk, log_in):
    """The newest 10,000 hits are of messages that are gone: the first page is empty."""
    wang = desk.new_customer("王九")
    desk.write(wang, "珐琅彩的盖碗")
    lin = log_in(LIN)
    with desk.runtime.reading() as session:
        lin_id = session.scalars(select(Agent.id).where(Agent.email == LIN)).one()
    theirs = select(Contact.id).where(Contact.openid == wang)

    def is_given() -> bool:
        with desk.runtime.unit_of_work() as uow:
            its = update(Conversation).where(Conversation.contact_id.in_(theirs))
            return uow.session.execute(its.values(assignee_id=lin_id)).rowcount == 1

    desk.wait_until(is_given, "what the customer wrote is stored, and its conversation Lin's")
    desk.wait_until(lambda: is_indexed(desk, wang), "what the customer wrote is in the index")
    gone = range(10**9, 10**9 + 10_000)
    with desk.runtime.unit_of_work() as uow:
        MESSAGES.put_many(uow.session, [Entry(n, "珐琅", (f"s{lin_id}",)) for n in gone])
    try:
        lin.goto(f"{desk.url}/inbox/search?q=珐琅&agent=me&order=newest")
        expect(lin.locator(".hit", has_text="盖碗")).to_be_visible(timeout=SLOW_MS)
    finally:
        with desk.runtime.unit_of_work() as uow:
            for start in range(0, len(gone), 500):
                MESSAGES.remove(uow.session, gone[start : start + 500])


def test_colleagues_see_when_somebody_is_busy(desk, log_in):
    wang = desk.new_customer("王六")
    desk.write(wang, "谁有空")
    lin, mei = log_in(LIN), log_in(MEI, at="/inbox")
    mei.locator(".presence-button").click()
    mei.locator("[role=menuitemradio]", has_text="忙碌").click()
    expect(mei.locator(".presence-button")).to_contain_text("忙碌")
    see(lin, desk, "all")
    open_row(lin, "谁有空")
    lin.keyboard.press("Shift+A")
    choice = lin.locator(".assign-dialog [role=option]", has_text="梅芳")
    expect(choice).to_contain_text("忙碌", timeout=SLOW_MS)
    lin.keyboard.type("梅芳")
    lin.keyboard.press("Tab")
    lin.keyboard.type("她问发票")
    lin.locator(".assign-dialog .btn-primary").press("Enter")
    expect(lin.locator(".thread-holder")).to_contain_text("梅芳")
    mei.locator(".presence-button").click()
    mei.locator("[role=menuitemradio]", has_text="在线").click()
    expect(mei.locator(".presence-button")).to_contain_text("在线")


def test_a_whole_turn_with_the_keyboard_alone(desk, log_in):
    wang = desk.new_customer("王七")
    desk.write(wang, "只用键盘也能回复吗")
    lin = log_in(LIN, at="/inbox")
    lin.locator(".views").wait_for()
    lin.keyboard.press("g")
    lin.keyboard.press("a")
    lin.wait_for_url("**view=all*")
    row_of(lin, "只用键盘也能回复吗").wait_for()
    for _ in range(60):
        if lin.locator(".conv.is-selected", has_text="只用键盘也能回复吗").count():
            break
        lin.keyboard.press("j")
        lin.wait_for_timeout(60)
    expect(lin.locator(".bubble", has_text="只用键盘也能回复吗")).to_be_visible()
    lin.keyboard.press("p")
    lin.keyboard.press("Enter")  # the first: urgent
    expect(lin.locator(".conv.is-selected .priority-urgent")).to_be_visible()
    lin.keyboard.press("?")
    expect(lin.locator(".help-dialog")).to_contain_text("解决会话")
    lin.keyboard.press("Escape")
    lin.keyboard.press("a")
    expect(lin.locator(".thread-holder")).to_contain_text("我")
    lin.keyboard.press("r")
    lin.keyboard.type("aejk？能的")  # letters that are keys elsewhere
    lin.keyboard.press("Control+Shift+Enter")
    desk.wait_until(lambda: desk.phone(wang) == ["aejk？能的"], "the answer arrives")
    expect(lin.locator(".thread-head")).to_contain_text("重新打开", timeout=SLOW_MS)
