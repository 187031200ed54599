"""The phone page in a real browser: what a customer sees, and everything that they can send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from simulator_bench import GH, Desk, WeChat, eventually

from wxdesk.simulator.menus import SAMPLE_MENU
from wxdesk.simulator.samples import TEMPLATES, sample

pytestmark = pytest.mark.browser
Opener = Callable[..., Page]


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    wechat.post(f"/sim/accounts/{GH}/menu", **SAMPLE_MENU)
    return wechat.customer()


@pytest.fixture
def open_phone(wechat: WeChat, openid: str, chromium: Browser) -> Iterator[Opener]:
    """Open the customer's phone; fails when the page has an error in its console."""
    problems: list[str] = []
    pages: list[Page] = []

    def come_in(width: int = 1440, height: int = 900, lang: str = "en") -> Page:
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.context.grant_permissions(["microphone"])
        pages.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type == "error" else None,
        )
        page.goto(f"{wechat.base}/?customer={openid}&lang={lang}")
        page.wait_for_selector("#chat:not([hidden]) #who:not(:empty)")
        return page

    yield come_in
    for page in pages:
        page.close()
    assert problems == []


def last(wechat: WeChat, openid: str, kind: str) -> dict[str, Any]:
    """The last bubble, once it is of this kind."""

    def found() -> dict[str, Any] | None:
        bubbles = wechat.bubbles(openid)
        is_it = bubbles and bubbles[-1]["kind"] == kind and bubbles[-1]["outcome"] != "pending"
        return bubbles[-1] if is_it else None

    bubble: dict[str, Any] = eventually(found)
    return bubble


def test_customer_writes_with_an_emoticon(wechat: WeChat, openid: str, open_phone: Opener) -> None:
    page = open_phone()
    page.fill("#text", "在吗")
    page.click("#to-emoticons")
    page.click('.emoticon[aria-label="微笑"]')
    page.press("#text", "Enter")
    assert last(wechat, openid, "text")["text"] == "在吗[微笑]"
    page.wait_for_selector('.mine .bubble:has-text("在吗🙂")')
    page.wait_for_selector('.panel td:has-text("text")')


@pytest.mark.parametrize(
    "kind", ["image", "video", "shortvideo", "location", "link", "miniprogrampage", "file"]
)
def test_customer_sends_each_kind(
    wechat: WeChat, openid: str, open_phone: Opener, kind: str
) -> None:
    page = open_phone(390, 844)
    page.click("#to-more")
    name = {"image": "Picture", "miniprogrampage": "Mini program", "shortvideo": "Short video"}
    page.click(f'.kind:has-text("{name.get(kind, kind.capitalize())}") >> nth=0')
    is_file = kind in ("image", "video", "shortvideo")
    page.click("#form-second" if is_file else "#form-ok")
    bubble = last(wechat, openid, kind)
    assert bubble["outcome"] == "success"
    inside = {"image": "img", "video": "video", "shortvideo": "video"}
    page.wait_for_selector(f".mine .bubble {inside.get(kind, 'strong')}")


def test_customer_sends_a_file_of_their_own(
    wechat: WeChat, openid: str, open_phone: Opener
) -> None:
    page = open_phone()
    page.click("#to-more")
    page.click(".kind >> nth=0")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": sample("screenshot.png")}
    page.set_input_files("#form-fields input[type=file]", [file])
    page.click("#form-ok")
    assert last(wechat, openid, "image")["detail"]["content_type"] == "image/png"


def test_customer_records_a_voice(wechat: WeChat, openid: str, open_phone: Opener) -> None:
    page = open_phone()
    page.click("#to-more")
    page.click(".kind >> nth=1")
    page.click(".recording .send")
    page.wait_for_selector('.controls .note:has-text("1 s")')
    page.click(".controls .send")
    bubble = last(wechat, openid, "voice")
    assert bubble["outcome"] == "success"
    assert bubble["detail"]["content_type"] in ("audio/amr", "audio/webm")
    page.wait_for_selector(".mine .voice")


def test_customer_taps_the_menu_and_scans(wechat: WeChat, openid: str, open_phone: Opener) -> None:
    page = open_phone()
    page.click("#to-menu")
    page.click(".has-list")
    page.click('.menu-item:has-text("联系客服")')
    assert last(wechat, openid, "event")["detail"]["event_key"] == "MENU_SERVICE"
    page.wait_for_selector('.line:has-text("MENU_SERVICE")')
    page.click("#account-menu .round")
    page.click("#to-more")
    page.click('.kind:has-text("Scan")')
    page.fill("#form-fields input", "booth_9")
    page.click("#form-ok")
    eventually(lambda: last(wechat, openid, "event")["text"] == "SCAN booth_9")


def test_customer_leaves_and_comes_back(wechat: WeChat, openid: str, open_phone: Opener) -> None:
    page = open_phone()
    page.click("#unfollow")
    page.wait_for_selector('#about:has-text("not following")')
    page.fill("#text", "在吗")
    page.press("#text", "Enter")
    page.wait_for_selector("#problem:not(:empty)")
    page.click("#follow")
    page.wait_for_selector('#about:has-text("3 replies left")')
    assert [b["text"] for b in wechat.bubbles(openid)] == ["unsubscribe", "subscribe"]


def test_customer_sees_everything_that_the_account_sends(
    wechat: WeChat, openid: str, open_phone: Opener
) -> None:
    page = open_phone()
    wechat.write(openid, "在吗")
    link = '<a href="weixin://bizmsgmenu?msgmenucontent=转人工&msgmenuid=9">点这里</a>'
    assert wechat.send(openid, f"<b>您好</b> {link}")["errcode"] == 0
    picture = wechat.media("image", sample("photo.jpg"))
    wechat.send_kind(openid, "image", {"media_id": picture})
    wechat.send_kind(openid, "voice", {"media_id": wechat.media("voice", sample("voice.mp3"))})
    choices = {"head_content": "满意吗?", "list": [{"id": "7", "content": "满意"}]}
    wechat.send_kind(openid, "msgmenu", choices)
    card = {"title": "新品", "url": "https://example.com/", "picurl": "https://example.com/p.jpg"}
    wechat.send_kind(openid, "news", {"articles": [card]})
    data = {"character_string1": {"value": "K-7"}}
    template = {"touser": openid, "template_id": TEMPLATES[2].template_id, "data": data}
    wechat.api("message/template/send", template)
    for shown in ("img", "strong:has-text('新品')", "p:has-text('K-7')"):
        page.wait_for_selector(f".row:not(.mine) .bubble {shown}")
    page.wait_for_selector(".row:not(.mine) .voice")
    assert page.locator(".bubble b").count() == 0
    page.click('.menu-message .choice-link:has-text("满意")')
    assert eventually(lambda: last(wechat, openid, "text")["detail"]) == {"menu_id": "7"}
    page.click('.choice-link:has-text("点这里")')
    eventually(lambda: last(wechat, openid, "text")["detail"] == {"menu_id": "9"})
    assert last(wechat, openid, "text")["text"] == "转人工"


def test_fault_notice_is_shown(wechat: WeChat, openid: str, desk: Desk, open_phone: Opener) -> None:
    page = open_phone(lang="zh")
    desk.answer = lambda _received: (200, b"<html>oops")
    wechat.write(openid, "在吗")
    page.wait_for_selector('.line:has-text("该公众号提供的服务出现故障")')
    page.wait_for_selector('.state.bad:has-text("应答内容异常")')


def test_clock_faults_and_account_are_worked_from_the_panel(
    wechat: WeChat, openid: str, open_phone: Opener
) -> None:
    page = open_phone()
    page.click("[data-tab=clock]")
    page.click('.panel button:has-text("+48 hours")')
    page.wait_for_selector("#clock.is-moved")
    page.wait_for_selector("#phone-clock:not(:empty)")
    assert wechat.get("/sim/clock")["ahead_seconds"] == 172_800
    page.click("[data-tab=faults]")
    page.select_option("select[name=api]", "custom/send")
    page.fill("input[name=errcode]", "45047")
    page.click(".fault-form .send")
    page.wait_for_selector('.faults li:has-text("custom/send")')
    assert wechat.send(openid, "在")["errcode"] == 45047
    page.click("[data-tab=account]")
    page.select_option("select[name=push_format]", "json")
    eventually(lambda: wechat.get("/sim/accounts")["accounts"][0]["push_format"] == "json")
    page.click('.panel button:has-text("Check the webhook")')
    page.wait_for_selector('.panel [role=status]:has-text("The check")')


def test_pushes_are_held_and_released_from_the_page(
    wechat: WeChat, openid: str, desk: Desk, open_phone: Opener
) -> None:
    page = open_phone()
    page.click("#hold")
    page.wait_for_selector("#release-reversed:visible")
    for text in "一二":
        wechat.write(openid, text)
    assert desk.received == []
    page.click("#release-reversed")
    eventually(lambda: len(desk.received) == 2)
    assert "二".encode() in desk.received[0].body


def test_narrow_page_is_never_wider_than_the_phone(openid: str, open_phone: Opener) -> None:
    page = open_phone(390, 844)
    for opener in ("#to-more", "#to-emoticons", "#to-menu"):
        page.click(opener)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, opener
    page.click(".tools .to-panel")
    page.wait_for_selector(".panel:visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
