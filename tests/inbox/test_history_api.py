"""A customer's past over /api/v1: conversations, automatic answers, files."""

import pytest
from cast import agent_answers, auto_answer, customer_writes, make_rule
from sqlalchemy import update

from wxdesk.conversations.models import Conversation


@pytest.fixture
def wang(runtime, account):
    return customer_writes(runtime, account).contact_id


def pages(lin, path, limit):
    found, cursor = [], None
    while cursor or not found:
        query = {"cursor": cursor} if cursor else {}
        page = lin.get(path, limit=limit, **query).json
        found += page["items"]
        cursor = page["next_cursor"]
    return found


def test_earlier_conversations_are_shown_newest_first(runtime, account, lin, team, clock, wang):
    for number in range(3):
        message = customer_writes(runtime, account, f"问题{number}")
        agent_answers(runtime, message, team.lin, f"答{number}")
        lin.post(f"/conversations/{message.conversation_id}/resolve", {})
        clock.advance(days=3)
    found = pages(lin, f"/contacts/{wang}/conversations", 2)
    assert [item["preview"] for item in found] == ["答2", "答1", "答0"]
    assert found[0]["assignee"] == {"id": team.lin, "name": "Lin"}
    assert found[0]["status"] == "resolved"
    assert found[0]["opened_at"] == "2026-03-08T09:00:00.000Z"
    assert found[0]["tags"] == []


def test_automatic_answers_name_their_rule(runtime, account, lin, wang):
    rule = make_rule(runtime, account)
    for _ in range(3):
        customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
    found = pages(lin, f"/contacts/{wang}/auto-replies", 2)
    assert len({item["message_id"] for item in found}) == 3
    assert found[0]["rule"] == {"id": rule.id, "name": "活动", "version": 1, "matched": "抽奖"}
    assert found[0]["text"] == "感谢参与!"
    assert found[0]["conversation_id"] is None


def test_files_are_shown_with_their_message(runtime, account, lin, wang):
    for number in range(3):
        customer_writes(
            runtime,
            account,
            "",
            kind="image",
            fields={"MsgType": "image", "PicUrl": "http://x.qpic.cn/1", "MediaId": f"m{number}"},
        )
    found = pages(lin, f"/contacts/{wang}/files", 2)
    assert [item["kind"] for item in found] == ["image"] * 3
    assert found[0]["message_id"] > found[1]["message_id"] > found[2]["message_id"]
    assert found[0]["at"] == "2026-03-02T09:00:00.000Z"
    assert found[0]["direction"] == "incoming"


def test_notes_are_listed_with_their_authors(runtime, account, lin, wang):
    customer_writes(runtime, account, "你好")
    conversation = lin.get(f"/contacts/{wang}/conversations").json["items"][0]["id"]
    for text in ("老客户", "要发票", "喜欢红茶"):
        lin.post(f"/conversations/{conversation}/notes", {"text": text, "mentions": []})
    found = pages(lin, f"/contacts/{wang}/notes", 2)
    assert [note["text"] for note in found] == ["喜欢红茶", "要发票", "老客户"]
    assert found[0]["by"]["name"] == "Lin"
    assert found[0]["conversation_id"] == conversation


@pytest.mark.parametrize("what", ["conversations", "auto-replies", "ratings", "files", "notes"])
def test_a_customer_without_a_past_has_none(runtime, account, lin, wang, what):
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Conversation).values(last_message_id=None))
    answer = lin.get(f"/contacts/{wang}/{what}").json
    assert answer["next_cursor"] is None
    assert len(answer["items"]) == (1 if what == "conversations" else 0)
    assert lin.get(f"/contacts/987654/{what}").status_code == 404
