"""The scripted customers of the demo write by themselves, in bounds."""

from __future__ import annotations

import time
from collections.abc import Callable

from simulator_bench import QUICK, Desk, FakeClock, WeChat, eventually

from wxdesk.simulator.customers import MOST_UNANSWERED, start
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.script import KEYWORDS, NAMES, STORIES
from wxdesk.simulator.server import serving


def said(platform: Platform) -> list[str]:
    with platform.state.changed:
        phones = list(platform.state.customers.values())
        bubbles = [b for phone in phones for b in phone.bubbles.values() if b.push]
        return [b.text for b in bubbles if b.kind != "event"]


def kinds(platform: Platform) -> set[str]:
    with platform.state.changed:
        phones = list(platform.state.customers.values())
        return {b.kind for phone in phones for b in phone.bubbles.values() if b.push}


def is_still(count: Callable[[], int], seconds: float = 0.3) -> bool:
    before = count()
    time.sleep(seconds)
    return count() == before


def test_first_messages_come_within_two_seconds(
    wechat: WeChat, platform: Platform, desk: Desk
) -> None:
    wechat.register(desk.url)
    wechat.register(desk.url, original_id="gh_second", app_id="wx2")
    crowd = start(platform, every_seconds=60)
    eventually(lambda: len(desk.received) >= 3, seconds=10)
    crowd.stop()
    names = {(c["name"], c["original_id"]) for c in wechat.get("/sim/customers")["customers"]}
    assert len(names) == len(NAMES)
    assert {original_id for _, original_id in names} == {"gh_wang", "gh_second"}


def test_most_messages_are_keywords(clock: FakeClock, desk: Desk) -> None:
    platform = Platform(clock, pace=QUICK)
    with serving(platform) as url:
        WeChat(url).register(desk.url)
        crowd = start(platform, every_seconds=0.001)
        eventually(lambda: len(said(platform)) >= 30)
        crowd.stop()
        texts = said(platform)
    share = sum(text in KEYWORDS for text in texts) / len(texts)
    assert 0.4 < share < 0.85


def test_unanswered_customers_wait(wechat: WeChat, platform: Platform, desk: Desk) -> None:
    wechat.register(desk.url)
    crowd = start(platform, every_seconds=0.001)
    most = MOST_UNANSWERED * len(NAMES)
    eventually(lambda: len(said(platform)) == most)
    assert is_still(lambda: len(said(platform)))
    crowd.stop()


def test_customer_goes_on_after_an_agents_answer(
    wechat: WeChat, platform: Platform, desk: Desk
) -> None:
    wechat.register(desk.url)
    crowd = start(platform, every_seconds=0.001)
    eventually(lambda: len(said(platform)) == MOST_UNANSWERED * len(NAMES))
    openid = wechat.get("/sim/customers")["customers"][0]["openid"]
    assert wechat.send(openid, "马上为您查询")["errcode"] == 0
    texts = [text for story in STORIES for text in story.after_answer]

    def has_gone_on() -> bool:
        bubbles = wechat.bubbles(openid)
        place = next(i for i, b in enumerate(bubbles) if b["direction"] == "from_desk")
        return len(bubbles) > place + 1 and bubbles[place + 1]["text"] in texts

    eventually(has_gone_on)
    crowd.stop()


def test_a_demo_shows_every_kind(wechat: WeChat, platform: Platform, desk: Desk) -> None:
    wechat.register(desk.url)
    wanted = {"text", "image", "voice", "video", "shortvideo", "location", "link", "file"}
    wanted |= {"miniprogrampage", "event"}
    for day in range(3):
        wechat.post("/sim/clock", advance_seconds=day * 86_400)
        crowd = start(platform, every_seconds=0.001)
        eventually(lambda: kinds(platform) >= wanted or is_still(lambda: len(said(platform))), 20)
        crowd.stop()
    assert kinds(platform) == wanted
    assert wechat.api("menu/get")["menu"]["button"]


def test_cast_waits_for_an_account(wechat: WeChat, platform: Platform, desk: Desk) -> None:
    crowd = start(platform, every_seconds=60)
    assert is_still(lambda: len(said(platform)), seconds=0.1)
    wechat.register(desk.url)
    eventually(lambda: said(platform))
    crowd.stop()
