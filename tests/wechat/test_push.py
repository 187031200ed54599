"""Reading pushes: every kind that WeChat sends, and everything that it does not."""

import contextlib
import json
from pathlib import Path

import pytest
from cast import push_xml
from hypothesis import given, settings
from hypothesis import strategies as st

from wxdesk.wechat import push as push_module
from wxdesk.wechat.push import MalformedPushError, Push, is_json, push_of, read_fields

PUSHES = sorted((Path(__file__).parent / "pushes").glob("*.xml"))
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
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
        "<!DOCTYPE xml><xml><A>1</A></xml>".encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE xml+AD4-<xml><A>1</A></xml>',
        b"<!DOC\x02TYPE xml><xml><A>1</A></xml>",
        b"<!doctype xml><xml><A>1</A></xml>",
        b"<! DOCTYPE xml><xml><A>1</A></xml>",
        b"\xef\xbb\xbf<!-- a --><!DOCTYPE xml><xml><A>1</A></xml>",
        b'<!ENTITY a "b"><xml><A>&a;</A></xml>',
        b'<xml><!ENTITY a "b"><A>&a;</A></xml>',
    ],
)
def test_a_document_type_is_refused_however_it_is_spelt(body):
    with pytest.raises(MalformedPushError):
        read_fields(body)


@pytest.mark.parametrize(
    "body",
    [
        b'<xml xmlns="urn:a"><A>1</A></xml>',
        b'<xml xmlns:b="urn:b"><b:A c="d">1</b:A></xml>',
        b"<xml><A\txmlns:x='urn:x'>1</A></xml>",
    ],
)
def test_a_namespace_is_refused(body):
    """A long one would stand in the name of each element: 64 KB of body took 368 MB."""
    with pytest.raises(MalformedPushError, match="namespace"):
        read_fields(body)


def test_a_customer_may_write_about_namespaces():
    body = b"<xml><MsgType>text</MsgType><Content><![CDATA[<a xmlns='b'>]]></Content></xml>"
    assert read_fields(body)["Content"] == "<a xmlns='b'>"


def test_a_customer_may_write_about_document_types():
    body = push_xml({"ToUserName": "g", "FromUserName": "o", "CreateTime": 1, "MsgType": "text"})
    text = b"<Content><![CDATA[<!DOCTYPE html>?]]></Content></xml>"
    assert push_of(read_fields(body.replace(b"</xml>", text))).text == "<!DOCTYPE html>?"


ODD = [
    b"<xml><A>1<!-- no -->2<?no no?>3</A></xml>",
    b"<xml>before<A> <B/>lost</A>after</xml>",
    b"<xml><A>&lt;&#20320;&amp;&#x597d;</A><A/><A>3</A></xml>",
    '<?xml version="1.0" encoding="gb2312"?><xml><A>您好</A></xml>'.encode(),
    b"<xml><A>\r\n \xff</A></xml>",
]


@pytest.mark.parametrize("body", [path.read_bytes() for path in PUSHES] + ODD)
def test_the_quick_parser_reads_what_the_one_that_looks_for_entities_reads(monkeypatch, body):
    quick = read_fields(body)
    monkeypatch.setattr(push_module, "DOCUMENT_TYPE", "<")
    assert read_fields(body) == quick


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


JSON_PUSHES = [vector["body"] for vector in VECTORS if "body" in vector]
JSON_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
)
JSON_FIELDS = st.recursive(
    JSON_TEXT,
    lambda deeper: st.dictionaries(st.from_regex("[A-Z][a-z]{0,5}", fullmatch=True), deeper),
    max_leaves=12,
)


class TestJson:
    """The console offers JSON instead of XML; nothing after `read_fields` sees a difference."""

    @pytest.mark.parametrize("body", JSON_PUSHES)
    def test_an_official_push_is_read(self, body):
        found = push_of(read_fields(body.encode()))
        assert (found.kind, found.event, found.fields["debug_str"]) == (
            "event",
            "debug_demo",
            "hello world",
        )
        assert found.created_at.year == 2024

    def test_numbers_keep_every_digit(self):
        body = b'{"MsgId":23456789012345678901,"Location_X":23.13435500000000001,"N":-1e400}'
        assert read_fields(body) == {
            "MsgId": "23456789012345678901",
            "Location_X": "23.13435500000000001",
            "N": "-1e400",
        }

    def test_a_push_in_xml_and_in_json_gives_the_same_fields(self):
        fields = {
            "ToUserName": "gh_1",
            "CreateTime": 1_700_000_000,
            "SendPicsInfo": {"Count": 1, "PicList": {"item": {"PicMd5Sum": "a"}}},
            "EventKey": "",
        }
        as_json = json.dumps(fields).encode()
        assert read_fields(as_json) == read_fields(push_xml(fields))

    def test_several_members_of_one_name_become_a_list(self):
        assert read_fields(b'{"a":1,"a":{"b":2},"a":"3"}') == {"a": ["1", {"b": "2"}, "3"]}

    def test_every_other_leaf_is_a_text(self):
        body = '{"a":true,"b":false,"c":null,"d":[],"e":{},"f":[1,{"g":"您好"}],"h":" x "}'
        assert read_fields(body.encode()) == {
            "a": "true",
            "b": "false",
            "c": "",
            "d": [],
            "e": "",
            "h": " x ",
            "f": ["1", {"g": "您好"}],
        }

    def test_what_no_database_takes_is_dropped(self):
        body = b'{"a":"x\\u0000y\\u0008z\x02","b":"\\ud83d!","\\u0001c":"\\uffff"}'
        assert read_fields(body) == {"a": "xyz", "b": "!", "c": ""}

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"{}",
            b'{"a":NaN}',
            b'{"a":Infinity}',
            b'{"a":1,}',
            b"{'a':1}",
            b'{"a":1} {"b":2}',
            b"[" * 60_000,
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            b'{"a":' + b"[" * 10 + b"1" + b"]" * 10 + b"}",
            b'{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}',
            b'{"a":[' + b",".join([b"1"] * 600) + b"]}",
            "{“a”:1}".encode(),
        ],
    )
    def test_junk_is_malformed_and_nothing_else(self, body):
        with pytest.raises(MalformedPushError):
            read_fields(body)

    @pytest.mark.parametrize(
        ("body", "is_it"),
        [
            (b'{"a":1}', True),
            (b' \r\n\t{"a":1}', True),
            (b'\xef\xbb\xbf{"a":1}', True),
            (b"<xml>{</xml>", False),
            (b" <xml/>", False),
            (b"", False),
            (b"[1]", False),
        ],
    )
    def test_json_is_told_from_xml_by_its_first_character(self, body, is_it):
        assert is_json(body) is is_it

    @given(
        st.dictionaries(st.from_regex("[A-Z][a-z]{0,5}", fullmatch=True), JSON_FIELDS, min_size=1)
    )
    @settings(max_examples=50)
    def test_any_fields_are_the_same_in_both_formats(self, fields):
        try:
            expected = read_fields(push_xml(fields))
        except MalformedPushError:
            with pytest.raises(MalformedPushError):
                read_fields(json.dumps(fields).encode())
        else:
            body = json.dumps(fields, ensure_ascii=False).encode()
            assert read_fields(body) == expected

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    @settings(max_examples=300)
    def test_any_bytes_are_fields_or_malformed(self, body):
        for given_body in (body, b"{" + body, b'{"a":' + body + b"}"):
            with contextlib.suppress(MalformedPushError):
                assert read_fields(given_body)
