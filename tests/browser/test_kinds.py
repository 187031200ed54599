"""Stories in a real browser about what is more than text. Lin is an agent, Wang writes."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from wxdesk.simulator.samples import sample

pytestmark = pytest.mark.browser

BOX = ".composer textarea"
LIN = "lin@demo.wxdesk"
UNVERIFIED = "gh_demo_shanlan"
SLOW_MS = 20_000


def customer(desk, name, account=None):
    if account is None:
        return desk.new_customer(name)
    url = f"{desk.simulator}/sim/accounts/{account}/customers"
    return requests.post(url, json={"name": name}, timeout=10).json()["openid"]


def act(desk, openid, what, **given):
    """The customer does something: `messages`, `events`, `raw`, `scan`."""
    url = f"{desk.simulator}/sim/customers/{openid}/{what}?wait=1"
    answer = requests.post(url, json=given, timeout=30)
    answer.raise_for_status()


def phone(desk, openid):
    """What the desk sent: kind and text of each."""
    url = f"{desk.simulator}/sim/customers/{openid}/messages"
    items = requests.get(url, params={"since": 0}, timeout=10).json()["messages"]
    return [(item["kind"], item["text"]) for item in items if item["direction"] == "from_desk"]


def open_with(page, desk, text):
    page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".conv", has_text=text).first.click()
    expect(page.locator(".bubble", has_text=text).last).to_be_visible()


def is_loaded(image) -> bool:
    return image.evaluate("e => e.complete && e.naturalWidth > 0")


def test_every_kind_that_a_customer_sends_has_its_own_look(desk, log_in):
    wang = customer(desk, "王多样")
    desk.write(wang, "什么都发一遍[微笑]")
    lin = log_in(LIN)
    open_with(lin, desk, "什么都发一遍")
    for kind in ("image", "voice", "video", "shortvideo"):
        act(desk, wang, "messages", kind=kind)
    act(desk, wang, "messages", kind="location", label="人民广场")
    act(desk, wang, "messages", kind="link", title="茶的文章", url="https://example.com/tea")
    act(desk, wang, "messages", kind="miniprogrampage", title="茶季商城")
    act(desk, wang, "messages", kind="file", title="合同.pdf", size=2048)
    act(desk, wang, "raw", msg_type="hologram", fields={"Depth": "3"})
    expect(lin.locator(".bubble .emoticon")).to_have_attribute("title", "[微笑]")
    expect(lin.locator(".picture img")).to_be_visible(timeout=SLOW_MS)
    expect(lin.locator(".voice, .file-missing .file-download")).not_to_have_count(0)
    expect(lin.locator(".video-box video")).to_have_count(2, timeout=SLOW_MS)
    expect(lin.locator(".kind-card", has_text="人民广场").locator("a")).to_have_attribute(
        "rel", "noopener noreferrer"
    )
    for words in ("茶的文章", "茶季商城", "合同.pdf"):
        expect(lin.locator(".kind-card", has_text=words)).to_be_visible()
    unknown = lin.locator(".bubble", has_text="hologram")
    unknown.locator("summary").click()
    expect(unknown.locator("pre")).to_contain_text("Depth")


def test_pictures_open_large_and_are_walked_through_by_keyboard(desk, log_in):
    wang = customer(desk, "王照片")
    desk.write(wang, "三张照片")
    lin = log_in(LIN)
    open_with(lin, desk, "三张照片")
    for _ in range(3):
        act(desk, wang, "messages", kind="image")
    pictures = lin.locator(".picture")
    expect(pictures).to_have_count(3, timeout=SLOW_MS)
    pictures.nth(1).focus()
    lin.keyboard.press("Enter")
    expect(lin.locator(".lightbox-count")).to_have_text("2 / 3")
    lin.keyboard.press("ArrowRight")
    lin.keyboard.press("ArrowRight")
    expect(lin.locator(".lightbox-count")).to_have_text("3 / 3")
    large = lin.locator(".lightbox img")
    desk.wait_until(lambda: is_loaded(large), "the large picture is loaded")
    lin.keyboard.press("Escape")
    expect(lin.locator(".lightbox-frame")).to_have_count(0)
    assert lin.evaluate("document.activeElement.className") == "picture"


def test_what_a_customer_does_is_a_quiet_line(desk, log_in):
    wang = customer(desk, "王动作")
    act(desk, wang, "scan", scene="柜台七")
    act(desk, wang, "events", event="CLICK", event_key="我的订单")
    desk.write(wang, "刚才扫了码")
    lin = log_in(LIN)
    open_with(lin, desk, "刚才扫了码")
    expect(lin.locator(".event-line", has_text="柜台七")).to_be_visible()
    expect(lin.locator(".event-line", has_text="我的订单")).to_be_visible()


def test_a_file_that_wechat_does_not_have_says_so(desk, log_in):
    wang = customer(desk, "王过期")
    desk.write(wang, "图片过期了")
    lin = log_in(LIN)
    open_with(lin, desk, "图片过期了")
    act(desk, wang, "raw", msg_type="image", fields={"MediaId": "unknown", "PicUrl": ""})
    expect(lin.locator(".file-missing.is-gone, .file-missing.is-failed")).to_be_visible(
        timeout=SLOW_MS
    )


def test_a_voice_that_did_not_come_is_fetched_again_by_its_button(desk, log_in):
    wang = customer(desk, "王语音")
    desk.write(wang, "听我说")
    lin = log_in(LIN)
    open_with(lin, desk, "听我说")
    busy = {"api": "media/get", "kind": "errcode", "errcode": -1, "times": 50}
    requests.post(f"{desk.simulator}/sim/faults", json=busy, timeout=10).raise_for_status()
    act(desk, wang, "messages", kind="voice")
    again = lin.locator(".file-missing .btn", has_text="重新获取")
    expect(again).to_be_visible(timeout=SLOW_MS)
    requests.delete(f"{desk.simulator}/sim/faults", timeout=10).raise_for_status()
    again.click()
    expect(lin.locator(".voice, .file-missing .file-download")).to_be_visible(timeout=SLOW_MS)


def test_a_picture_and_words_reach_the_phone_in_order(desk, log_in, tmp_path: Path):
    wang = customer(desk, "王收图")
    desk.write(wang, "发张图给我")
    picture = tmp_path / "茶杯.jpg"
    picture.write_bytes(sample("photo.jpg"))
    lin = log_in(LIN)
    open_with(lin, desk, "发张图给我")
    lin.set_input_files(".composer-tools input[type=file]", picture)
    expect(lin.locator(".upload.is-ready")).to_contain_text("茶杯.jpg", timeout=SLOW_MS)
    lin.fill(BOX, "请看")
    lin.press(BOX, "Enter")
    desk.wait_until(
        lambda: [kind for kind, _ in phone(desk, wang)] == ["image", "text"], "both arrive"
    )
    expect(lin.locator(".from-agent .picture img")).to_be_visible()
    expect(lin.locator(".upload")).to_have_count(0)


def test_a_file_of_the_wrong_kind_is_refused_before_the_upload(desk, log_in, tmp_path: Path):
    wang = customer(desk, "王等等")
    desk.write(wang, "发个文件给我")
    table = tmp_path / "报价.xlsx"
    table.write_bytes(b"PK")
    lin = log_in(LIN)
    open_with(lin, desk, "发个文件给我")
    lin.fill(BOX, "报价单")
    lin.set_input_files(".composer-tools input[type=file]", table)
    expect(lin.locator(".upload-error")).to_contain_text("报价.xlsx")
    expect(lin.locator(".composer-send [type=submit]")).to_be_disabled()
    lin.locator(".upload button").last.click()
    expect(lin.locator(".composer-send [type=submit]")).to_be_enabled()


def test_a_menu_is_sent_by_its_form_and_the_tap_is_told(desk, log_in):
    wang = customer(desk, "王选择")
    desk.write(wang, "给我几个选项")
    lin = log_in(LIN)
    open_with(lin, desk, "给我几个选项")
    lin.click(".composer-tools [aria-label=插入]")
    lin.click("[role=menuitem] >> text=菜单消息")
    lin.fill("#menu-head", "您想办理什么？")
    lin.fill(".choices li:nth-child(1) input", "退款")
    lin.fill(".choices li:nth-child(2) input", "换货")
    lin.click(".form-dialog .btn-primary")
    expect(lin.locator(".menu-card li")).to_have_text(["退款", "换货"])
    desk.wait_until(lambda: [k for k, _ in phone(desk, wang)] == ["msgmenu"], "it arrives")
    act(desk, wang, "messages", text="换货", menu_id="2")
    expect(lin.locator(".from-customer", has_text="换货")).to_contain_text("点击了菜单选项")


def test_a_link_card_is_refused_until_its_address_is_one(desk, log_in):
    wang = customer(desk, "王链接")
    desk.write(wang, "有说明吗")
    lin = log_in(LIN)
    open_with(lin, desk, "有说明吗")
    lin.click(".composer-tools [aria-label=插入]")
    lin.keyboard.press("Enter")  # the first item has the focus
    lin.fill("#news-title", "退款说明")
    lin.fill("#news-url", "javascript:alert(1)")
    lin.type("#news-picture_url", "https://a.example/a.jpg")
    lin.press("#news-url", "Enter")
    expect(lin.locator("#news-url-error")).to_be_visible()
    lin.fill("#news-url", "https://a.example/refund")
    lin.press("#news-url", "Enter")
    desk.wait_until(lambda: [k for k, _ in phone(desk, wang)] == ["news"], "it arrives")
    card = lin.locator(".from-agent .kind-card", has_text="退款说明")
    expect(card.locator("a")).to_have_attribute("href", "https://a.example/refund")
    assert lin.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_a_long_answer_goes_out_in_parts_on_the_second_press(desk, log_in):
    wang = customer(desk, "王长文")
    desk.write(wang, "请详细说明")
    words = "一二三四五六七八九。" * 100
    lin = log_in(LIN)
    open_with(lin, desk, "请详细说明")
    lin.fill(BOX, words)
    lin.press(BOX, "Enter")
    expect(lin.locator(".split-preview li")).to_have_count(2)
    expect(lin.locator(".composer-send [type=submit]")).to_have_text("分 2 条发送")
    assert phone(desk, wang) == []
    lin.press(BOX, "Enter")
    desk.wait_until(lambda: len(phone(desk, wang)) == 2, "both parts arrive")
    assert "".join(text for _, text in phone(desk, wang)) == words
    expect(lin.locator(".delivery-part")).to_have_text(["1/2", "2/2"])


def test_an_answer_after_the_last_one_waits_for_the_customer(desk, log_in):
    wang = customer(desk, "王条数")
    desk.write(wang, "问五个问题")
    lin = log_in(LIN)
    open_with(lin, desk, "问五个问题")
    for n in range(1, 6):
        lin.fill(BOX, f"答复{n}")
        lin.press(BOX, "Enter")
        expect(lin.locator(".delivery.is-sent")).to_have_count(n, timeout=SLOW_MS)
    expect(lin.locator(".composer-send [type=submit]")).to_have_text("等客户来信后发送")
    lin.fill(BOX, "答复六")
    lin.press(BOX, "Enter")
    held = lin.locator(".message.is-held", has_text="答复六")
    expect(held).to_be_visible()
    expect(lin.locator(".conv.is-selected .held-chip")).to_be_visible()
    assert len(phone(desk, wang)) == 5
    desk.write(wang, "还在吗")
    desk.wait_until(lambda: ("text", "答复六") in phone(desk, wang), "it is sent at once")
    expect(held).to_have_count(0, timeout=SLOW_MS)


def test_a_held_answer_taken_back_is_a_draft_again(desk, log_in):
    wang = customer(desk, "王未认证", UNVERIFIED)
    desk.write(wang, "文章里的书哪里买")
    lin = log_in(LIN)
    open_with(lin, desk, "文章里的书哪里买")
    expect(lin.locator("#window-note")).to_contain_text("没有客服消息接口")
    lin.fill(BOX, "书店就有")
    lin.press(BOX, "Enter")
    lin.locator(".message.is-held", has_text="书店就有").locator(".link-button").click()
    expect(lin.locator(BOX)).to_have_value("书店就有")
    expect(lin.locator(".message.is-withdrawn")).to_be_visible()


def test_an_unverified_account_answers_with_the_customers_next_message(desk, log_in):
    wang = customer(desk, "王下次", UNVERIFIED)
    desk.write(wang, "有签名本吗")
    lin = log_in(LIN)
    open_with(lin, desk, "有签名本吗")
    lin.fill(BOX, "有的，本周到货。")
    lin.press(BOX, "Enter")
    expect(lin.locator(".message.is-held")).to_be_visible()
    desk.write(wang, "好的")
    desk.wait_until(lambda: "有的，本周到货。" in str(phone(desk, wang)), "it leaves with it")
    expect(lin.locator(".message.is-held")).to_have_count(0, timeout=SLOW_MS)


def test_a_customer_gets_a_name_and_a_tag(desk, log_in):
    wang = customer(desk, "王改名")
    desk.write(wang, "请叫我王老板")
    lin = log_in(LIN)
    open_with(lin, desk, "请叫我王老板")
    lin.click(".remark button")
    expect(lin.locator(".remark-form input")).to_be_focused()
    lin.keyboard.type("王老板")
    lin.keyboard.press("Enter")
    expect(lin.locator(".thread-who h2")).to_have_text("王老板")
    lin.click(".tag-add")
    lin.fill(".tag-form input", "大客户")
    lin.keyboard.press("Enter")
    expect(lin.locator(".tag-chip", has_text="大客户")).to_be_visible()
    lin.locator(".tag-chip", has_text="大客户").locator("button").click()
    expect(lin.locator(".tag-chip", has_text="大客户")).to_have_count(0)
