"""What is only a comment, and which tap counts."""

from datetime import UTC, datetime, timedelta

import pytest

from wxdesk.satisfaction.rules import Heard, RatingState, hear, is_only_comment

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "我还没收到货",
        "我还没收到货，太慢了",
        "东西坏了",
        "还是不能用",
        "少发了一件",
        "发错颜色了",
        "钱扣了两次，服务差",
        "密码忘了登不上",
        "一直没人理我",
        "差我一件",
        "还差我的",
        "客服不好，回复",
        "客服不回复",
        "态度差，叫客服",
        "客服",
        "很好",
        "慢" * 201,
        "",
    ],
)
def test_what_may_need_an_answer_goes_to_people(text):
    assert not is_only_comment(text)


@pytest.mark.parametrize(
    "text",
    [
        "服务态度很差",
        "太慢了",
        "回复太慢了！",
        "客服不专业，态度恶劣。",
        "没耐心",
        "非常敷衍，而且很冷淡",
        "我觉得你们的服务不好",
        "对客服的态度不满意",
        "差评",
    ],
)
def test_a_judgement_alone_is_a_comment(text):
    assert is_only_comment(text)


def test_a_long_text_of_harmless_words_is_judged_at_once():
    assert not is_only_comment("真的" * 99 + "货")


@pytest.mark.parametrize(
    ("state", "seconds", "expected"),
    [
        (RatingState.ASKED, 0, Heard.FIRST),
        (RatingState.EXPIRED, 0, Heard.FIRST),
        (RatingState.UNSENT, 0, Heard.FIRST),
        (RatingState.RATED, 0, Heard.CHANGED),
        (RatingState.RATED, 600, Heard.CHANGED),
        (RatingState.RATED, 601, Heard.IGNORED),
        (RatingState.RATED, -1, Heard.IGNORED),
    ],
)
def test_the_first_tap_counts_and_a_later_one_for_ten_minutes(state, seconds, expected):
    is_rated = state is RatingState.RATED
    at = NOW + timedelta(seconds=seconds)
    before, rated_at = (3, NOW) if is_rated else (None, None)
    assert hear(state, before=before, now=5, rated_at=rated_at, at=at) is expected
