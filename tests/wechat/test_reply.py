"""The passive answer: nothing that a marketer writes breaks it."""

import xml.etree.ElementTree as ElementTree

from cast import AES_KEY, APP_ID, TOKEN
from hypothesis import given, settings
from hypothesis import strategies as st

from wxdesk.wechat.crypto import Cipher, is_signed
from wxdesk.wechat.push import read_fields
from wxdesk.wechat.reply import sealed, text_reply


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
