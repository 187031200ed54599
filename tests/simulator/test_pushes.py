"""Pushes arrive as WeChat sends them, and answers are judged as WeChat judges them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from simulator_bench import (
    AES_KEY,
    APP_ID,
    GH,
    IMPATIENT,
    TOKEN,
    Answer,
    Desk,
    FakeClock,
    Received,
    WeChat,
    eventually,
)

from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving
from wxdesk.wechat.crypto import Cipher, is_signed, sign

CIPHER = Cipher(AES_KEY, APP_ID)
NOTICE = "该公众号提供的服务出现故障，请稍后再试"


def fields_of(body: bytes | str) -> dict[str, str]:
    return {child.tag: child.text or "" for child in ElementTree.fromstring(body)}  # noqa: S314


def reply(openid: str, text: str = "您好", **changes: str) -> bytes:
    fields = {
        "ToUserName": openid,
        "FromUserName": GH,
        "CreateTime": "1772413200",
        "MsgType": "text",
        "Content": text,
        **changes,
    }
    inside = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in fields.items())
    return f"<xml>{inside}</xml>".encode()


def encrypted(plain: bytes, signature: str | None = None) -> bytes:
    secret = CIPHER.encrypt(plain.decode())
    signed = signature or sign(TOKEN, "1772413200", "nonce", secret)
    return (
        f"<xml><Encrypt><![CDATA[{secret}]]></Encrypt><MsgSignature>{signed}</MsgSignature>"
        "<TimeStamp>1772413200</TimeStamp><Nonce>nonce</Nonce></xml>"
    ).encode()


def customer_in(wechat: WeChat, desk: Desk, mode: str) -> str:
    wechat.register(desk.url, mode=mode)
    return wechat.customer()


def always(body: bytes, status: int = 200) -> Callable[[Received], Answer]:
    return lambda _received: (status, body)


def test_plain_push_is_signed_and_complete(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    message = wechat.write(openid, "几点关门 ]]> <b>")
    (push,) = desk.received
    query = push.query
    assert is_signed(query["signature"], TOKEN, query["timestamp"], query["nonce"])
    assert query["openid"] == openid
    assert "encrypt_type" not in query
    fields = fields_of(push.body)
    assert fields["Content"] == "几点关门 ]]> <b>"
    assert (fields["ToUserName"], fields["FromUserName"]) == (GH, openid)
    assert (len(openid), openid[0]) == (28, "o")
    assert fields["CreateTime"] == "1772413200"
    assert fields["MsgId"] == message["msg_id"]
    assert 2**53 < int(message["msg_id"]) < 2**63
    assert message["outcome"] == "success"


@pytest.mark.parametrize("mode", ["compat", "safe"])
def test_encrypted_push_is_signed_over_its_cipher_text(
    wechat: WeChat, desk: Desk, mode: str
) -> None:
    openid = customer_in(wechat, desk, mode)
    wechat.write(openid, "你好")
    (push,) = desk.received
    query, fields = push.query, fields_of(push.body)
    parts = (query["timestamp"], query["nonce"])
    assert query["encrypt_type"] == "aes"
    assert is_signed(query["signature"], TOKEN, *parts)
    assert is_signed(query["msg_signature"], TOKEN, *parts, fields["Encrypt"])
    assert fields_of(CIPHER.decrypt(fields["Encrypt"]))["Content"] == "你好"
    assert fields.get("Content") == ("你好" if mode == "compat" else None)


def test_query_of_the_webhook_address_is_kept(wechat: WeChat, desk: Desk) -> None:
    desk.url += "?shop=1"
    wechat.write(customer_in(wechat, desk, "plain"), "你好")
    assert desk.received[0].query["shop"] == "1"


def test_control_characters_reach_the_desk(wechat: WeChat, desk: Desk) -> None:
    wechat.write(customer_in(wechat, desk, "plain"), "a\x02b")
    assert b"a\x02b" in desk.received[0].body


def test_events_have_no_msg_id(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    wechat.event(openid, "subscribe", event_key="qrscene_7", ticket="T")
    fields = fields_of(desk.received[0].body)
    assert (fields["MsgType"], fields["Event"]) == ("event", "subscribe")
    assert (fields["EventKey"], fields["Ticket"]) == ("qrscene_7", "T")
    assert "MsgId" not in fields


def test_unknown_kinds_with_nested_fields_can_be_sent(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    fields = {"Count": 2, "Items": {"item": [{"Md5": "a"}, {"Md5": "b"}]}}
    wechat.post(f"/sim/customers/{openid}/raw?wait=1", msg_type="hologram", fields=fields)
    root = ElementTree.fromstring(desk.received[0].body)  # noqa: S314
    assert root.findtext("MsgType") == "hologram"
    assert [item.findtext("Md5") for item in root.findall("Items/item")] == ["a", "b"]


@pytest.mark.parametrize(
    ("mode", "is_wrapped"),
    [("plain", False), ("compat", False), ("compat", True), ("safe", True)],
)
def test_passive_reply_is_shown(wechat: WeChat, desk: Desk, mode: str, is_wrapped: bool) -> None:
    openid = customer_in(wechat, desk, mode)
    plain = reply(openid, "早上九点")
    desk.answer = always(encrypted(plain) if is_wrapped else plain)
    assert wechat.write(openid, "营业时间")["outcome"] == "reply"
    bubble = wechat.bubbles(openid)[-1]
    assert (bubble["text"], bubble["via"]) == ("早上九点", "passive")
    assert (bubble["direction"], bubble["kind"]) == ("from_desk", "text")


def test_empty_body_is_silence(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "safe")
    desk.answer = always(b"")
    assert wechat.write(openid, "你好")["outcome"] == "empty"
    assert len(wechat.bubbles(openid)) == 1


FAULTS: list[tuple[str, str, Callable[[str], bytes]]] = [
    ("plain", "junk", lambda _openid: b'{"ok": true}'),
    ("plain", "junk", lambda _openid: b"<!DOCTYPE xml><xml/>"),
    ("plain", "junk", lambda openid: encrypted(reply(openid))),
    ("plain", "wrong_addressee", lambda openid: reply(GH, FromUserName=openid)),
    ("plain", "bad_create_time", lambda openid: reply(openid, CreateTime="1772413200.5")),
    ("plain", "bad_create_time", lambda openid: reply(openid, CreateTime=" 1772413200")),
    ("plain", "bad_type", lambda openid: reply(openid, MsgType=" text")),
    ("plain", "empty_content", lambda openid: reply(openid, "")),
    ("plain", "too_long", lambda openid: reply(openid, "好" * 683)),
    ("safe", "not_encrypted", reply),
    ("safe", "bad_signature", lambda openid: encrypted(reply(openid), "0" * 40)),
    ("safe", "encrypted_success", lambda _openid: encrypted(b"success")),
    ("compat", "encrypted_success", lambda _openid: encrypted(b"success")),
]


@pytest.mark.parametrize(("mode", "outcome", "body"), FAULTS)
def test_wrong_answer_shows_the_fault_notice_and_is_not_sent_again(
    wechat: WeChat, desk: Desk, mode: str, outcome: str, body: Callable[[str], bytes]
) -> None:
    openid = customer_in(wechat, desk, mode)
    desk.answer = always(body(openid))
    assert wechat.write(openid, "你好")["outcome"] == outcome
    assert wechat.notices(openid) == [NOTICE]
    assert len(desk.received) == 1


def test_redirect_is_a_fault_and_is_not_followed(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    desk.answer, desk.headers = always(b"", 302), {"Location": desk.url + "/elsewhere"}
    assert wechat.write(openid, "你好")["outcome"] == "redirect"
    assert wechat.notices(openid) == [NOTICE]
    assert [push.path for push in desk.received] == ["/hook"]


def test_silent_events_show_no_fault_notice(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    desk.answer = always(b"junk")
    wechat.event(openid, "LOCATION", latitude=1, longitude=1, precision=1)
    wechat.event(openid, "unsubscribe")
    assert wechat.notices(openid) == []
    wechat.event(openid, "subscribe")
    assert wechat.notices(openid) == [NOTICE]


@pytest.mark.parametrize("answer", [(500, b"success"), None])
def test_failed_push_is_delivered_three_times_spaced_with_the_same_body(
    wechat: WeChat, desk: Desk, answer: Answer
) -> None:
    openid = customer_in(wechat, desk, "safe")
    desk.answer = lambda _received: answer
    message = wechat.write(openid, "你好")
    assert message["outcome"] == ("http_error" if answer else "connection_error")
    assert message["attempts"] == 3
    assert wechat.notices(openid) == [NOTICE]
    assert len({push.body for push in desk.received}) == 1
    assert len({push.query["nonce"] for push in desk.received}) == 3
    starts = [push.at for push in desk.received]
    assert all(after - before > 0.25 for before, after in pairwise(starts))


def test_second_delivery_may_succeed(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    desk.answer = lambda _received: (200, b"success") if len(desk.received) > 1 else (503, b"")
    message = wechat.write(openid, "你好")
    assert (message["outcome"], message["attempts"]) == ("success", 2)
    assert wechat.notices(openid) == []


def test_slow_desk_is_cut_off_and_its_late_answer_ignored(clock: FakeClock, desk: Desk) -> None:
    with serving(Platform(clock, pace=IMPATIENT)) as url:
        wechat = WeChat(url)
        openid = customer_in(wechat, desk, "plain")

        def late(_received: Received) -> Answer:
            time.sleep(0.6)
            return 200, reply(openid)

        desk.answer = late
        started = time.monotonic()
        assert wechat.write(openid, "你好")["outcome"] == "timeout"
        assert time.monotonic() - started > 0.8
        assert len(desk.received) == 3
        assert [b["direction"] for b in wechat.bubbles(openid)] == ["to_desk", "notice"]


def test_desk_that_is_down_is_tried_three_times(wechat: WeChat) -> None:
    wechat.register("http://127.0.0.1:9/hook")
    openid = wechat.customer()
    assert wechat.write(openid, "你好")["outcome"] == "connection_error"
    log = wechat.get("/sim/deliveries", openid=openid)["deliveries"]
    assert [(d["attempt"], d["status"], d["outcome"]) for d in log] == [
        (number, None, "connection_error") for number in (1, 2, 3)
    ]


def test_messages_of_one_customer_keep_their_order(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    for number in range(20):
        answer = wechat.post(f"/sim/customers/{openid}/messages", text=str(number))
        assert answer["message"]["text"] == str(number)
    eventually(lambda: len(desk.received) == 20)
    contents = [fields_of(push.body)["Content"] for push in desk.received]
    assert contents == [str(number) for number in range(20)]


def test_slow_push_of_one_customer_does_not_hold_up_another(wechat: WeChat, desk: Desk) -> None:
    slow, quick = customer_in(wechat, desk, "plain"), wechat.customer("李静")
    released = threading.Event()
    was_released = []

    def answer(received: Received) -> Answer:
        if received.query["openid"] == slow:
            was_released.append(released.wait(8))
        return 200, b"success"

    desk.answer = answer
    wechat.post(f"/sim/customers/{slow}/messages", text="慢")
    wechat.write(quick, "快")
    released.set()
    eventually(lambda: was_released == [True])


def test_push_can_be_sent_again_on_demand(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, "plain")
    message = wechat.write(openid, "你好")
    for message_id in (message["id"], message["msg_id"]):
        wechat.post("/sim/redeliver?wait=1", openid=openid, message_id=message_id)
    assert len(desk.received) == 3
    assert len({push.body for push in desk.received}) == 1
    assert wechat.post("/sim/redeliver", openid=openid, message_id=99)["field"] == "message_id"


def test_webhook_is_verified_as_in_the_console(wechat: WeChat, desk: Desk) -> None:
    customer_in(wechat, desk, "safe")
    desk.answer = lambda received: (200, received.query["echostr"].encode())
    path = f"/sim/accounts/{GH}/verify"
    assert wechat.post(path) == {"ok": True, "reason": ""}
    query = desk.received[0].query
    assert desk.received[0].method == "GET"
    assert is_signed(query["signature"], TOKEN, query["timestamp"], query["nonce"])
    desk.answer = always(b"hello")
    assert wechat.post(path)["ok"] is False
