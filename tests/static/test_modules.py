"""What the island's pure modules answer, run in Chromium."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from wxdesk.wechat.splitting import split_text

pytestmark = pytest.mark.browser

VECTORS = json.loads(
    (Path(__file__).resolve().parents[1] / "wechat" / "splitting.json").read_text("utf-8")
)
PIECES = ["您好", "a b", "，", "。", "”", "\n", "\n\n", "\r\n", "　", "[微笑]", "[", "]", "😀", "é"]
PIECES += ["👨‍👩‍👧", "🇨🇳", "👍🏽", "e\u0301", "<a href='x'>", "</a>", "\x85", "\ufeff", "\u200d"]


def text_of(vector) -> str:
    if "text" in vector:
        return vector["text"]
    return "".join(text * times for text, times in vector["repeat"])


def rich(tab, text, has_anchors=False):
    return tab.call("kinds/rich_text", "m.pieces(x[0], { hasAnchors: x[1] })", [text, has_anchors])


def plan(tab, text, **facts):
    given = {
        "text": text,
        "files": [],
        "ways": {"maySend": True, "mayHold": False, "mayTemplate": False},
        "remaining": 5,
        "isPassive": False,
        **facts,
    }
    return tab.call("writing/composing", "m.planOf(x)", given)


# Splitting


def test_long_texts_are_cut_where_the_server_cuts_them(tab):
    for vector in VECTORS:
        found = tab.call(
            "writing/split", "m.splitText(x[0], x[1])", [text_of(vector), vector["most"]]
        )
        assert found == split_text(text_of(vector), vector["most"]), vector["name"]


def test_any_text_is_cut_where_the_server_cuts_it(tab):
    dice = random.Random(11)  # noqa: S311  the same texts in each run
    texts = ["".join(dice.choices(PIECES, k=dice.randint(0, 50))) for _ in range(500)]
    cases = [[text, dice.choice([4, 5, 12, 33, 60])] for text in texts]
    found = tab.call("writing/split", "x.map(([text, most]) => m.splitText(text, most))", cases)
    for (text, most), parts in zip(cases, found, strict=True):
        assert parts == split_text(text, most), (text, most)


# Emoticons and links


def test_every_emoticon_has_codes_that_no_other_has(tab):
    rows = tab.call("kinds/emoticons", "m.EMOTICONS")
    codes = [code for row in rows for code in row["codes"]]
    assert len(rows) >= 140
    assert len(codes) == len(set(codes))
    assert {"[微笑]", "[Smile]", "/::)", "[旺柴]", "[Doge]", "[Let Down]", "[666]"} <= set(codes)


def test_every_emoticon_code_is_found_in_a_text(tab):
    codes = [c for row in tab.call("kinds/emoticons", "m.EMOTICONS") for c in row["codes"]]
    for code in codes:
        found = rich(tab, f"你{code} 好")
        assert [piece["type"] for piece in found] == ["text", "emoticon", "text"], code
        assert found[1]["text"] == code


def test_text_in_brackets_that_is_no_emoticon_stays_text(tab):
    assert rich(tab, "[订单] [x] /:bye-bye and/or/:nobody")[0]["type"] == "text"
    assert "".join(p["text"] for p in rich(tab, "a[微笑]b[订单]")) == "a[微笑]b[订单]"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("请看 https://a.example/x?y=1。谢谢", "https://a.example/x?y=1"),
        ("(http://a.example/b_(c))", "http://a.example/b_(c)"),
        ("https://a.example/看这里", "https://a.example/"),
        ("https://a.example/x.", "https://a.example/x"),
        ("HTTPS://A.example/[微笑]", "https://a.example/"),
    ],
)
def test_addresses_become_links_without_what_follows_them(tab, text, address):
    links = [piece["href"] for piece in rich(tab, text) if piece["type"] == "link"]
    assert links == [address]


def test_only_web_addresses_become_links(tab):
    for text in ("javascript:alert(1)", "data:text/html,x", "weixin://dl/business", "http://"):
        assert all(piece["type"] != "link" for piece in rich(tab, text)), text
    assert tab.call("kinds/rich_text", "m.safeAddress('javascript:alert(1)')") is None


def test_anchors_of_our_own_texts_are_links_and_other_markup_is_text(tab):
    found = rich(tab, '看<a href="https://a.example">这里</a><b>粗</b>', has_anchors=True)
    assert [(p["type"], p["text"]) for p in found] == [
        ("text", "看"),
        ("link", "这里"),
        ("text", "<b>粗</b>"),
    ]
    evil = rich(tab, '<a href="javascript:alert(1)">x</a>', has_anchors=True)
    assert [p["type"] for p in evil] == ["text"]


def test_anchors_that_a_customer_writes_are_text(tab):
    types = {p["type"] for p in rich(tab, '<a href="https://a.example">x</a>')}
    assert types == {"text", "link"}
    found = rich(tab, '<a href="https://a.example">x</a>')
    assert "".join(p["text"] for p in found) == '<a href="https://a.example">x</a>'


def test_mini_program_links_and_menu_choices_of_our_texts_are_no_web_links(tab):
    mini = (
        '<a href="http://a.example" data-miniprogram-appid="wx1" data-miniprogram-path="p/x">去</a>'
    )
    choice = '<a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=1">一</a>'
    assert [p["type"] for p in rich(tab, mini + choice, has_anchors=True)] == ["mini", "choice"]


# Files


@pytest.mark.parametrize(
    ("name", "kind", "size", "problem"),
    [
        ("a.jpg", "image/jpeg", 10, None),
        ("a.JPEG", "", 10, None),
        ("a.amr", "", 10, None),
        ("a.mp3", "audio/mpeg", 2_000_000, None),
        ("a.mp3", "audio/mpeg", 2_000_001, "file_too_large"),
        ("a.mp4", "video/mp4", 10_000_001, "file_too_large"),
        ("a.png", "image/png", 0, "file_empty"),
        ("a.pdf", "application/pdf", 10, "file_kind_refused"),
        ("a.jpg", "image/heic", 10, "file_kind_refused"),
        ("a.mov", "video/quicktime", 10, "file_kind_refused"),
        ("a", "", 10, "file_kind_refused"),
    ],
)
def test_files_that_wechat_would_refuse_are_named_before_the_upload(tab, name, kind, size, problem):
    file = {"name": name, "type": kind, "size": size}
    found = tab.call("writing/limits", "m.problemOf(x)", file)
    assert (found and found[0]) == problem


def test_the_length_of_an_amr_recording_is_counted(tab):
    recording = list(b"#!AMR\n" + (b"\x3c" + bytes(31)) * 50 * 61)  # 61 seconds at 12.2 kbit/s
    assert tab.call("writing/limits", "m.amrSeconds(new Uint8Array(x))", recording) == 61
    assert tab.call("writing/limits", "m.amrSeconds(new Uint8Array(x))", list(b"ID3")) is None


# What an answer costs


def file_in(state: str) -> dict[str, str]:
    return {"key": state, "state": state}


def test_a_short_text_may_be_sent_at_once(tab):
    found = plan(tab, "您好")
    assert (found["isBlocked"], found["isLong"], found["cost"]["n"]) == (False, False, 1)


def test_a_long_text_costs_one_answer_a_part(tab):
    found = plan(tab, "好" * 1500)
    assert (found["isLong"], found["isHeld"], found["cost"]["n"]) == (True, False, 3)


def test_a_text_that_the_rest_of_the_window_cannot_take_waits_as_a_whole(tab):
    found = plan(tab, "好" * 1500, remaining=2)
    assert (found["isHeld"], found["isBlocked"], found["cost"]["left"]) == (True, False, 2)


def test_a_text_that_no_window_can_take_is_blocked(tab):
    assert plan(tab, "好" * 4500)["isBlocked"] is True


def test_files_and_text_together_must_fit_into_the_window(tab):
    files = [file_in("ready"), file_in("ready")]
    assert plan(tab, "您好", files=files, remaining=3)["isBlocked"] is False
    assert plan(tab, "您好", files=files, remaining=2)["isBlocked"] is True


@pytest.mark.parametrize("state", ["uploading", "failed"])
def test_nothing_is_sent_while_a_file_is_not_ready(tab, state):
    assert plan(tab, "您好", files=[file_in(state)])["isBlocked"] is True


def test_an_account_without_the_api_holds_one_message(tab):
    ways = {"maySend": False, "mayHold": True, "mayTemplate": False}
    assert plan(tab, "您好", ways=ways, remaining=0, isPassive=True)["isHeld"] is True
    assert plan(tab, "好" * 700, ways=ways, remaining=0, isPassive=True)["isBlocked"] is True


def test_blank_text_is_nothing(tab):
    assert plan(tab, " \n ")["isBlocked"] is True


# The reply window


def ways_at(tab, now: int, **facts):
    conversation = {
        "reply_window": {"closes_at": "2026-11-22T10:00:00Z", "remaining": 3, "closed_by": None},
        "ways": ["send"],
        **facts,
    }
    closes = 1_795_341_600_000  # the same instant
    return tab.call("sla", "m.waysOf(x[0], x[1])", [conversation, closes + now])


def test_an_open_window_takes_answers(tab):
    assert ways_at(tab, -1) == {"maySend": True, "mayHold": False, "mayTemplate": False}


def test_a_window_that_closed_since_the_last_look_holds_answers(tab):
    assert ways_at(tab, 1) == {"maySend": False, "mayHold": True, "mayTemplate": False}


def test_a_window_that_wechat_closed_is_closed(tab):
    window = {"closes_at": "2026-11-22T10:00:00Z", "remaining": 3, "closed_by": "45047"}
    found = ways_at(tab, -1, reply_window=window, ways=["hold", "template"])
    assert found == {"maySend": False, "mayHold": True, "mayTemplate": True}


def test_a_customer_who_cannot_be_reached_leaves_no_way(tab):
    assert not any(ways_at(tab, -1, ways=[]).values())


# Drawing


def test_pictures_of_any_shape_get_a_place_that_can_be_clicked(tab):
    for width, height in ((1200, 800), (80, 16000), (16000, 80), (None, None), (20, 20)):
        size = tab.call("kinds/size", "m.fitInto(x[0], x[1], { most: 260 })", [width, height])
        assert 64 <= size["width"] <= 260, (width, height)
        assert 64 <= size["height"] <= 260, (width, height)


def test_a_waveform_has_as_many_levels_as_bars(tab):
    for waveform in (None, [], [5], list(range(64))):
        levels = tab.call("kinds/voice", "m.levels(x, 20)", waveform)
        assert len(levels) == 20
        assert all(0 <= level <= 100 for level in levels)


def test_a_template_shows_what_was_typed_in_its_places(tab):
    content = "您好\n快递公司：{{company.DATA}}\n单号：{{ number.DATA }}"
    filled = tab.call("writing/template_form", "m.filled(x, { company: '顺丰' })", content)
    assert filled == "您好\n快递公司：顺丰\n单号：{{ number.DATA }}"
    assert tab.call("writing/template_form", "m.labelOf(x, 'company')", content) == "快递公司"
    assert tab.call("writing/template_form", "m.labelOf(x, 'other')", content) == "other"
