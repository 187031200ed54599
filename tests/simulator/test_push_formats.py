"""Pushes in JSON, key changes, every kind and event that a customer can cause, and their order."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from simulator_bench import AES_KEY, APP_ID, GH, TOKEN, Answer, Desk, Received, WeChat, eventually

from wxdesk.simulator.events import SAMPLES, WITH_KEY
from wxdesk.simulator.samples import sample
from wxdesk.wechat.crypto import Cipher, CryptoError, is_signed, sign

NEW_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
CIPHER = Cipher(AES_KEY, APP_ID)


def json_reply(openid: str, **changes: Any) -> dict[str, Any]:
    common = {"ToUserName": openid, "FromUserName": GH, "CreateTime": 1772413200}
    return {**common, "MsgType": "text", "Content": "您好", **changes}


def envelope(plain: str, cipher: Cipher = CIPHER) -> dict[str, Any]:
    secret = cipher.encrypt(plain)
    signature = sign(TOKEN, "1772413200", "nonce", secret)
    parts = {"TimeStamp": 1772413200, "Nonce": "nonce"}
    return {"Encrypt": secret, "MsgSignature": signature, **parts}


def customer_in(wechat: WeChat, desk: Desk, **account: Any) -> str:
    wechat.register(desk.url, **account)
    return wechat.customer()


def pushed(desk: Desk, place: int = -1) -> dict[str, Any]:
    root = ElementTree.fromstring(desk.received[place].body)  # noqa: S314
    return {each.tag: each.text or "" for each in root.iter() if each is not root}


def answer_with(desk: Desk, body: object) -> None:
    text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()

    def answer(_received: Received) -> Answer:
        return (200, text)

    desk.answer = answer


def test_plain_json_push_has_the_same_fields(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, push_format="json")
    message = wechat.write(openid, "几点关门 ]]> \x02")
    (push,) = desk.received
    assert json.loads(push.body) == {
        "ToUserName": GH,
        "FromUserName": openid,
        "CreateTime": 1772413200,
        "MsgType": "text",
        "Content": "几点关门 ]]> \x02",
        "MsgId": int(message["msg_id"]),
    }


@pytest.mark.parametrize("mode", ["compat", "safe"])
def test_encrypted_json_push_is_signed_over_its_cipher_text(
    wechat: WeChat, desk: Desk, mode: str
) -> None:
    wechat.write(customer_in(wechat, desk, push_format="json", mode=mode), "你好")
    (push,) = desk.received
    body, query = json.loads(push.body), push.query
    parts = (query["timestamp"], query["nonce"], body["Encrypt"])
    assert is_signed(query["msg_signature"], TOKEN, *parts)
    assert json.loads(CIPHER.decrypt(body["Encrypt"]))["Content"] == "你好"
    assert body.get("Content") == ("你好" if mode == "compat" else None)


@pytest.mark.parametrize(
    ("mode", "is_wrapped"), [("plain", False), ("compat", False), ("compat", True), ("safe", True)]
)
def test_json_reply_is_shown(wechat: WeChat, desk: Desk, mode: str, is_wrapped: bool) -> None:
    openid = customer_in(wechat, desk, push_format="json", mode=mode)
    reply = json_reply(openid, Content="早上九点")
    answer_with(desk, envelope(json.dumps(reply)) if is_wrapped else reply)
    assert wechat.write(openid, "营业时间")["outcome"] == "reply"
    assert wechat.bubbles(openid)[-1]["text"] == "早上九点"


@pytest.mark.parametrize(
    ("mode", "outcome", "changes"),
    [
        ("plain", "wrong_addressee", {"ToUserName": "x"}),
        ("plain", "bad_create_time", {"CreateTime": 1.5}),
        ("plain", "bad_type", {"MsgType": "hologram"}),
        ("plain", "empty_content", {"Content": ""}),
        ("safe", "not_encrypted", {}),
    ],
)
def test_wrong_json_reply_shows_the_fault_notice(
    wechat: WeChat, desk: Desk, mode: str, outcome: str, changes: dict[str, Any]
) -> None:
    openid = customer_in(wechat, desk, push_format="json", mode=mode)
    answer_with(desk, json_reply(openid, **changes))
    assert wechat.write(openid, "你好")["outcome"] == outcome
    assert len(wechat.notices(openid)) == 1


def test_xml_answer_to_a_json_push_is_junk(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, push_format="json")
    answer_with(desk, b"<xml><a>1</a></xml>")
    assert wechat.write(openid, "你好")["outcome"] == "junk"


def test_passive_replies_of_every_kind(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk, push_format="json")
    image = wechat.media("image", sample("photo.jpg"))
    gif = wechat.media("image", sample("emoticon.gif"))
    card = {"Title": "活动", "Description": "说明", "PicUrl": "p", "Url": "u"}
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("image", {"Image": {"MediaId": image}}, "reply"),
        ("image", {"Image": {"MediaId": gif}}, "bad_media"),
        ("image", {"Image": {"MediaId": "gone"}}, "bad_media"),
        ("voice", {"Voice": {"MediaId": image}}, "bad_media"),
        ("news", {"ArticleCount": 2, "Articles": [card, card]}, "reply"),
        ("news", {"ArticleCount": 0, "Articles": []}, "empty_content"),
        ("music", {"Music": {"Title": "歌", "MusicUrl": "m"}}, "reply"),
        ("transfer_customer_service", {}, "reply"),
    ]
    for kind, part, outcome in cases:
        answer_with(desk, json_reply(openid, MsgType=kind, **part))
        assert wechat.write(openid, "你好")["outcome"] == outcome, (kind, part)
    news = next(b for b in wechat.bubbles(openid) if b["kind"] == "news")
    assert [each["title"] for each in news["detail"]["articles"]] == ["活动"]


def test_nested_xml_reply_is_read(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk)
    image = wechat.media("image", sample("photo.jpg"))
    inside = (
        f"<ToUserName>{openid}</ToUserName><FromUserName>{GH}</FromUserName>"
        "<CreateTime>1772413200</CreateTime>"
    )
    answer_with(
        desk,
        f"<xml>{inside}<MsgType>image</MsgType><Image><MediaId>{image}</MediaId></Image></xml>".encode(),
    )
    wechat.write(openid, "图")
    assert wechat.bubbles(openid)[-1]["detail"]["media_id"] == image
    item = "<item><Title>活动</Title><Url>u</Url></item>"
    answer_with(
        desk,
        f"<xml>{inside}<MsgType>news</MsgType><Articles>{item}</Articles></xml>".encode(),
    )
    wechat.write(openid, "活动")
    assert wechat.bubbles(openid)[-1]["detail"]["articles"][0]["title"] == "活动"


def test_first_pushes_after_a_change_of_keys_still_use_the_old_one(
    wechat: WeChat, desk: Desk
) -> None:
    openid = customer_in(wechat, desk, mode="safe")
    changed = wechat.settings(aes_key=NEW_KEY, old_key_pushes=1)
    assert not {"aes_key", "previous_aes_key"} & changed.keys()
    answer_with(desk, b"success")
    for _ in range(2):
        wechat.write(openid, "你好")
    secrets = [pushed(desk, place)["Encrypt"] for place in (0, 1)]
    assert "你好" in CIPHER.decrypt(secrets[0])
    assert "你好" in Cipher(NEW_KEY, APP_ID).decrypt(secrets[1])
    with pytest.raises(CryptoError):
        CIPHER.decrypt(secrets[1])


def test_mode_and_format_can_be_changed_while_running(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk)
    wechat.settings(mode="safe", push_format="json")
    wechat.write(openid, "你好")
    assert "Encrypt" in json.loads(desk.received[-1].body)
    wechat.register(desk.url)
    wechat.write(openid, "你好")
    assert json.loads(desk.received[-1].body)["Content"] == "你好"


KINDS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("image", {}, {"PicUrl", "MediaId"}),
    ("voice", {}, {"MediaId", "Format", "MediaId16K"}),
    ("video", {}, {"MediaId", "ThumbMediaId"}),
    ("shortvideo", {}, {"MediaId", "ThumbMediaId"}),
    (
        "location",
        {"latitude": 31.2, "longitude": 121.4, "label": "人民广场"},
        {"Location_X", "Location_Y", "Scale", "Label"},
    ),
    (
        "link",
        {"title": "t", "description": "d", "url": "https://example.com"},
        {"Title", "Description", "Url"},
    ),
    (
        "miniprogrampage",
        {"title": "订单"},
        {"Title", "AppId", "PagePath", "ThumbUrl", "ThumbMediaId"},
    ),
    (
        "file",
        {"title": "报价.pdf", "size": 5},
        {"Title", "Description", "FileKey", "FileMd5", "FileTotalLen"},
    ),
    ("text", {"text": "好", "msg_data_id": "22", "idx": 1}, {"Content", "MsgDataId", "Idx"}),
]


@pytest.mark.parametrize(("kind", "given", "tags"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_every_kind_has_its_fields(
    wechat: WeChat, desk: Desk, kind: str, given: dict[str, Any], tags: set[str]
) -> None:
    openid = customer_in(wechat, desk)
    bubble = wechat.say(openid, kind, **given)
    assert (bubble["kind"], bubble["outcome"]) == (kind, "success")
    fields = pushed(desk)
    common = {"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId"}
    assert fields.keys() == common | tags
    assert fields["MsgType"] == kind


def test_picture_and_voice_can_be_fetched(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk)
    wechat.say(openid, "image", sample="emoticon.gif")
    assert requests.get(pushed(desk)["PicUrl"], timeout=5).content == sample("emoticon.gif")
    wechat.say(openid, "voice")
    query = {"access_token": wechat.token(), "media_id": pushed(desk)["MediaId16K"]}
    answer = requests.get(f"{wechat.base}/cgi-bin/media/get", params=query, timeout=5)
    assert answer.content == sample("voice-wide.amr")


def test_real_files_are_sent_by_form(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk)
    url = f"{wechat.base}/sim/customers/{openid}/messages?wait=1"
    for kind, name in (("image", "screenshot.png"), ("voice", "voice.amr")):
        file = {"media": (name, sample(name))}
        answer = requests.post(url, data={"kind": kind}, files=file, timeout=20).json()
        shown = requests.get(wechat.base + answer["message"]["detail"]["media_url"], timeout=5)
        assert shown.content == sample(name)
    wrong = {"media": ("a.jpg", b"no picture")}
    refused = requests.post(url, data={"kind": "image"}, files=wrong, timeout=20)
    assert (refused.status_code, refused.json()["field"]) == (400, "media")
    assert wechat.post(url.removeprefix(wechat.base), kind="hologram")["field"] == "kind"


@pytest.mark.parametrize("event", sorted({*SAMPLES, *WITH_KEY}))
def test_every_documented_event_has_its_fields(wechat: WeChat, desk: Desk, event: str) -> None:
    openid = customer_in(wechat, desk)
    assert wechat.event(openid, event)["outcome"] == "success"
    root = ElementTree.fromstring(desk.received[-1].body)  # noqa: S314
    tags = [each.tag for each in root]
    assert tags[:5] == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event"]
    assert set(SAMPLES.get(event, {})) <= set(tags)
    assert "MsgId" not in tags


MENU = {
    "button": [
        {"type": "click", "name": "优惠", "key": "COUPON"},
        {
            "name": "服务",
            "sub_button": [
                {"type": "view", "name": "商城", "url": "https://example.com/"},
                {"type": "scancode_waitmsg", "name": "验真", "key": "SCAN"},
                {"type": "pic_photo_or_album", "name": "拍照", "key": "PIC"},
                {"type": "location_select", "name": "门店", "key": "LOC"},
            ],
        },
    ]
}


def test_menu_is_made_by_the_desk_and_tapped_by_the_customer(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk)
    assert wechat.api("menu/get")["errcode"] == 46003
    assert wechat.api("menu/create", MENU)["errcode"] == 0
    assert wechat.api("menu/get")["menu"] == MENU

    def tap(*path: int) -> list[dict[str, Any]]:
        before = len(desk.received)
        refused = wechat.post(f"/sim/customers/{openid}/menu?wait=1", item=list(path))
        if "field" in refused:
            return [refused]
        many = 2 if path in ((1, 2), (1, 3)) else 1
        eventually(lambda: len(desk.received) == before + many)
        return [pushed(desk, place) for place in range(before, before + many)]

    (click,) = tap(0)
    assert (click["Event"], click["EventKey"]) == ("CLICK", "COUPON")
    (view,) = tap(1, 0)
    assert (view["Event"], view["EventKey"]) == ("VIEW", "https://example.com/")
    assert view["MenuId"].isdecimal()
    (scan,) = tap(1, 1)
    assert scan["ScanResult"]
    event, image = tap(1, 2)
    assert (event["Count"], image["MsgType"]) == ("1", "image")
    event, place = tap(1, 3)
    assert (event["Event"], place["MsgType"]) == ("location_select", "location")
    assert tap(1)[0]["field"] == "item"
    assert tap(7)[0]["field"] == "item"
    assert wechat.api("menu/delete")["errcode"] == 0
    assert wechat.api("get_current_selfmenu_info")["is_menu_open"] == 0


@pytest.mark.parametrize(
    ("menu", "errcode"),
    [
        ({"button": []}, 40016),
        ({"button": [{"type": "click", "name": "a", "key": "k"}] * 4}, 40016),
        ({"button": [{"type": "hologram", "name": "a", "key": "k"}]}, 40017),
        ({"button": [{"type": "click", "name": "名字太长的按钮", "key": "k"}]}, 40018),
        ({"button": [{"type": "click", "name": "a", "key": "k" * 129}]}, 40019),
        ({"button": [{"type": "view", "name": "a", "url": "u" * 1025}]}, 40020),
        ({"button": [{"type": "view", "name": "a", "url": "ftp://x"}]}, 40055),
        (
            {
                "button": [
                    {"name": "a", "sub_button": [{"type": "click", "name": "b", "key": "k"}] * 6}
                ]
            },
            40023,
        ),
    ],
)
def test_wrong_menu_is_refused(
    wechat: WeChat, desk: Desk, menu: dict[str, Any], errcode: int
) -> None:
    customer_in(wechat, desk)
    assert wechat.api("menu/create", menu)["errcode"] == errcode


def test_held_pushes_come_in_the_order_that_was_asked_for(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk)
    wechat.post(f"/sim/customers/{openid}/hold")
    first, second, third = (wechat.write(openid, text)["id"] for text in "一二三")
    assert desk.received == []
    assert wechat.get(f"/sim/customers/{openid}/held")["held"] == [first, second, third]
    path = f"/sim/customers/{openid}/release"
    assert wechat.post(path, order=[10**9])["field"] == "order"
    released = wechat.post(path, order=[third, first])["released"]
    assert released == [third, first, second]
    eventually(lambda: len(desk.received) == 3)
    assert [pushed(desk, place)["Content"] for place in range(3)] == ["三", "一", "二"]
    wechat.write(openid, "四")
    assert pushed(desk)["Content"] == "四"


def test_reversed_order(wechat: WeChat, desk: Desk) -> None:
    openid = customer_in(wechat, desk)
    wechat.post(f"/sim/customers/{openid}/hold")
    numbers = [wechat.write(openid, text)["id"] for text in "一二三"]
    path = f"/sim/customers/{openid}/release"
    assert wechat.post(path, order="reversed")["released"] == numbers[::-1]


@pytest.mark.parametrize("at_once", [False, True])
def test_push_is_delivered_again_as_often_as_wanted(
    wechat: WeChat, desk: Desk, at_once: bool
) -> None:
    openid = customer_in(wechat, desk)
    bubble = wechat.write(openid, "在吗")
    body = {"openid": openid, "message_id": str(bubble["id"]), "times": 5, "at_once": at_once}
    wechat.post("/sim/redeliver?wait=1", **body)
    eventually(lambda: len(desk.received) == 6)
    assert len({push.body for push in desk.received}) == 1
