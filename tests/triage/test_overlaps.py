"""Which rules can never answer, and which take messages from each other."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.triage.folding import fold
from wxdesk.triage.overlaps import OverlapKind, find_overlaps
from wxdesk.triage.rulebook import Rulebook, RuleText
from wxdesk.triage.rules import (
    NOTHING_KNOWN,
    CampaignGate,
    Conditions,
    Heard,
    Match,
    Newness,
    Reply,
    Trigger,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
NEVER, LINE, SAME, PARTLY = OverlapKind
NEW = Conditions(newness=Newness.NEW)


def rule(number: int, match: Match, patterns: str, priority: int = 0, **values) -> RuleText:
    return RuleText(number, 1, match, patterns, Reply("好"), priority, **values)


def told(*rules: RuleText) -> list[tuple[int, int, OverlapKind]]:
    return [(one.rule_id, one.other_id, one.kind) for one in find_overlaps(rules)]


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ((Match.CONTAINS, "抽奖"), (Match.CONTAINS, "抽 奖!"), NEVER),
        ((Match.CONTAINS, "抽奖"), (Match.CONTAINS, "抽奖活动\n我要抽奖"), NEVER),
        ((Match.CONTAINS, "抽奖"), (Match.CONTAINS, "抽奖活动\n中奖"), LINE),
        ((Match.CONTAINS, "抽奖"), (Match.EXACT, "抽獎活动"), NEVER),
        ((Match.CONTAINS, "抽奖活动"), (Match.CONTAINS, "抽奖"), PARTLY),
        ((Match.EXACT, "抽奖"), (Match.CONTAINS, "抽奖"), PARTLY),
        ((Match.CONTAINS, "退款"), (Match.ALL_WORDS, "退款 多久"), NEVER),
        ((Match.CONTAINS, "款多"), (Match.ALL_WORDS, "退款 多久"), None),
        ((Match.ANY_WORDS, "退款 退货"), (Match.CONTAINS, "要退款"), NEVER),
        ((Match.ANY_WORDS, "hi hello"), (Match.CONTAINS, "hi"), PARTLY),
        ((Match.ANY_WORDS, "退款 退货"), (Match.ANY_WORDS, "退货"), NEVER),
        ((Match.ALL_WORDS, "退款"), (Match.ALL_WORDS, "多久 退款"), NEVER),
        ((Match.REGEX, "抽.$"), (Match.CONTAINS, "抽奖"), PARTLY),
        ((Match.REGEX, "抽.$"), (Match.REGEX, "抽奖"), None),
        ((Match.CONTAINS, "抽奖"), (Match.CONTAINS, "订单"), None),
    ],
)
def test_a_rule_that_is_tried_later_loses_what_the_first_takes(first, second, kind):
    for priorities, expected in (((0, 0), (2, 1)), ((5, 9), None)):
        rules = [rule(1, *first, priorities[0]), rule(2, *second, priorities[1])]
        if expected and kind:
            assert told(*rules) == [(*expected, kind)]
        elif kind is None:
            assert told(*rules) == []


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ({}, {"conditions": NEW}, NEVER),
        ({"conditions": NEW}, {}, SAME),
        ({"conditions": NEW}, {"conditions": Conditions(newness=Newness.RETURNING)}, None),
        ({"exclusions": "怎么"}, {}, SAME),
        ({"exclusions": "怎么"}, {"exclusions": "怎么\n退"}, NEVER),
        (
            {"conditions": Conditions(weekdays=(1,))},
            {"conditions": Conditions(weekdays=(2,))},
            None,
        ),
    ],
)
def test_conditions_and_exclusions_decide_whether_anything_is_left(first, second, kind):
    rules = rule(1, Match.CONTAINS, "抽奖", **first), rule(2, Match.CONTAINS, "抽奖", **second)
    assert told(*rules) == ([(2, 1, kind)] if kind else [])


def test_campaigns_one_after_the_other_do_not_overlap():
    def gate(number: int, day: int) -> CampaignGate:
        start = AT + timedelta(days=day)
        return CampaignGate(
            campaign_id=number,
            starts_at=start,
            ends_at=start + timedelta(days=1),
            is_paused=False,
            entries_per_person=1,
            total_entries=None,
            has_codes=False,
        )

    first, second = (
        rule(number, Match.EXACT, "抽奖", campaign=gate(number, day))
        for number, day in ((1, 0), (2, 1))
    )
    assert told(first, second) == []


def test_codes_menus_and_follows_are_compared_by_their_keys():
    rules = [
        rule(1, Match.EXACT, "", trigger=Trigger.SCAN),
        rule(2, Match.EXACT, "shop-1", trigger=Trigger.SCAN),
        rule(3, Match.EXACT, "", trigger=Trigger.FOLLOW),
        rule(4, Match.EXACT, "", trigger=Trigger.FOLLOW),
        rule(5, Match.EXACT, "shop-1", trigger=Trigger.MENU_CLICK),
        rule(6, Match.EXACT, "shop-2", 1, trigger=Trigger.SCAN),
    ]
    assert sorted(told(*rules)) == [(1, 6, PARTLY), (2, 1, NEVER), (4, 3, NEVER)]


def test_only_one_rule_can_be_asked_about():
    rules = [rule(number, Match.CONTAINS, "抽奖") for number in (1, 2, 3)]
    assert {(one.rule_id, one.other_id) for one in find_overlaps(rules, 3)} == {(3, 1), (3, 2)}


PLAIN = st.sampled_from([Match.EXACT, Match.CONTAINS, Match.ALL_WORDS, Match.ANY_WORDS])
WORDS = st.text(alphabet="抽奖券ab ", min_size=1, max_size=5).filter(lambda text: fold(text) != "")


@given(
    st.lists(st.tuples(PLAIN, WORDS, st.integers(0, 2)), min_size=2, max_size=5),
    st.lists(st.text(alphabet="抽奖券ab ", max_size=8), max_size=30),
)
def test_a_rule_that_never_fires_never_does(drawn, texts):
    rules = [rule(number, *each) for number, each in enumerate(drawn, 1)]
    dead = {one.rule_id for one in find_overlaps(rules) if one.kind is NEVER}
    book = Rulebook(rules)
    for text in [*texts, *(pattern for _, pattern, _ in drawn)]:
        hit = book.find(Heard(AT, "o", text=text), NOTHING_KNOWN, lambda: None)
        assert hit is None or hit.rule_id not in dead
