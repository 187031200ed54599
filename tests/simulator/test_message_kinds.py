"""Every kind of customer-service message is checked and shown."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Desk, WeChat

from wxdesk.simulator.samples import sample


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url, kf_accounts=["lin@wang"])
    openid = wechat.customer()
    wechat.write(openid, "在吗")
    return openid


@pytest.fixture
def files(wechat: WeChat, openid: str) -> dict[str, str]:
    names = {"image": "photo.jpg", "voice": "voice.amr", "video": "video.mp4", "thumb": "thumb.jpg"}
    return {kind: wechat.media(kind, sample(name)) for kind, name in names.items()}


def last(wechat: WeChat, openid: str) -> dict[str, Any]:
    bubble = wechat.bubbles(openid)[-1]
    assert (bubble["direction"], bubble["via"]) == ("from_desk", "customer_service")
    return bubble


def test_image_and_voice_are_shown_with_their_files(
    wechat: WeChat, openid: str, files: dict[str, str]
) -> None:
    for kind in ("image", "voice"):
        assert wechat.send_kind(openid, kind, {"media_id": files[kind]}) == 0
        bubble = last(wechat, openid)
        assert bubble["kind"] == kind
        shown = wechat.session.get(wechat.base + bubble["detail"]["media_url"], timeout=5)
        assert shown.headers["Content-Type"] == bubble["detail"]["content_type"]
    assert last(wechat, openid)["detail"]["seconds"] == pytest.approx(4.02)


def test_video_needs_a_thumb(wechat: WeChat, openid: str, files: dict[str, str]) -> None:
    part = {"media_id": files["video"], "title": "开箱", "description": "三秒"}
    assert wechat.send_kind(openid, "video", part) == 40007
    assert wechat.send_kind(openid, "video", {**part, "thumb_media_id": files["thumb"]}) == 0
    assert last(wechat, openid)["detail"]["title"] == "开箱"


def test_file_of_another_kind_is_not_taken(
    wechat: WeChat, openid: str, files: dict[str, str]
) -> None:
    assert wechat.send_kind(openid, "image", {"media_id": files["voice"]}) == 40007
    assert wechat.send_kind(openid, "voice", {"media_id": files["image"]}) == 40007
    assert wechat.send_kind(openid, "image", {"media_id": "no such file"}) == 40007
    assert wechat.send_kind(openid, "image", {}) == 40007


def test_music_and_mini_program_need_their_parts(
    wechat: WeChat, openid: str, files: dict[str, str]
) -> None:
    music = {"title": "歌", "musicurl": "https://example.com/a.mp3"}
    assert wechat.send_kind(openid, "music", music) == 40007
    assert wechat.send_kind(openid, "music", {**music, "thumb_media_id": files["thumb"]}) == 0
    page = {"title": "订单", "appid": "wx1234567890abcdef", "pagepath": "pages/order"}
    page["thumb_media_id"] = files["image"]
    assert wechat.send_kind(openid, "miniprogrampage", {**page, "appid": "1"}) == 40013
    assert wechat.send_kind(openid, "miniprogrampage", {**page, "pagepath": ""}) == 40165
    assert wechat.send_kind(openid, "miniprogrampage", page) == 0
    assert last(wechat, openid)["detail"]["page_path"] == "pages/order"


def test_one_article_at_most(wechat: WeChat, openid: str) -> None:
    card = {"title": "活动", "description": "说明", "url": "https://example.com", "picurl": "p"}
    assert wechat.send_kind(openid, "news", {"articles": []}) == 44003
    assert wechat.send_kind(openid, "news", {"articles": [card, card]}) == 45008
    assert wechat.send_kind(openid, "news", {"articles": [card]}) == 0
    shown = {"title": "活动", "description": "说明", "url": card["url"], "picture_url": "p"}
    assert last(wechat, openid)["detail"]["articles"] == [shown]


def test_menu_message_is_shown_and_its_tap_counts_as_a_click(wechat: WeChat, openid: str) -> None:
    menu = {
        "head_content": "满意吗?",
        "list": [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}],
        "tail_content": "谢谢",
    }
    assert wechat.send_kind(openid, "msgmenu", {**menu, "list": []}) == 44004
    assert wechat.send_kind(openid, "msgmenu", menu) == 0
    detail = last(wechat, openid)["detail"]
    assert detail["choices"] == [{"id": "101", "text": "满意"}, {"id": "102", "text": "不满意"}]
    wechat.advance(hours=49)
    tapped = wechat.say(openid, "text", text="满意", menu_id="101")
    assert tapped["detail"]["menu_id"] == "101"
    assert [wechat.send(openid, "谢谢")["errcode"] for _ in range(4)] == [0, 0, 0, 45047]


def test_other_kinds(wechat: WeChat, openid: str) -> None:
    assert wechat.send_kind(openid, "mpnewsarticle", {"article_id": "a1"}) == 0
    assert wechat.send_kind(openid, "mpnewsarticle", {}) == 53600
    assert wechat.send_kind(openid, "wxcard", {"card_id": "c1"}) == 0
    assert wechat.send_kind(openid, "wxcard", {}) == 40072
    assert wechat.send_kind(openid, "mpnews", {"media_id": "m"}) == 48008


def test_agent_and_machine_are_named(wechat: WeChat, openid: str) -> None:
    text = {"content": "您好"}
    stranger = {"kf_account": "mei@wang"}
    assert wechat.send_kind(openid, "text", text, customservice=stranger) == 65401
    agent = {"kf_account": "lin@wang"}
    machine = {"is_ai_msg": 1}
    assert wechat.send_kind(openid, "text", text, customservice=agent, aimsgcontext=machine) == 0
    assert last(wechat, openid)["detail"] == {"kf_account": "lin@wang", "is_ai": True}
    assert wechat.send_kind(openid, "text", text, aimsgcontext={"is_ai_msg": 7}) == 47001


def test_blacklisted_and_unwilling_customers_get_nothing(wechat: WeChat, openid: str) -> None:
    path = f"/sim/customers/{openid}/settings"
    wechat.post(path, refuses_messages=True)
    assert wechat.send(openid, "您好")["errcode"] == 48002
    wechat.post(path, refuses_messages=False, is_blacklisted=True)
    assert wechat.send(openid, "您好")["errcode"] == 43019
    wechat.post(path, is_blacklisted=False)
    assert wechat.send(openid, "您好")["errcode"] == 0


def test_messages_of_a_blacklisted_customer_are_not_pushed(
    wechat: WeChat, openid: str, desk: Desk
) -> None:
    wechat.post(f"/sim/customers/{openid}/settings", is_blacklisted=True)
    assert wechat.write(openid, "在吗")["outcome"] == "blocked"
    assert len(desk.received) == 1
