"""The test chat: what an imagined customer would be answered, and why. Nothing is kept."""

import pytest
from cast import Browser, make_rule, messages_of

from wxdesk.triage.models import AutoReplyRule

pytestmark = pytest.mark.one_database

CHAT = "/settings/rules/test-chat"


@pytest.fixture
def chen(app, team) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("chen")
    browser.get("/settings/rules")
    return browser


def draft(account, **values: str) -> dict[str, str]:
    return {
        "account_id": str(account.id),
        "name": "",
        "trigger": "text",
        "match": "contains",
        "patterns": "抽奖",
        "reply_text": "感谢{{customer|您}}参与!",
        "try_act": "text",
    } | values


def test_a_draft_answers_without_being_saved(chen, runtime, account):
    page = chen.post(CHAT, **draft(account, try_text="我要抽 奖", try_remark="王女士 VIP")).text
    assert "感谢王女士参与!" in page
    assert "this draft" in page
    assert messages_of(runtime) == []
    with runtime.reading() as session:
        assert session.query(AutoReplyRule).count() == 0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"exclusions": "吗", "try_text": "抽奖吗"}, "is kept back by “吗”"),
        ({"newness": "returning", "try_text": "抽奖"}, "not for new"),
        ({"weekdays": "7", "try_text": "抽奖", "try_at": "2026-03-02T12:00"}, "not on this day"),
        ({"qr_scenes": "shop", "try_text": "抽奖"}, "did not follow through its codes"),
        ({"try_text": "发货了吗"}, "This draft does not fit the message."),
        ({"try_text": "抽奖", "try_attended": "1"}, "an agent is in the conversation"),
        ({"try_text": "抽奖", "patterns": ""}, "at least one keyword"),
    ],
)
def test_it_says_why_the_draft_is_silent(chen, account, values, reason):
    page = chen.post(CHAT, **draft(account, **values)).text
    assert reason in page
    assert "感谢您参与!" not in page


def test_the_rule_that_goes_before_is_named(chen, runtime, account):
    make_rule(runtime, account, name="大奖", patterns="大奖", reply_text="大奖来了", priority=9)
    page = chen.post(CHAT, **draft(account, try_text="抽奖抽大奖")).text
    assert "大奖来了" in page
    assert "another rule goes before it" in page


def test_events_choices_and_notices_can_be_tried(chen, runtime, account):
    make_rule(runtime, account, trigger="follow", patterns="", reply_text="欢迎关注")
    make_rule(runtime, account, trigger="scan", patterns="shop-1", reply_text="门店一")
    make_rule(runtime, account, trigger="menu_tap", patterns="9", reply_text="选了九")
    make_rule(runtime, account, trigger="out_of_hours", patterns="", reply_text="下班了")
    only = {"account_id": str(account.id)}
    assert "欢迎关注" in chen.post(CHAT, **only, try_act="follow").text
    assert "门店一" in chen.post(CHAT, **only, try_act="scan", try_key="shop-1").text
    assert "选了九" in chen.post(CHAT, **only, try_act="tap", try_key="9", try_text="九").text
    closed = chen.post(CHAT, **only, try_act="text", try_text="在吗", try_closed="1").text
    assert "下班了" in closed
    assert "still goes to an agent" in closed
    assert "No rule answers" in chen.post(CHAT, **only, try_text="在吗").text


def test_the_preview_shows_every_reply_with_sample_values(chen, account):
    more = {
        "more": "0",
        "more0_outcome": "default",
        "more0_kind": "text",
        "more0_text": "好{{wait}}",
    }
    page = chen.post(f"{CHAT}/preview", **draft(account), **more).text
    assert "感谢王女士参与!" in page
    assert "约 6 分钟" in page
    wrong = chen.post(f"{CHAT}/preview", **draft(account, reply_text="{{name}}")).text
    assert "there is no {{name}}" in wrong


def test_the_page_without_a_draft_asks_the_rules_as_they_are(chen, runtime, account):
    make_rule(runtime, account, reply_text="感谢参与!")
    assert "Test chat" in chen.get(CHAT).text
    answer = chen.post(CHAT, account_id=str(account.id), try_act="text", try_text="抽奖")
    assert "感谢参与!" in answer.text
    assert "no such official account" in chen.post(CHAT, account_id="x", try_text="抽奖").text
