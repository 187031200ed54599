"""The JSON doors of a conversation's life: what they take, what they answer, who may."""

import pytest
from cast import as_json, conversation_of, customer_writes, lines_of, make_account, texts

from wxdesk.conversations.rules import Status

pytestmark = pytest.mark.one_database


@pytest.fixture
def question(runtime, account):
    return customer_writes(runtime, account)


@pytest.fixture
def path(question) -> str:
    return f"/conversations/{question.conversation_id}"


class TestSleep:
    def test_until_a_time_and_until_the_customer_writes(self, lin, path, clock):
        answer = as_json(lin.post(f"{path}/snooze", {"until": "2026-03-03T18:00:00+08:00"}))
        assert (answer["status"], answer["snoozed_until"]) == (
            "snoozed",
            "2026-03-03T10:00:00.000Z",
        )
        answer = as_json(lin.post(f"{path}/snooze", {"until": None}))
        assert (answer["status"], answer["snoozed_until"]) == ("snoozed", None)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"until": "tomorrow"},
            {"until": 5},
            {"until": "2026-03-03T18:00:00"},
            {"until": "2026-03-01T00:00:00Z"},
            {"until": "2028-03-01T00:00:00Z"},
            {"until": "9999-12-31T23:59:59-23:59"},
        ],
    )
    def test_a_time_that_can_not_be_taken_is_named(self, lin, path, body):
        answer = lin.post(f"{path}/snooze", body)
        assert answer.status_code == 422
        assert as_json(answer)["field"] == "until"

    def test_pending_and_open_again(self, lin, path):
        assert as_json(lin.post(f"{path}/pending"))["status"] == "pending"
        assert as_json(lin.post(f"{path}/reopen"))["status"] == "open"

    @pytest.mark.parametrize("what", ["snooze", "pending", "resolve"])
    def test_whoever_has_not_read_the_latest_is_shown_it_first(
        self, runtime, account, lin, question, path, what
    ):
        customer_writes(runtime, account, "等等!")
        body = {"last_seen_message_id": question.id, "until": None}
        answer = lin.post(f"{path}/{what}", body)
        assert answer.status_code == 409
        assert texts(as_json(answer)["newer_messages"]) == ["等等!"]
        assert conversation_of(runtime).status is Status.OPEN

    def test_a_note_by_a_colleague_is_not_in_the_way(self, lin, mei, question, path):
        mei.post(f"{path}/notes", {"text": "备注"})
        answer = lin.post(f"{path}/resolve", {"last_seen_message_id": question.id})
        assert as_json(answer)["status"] == "resolved"

    def test_past_the_promise_pending_is_a_conflict_that_says_what_to_do(self, lin, path, clock):
        clock.advance(minutes=6)
        answer = lin.post(f"{path}/pending")
        assert answer.status_code == 409
        assert "answer first" in as_json(answer)["detail"]


class TestPriorityAndTags:
    def test_the_priority_is_one_of_four(self, lin, path):
        assert as_json(lin.post(f"{path}/priority", {"priority": "high"}))["priority"] == "high"
        for wrong in ("highest", "", 1, None):
            answer = lin.post(f"{path}/priority", {"priority": wrong})
            assert (answer.status_code, as_json(answer)["field"]) == (422, "priority")

    def test_who_may_change_tags_makes_them_and_others_use_them(self, lin, zhou, path):
        answer = lin.post(f"{path}/tags", {"add": ["投诉"]})
        assert (answer.status_code, as_json(answer)["field"]) == (422, "add")
        assert as_json(zhou.post(f"{path}/tags", {"add": ["投诉"]}))["tags"] == ["投诉"]
        zhou.post(f"{path}/tags", {"remove": ["投诉"]})
        assert as_json(lin.post(f"{path}/tags", {"add": ["投诉"]}))["tags"] == ["投诉"]

    @pytest.mark.parametrize("body", [{"add": "x"}, {"remove": [1]}, {"add": ["x"] * 101}])
    def test_only_lists_of_names(self, lin, path, body):
        assert lin.post(f"{path}/tags", body).status_code == 422


class TestNotes:
    def test_a_note_is_an_internal_message(self, lin, team, path):
        body = {"text": "请看", "mentions": [team.mei]}
        answer = lin.post(f"{path}/notes", body, **{"Idempotency-Key": "k1"})
        assert answer.status_code == 201
        note = as_json(answer)
        assert (note["direction"], note["kind"], note["text"]) == ("internal", "note", "请看")
        assert note["content"] == {"mentions": [{"id": team.mei, "name": "Mei"}]}
        assert note["sender"] == {"kind": "agent", "id": team.lin, "name": "Lin"}
        assert (note["delivery"], note["place"]) == (None, None)
        again = lin.post(f"{path}/notes", body, **{"Idempotency-Key": "k1"})
        assert as_json(again)["id"] == note["id"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "text"),
            ({"text": ""}, "text"),
            ({"text": "x", "mentions": "all"}, "mentions"),
            ({"text": "x", "mentions": [True]}, "mentions"),
            ({"text": "x", "mentions": [0]}, "mentions"),
            ({"text": "x", "mentions": [2**60]}, "mentions"),
        ],
    )
    def test_what_can_not_be_taken_is_named(self, lin, path, body, field):
        answer = lin.post(f"{path}/notes", body)
        assert (answer.status_code, as_json(answer)["field"]) == (422, field)

    def test_scripts_that_read_messages_get_notes_only_on_request(self, lin, path):
        lin.post(f"{path}/notes", {"text": "备注"})
        assert texts(as_json(lin.get("/messages"))["items"]) == ["我的订单在哪里?"]
        assert texts(as_json(lin.get("/messages", direction="internal"))["items"]) == ["备注"]

    def test_mentions_are_listed_until_the_conversation_was_read(
        self, lin, mei, team, question, path
    ):
        for number in range(3):
            lin.post(f"{path}/notes", {"text": str(number), "mentions": [team.mei]})
        first = as_json(mei.get("/mentions", unseen="true", limit=2))
        assert texts(first["items"]) == ["2", "1"]
        assert first["items"][0]["by"] == {"id": team.lin, "name": "Lin"}
        assert first["items"][0]["conversation_id"] == question.conversation_id
        assert first["items"][0]["contact"]["id"] == question.contact_id
        rest = as_json(mei.get("/mentions", unseen="true", cursor=first["next_cursor"]))
        assert (texts(rest["items"]), rest["next_cursor"]) == (["0"], None)
        assert mei.put(f"{path}/read", {"message_id": question.id}).status_code == 204
        assert as_json(mei.get("/mentions", unseen="true"))["items"] == []
        assert as_json(mei.get("/mentions"))["items"][0]["seen_at"] is not None
        assert as_json(lin.get("/mentions"))["items"] == []


class TestReadAndDrafts:
    def test_read_makes_it_no_longer_new(self, lin, question, path):
        assert as_json(lin.get(path))["is_unread"] is True
        for _ in range(2):
            assert lin.put(f"{path}/read", {"message_id": question.id}).status_code == 204
        assert as_json(lin.get(path))["is_unread"] is False
        assert lin.put(f"{path}/read", {}).status_code == 422
        assert lin.put("/conversations/999999/read", {"message_id": 1}).status_code == 404

    def test_drafts_are_ones_own(self, lin, mei, path):
        empty = {"reply": "", "note": "", "updated_at": None}
        assert as_json(lin.get(f"{path}/draft")) == empty
        kept = as_json(lin.put(f"{path}/draft", {"reply": "您好", "note": "内部"}))
        assert (kept["reply"], kept["note"]) == ("您好", "内部")
        assert kept["updated_at"] == "2026-03-02T09:00:00.000Z"
        assert as_json(lin.get(path))["has_draft"] is True
        assert as_json(mei.get(path))["has_draft"] is False
        assert as_json(mei.get(f"{path}/draft")) == empty
        assert as_json(lin.put(f"{path}/draft", {"reply": ""}))["note"] == "内部"
        assert as_json(lin.delete(f"{path}/draft")) == empty
        assert lin.put(f"{path}/draft", {}).status_code == 422
        assert lin.put(f"{path}/draft", {"note": 1}).status_code == 422
        assert lin.get("/conversations/999999/draft").status_code == 404


class TestMergeAndSpam:
    def test_the_old_address_leads_to_the_new_conversation(
        self, runtime, account, lin, path, question, clock
    ):
        lin.post(f"{path}/resolve")
        clock.advance(days=2)
        new = customer_writes(runtime, account).conversation_id
        answer = as_json(lin.post(f"{path}/merge", {"into": new}))
        assert (answer["id"], answer["merged_into"]) == (new, None)
        assert as_json(lin.get(path))["merged_into"] == new
        assert lin.post(f"{path}/merge", {"into": new}).status_code == 409
        assert as_json(lin.post(f"{path}/merge", {}))["field"] == "into"

    def test_another_accounts_customer_is_refused(self, runtime, lin, path):
        second = make_account(runtime, slug="chaji", original_id="gh_two", app_id="wx2")
        other = customer_writes(runtime, second).conversation_id
        answer = lin.post(f"{path}/merge", {"into": other})
        assert (answer.status_code, as_json(answer)["field"]) == (422, "into")

    def test_spam_and_back(self, runtime, lin, path):
        answer = as_json(lin.post(f"{path}/spam", {"is_spam": True, "blacklist": True}))
        assert (answer["status"], answer["is_spam"]) == ("resolved", True)
        assert answer["contact"]["is_blacklisted"] is True
        answer = as_json(lin.post(f"{path}/spam", {"is_spam": False, "blacklist": False}))
        assert (answer["status"], answer["is_spam"]) == ("open", False)
        assert answer["contact"]["is_blacklisted"] is False
        assert lin.post(f"{path}/spam", {}).status_code == 422
        assert lin.post(f"{path}/spam", {"is_spam": True, "blacklist": "no"}).status_code == 422

    def test_supervisors_put_it_back_on_the_page(self, runtime, account, zhou, browser, team, path):
        zhou.post(f"{path}/spam", {"is_spam": True})
        said = customer_writes(runtime, account, "<b>我不是广告</b>")
        browser.log_in("zhou")
        page = browser.get("/settings/set-aside").text
        assert "&lt;b&gt;我不是广告&lt;/b&gt;" in page
        assert browser.get("/settings/set-aside/spam").status_code == 200
        action = f"/settings/set-aside/spam/{said.contact_id}/undo"
        assert action in page
        assert browser.post(action).status_code == 302
        assert conversation_of(runtime).status is Status.OPEN
        assert "我不是广告" not in browser.get("/settings/set-aside").text
        browser.log_in("lin")
        assert browser.get("/settings/set-aside").status_code == 403


def test_who_does_not_answer_customers_changes_nothing(chen, path, runtime):
    for what, body in (
        ("resolve", {}),
        ("snooze", {"until": None}),
        ("pending", {}),
        ("reopen", {}),
        ("priority", {"priority": "high"}),
        ("tags", {}),
        ("notes", {"text": "x"}),
        ("merge", {"into": 1}),
        ("spam", {"is_spam": True}),
    ):
        assert chen.post(f"{path}/{what}", body).status_code == 403
    assert chen.get(f"{path}/draft").status_code == 403
    assert lines_of(runtime) == []


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("resolve", {}),
        ("snooze", {"until": None}),
        ("pending", {}),
        ("reopen", {}),
        ("priority", {"priority": "high"}),
        ("tags", {}),
        ("notes", {"text": "x"}),
        ("merge", {"into": 1}),
        ("spam", {"is_spam": True}),
    ],
)
def test_no_such_conversation(lin, what, body):
    assert lin.post(f"/conversations/999999/{what}", body).status_code == 404
