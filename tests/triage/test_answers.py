"""What a rule says: variants by chance, variables filled, nothing of the braces left."""

import pytest

from wxdesk.triage.answers import chosen, reply_for
from wxdesk.triage.rules import (
    CustomerFacts,
    Hit,
    Moment,
    Outcome,
    Reply,
    ReplyKind,
    Variant,
)
from wxdesk.triage.variables import wait_text

BUSY = Moment(waiting=4, expected_wait_seconds=330)
WANG = CustomerFacts(remark="王女士 VIP")


def said(text: str, outcome: Outcome = Outcome.DEFAULT, customer=WANG, moment=BUSY) -> str:
    reply = Reply(text)
    hit = Hit(1, 1, 0, reply, "抽奖", {outcome: (Variant(1, reply),)})
    found = reply_for(hit, outcome, customer, moment)
    assert found is not None
    return found.text


def test_variables_are_filled_and_the_code_is_left_to_the_gate():
    text = "{{customer|您}}好,您是第 {{position}} 位,{{wait|很快}}。券码 {{ code }} {{remark}}"
    assert said(text) == "王女士好,您是第 5 位,约 6 分钟。券码 {{code}} 王女士 VIP"
    unknown = said(text, customer=None, moment=Moment())
    assert unknown == "您好,您是第 1 位,很快。券码 {{code}} "


def test_a_remark_is_never_looked_through_for_variables():
    assert said("{{remark}}", customer=CustomerFacts(remark="{{code}}")) == "{{code}}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "不到 1 分钟"),
        (60, "约 1 分钟"),
        (61, "约 2 分钟"),
        (3600, "约 1 小时"),
        (3661, "约 1 小时 2 分钟"),
    ],
)
def test_a_wait_is_told_in_whole_minutes(seconds, text):
    assert wait_text(seconds) == text


def test_the_texts_of_cards_and_menus_are_filled_and_addresses_are_not():
    menu = {"head": "{{customer}}", "choices": [{"id": "1", "text": "{{position}}"}], "tail": ""}
    card = {"title": "{{customer}}", "url": "https://a.cn/{{customer}}", "picture_url": ""}
    replies = {
        Outcome.DEFAULT: (Variant(1, Reply("", ReplyKind.MENU, menu)),),
        Outcome.LIMIT: (Variant(1, Reply("", ReplyKind.NEWS, card)),),
    }
    hit = Hit(1, 1, 0, Reply(""), "", replies)
    shown = reply_for(hit, Outcome.DEFAULT, WANG, BUSY)
    assert shown.fields == {"head": "王女士", "choices": [{"id": "1", "text": "5"}], "tail": ""}
    assert reply_for(hit, Outcome.LIMIT, WANG, BUSY).fields == {**card, "title": "王女士"}
    assert menu["head"] == "{{customer}}"


def test_an_outcome_without_a_reply_is_quiet():
    hit = Hit(1, 1, 0, Reply("好"), "", {Outcome.ENTERED: (Variant(1, Reply("好")),)})
    assert reply_for(hit, Outcome.SOLD_OUT, WANG, BUSY) is None
    assert reply_for(Hit(1, 1, 0, Reply("好"), ""), Outcome.DEFAULT, None, BUSY).text == "好"


def test_variants_come_in_proportion_to_their_weights():
    variants = [Variant(1, Reply("少")), Variant(9, Reply("多"))]
    drawn = [chosen(variants).text for _ in range(2_000)]
    assert 100 < drawn.count("少") < 320  # seven times the deviation
    assert chosen([]) is None
