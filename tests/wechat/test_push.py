"""Reading pushes: every kind that WeChat sends, and everything that it does not."""

from pathlib import Path

import pytest
from cast import push_xml
from hypothesis import given, settings
from hypothesis import strategies as st

from wxdesk.wechat.push import MalformedPushError, Push, push_of, read_fields

PUSHES = sorted((Path(__file__).parent / "pushes").glob("*.xml"))
WANG, LI = "oWang", "oLi"


def push(**fields: object) -> Push:
    given: dict[str, object] = {
        "ToUserName": "gh_1",
        "FromUserName": WANG,
        "CreateTime": 1_700_000_000,
        "MsgType": "text",
    }
    return push_of(read_fields(push_xml({**given, **fields})))


@pytest.mark.parametrize("path", PUSHES, ids=lambda path: path.stem)
def test_every_sample_push_is_read(path):
    found = push_of(read_fields(path.read_bytes()))
    assert found.kind == found.fields["MsgType"].lower()
    assert found.openid
    assert len(found.once_key) == 64


def test_no_two_sample_pushes_share_a_once_key():
    keys = {path.stem: push_of(read_fields(path.read_bytes())).once_key for path in PUSHES}
    samples_of_one_message = {"001_text", "023_text", "036_notsure", "042_device_text"}
    different = {stem: key for stem, key in keys.items() if stem not in samples_of_one_message}
    twins = {stem for stem, key in different.items() if list(different.values()).count(key) > 1}
    bodies = {(Path(__file__).parent / "pushes" / f"{stem}.xml").read_text() for stem in twins}
    messages = [body for body in bodies if "<MsgId>" not in body]
    assert not messages, twins


def test_nested_values_and_repeated_elements_are_kept():
    found = push(
        MsgType="event",
        Event="pic_weixin",
        SendPicsInfo={"Count": 2, "PicList": {"item": [{"PicMd5Sum": "a"}, {"PicMd5Sum": "b"}]}},
    )
    items = found.fields["SendPicsInfo"]["PicList"]["item"]
    assert [item["PicMd5Sum"] for item in items] == ["a", "b"]


def test_control_characters_of_customers_are_dropped():
    body = push_xml({"ToUserName": "g", "FromUserName": "o", "CreateTime": 1, "MsgType": "text"})
    body = body.replace(b"</xml>", b"<Content><![CDATA[a\x02b\x08c\x10\x1d]]></Content></xml>")
    assert push_of(read_fields(body)).text == "abc"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE xml><xml><A>1</A></xml>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>',
        b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><A>&a;</A></xml>',
        b"<xml><A>&undefined;</A></xml>",
        b'<!DOCTYPE xml SYSTEM "http://example.com/a.dtd"><xml><A>1</A></xml>',
    ],
)
def test_a_document_type_or_an_entity_is_refused(body):
    with pytest.raises(MalformedPushError):
        read_fields(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"success",
        b"{}",
        b"<xml>",
        b"<xml></xml>",
        b"<html><a>1</a></html>",
        b"<xml>" + b"<a>" * 20 + b"</a>" * 20 + b"</xml>",
        b"<xml>" + b"<a/>" * 600 + b"</xml>",
        b"<xml>" + b"<a>" * 9000 + b"</a>" * 9000 + b"</xml>",
    ],
)
def test_what_is_no_push_is_malformed(body):
    with pytest.raises(MalformedPushError):
        read_fields(body)


@pytest.mark.parametrize(
    "fields",
    [
        {"MsgType": ""},
        {"FromUserName": ""},
        {"ToUserName": ""},
        {"FromUserName": "o" * 65},
        {"MsgType": "m" * 41},
        {"CreateTime": "yesterday"},
        {"CreateTime": "-5"},
        {"CreateTime": "0"},
        {"CreateTime": "١٢٣"},
        {"CreateTime": "9" * 15},
        {"CreateTime": "9" * 5000},
        {"CreateTime": {"a": 1}},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_a_push_without_its_common_fields_is_malformed(fields):
    with pytest.raises(MalformedPushError):
        push(**fields)


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_junk_bytes_raise_malformed_push_error_only(junk):
    with pytest.raises(MalformedPushError):
        push_of(read_fields(junk))


TAGS = st.sampled_from(
    ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId", "Event", "item"]
)
VALUES = st.recursive(
    st.text(max_size=20) | st.integers(-(10**25), 10**25) | st.sampled_from(["text", "event"]),
    lambda inner: st.dictionaries(TAGS, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TAGS, VALUES, max_size=8))
@settings(max_examples=150)
def test_any_well_formed_document_is_a_push_or_malformed(fields):
    try:
        found = push_of(
            read_fields(push_xml(fields).decode(errors="replace").encode("utf-8", "replace"))
        )
    except MalformedPushError:
        return
    assert len(found.once_key) == 64


def test_a_redelivery_has_the_same_once_key():
    assert push(MsgId=77, Content="a").once_key == push(MsgId=77, Content="a").once_key


def test_two_customers_with_the_same_msg_id_have_different_once_keys():
    assert push(MsgId=77).once_key != push(MsgId=77, FromUserName=LI).once_key


def test_two_events_of_the_same_second_have_different_once_keys():
    def click(key: str) -> str:
        return push(MsgType="event", Event="CLICK", EventKey=key).once_key

    assert click("menu_1") != click("menu_2")
    assert click("menu_1") == click("menu_1")


def test_events_that_differ_only_in_a_detail_have_different_once_keys():
    def location(latitude: str) -> str:
        return push(MsgType="event", Event="LOCATION", Latitude=latitude).once_key

    assert location("23.1") != location("23.2")


def test_msgid_of_a_template_result_tells_two_events_apart():
    def finished(number: int) -> str:
        return push(MsgType="event", Event="TEMPLATESENDJOBFINISH", MsgID=number).once_key

    assert finished(1) != finished(2)
