"""Which rule answers a text: kinds of match, order, linear time, and the same as a naive search."""

import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from wxdesk.triage.folding import fold, has_word, readable
from wxdesk.triage.matching import (
    BadPatternError,
    Line,
    TextMatcher,
    compile_pattern,
    words_of,
    written_as_read,
)
from wxdesk.triage.rulebook import Rulebook, RuleText
from wxdesk.triage.rules import (
    NOTHING_KNOWN,
    Heard,
    Hit,
    Match,
    Reply,
    Urgency,
    judge,
    split_patterns,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def rule(number: int, match: Match, patterns: str, priority: int = 0, **values) -> RuleText:
    return RuleText(number, 1, match, patterns, Reply(f"answer {number}"), priority, **values)


def find(text: str, *rules: RuleText) -> Hit | None:
    return Rulebook(rules).find(Heard(AT, "o", text=text), NOTHING_KNOWN, lambda: None)


def hit(text: str, *rules: RuleText) -> int | None:
    found = find(text, *rules)
    return found.rule_id if found else None


def test_the_higher_priority_wins_whatever_the_kind():
    exact = rule(1, Match.EXACT, "优惠券")
    contains = rule(2, Match.CONTAINS, "优惠", 5)
    regex = rule(3, Match.REGEX, "优.券", 9)
    assert hit("优惠券", exact, contains) == 2
    assert hit("优惠券", exact, contains, regex) == 3
    assert hit("优惠", exact, contains, regex) == 2


def test_between_equals_the_older_rule_wins():
    assert hit("优惠券", rule(7, Match.CONTAINS, "优惠"), rule(3, Match.CONTAINS, "券")) == 3
    assert hit("优惠", rule(7, Match.CONTAINS, "优惠"), rule(3, Match.CONTAINS, "优惠")) == 3


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        ("  你好\n", "你好"),
        ("抽 奖！！！", "抽奖"),
        ("「抽獎」", "抽奖"),
        ("抽奖", "#抽獎#"),
        ("ＶＩＰ 会员", "vip会员"),
        ("Straße", "STRASSE"),
        ("１００％", "100%"),
        ("Ａ－１００", "a 100"),
        ("can, not", "can not"),
        ("好的~", "好的"),
        ("❤️", "❤"),
        ("👍🏽", "👍"),
    ],
)
def test_ways_of_writing_the_same_are_the_same(typed, pattern):
    assert hit(typed, rule(1, Match.EXACT, pattern)) == 1
    assert hit(f"我要{typed}谢谢", rule(1, Match.CONTAINS, pattern)) == 1
    assert hit(typed, rule(1, Match.ALL_WORDS, pattern)) == 1
    assert hit(typed, rule(1, Match.ANY_WORDS, pattern)) == 1


@pytest.mark.parametrize(
    ("typed", "pattern"), [("你好吗", "你好"), ("cannot", "can not"), ("1.5", "15"), ("+1", "1")]
)
def test_what_is_written_otherwise_is_not_the_whole_text(typed, pattern):
    assert hit(typed, rule(1, Match.EXACT, pattern)) is None


def test_a_word_of_letters_stands_alone_and_chinese_is_found_anywhere():
    words = rule(1, Match.ANY_WORDS, "hi 退款")
    assert hit("Hi there", words) == 1
    assert hit("this", words) is None
    assert hit("hi你好", words) == 1
    assert hit("我要退款了", words) == 1
    assert hit("this, hi", words) == 1
    assert hit("2100", rule(1, Match.ALL_WORDS, "100")) is None


def test_all_words_of_one_line_are_needed_in_any_order():
    book = rule(1, Match.ALL_WORDS, "退款 多久\nrefund when")
    assert hit("多久才退款呀", book) == 1
    assert hit("退款", book) is None
    assert hit("When is my refund?", book) == 1
    assert hit("退款 when", book) is None


def test_a_line_that_excludes_keeps_only_its_own_rule_from_answering():
    event = rule(1, Match.CONTAINS, "抽奖", 5, exclusions="怎么\n退")
    second = rule(2, Match.CONTAINS, "抽奖")
    assert hit("抽奖", event, second) == 1
    assert hit("抽奖怎 么参加", event, second) == 2
    assert hit("抽奖怎么参加", event) is None


def test_a_regular_expression_searches_what_marketers_see():
    """The customer's text is folded before it is compared, so the pattern must be as well."""
    assert hit("订单１２３", rule(1, Match.REGEX, r"订单\d+")) == 1
    assert hit("ＶＩＰ客户", rule(1, Match.REGEX, "ＶＩＰ.户")) == 1
    assert hit("訂單，12", rule(1, Match.REGEX, r"^订单，\S+$")) == 1
    assert hit("订单12", rule(1, Match.REGEX, r"^订单，\S+$")) is None
    assert hit("？", rule(1, Match.REGEX, r"^\?$")) == 1


def test_any_of_many_patterns_matches_and_is_named_as_it_was_typed():
    found = find("有折扣吗", rule(1, Match.CONTAINS, "领券\n\n  折 扣! \n优惠\n折扣"))
    assert found is not None
    assert found.matched == "折 扣!"


def test_overlapping_keywords_are_all_seen():
    rules = [rule(1, Match.CONTAINS, "抽奖活动", 1), rule(2, Match.CONTAINS, "奖活", 2)]
    assert hit("抽奖活动", *rules) == 2


def test_an_empty_text_hits_nothing():
    book = [rule(1, Match.CONTAINS, "x"), rule(2, Match.REGEX, "a*"), rule(3, Match.EXACT, "?")]
    for text in ("", "   ", "？！"):
        assert hit(text, *book[:1], book[2]) is None
    assert hit("  ", *book) is None
    assert not Rulebook([])


def test_a_pattern_that_would_explode_elsewhere_takes_linear_time():
    started = time.perf_counter()
    assert hit("a" * 5_000 + "b", rule(1, Match.REGEX, "(a+)+$")) is None
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("pattern", ["(?=a)", "(?<!a)b", r"(a)\1", "(", "[z-a]", "a{1001}", "**"])
def test_a_pattern_without_linear_time_is_refused_with_a_reason(pattern):
    with pytest.raises(BadPatternError, match=r".+"):
        compile_pattern(pattern)


def test_a_pattern_that_can_not_be_compiled_silences_its_own_rule_only(caplog):
    broken, fine = rule(1, Match.REGEX, "("), rule(2, Match.REGEX, "优.券")
    assert hit("优惠券", broken, fine) == 2
    assert "rule 1 left out" in caplog.text


def test_very_many_large_expressions_are_all_searched():
    """More than one automaton can hold: what does not fit is divided, never left out."""
    lines = [
        Line(n, n, Match.REGEX, rf"词{n}(甲|乙|丙){{1,50}}[\p{{Han}}\d]{{0,200}}完{n}$")
        for n in range(300)
    ]
    matcher = TextMatcher(lines)
    for number in (0, 150, 299):
        assert matcher.find(f"词{number}甲乙中间的字完{number}") == {number}


def naive(lines: list[Line], text: str) -> set[int]:
    """By the definitions of the kinds, one line after the other."""
    folded, found = fold(text), set()
    for line in lines:
        if line.match is Match.REGEX:
            fits = re.search(written_as_read(line.pattern), readable(text), re.IGNORECASE)
        elif line.match is Match.EXACT:
            fits = folded == fold(line.pattern)
        elif line.match is Match.CONTAINS:
            fits = fold(line.pattern) in folded
        else:
            kind = all if line.match is Match.ALL_WORDS else any
            words = words_of(line.pattern)
            fits = bool(words) and kind(has_word(folded, word) for word in words)
        if fits:
            found.add(line.number)
    return found


LETTERS = st.text(alphabet="抽奖獎券aAｂ12１ ，!-❤", min_size=1, max_size=6)
REGEXES = st.sampled_from(["抽.", "[抽奖]+1", r"\d{2}", "^a", "b$", "奖|券", r"a\s?1", "獎券?"])


@hypothesis_settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(list(Match)), LETTERS, REGEXES), max_size=12),
    st.text(alphabet="抽奖獎券aAｂ12１ ，!-❤", max_size=12),
)
def test_the_rulebook_finds_what_a_naive_search_finds(drawn, text):
    lines = [
        Line(number, number, match, regex if match is Match.REGEX else letters)
        for number, (match, letters, regex) in enumerate(drawn)
        if match is Match.REGEX or fold(letters)
    ]
    expected = naive(lines, text) if text.strip() else set()
    assert TextMatcher(lines).find(text) == expected


def test_lines_are_patterns_and_doubles_count_once():
    assert split_patterns(" a \r\n\n b\na") == ["a", "b"]


@pytest.mark.parametrize(
    ("facts", "urgency", "is_answered"),
    [
        ({"has_hit": True}, Urgency.BULK, True),
        ({}, Urgency.DIRECT, False),
        ({"is_overdue": True}, Urgency.URGENT, False),
        ({"is_event": True}, Urgency.ROUTINE, False),
        ({"is_event": True, "has_hit": True}, Urgency.ROUTINE, True),
        ({"has_hit": True, "is_attended": True}, Urgency.DIRECT, False),
        ({"has_hit": True, "is_attended": True, "answers_attended": True}, Urgency.BULK, True),
        ({"has_hit": True, "is_attended": True, "is_overdue": True}, Urgency.URGENT, False),
        ({"has_hit": True, "passes_on": True}, Urgency.DIRECT, True),
        ({"has_hit": True, "passes_on": True, "is_overdue": True}, Urgency.URGENT, True),
        ({"is_event": True, "is_overdue": True}, Urgency.ROUTINE, False),
    ],
)
def test_the_urgency_of_a_message(facts, urgency, is_answered):
    none = dict.fromkeys(("is_event", "has_hit", "is_attended", "is_overdue"), False)
    verdict = judge(**(none | facts))
    assert (verdict.urgency, verdict.is_auto_answered) == (urgency, is_answered)
