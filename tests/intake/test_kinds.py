"""Each kind of message and event: from WeChat's XML or JSON to what the thread shows."""

import json

import pytest
from cast import WANG, messages_of, push_xml, record_waiting
from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.media.models import Attachment

pytestmark = pytest.mark.one_database

MEDIA_ID = "media-content-1"
KINDS = {
    "image": (
        {"MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/a/0", "MediaId": MEDIA_ID},
        None,
        [("image", "content")],
    ),
    "voice": (
        {"MsgType": "voice", "MediaId": MEDIA_ID, "Format": "amr", "MediaId16K": "wide-1"},
        {"recognition": None},
        [("voice", "content"), ("voice", "wideband")],
    ),
    "voice with recognition": (
        {"MsgType": "voice", "MediaId": MEDIA_ID, "Format": "amr", "Recognition": "订单呢"},
        {"recognition": "订单呢"},
        [("voice", "content")],
    ),
    "video": (
        {"MsgType": "video", "MediaId": MEDIA_ID, "ThumbMediaId": "thumb-1"},
        None,
        [("video", "content"), ("image", "thumbnail")],
    ),
    "shortvideo": (
        {"MsgType": "shortvideo", "MediaId": MEDIA_ID, "ThumbMediaId": "thumb-1"},
        None,
        [("video", "content"), ("image", "thumbnail")],
    ),
    "location": (
        {
            "MsgType": "location",
            "Location_X": "23.134521",
            "Location_Y": "113.358803",
            "Scale": "20",
            "Label": "天河区体育西路",
        },
        {
            "latitude": 23.134521,
            "longitude": 113.358803,
            "scale": 20.0,
            "label": "天河区体育西路",
            "map_url": "https://apis.map.qq.com/uri/v1/marker?marker=coord%3A23.134521%2C113.358803"
            "%3Btitle%3A%E5%A4%A9%E6%B2%B3%E5%8C%BA%E4%BD%93%E8%82%B2%E8%A5%BF%E8%B7%AF"
            "&referer=wxdesk",
        },
        [],
    ),
    "link": (
        {
            "MsgType": "link",
            "Title": "公众平台官网",
            "Description": "链接",
            "Url": "https://example.com/",
        },
        {"title": "公众平台官网", "description": "链接", "url": "https://example.com/"},
        [],
    ),
    "miniprogrampage": (
        {
            "MsgType": "miniprogrampage",
            "Title": "订单详情",
            "AppId": "wx1234567890abcdef",
            "PagePath": "pages/order?id=1",
            "ThumbUrl": "https://example.com/t.jpg",
            "ThumbMediaId": "thumb-1",
        },
        {"title": "订单详情", "app_id": "wx1234567890abcdef", "page_path": "pages/order?id=1"},
        [("image", "thumbnail")],
    ),
    "file": (
        {
            "MsgType": "file",
            "Title": "合同.pdf",
            "Description": "",
            "FileKey": "k",
            "FileMd5": "m",
            "FileTotalLen": "20480",
        },
        {"name": "合同.pdf", "size_bytes": 20480},
        [],
    ),
    "tap on a choice": (
        {"MsgType": "text", "Content": "满意", "bizmsgmenuid": "101"},
        {"menu_choice_id": "101"},
        [],
    ),
    "something new": ({"MsgType": "hologram", "Beam": "7"}, None, []),
}
EVENTS = {
    "subscribe": ({"EventKey": "qrscene_poster-7", "Ticket": "t"}, {"scene": "poster-7"}),
    "unsubscribe": ({}, {"scene": "", "key": ""}),
    "SCAN": ({"EventKey": "poster-7", "Ticket": "t"}, {"event": "scan", "scene": "poster-7"}),
    "CLICK": ({"EventKey": "V1001"}, {"menu_title": "V1001"}),
    "VIEW": ({"EventKey": "https://example.com/", "MenuId": "1"}, {"key": "https://example.com/"}),
    "LOCATION": (
        {"Latitude": "23.1", "Longitude": "113.3", "Precision": "119"},
        {"latitude": 23.1, "longitude": 113.3},
    ),
    "scancode_waitmsg": (
        {"EventKey": "k", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "x"}},
        {"detail": {"ScanType": "qrcode", "ScanResult": "x"}},
    ),
    "user_enter_tempsession": ({"SessionFrom": "x"}, {"event": "user_enter_tempsession"}),
}


def thread(lin, runtime) -> list[dict[str, object]]:
    """All messages as the API gives them."""
    return lin.get("/messages", openid=WANG).json["items"]


def attachments(runtime) -> list[tuple[str, str]]:
    with runtime.reading() as session:
        rows = session.scalars(select(Attachment).order_by(Attachment.id))
        return [(row.kind.value, row.role.value) for row in rows]


def as_json(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


@pytest.mark.parametrize("body_of", [push_xml, as_json], ids=["xml", "json"])
@pytest.mark.parametrize("name", KINDS)
def test_each_kind_from_payload_to_what_the_thread_shows(
    runtime, webhook, account, lin, name, body_of
):
    values, content, files = KINDS[name]
    fields = webhook.fields(Content=values.get("Content")) | values
    answer = webhook.post(body_of(fields), webhook.signed())
    assert (answer.status_code, answer.text) == (200, "success")
    record_waiting(runtime)
    (shown,) = thread(lin, runtime)
    assert (shown["kind"], shown["content"]) == (values["MsgType"], content or shown["content"])
    if content is None:
        assert not shown["content"] or set(shown["content"].values()) == {None}
    assert shown["conversation_id"] is not None
    assert {name: shown["payload"][name] for name in values} == values
    assert attachments(runtime) == files
    assert [file["state"] for file in shown["attachments"]] == ["waiting"] * len(files)


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_is_a_line_of_the_thread_and_opens_no_conversation(
    runtime, webhook, account, lin, name
):
    values, content = EVENTS[name]
    assert webhook.deliver(webhook.event(name, **values)).text == "success"
    record_waiting(runtime)
    (shown,) = thread(lin, runtime)
    assert shown["kind"] == "event"
    assert {key: shown["content"][key] for key in content} == content
    assert shown["conversation_id"] is None
    with runtime.reading() as session:
        assert session.scalars(select(Conversation)).all() == []


def test_following_through_a_code_is_kept_with_the_customer(runtime, webhook, account):
    webhook.deliver(webhook.event("subscribe", EventKey="qrscene_poster-7"))
    record_waiting(runtime)
    with runtime.reading() as session:
        contact = session.scalars(select(Contact)).one()
    assert (contact.qr_scene, contact.is_following) == ("poster-7", True)
    assert contact.followed_at is not None
    assert contact.profile_due_at is not None


def test_who_leaves_is_forgotten_when_the_time_has_come(runtime, webhook, account, clock):
    webhook.deliver(webhook.fields())
    clock.advance(seconds=5)
    webhook.deliver(webhook.event("unsubscribe"))
    record_waiting(runtime)
    with runtime.reading() as session:
        contact = session.scalars(select(Contact)).one()
    assert (contact.is_following, contact.forget_at) == (False, contact.unfollowed_at)


def test_the_texts_of_a_tap_and_of_a_word_are_both_kept(runtime, webhook, account):
    webhook.deliver(webhook.fields("满意", bizmsgmenuid="1"))
    webhook.deliver(webhook.fields("满意"))
    record_waiting(runtime)
    assert [message.text for message in messages_of(runtime)] == ["满意", "满意"]


@pytest.mark.parametrize("number", ["nan", "inf", "1e999", "-1e999", "x"])
def test_numbers_that_are_none_do_not_break_the_thread(runtime, webhook, account, lin, number):
    values = {"MsgType": "file", "Title": "a", "FileTotalLen": number, "Content": None}
    webhook.deliver(webhook.fields() | values)
    place = {"MsgType": "location", "Location_X": number, "Location_Y": "1", "Content": None}
    webhook.deliver(webhook.fields() | place)
    record_waiting(runtime)
    file, location = thread(lin, runtime)
    assert file["content"]["size_bytes"] is None
    assert location["content"]["map_url"] is None
