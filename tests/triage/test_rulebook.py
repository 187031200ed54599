"""Which rule answers: priorities, folding, linear time, limits."""

import time

import pytest

from wxdesk.triage.rulebook import BadPatternError, Rulebook, RuleText, compile_pattern
from wxdesk.triage.rules import Match, Reply, Urgency, fold, judge, split_patterns


def rule(number: int, match: Match, patterns: str, priority: int = 0) -> RuleText:
    return RuleText(number, 1, match, patterns, Reply(f"answer {number}"), priority)


def hit(text: str, *rules: RuleText) -> int | None:
    found = Rulebook(rules).find(text)
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


def test_exact_is_the_whole_text_without_outer_spaces():
    book = rule(1, Match.EXACT, "你好")
    assert hit("  你好\n", book) == 1
    assert hit("你好吗", book) is None


@pytest.mark.parametrize("text", ["VIP", "vip", "ＶＩＰ", "ｖｉｐ", " Ｖip "])
def test_width_and_case_do_not_matter(text):
    for match in Match:
        assert hit(text, rule(1, match, "vIP")) == 1, match


@pytest.mark.parametrize("pattern", ["ＶＩＰ", "１００％", "Straße"])
def test_width_and_case_of_the_pattern_do_not_matter_either(pattern):
    text = fold(pattern)
    for match in (Match.EXACT, Match.CONTAINS):
        assert hit(text, rule(1, match, pattern)) == 1, match


def test_a_regular_expression_with_full_width_characters_matches_what_marketers_see():
    """The customer's text is folded before it is compared, so the pattern must be as well."""
    assert hit("订单１２３", rule(1, Match.REGEX, r"订单\d+")) == 1
    assert hit("ＶＩＰ客户", rule(1, Match.REGEX, "ＶＩＰ.户")) == 1


def test_any_of_many_patterns_matches_and_is_named():
    found = Rulebook([rule(1, Match.CONTAINS, "领券\n\n  折扣 \n优惠\n折扣")]).find("有折扣吗")
    assert found is not None
    assert found.matched == "折扣"


def test_overlapping_keywords_are_all_seen():
    book = Rulebook([rule(1, Match.CONTAINS, "抽奖活动", 1), rule(2, Match.CONTAINS, "奖活", 2)])
    assert book.find("抽奖活动").rule_id == 2


def test_an_empty_text_hits_nothing():
    book = [rule(1, Match.CONTAINS, "x"), rule(2, Match.REGEX, "a*")]
    assert hit("", *book) is None
    assert hit("   ", *book) is None


def test_no_rules_hit_nothing():
    assert hit("你好") is None
    assert not Rulebook([])


def test_a_pattern_that_would_explode_elsewhere_takes_linear_time():
    book = Rulebook([rule(1, Match.REGEX, "(a+)+$")])
    started = time.perf_counter()
    assert book.find("a" * 5_000 + "b") is None
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("pattern", ["(?=a)", "(?<!a)b", r"(a)\1", "(", "[z-a]", "a{1001}", "**"])
def test_a_pattern_without_linear_time_is_refused_with_a_reason(pattern):
    with pytest.raises(BadPatternError, match=r".+"):
        compile_pattern(pattern)


def test_a_thousand_rules_are_searched_in_less_than_a_millisecond():
    """WeChat gives us five seconds in all; a marketer has hundreds of keywords."""
    rules = [
        rule(n, Match.CONTAINS, "\n".join(f"词{n}号{m}" for m in range(20))) for n in range(1000)
    ]
    book = Rulebook(rules)
    started = time.perf_counter()
    for _ in range(100):
        book.find("今天天气怎么样,词999号7多少钱")
    assert (time.perf_counter() - started) / 100 < 0.005


def test_lines_are_patterns_and_doubles_count_once():
    assert split_patterns(" a \r\n\n b\na") == ["a", "b"]


@pytest.mark.parametrize(
    ("facts", "urgency", "is_answered"),
    [
        ({"has_hit": True}, Urgency.BULK, True),
        ({}, Urgency.DIRECT, False),
        ({"is_overdue": True}, Urgency.URGENT, False),
        ({"is_event": True}, Urgency.ROUTINE, False),
        ({"has_hit": True, "is_attended": True}, Urgency.DIRECT, False),
        ({"has_hit": True, "is_attended": True, "is_overdue": True}, Urgency.URGENT, False),
        ({"is_event": True, "is_overdue": True}, Urgency.ROUTINE, False),
    ],
)
def test_the_urgency_of_a_message(facts, urgency, is_answered):
    none = dict.fromkeys(("is_event", "has_hit", "is_attended", "is_overdue"), False)
    verdict = judge(**(none | facts))
    assert (verdict.urgency, verdict.is_auto_answered) == (urgency, is_answered)
