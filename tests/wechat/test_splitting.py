"""Long texts in parts: nothing lost, nothing broken, nothing too long."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wxdesk.wechat.splitting import MOST_BYTES, split_text

VECTORS = json.loads((Path(__file__).parent / "splitting.json").read_text("utf-8"))
PIECES = [
    *(
        "您好",
        "word",
        "😀",
        "👨‍👩‍👧‍👦",
        "👍🏽",
        "🇨🇳",
        "é",
        "❤️",
        "ก็",
        " ",
        "\n",
        "\n\n",
        "\r\n",
        "　",
    ),
    *("。", "！", "?", "…", "，", "、", ", ", "”", "[微笑]", "[OK]", "[", "]"),
    *('<a href="https://a/">看</a>', "<a", "</a>", "<b>", "1234567890"),
]
UNBREAKABLE = ["👨‍👩‍👧‍👦", "👍🏽", "🇨🇳", "❤️", "[微笑]", '<a href="https://a/">看</a>']


def text_of(vector) -> str:
    """`text`, or `repeat`: a list of [text, how often] pairs."""
    if "text" in vector:
        return vector["text"]
    return "".join(piece * times for piece, times in vector["repeat"])


def without_space(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_is_split_as_written(vector):
    parts = split_text(text_of(vector), vector["most"])
    if "parts" in vector:
        assert parts == vector["parts"]
    assert [len(part.encode()) for part in parts] == vector["bytes"]


@given(
    text=st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=60).map("".join),
    most=st.integers(4, 120),
)
@example(text="a" * 9 + "\n" * 50 + "b" * 9, most=9)
@example(text=" " * 50 + "a", most=4)
@settings(max_examples=500)
def test_any_text_comes_whole_in_parts_that_fit(text, most):
    parts = split_text(text, most)
    assert all(len(part.encode()) <= most for part in parts)
    assert all(part.strip() for part in parts)
    assert without_space("".join(parts)) == without_space(text)
    position = 0
    for part in parts:  # what is dropped is white space, and only between parts
        found = text.index(part, position)
        assert not text[position:found].strip()
        position = found + len(part)
    assert not text[position:].strip()


@given(
    pieces=st.lists(
        st.sampled_from([*UNBREAKABLE, "您好", "word ", "。"]), min_size=1, max_size=40
    ),
    most=st.integers(40, 90),
)
@settings(max_examples=300)
def test_nothing_that_belongs_together_is_cut(pieces, most):
    text = "".join(pieces)
    parts = split_text(text, most)
    for unit in UNBREAKABLE:
        assert sum(part.count(unit) for part in parts) == text.count(unit), unit


@given(st.text(max_size=300))
def test_a_text_that_fits_is_left_alone(text):
    assert split_text(text) == ([text] if text.strip() else [])


@pytest.mark.parametrize("most", [3, 0, -1])
def test_parts_must_hold_any_character(most):
    with pytest.raises(ValueError, match="at least 4"):
        split_text("您好", most)


@pytest.mark.parametrize(
    "text",
    [
        "<a " * 100_000,
        "[" * 300_000,
        "\n " * 150_000,
        "é" + "\u0301" * 200_000,
        "<a>" + "x" * 300_000,
    ],
    ids=["links", "brackets", "space", "marks", "an endless link"],
)
def test_a_hostile_text_takes_no_longer_than_its_length(text):
    started = time.perf_counter()
    parts = split_text(text)
    assert time.perf_counter() - started < 5.0
    assert all(len(part.encode()) <= MOST_BYTES for part in parts)
