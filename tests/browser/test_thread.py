"""Stories in a real browser about the thread and the composer. Lin, Mei and Zhou are agents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, insert, select

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Place, SenderKind
from wxdesk.plumbing.clock import utc_now

pytestmark = pytest.mark.browser

BOX = ".composer textarea"
LIN, MEI, ZHOU = "lin@demo.wxdesk", "mei@demo.wxdesk", "zhou@demo.wxdesk"
SOON_MS = 10_000
LONG = 10_000

CALL = """async ([method, path, body]) => {
  const headers = {
    "Content-Type": "application/json",
    "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
  };
  const answer = await fetch("/api/v1" + path, { method, headers, body: JSON.stringify(body) });
  return answer.json();
}"""

OPENED = """async (id) => {
  const inbox = document.querySelector("script[type=module]").src;  // the modules that run
  const { openConversation } = await import(new URL("router.js", inbox));
  const start = performance.now();
  openConversation(id);
  const isThere = () => document.querySelectorAll(".messages .bubble").length > 20;
  while (!isThere() && performance.now() - start < 60_000) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def open_conversation(page, desk, text):
    """Open the conversation whose latest message is this text; gives its id."""
    page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".conv", has_text=text).first.click()
    expect(page.locator(".bubble", has_text=text).last).to_be_visible()
    return int(page.url.split("/inbox/")[1].split("?")[0])


def wrote(desk, name, text):
    """A new customer who has written this."""
    wang = desk.new_customer(name)
    desk.write(wang, text)
    return wang


def fill_thread(desk, openid, how_many):
    """Messages of the last days; gives the conversation's id and all ids in their order."""
    known = (
        select(func.count()).select_from(Message).join(Contact, Message.contact_id == Contact.id)
    )

    def is_stored():
        with desk.runtime.reading() as session:
            return session.scalar(known.where(Contact.openid == openid)) > 0

    desk.wait_until(is_stored, "what the customer wrote is stored")
    with desk.runtime.unit_of_work() as uow:
        contact = uow.session.scalars(select(Contact).where(Contact.openid == openid)).one()
        conversation_id = uow.session.scalars(
            select(func.max(Conversation.id)).where(Conversation.contact_id == contact.id)
        ).one()
        start = utc_now() - timedelta(minutes=how_many + 10)
        rows = [
            {
                "account_id": contact.account_id,
                "contact_id": contact.id,
                "conversation_id": conversation_id,
                "direction": Direction.INCOMING,
                "kind": "text",
                "text": f"第 {number} 条消息",
                "place": Place.CONVERSATION,
                "sender_kind": SenderKind.CUSTOMER,
                "sender_id": contact.id,
                "created_at": start + timedelta(minutes=number),
                "received_at": start + timedelta(minutes=number),
            }
            for number in range(how_many)
        ]
        uow.session.execute(insert(Message), rows)
    with desk.runtime.reading() as session:
        ids = session.scalars(
            select(Message.id)
            .where(Message.contact_id == contact.id)
            .order_by(Message.received_at, Message.id)
        )
        return conversation_id, list(ids)


def open_afresh(desk, page, conversation_id):
    """Milliseconds from the click to the drawn thread, with nothing of it known yet."""
    page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".conv").first.wait_for()
    return page.evaluate(OPENED, conversation_id)


def test_safaris_enter_that_ends_a_composition_does_not_send(desk, log_in):
    wang = wrote(desk, "小赵", "可以用花呗吗")
    lin = log_in(LIN)
    open_conversation(lin, desk, "可以用花呗吗")
    lin.fill(BOX, "可以")
    lin.eval_on_selector(
        BOX,
        """(box) => {
          const both = { bubbles: true, cancelable: true };
          const enter = { key: "Enter", code: "Enter", keyCode: 13, ...both };
          box.dispatchEvent(new CompositionEvent("compositionend", both));
          box.dispatchEvent(new KeyboardEvent("keydown", enter));
          box.dispatchEvent(new KeyboardEvent("keyup", enter));
        }""",
    )
    expect(lin.locator(BOX)).to_have_value("可以")
    assert lin.locator(".from-agent").count() == 0
    lin.press(BOX, "Enter")
    desk.wait_until(lambda: desk.phone(wang) == ["可以"], "the answer arrives once")


@pytest.fixture
def time_to_undo(desk) -> Iterator[None]:
    """Lin has five seconds, as people have who chose nothing."""
    desk.undo_within([LIN], 5)
    yield
    desk.undo_within([LIN], 1)


@pytest.mark.usefixtures("time_to_undo")
def test_an_answer_that_is_taken_back_is_in_the_box_again_and_never_reaches_the_phone(desk, log_in):
    wang = wrote(desk, "小钱", "什么时候发货")
    lin = log_in(LIN)
    open_conversation(lin, desk, "什么时候发货")
    lin.fill(BOX, "明天发获")
    lin.press(BOX, "Enter")
    expect(lin.locator(".undo-toast")).to_be_visible(timeout=SOON_MS)
    lin.press(BOX, "Control+z")
    expect(lin.locator(BOX)).to_have_value("明天发获")
    expect(lin.locator(".from-agent")).to_have_count(0)
    lin.fill(BOX, "明天发货")
    lin.press(BOX, "Enter")
    desk.wait_until(lambda: desk.phone(wang) != [], "the corrected answer arrives")
    assert desk.phone(wang) == ["明天发货"]


def test_who_types_is_seen_and_a_note_calls_the_colleague(desk, log_in):
    wrote(desk, "小孙", "茶具少了一个杯盖")
    lin, mei = log_in(LIN), log_in(MEI)
    open_conversation(lin, desk, "茶具少了一个杯盖")
    open_conversation(mei, desk, "茶具少了一个杯盖")
    mei.type(BOX, "您好")
    expect(lin.locator(".here-line")).to_contain_text("梅芳正在输入", timeout=SOON_MS)
    lin.keyboard.press("Escape")
    lin.keyboard.press("n")
    lin.keyboard.type("杯盖仓库有货 @梅")
    expect(lin.locator(".mention-popup")).to_be_visible(timeout=SOON_MS)
    lin.keyboard.press("Enter")
    lin.keyboard.type("请补发")
    lin.keyboard.press("Enter")
    note = mei.locator(".note-bubble", has_text="杯盖仓库有货 @梅芳 请补发")
    expect(note).to_be_visible(timeout=SOON_MS)
    expect(note.locator(".mention.is-me")).to_have_text("@梅芳")
    expect(mei.locator(BOX)).to_have_value("您好")
    assert lin.locator(".from-agent").count() == 0


def test_a_canned_response_by_slash_is_filled_previewed_and_counted_when_sent(desk, log_in):
    wang = wrote(desk, "小李", "怎么退换货")
    zhou = log_in(ZHOU, at="/inbox")
    text = "{{remark}}您好，七天内可以退换。"
    made = {"shortcut": "tuihuan", "title": "退换货", "text": text, "folder": "售后"}
    canned = zhou.evaluate(CALL, ["POST", "/canned-responses", {**made, "is_personal": False}])
    lin = log_in(LIN)
    open_conversation(lin, desk, "怎么退换货")
    lin.focus(BOX)
    lin.keyboard.type("/tuih")
    expect(lin.locator(".canned-row", has_text="退换货")).to_be_visible(timeout=SOON_MS)
    expect(lin.locator(".canned-preview")).to_contain_text("七天内可以退换。")
    lin.keyboard.press("Tab")
    expect(lin.locator(BOX)).to_have_value("{{remark}}您好，七天内可以退换。")
    lin.keyboard.press("Enter")  # the customer has no remark: nothing is sent
    expect(lin.locator(".cost-line.is-over")).to_contain_text("{{remark}}")
    assert desk.phone(wang) == []
    lin.keyboard.type("李女士")  # over the open variable, which is selected
    lin.keyboard.press("Enter")
    desk.wait_until(lambda: desk.phone(wang) == ["李女士您好，七天内可以退换。"], "it arrives")
    listed = zhou.evaluate(
        "q => fetch('/api/v1/canned-responses?q=' + q).then(a => a.json())", "tuihuan"
    )
    assert [(one["id"], one["use_count"]) for one in listed["items"]] == [(canned["id"], 1)]


def test_a_thread_of_ten_thousand_opens_quickly_and_a_link_jumps_to_its_middle(desk, log_in):
    wang = wrote(desk, "老主顾", "我又来了")
    conversation_id, ids = fill_thread(desk, wang, LONG)
    lin = log_in(LIN)
    took = min(open_afresh(desk, lin, conversation_id) for _ in range(3))  # a busy machine
    print(f"\na thread of {LONG:,} messages opened in {took:.0f} ms")  # noqa: T201 the figure
    assert took < 1_000
    middle = ids[LONG // 2]
    lin.goto(f"{desk.url}/inbox/{conversation_id}?message={middle}")
    expect(lin.locator(f'[data-entry="message-{middle}"]')).to_be_in_viewport()
    assert lin.locator(".messages .entry").count() <= 200
    first = lin.locator(".messages .entry .bubble-text").first.inner_text()
    box = lin.locator(".messages")
    for _ in range(8):  # up through several pages: never more than a window is drawn
        box.evaluate("box => (box.scrollTop = 0)")
        lin.wait_for_timeout(150)
    assert lin.locator(".messages .entry .bubble-text").first.inner_text() != first
    assert lin.locator(".messages .entry").count() <= 260
    lin.locator(".new-pill").click()
    expect(lin.locator(".bubble", has_text="我又来了")).to_be_in_viewport()


def test_a_draft_written_on_one_device_is_there_on_the_next(desk, log_in):
    wrote(desk, "小周", "发票抬头写错了")
    office = log_in(LIN)
    open_conversation(office, desk, "发票抬头写错了")
    with office.expect_response(
        lambda answer: answer.request.method == "PUT" and answer.url.endswith("/draft"),
        timeout=SOON_MS,
    ):
        office.type(BOX, "请发来正确的抬头")
    phone = log_in(LIN, width=390, height=844)
    open_conversation(phone, desk, "发票抬头写错了")
    expect(phone.locator(BOX)).to_have_value("请发来正确的抬头")


def test_answer_resolve_and_next_by_keyboard_only(desk, log_in):
    first, second = wrote(desk, "小吴", "键盘测试一"), wrote(desk, "小郑", "键盘测试二")
    lin = log_in(LIN)
    open_conversation(lin, desk, "键盘测试一")
    lin.keyboard.press("r")
    lin.keyboard.type("好的")
    lin.keyboard.press("Control+Alt+Enter")
    expect(lin.locator(".bubble", has_text="键盘测试一")).to_have_count(0, timeout=SOON_MS)
    expect(lin.locator(BOX)).to_be_focused()
    desk.wait_until(lambda: desk.phone(first) == ["好的"], "the answer arrives")
    assert desk.phone(second) == []
    lin.goto(f"{desk.url}/inbox?view=resolved")
    expect(
        lin.locator(".conv", has_text="小吴").or_(lin.locator(".conv", has_text="好的")).first
    ).to_be_visible()
