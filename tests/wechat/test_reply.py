"""The passive answer: nothing that a marketer writes breaks it."""

import json
import xml.etree.ElementTree as ElementTree

import pytest
from cast import AES_KEY, APP_ID, TOKEN
from hypothesis import given, settings
from hypothesis import strategies as st

from wxdesk.wechat.content import (
    Choice,
    Image,
    Menu,
    MiniProgramCard,
    NewsCard,
    Text,
    Video,
    Voice,
)
from wxdesk.wechat.crypto import Cipher, is_signed
from wxdesk.wechat.push import read_fields
from wxdesk.wechat.reply import passive_reply, sealed, text_reply


def reply(text: str) -> dict[str, object]:
    xml = text_reply(openid="oWang", original_id="gh_1", text=text, seconds=1_700_000_000)
    return read_fields(xml.encode())


def test_the_answer_goes_back_to_the_customer():
    fields = reply("您好")
    assert fields == {
        "ToUserName": "oWang",
        "FromUserName": "gh_1",
        "CreateTime": "1700000000",
        "MsgType": "text",
        "Content": "您好",
    }


def test_a_text_can_not_break_out_of_its_section():
    text = "a]]></Content><MsgType>image</MsgType><![CDATA[b]]>]]>"
    assert reply(text)["Content"] == text
    assert reply(text)["MsgType"] == "text"


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("]]>&<"), min_size=1))
@settings(max_examples=200)
def test_any_text_round_trips_without_what_xml_forbids(text):
    xml = text_reply(openid="o", original_id="g", text=f"-{text}-", seconds=1)
    content = ElementTree.fromstring(xml).findtext("Content")  # noqa: S314 -- our own text
    legal = "".join(c for c in text if c >= " " or c in "\t\n\r")
    legal = legal.replace("\ufffe", "").replace("\uffff", "")
    assert content == f"-{legal}-".replace("\r\n", "\n").replace("\r", "\n")


def test_the_sealed_answer_is_signed_and_opens():
    cipher = Cipher(AES_KEY, APP_ID)
    envelope = read_fields(sealed("<xml>1</xml>", cipher=cipher, token=TOKEN, seconds=5).encode())
    parts = (envelope["TimeStamp"], envelope["Nonce"], envelope["Encrypt"])
    assert is_signed(envelope["MsgSignature"], TOKEN, *parts)
    assert envelope["TimeStamp"] == "5"
    assert cipher.decrypt(envelope["Encrypt"]) == "<xml>1</xml>"


def passive(content, *, is_json: bool = False) -> dict[str, object]:
    given = {"openid": "oWang", "original_id": "gh_1", "seconds": 1_700_000_000}
    return read_fields(passive_reply(content, **given, is_json=is_json).encode())


CARD = NewsCard("标题]]>", "说明 <b>", "https://a/?x=1&y=2", "https://a/p.jpg")
MENU = Menu("满意吗?", (Choice("1&2", '很 "满意"'), Choice("b", "一般<a>")), "谢谢")
KINDS = [
    (Text("您好 ]]> <b>"), "text", {"Content": "您好 ]]> <b>"}),
    (Image("m1"), "image", {"Image": {"MediaId": "m1"}}),
    (Voice("m1"), "voice", {"Voice": {"MediaId": "m1"}}),
    (
        Video("m1", "标题", "说明", "thumb"),
        "video",
        {"Video": {"MediaId": "m1", "Title": "标题", "Description": "说明"}},
    ),
    (
        CARD,
        "news",
        {
            "ArticleCount": "1",
            "Articles": {
                "item": {
                    "Title": "标题]]>",
                    "Description": "说明 <b>",
                    "PicUrl": "https://a/p.jpg",
                    "Url": "https://a/?x=1&y=2",
                }
            },
        },
    ),
]


@pytest.mark.parametrize(("content", "kind", "expected"), KINDS, ids=[kind for _, kind, _ in KINDS])
class TestKinds:
    def test_in_xml(self, content, kind, expected):
        assert passive(content) == {
            "ToUserName": "oWang",
            "FromUserName": "gh_1",
            "CreateTime": "1700000000",
            "MsgType": kind,
            **expected,
        }

    def test_in_json(self, content, kind, expected):
        if "Articles" in expected:
            expected = expected | {"Articles": [expected["Articles"]["item"]]}
        found = passive(content, is_json=True)
        assert found["MsgType"] == kind
        assert {name: found[name] for name in expected} == expected


def test_json_has_a_whole_number_for_its_time_and_nothing_escaped():
    given = {"openid": "o", "original_id": "g", "seconds": 1_700_000_000, "is_json": True}
    text = passive_reply(Text("您好\x02 😀"), **given)
    assert json.loads(text)["CreateTime"] == 1_700_000_000
    assert "您好 😀" in text


def test_a_menu_becomes_links_that_send_their_text():
    assert passive(MENU)["Content"] == (
        "满意吗?\n"
        '<a href="weixin://bizmsgmenu?msgmenucontent=很%20%22满意%22&msgmenuid=1%262">'
        '很 "满意"</a>\n'
        '<a href="weixin://bizmsgmenu?msgmenucontent=一般%3Ca%3E&msgmenuid=b">一般＜a＞</a>\n'
        "谢谢"
    )


def test_a_mini_program_becomes_a_link():
    card = MiniProgramCard("去<商城>", 'wx"1 2', 'pages/a?b=1&c="><x>', "thumb")
    assert passive(card)["Content"] == (
        '<a data-miniprogram-appid="wx12" '
        'data-miniprogram-path="pages/a?b=1&c=%22%3E%3Cx%3E">去＜商城＞</a>'
    )


@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize("text", ["", " \n", "\x02", "好" * 682 + "12", "😀" * 512])
def test_a_text_that_would_show_the_fault_notice_is_refused(text, is_json):
    with pytest.raises(ValueError, match="passive reply"):
        passive(Text(text), is_json=is_json)


def test_the_longest_text_is_taken():
    text = "好" * 682 + "1"
    assert passive(Text(text))["Content"] == text


def test_a_menu_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="2047"):
        passive(Menu("", tuple(Choice(str(n), "选项" * 5) for n in range(30)), ""))


@given(st.text(st.characters() | st.sampled_from("]]>&<\"'"), min_size=1, max_size=100))
@settings(max_examples=200)
def test_no_value_of_a_card_breaks_the_answer(text):
    found = passive(NewsCard(text, text, text, text))
    assert set(found) == {
        *("ToUserName", "FromUserName", "CreateTime", "MsgType", "ArticleCount", "Articles")
    }
    assert set(found["Articles"]["item"]) == {"Title", "Description", "PicUrl", "Url"}
    assert json.loads(
        passive_reply(
            NewsCard(text, "", "", ""), openid="o", original_id="g", seconds=1, is_json=True
        )
    )


def test_the_sealed_answer_in_json_is_signed_and_opens():
    cipher = Cipher(AES_KEY, APP_ID)
    envelope = json.loads(sealed("{}", cipher=cipher, token=TOKEN, seconds=5, is_json=True))
    parts = (str(envelope["TimeStamp"]), envelope["Nonce"], envelope["Encrypt"])
    assert is_signed(envelope["MsgSignature"], TOKEN, *parts)
    assert envelope["TimeStamp"] == 5
    assert cipher.decrypt(envelope["Encrypt"]) == "{}"
