"""When a delivery is tried again, and what can't be sent at all. Pure."""

from datetime import timedelta

import pytest

from wxdesk.outbound.rules import MOST_ATTEMPTS, next_attempt_after, text_problem


def test_the_pause_doubles_and_ends():
    pauses = [next_attempt_after(attempts) for attempts in range(1, MOST_ATTEMPTS + 1)]
    assert pauses == [*(timedelta(seconds=2**n) for n in range(MOST_ATTEMPTS - 1)), None]


@pytest.mark.parametrize("text", ["", " \n\t", "x" * 2048, "好" * 683, "😀" * 512])
def test_what_wechat_would_not_take(text):
    assert text_problem(text)


@pytest.mark.parametrize("text", ["x", "x" * 2047, "好" * 682])
def test_what_wechat_takes(text):
    assert text_problem(text) is None
