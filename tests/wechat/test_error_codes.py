"""What each of WeChat's error codes means for a message."""

import pytest

from wxdesk.wechat.error_codes import Action, meaning_of


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_fetched_anew(code):
    assert meaning_of(code).action is Action.NEW_TOKEN


@pytest.mark.parametrize("code", [-1, 45009, 45011])
def test_a_busy_or_counted_out_wechat_is_asked_again(code):
    assert meaning_of(code).action is Action.LATER


@pytest.mark.parametrize(
    "code", [40003, 43004, 43019, 45002, 45015, 45047, 48001, 48002, 50005, 70000, 12345]
)
def test_nothing_else_is_tried_again(code):
    assert meaning_of(code).action is Action.GIVE_UP


def test_the_reasons_an_agent_sees_most_say_what_to_do():
    assert "48-hour" in meaning_of(45015).reason
    assert "until the customer writes again" in meaning_of(45047).reason
    assert "not verified" in meaning_of(48001).reason
