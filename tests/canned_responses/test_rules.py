"""Shortcuts and variables."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.canned_responses.rules import (
    Situation,
    Variable,
    address_of,
    fill,
    greeting_at,
    shortcut_of,
    shortcut_problem,
    unknown_variables,
    values_of,
)

SITUATION = Situation("王女士 VIP", "Lin", "云杉", 7, datetime(2026, 3, 2, 17, 5, tzinfo=UTC))


def test_every_variable_has_a_value():
    values = values_of(SITUATION)
    assert values == {
        Variable.CUSTOMER: "王女士",
        Variable.REMARK: "王女士 VIP",
        Variable.AGENT: "Lin",
        Variable.ACCOUNT: "云杉",
        Variable.GREETING: "下午好",
        Variable.TIME: "17:05",
        Variable.DATE: "2026年3月2日",
        Variable.CONVERSATION: "7",
    }


def test_a_fallback_is_written_without_a_value_and_only_then():
    values = dict.fromkeys(Variable, "") | {Variable.AGENT: "Lin"}
    filled = fill("{{customer|您}} {{ agent | 我 }} {{remark|}} {{account}}", values)
    assert filled.text == "您 Lin  {{account}}"
    assert filled.unknown == ("account",)


def test_a_value_is_not_looked_through_for_variables():
    values = dict.fromkeys(Variable, "{{agent}}")
    assert fill("{{customer}}", values).text == "{{agent}}"


def test_misspelt_variables_are_found():
    assert unknown_variables("{{agent}} {{agnet}} {{agnet|x}} {{客户}}") == ("agnet", "客户")


@given(st.text())
def test_a_text_without_braces_stays_as_it_is(text):
    plain = text.replace("{", "")
    assert fill(plain, values_of(SITUATION)).text == plain


@pytest.mark.parametrize(
    ("remark", "address"),
    [
        ("王女士（上海）", "王女士"),
        ("李总/VIP", "李总"),
        ("老客户", "老客户"),
        ("", ""),
        ("  张三 ", "张三"),
    ],
)
def test_what_is_noted_beside_the_name_is_not_said(remark, address):
    assert address_of(remark) == address


@pytest.mark.parametrize(
    ("typed", "stored"), [("/Hi", "hi"), (" ＨＩ ", "hi"), ("退款-1_a", "退款-1_a"), ("//x", "/x")]
)
def test_shortcuts_are_compared_folded(typed, stored):
    assert shortcut_of(typed) == stored


@pytest.mark.parametrize("shortcut", ["", "a b", "a/b", "a.b", "😀", "x" * 41])
def test_what_is_no_shortcut(shortcut):
    assert shortcut_problem(shortcut_of(shortcut))


def test_greetings_follow_the_clock():
    assert [greeting_at(hour) for hour in (0, 7, 10, 12, 15, 20, 23)] == [
        "夜深了",
        "早上好",
        "上午好",
        "中午好",
        "下午好",
        "晚上好",
        "晚上好",
    ]
