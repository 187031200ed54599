"""How texts and questions are cut, and where found words are marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.plumbing.search_text import (
    Phrase,
    contains,
    count_hits,
    excerpt,
    folded,
    pairs,
    phrases_of,
    search_tokens,
)

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=12)
ANYTHING = st.text(max_size=40)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("我的订单12345", ["我", "的", "订", "单", "12345"]),
        ("我的訂單", ["我", "的", "订", "单"]),
        ("ＡＢＣ１２３", ["abc", "123"]),
        ("iPhone15 Pro", ["iphone", "15", "pro"]),
        ("你好,世界。", ["你", "好", "世", "界"]),
        ("cafe\u0301 CAFÉ", ["café", "café"]),
        ("好😀👍🏽", ["好", "😀", "👍"]),
        ("Straße", ["strasse"]),
        ("かな 한글", ["か", "な", "한", "글"]),
        ("a_b-c", ["a", "b", "c"]),
        (" \t\n,。…!", []),
        ("", []),
        ("邊\U000e0100界", ["边", "界"]),
    ],
)
def test_a_text_is_cut_into_characters_words_and_numbers(text, tokens):
    assert search_tokens(text) == tokens


def test_a_very_long_word_is_found_by_its_beginning():
    text = "x" * 5_000
    assert search_tokens(text) == ["x" * 100]
    assert contains(text, phrases_of(text))


def test_pairs_join_characters_and_leave_words_alone():
    assert pairs(search_tokens("我的订单12号")) == ["我的", "的订", "订单", "单", "12", "号"]
    assert pairs([]) == []


@given(ANYTHING)
def test_any_text_is_cut_without_error_into_plain_tokens(text):
    for token in search_tokens(text):
        assert token
        assert not set(token) & set(" \"'\\:*&|!()<>-^+{}[],.\x00")


@given(CHINESE, CHINESE, CHINESE)
def test_every_part_of_a_chinese_text_is_contained_in_it(before, part, after):
    if part:
        assert contains(before + part + after, phrases_of(part))


@given(ANYTHING, CHINESE)
def test_what_is_marked_is_what_was_asked_for(text, part):
    whole = text + part
    phrases = phrases_of(part)
    found = excerpt(whole, phrases, 400)
    marked = [found.text[start : start + length] for start, length in found.ranges]
    if phrases:
        assert marked
    for one in marked:
        assert folded(part[0]) in folded(one)


class TestPhrases:
    def test_spaces_separate_what_must_all_be_there(self):
        assert phrases_of(" 退款  订单 退款") == [Phrase(("退", "款")), Phrase(("订", "单"))]
        assert contains("订单要退款", phrases_of("退款 订单"))
        assert not contains("订单要退货", phrases_of("退款 订单"))

    def test_a_word_stands_for_all_that_begin_with_it_a_character_for_itself(self):
        assert contains("my order 123456", phrases_of("ord"))
        assert contains("订单123456", phrases_of("订单123"))
        assert not contains("my order", phrases_of("rder"))
        assert not contains("订单号", phrases_of("单订"))

    def test_hits_are_counted_together(self):
        assert count_hits("订单,订单,订单 order", phrases_of("订单 ord")) == 4
        assert count_hits("哈哈哈", phrases_of("退款")) == 0

    @pytest.mark.parametrize("query", ["", "   ", "?!,。", "\x00", "\u200b", "*", '"'])
    def test_punctuation_asks_for_nothing(self, query):
        assert phrases_of(query) == []


class TestExcerpts:
    def marked(self, text: str, query: str, length: int = 60) -> list[str]:
        found = excerpt(text, phrases_of(query), length)
        return [found.text[start : start + size] for start, size in found.ranges]

    def test_the_text_is_marked_as_it_was_written(self):
        assert self.marked("我的訂單 ＡＢＣ", "订单 abc") == ["訂單", "ＡＢＣ"]
        assert self.marked("我的订单", "訂單") == ["订单"]

    def test_of_a_longer_word_only_the_beginning_is_marked(self):
        assert self.marked("Orders and borders", "ord") == ["Ord"]
        assert self.marked("订单123456", "订单123") == ["订单123"]

    def test_a_character_that_becomes_several_is_marked_whole(self):
        assert self.marked("共㎏", "k") == ["㎏"]

    def test_punctuation_between_is_marked_too(self):
        assert self.marked("你好,世界", "好世") == ["好,世"]

    def test_neighbours_are_marked_as_one(self):
        assert self.marked("订单订单", "订单") == ["订单订单"]

    def test_a_long_text_is_cut_around_the_first_place(self):
        text = "前" * 500 + "订单" + "后" * 500
        found = excerpt(text, phrases_of("订单"), 60)
        assert found.text.startswith("…前")
        assert found.text.endswith("后…")
        assert len(found.text) == 62
        ((start, length),) = found.ranges
        assert found.text[start : start + length] == "订单"

    def test_a_place_that_the_excerpt_cuts_is_marked_as_far_as_it_goes(self):
        text = "订单" + "前" * 100 + "订单"
        for length in range(10, 40):
            found = excerpt(text, phrases_of("订单"), length)
            assert all(
                start >= 0 and start + size <= len(found.text) for start, size in found.ranges
            )

    def test_line_ends_are_shown_as_spaces(self):
        assert excerpt("第一行\n订单\t号", phrases_of("订单"), 60).text == "第一行 订单 号"

    def test_without_a_place_the_beginning_is_shown(self):
        found = excerpt("好" * 100, phrases_of("订单"), 10)
        assert found.text == "好" * 10 + "…"
        assert found.ranges == ()
