"""custom/send and custom/typing follow WeChat's rules."""

from __future__ import annotations

import json

import pytest
from simulator_bench import APP_ID, GH, Desk, FakeClock, WeChat


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    return wechat.customer()


def test_message_reaches_the_phone_as_customer_service(wechat: WeChat, openid: str) -> None:
    wechat.write(openid, "在吗")
    assert wechat.send(openid, "在的，请讲 😀") == {"errcode": 0, "errmsg": "ok"}
    bubble = wechat.bubbles(openid)[-1]
    assert (bubble["direction"], bubble["via"]) == ("from_desk", "customer_service")
    assert bubble["text"] == "在的，请讲 😀"


def test_five_messages_for_each_message_of_the_customer(wechat: WeChat, openid: str) -> None:
    wechat.write(openid, "一")
    wechat.write(openid, "二")
    assert [wechat.send(openid, "答")["errcode"] for _ in range(6)] == [0] * 5 + [45047]
    wechat.write(openid, "三")
    assert wechat.send(openid, "答")["errcode"] == 0


def test_window_closes_forty_eight_hours_after_the_message(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    assert wechat.send(openid, "你好")["errcode"] == 45015
    wechat.write(openid, "在吗")
    clock.move(hours=47, minutes=59)
    assert wechat.send(openid, "在")["errcode"] == 0
    clock.move(minutes=1)
    assert wechat.send(openid, "在")["errcode"] == 45015


@pytest.mark.parametrize("event", ["subscribe", "SCAN", "CLICK"])
def test_an_event_opens_three_messages_for_one_minute(
    wechat: WeChat, openid: str, clock: FakeClock, event: str
) -> None:
    wechat.event(openid, event, event_key="k")
    assert [wechat.send(openid, "欢迎")["errcode"] for _ in range(4)] == [0, 0, 0, 45047]
    wechat.event(openid, event, event_key="k")
    clock.move(minutes=1)
    assert wechat.send(openid, "欢迎")["errcode"] == 45015


def test_event_does_not_add_to_the_quota_of_a_message(wechat: WeChat, openid: str) -> None:
    wechat.write(openid, "在吗")
    wechat.event(openid, "CLICK", event_key="k")
    assert [wechat.send(openid, "答")["errcode"] for _ in range(6)] == [0] * 5 + [45047]


def test_menu_tap_that_arrives_as_text_opens_one_minute_only(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    fields = {"Content": "满意", "bizmsgmenuid": "101"}
    wechat.post(f"/sim/customers/{openid}/raw?wait=1", msg_type="text", fields=fields)
    clock.move(minutes=1)
    assert wechat.send(openid, "谢谢")["errcode"] == 45015


def test_location_opens_no_window(wechat: WeChat, openid: str) -> None:
    wechat.event(openid, "LOCATION", latitude=31.2, longitude=121.4, precision=40)
    assert wechat.send(openid, "你好")["errcode"] == 45015


def test_unfollowing_closes_the_window_and_stops_the_customer(wechat: WeChat, openid: str) -> None:
    wechat.write(openid, "在吗")
    wechat.event(openid, "unsubscribe")
    assert wechat.send(openid, "别走")["errcode"] == 45015
    refused = wechat.post(f"/sim/customers/{openid}/messages", text="在吗")
    assert refused["field"] == "openid"


def test_texts_are_measured_in_bytes(wechat: WeChat, openid: str) -> None:
    wechat.write(openid, "在吗")
    assert wechat.send(openid, "好" * 682 + "ab")["errcode"] == 0
    assert wechat.send(openid, "好" * 682 + "abc")["errcode"] == 45002
    assert wechat.send(openid, "")["errcode"] == 44004


def test_escapes_are_shown_to_the_customer_as_they_were_sent(wechat: WeChat, openid: str) -> None:
    wechat.write(openid, "在吗")
    order = {"touser": openid, "msgtype": "text", "text": {"content": "你\nA"}}
    assert wechat.call("custom/send", wechat.token(), json.dumps(order).encode())["errcode"] == 0
    assert wechat.bubbles(openid)[-1]["text"] == "\\u4f60\nA"
    backslash = {"touser": openid, "msgtype": "text", "text": {"content": "C:\\users"}}
    wechat.call("custom/send", wechat.token(), backslash)
    assert wechat.bubbles(openid)[-1]["text"] == "C:\\users"


def test_malformed_and_misdirected_orders_have_their_own_codes(wechat: WeChat, openid: str) -> None:
    wechat.write(openid, "在吗")
    token = wechat.token()
    assert wechat.call("custom/send", token, b"{")["errcode"] == 47001
    assert wechat.call("custom/send", token, b"\xff")["errcode"] == 47001
    assert wechat.call("custom/send", token, b"")["errcode"] == 44002
    assert wechat.send("o" + "x" * 27, "你好")["errcode"] == 40003
    order = {"touser": openid, "msgtype": "hologram"}
    assert wechat.call("custom/send", token, order)["errcode"] == 40008


def test_customers_of_another_account_are_unknown(wechat: WeChat, openid: str, desk: Desk) -> None:
    wechat.register(desk.url, original_id="gh_other", app_id="wxother")
    stranger = wechat.customer(original_id="gh_other")
    wechat.write(stranger, "在吗")
    assert wechat.send(stranger, "你好")["errcode"] == 40003


def test_unverified_account_may_not_send(wechat: WeChat, openid: str, desk: Desk) -> None:
    wechat.register(desk.url, is_verified=False)
    wechat.write(openid, "在吗")
    assert wechat.send(openid, "你好")["errcode"] == 48001


def test_unknown_api_is_an_error_inside_http_200(wechat: WeChat, openid: str) -> None:
    assert wechat.get("/cgi-bin/no/such")["errcode"] == 40066


def test_typing_needs_a_recent_message_and_ends_by_itself(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    def type_to(command: str) -> int:
        order = {"touser": openid, "command": command}
        return int(wechat.call("custom/typing", wechat.token(), order)["errcode"])

    assert type_to("Typing") == 45080
    wechat.write(openid, "在吗")
    assert type_to("Dancing") == 45072
    assert [type_to("Typing"), type_to("Typing")] == [0, 45081]
    assert type_to("CancelTyping") == 0
    assert type_to("Typing") == 0
    clock.move(seconds=15)
    assert type_to("Typing") == 0
    wechat.send(openid, "在的")
    shown = wechat.get(f"/sim/customers/{openid}/messages")["customer"]
    assert shown["typing_seconds"] == 0
    clock.move(seconds=31)
    assert type_to("Typing") == 45080


def test_registering_twice_changes_the_account(wechat: WeChat, openid: str, desk: Desk) -> None:
    wechat.register(desk.url, name="新名字")
    accounts = wechat.get("/sim/accounts")["accounts"]
    assert [(a["original_id"], a["name"], a["app_id"]) for a in accounts] == [
        (GH, "新名字", APP_ID)
    ]
    assert "app_secret" not in accounts[0]
