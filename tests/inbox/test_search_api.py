"""What agents find, over HTTP."""

import pytest
from cast import (
    WANG,
    agent_answers,
    conversation_of,
    customer_writes,
    entry,
    make_account,
)
from sqlalchemy import update

from wxdesk.conversations.models import ConversationTag, ConversationTagging, Message
from wxdesk.inbox.merging import merge
from wxdesk.inbox.operations import resolve
from wxdesk.intake.operations import record
from wxdesk.search import queries
from wxdesk.search.jobs import index_messages

ODD = ("?", "。,!", "!!!!", "....", "%%%%", '"', "'; DROP", "NEAR(", "*", "好" * 200, "😀")


@pytest.fixture
def question(runtime, account):
    """Wang has asked something, and it is indexed."""
    message = customer_writes(runtime, account, "我的订单12345三天了还没有发货")
    index_messages()
    return message


def marked(hit) -> list[str]:
    return [hit["excerpt"][start : start + length] for start, length in hit["ranges"]]


def ids(answer) -> list[int]:
    return [hit["message"]["id"] for hit in answer.json["items"]]


def tag_all(runtime, messages) -> None:
    """Put the tag 催单 on the conversations of these messages."""
    with runtime.unit_of_work() as uow:
        tag = ConversationTag(name="催单", created_at=uow.now)
        uow.session.add(tag)
        uow.session.flush()
        uow.session.add_all(
            ConversationTagging(
                conversation_id=message.conversation_id, tag_id=tag.id, tagged_at=uow.now
            )
            for message in messages
        )


class TestMessages:
    def test_a_hit_says_where_it_is_and_who_wrote(self, question, lin):
        answer = lin.get("/search", q="訂單")
        (hit,) = answer.json["items"]
        assert hit["kind"] == "message"
        assert hit["message"]["id"] == question.id
        assert hit["conversation_id"] == question.conversation_id
        assert hit["contact"]["id"] == question.contact_id
        assert marked(hit) == ["订单"]
        assert answer.json["next_cursor"] is None
        assert answer.json["indexed_to"] == {"is_complete": True}

    @pytest.mark.parametrize("order", ["best", "newest"])
    def test_pages_visit_every_hit_once(self, runtime, account, lin, clock, order):
        for number in range(23):
            customer_writes(runtime, account, "订单" * (1 + number % 3), openid=f"o{number % 4}")
            clock.advance(minutes=1)
        index_messages()
        seen: list[int] = []
        cursor = ""
        while cursor is not None:
            page = lin.get("/search", q="订单", order=order, limit=4, cursor=cursor)
            seen += ids(page)
            cursor = page.json["next_cursor"]
            customer_writes(runtime, account, "订单来了新的", openid="oNew")
            index_messages()
        assert len(seen) == len(set(seen)) == 23
        if order == "newest":
            assert seen == sorted(seen, reverse=True)

    @pytest.mark.parametrize("order", ["best", "newest"])
    def test_hits_that_are_few_among_many_are_all_reached(
        self, runtime, account, lin, monkeypatch, order
    ):
        for name, value in (("CHUNK", 2), ("MOST_ROUNDS", 2), ("MOST_RANKED", 3)):
            monkeypatch.setattr(queries, name, value)
        monkeypatch.setattr(queries, "MOST_CUSTOMERS", 0)
        wanted = []
        for number in range(30):
            message = customer_writes(runtime, account, "订单", openid=f"o{number}")
            if number in (1, 2, 4, 5, 6, 7, 17):
                wanted.append(message)
        tag_all(runtime, wanted)
        index_messages()
        seen, cursor = [], ""
        while cursor is not None:
            page = lin.get("/search", q="订单", tag="催单", order=order, limit=2, cursor=cursor)
            seen += ids(page)
            cursor = page.json["next_cursor"]
        assert len(seen) == len(wanted)
        assert set(seen) == {message.id for message in wanted}

    def test_what_an_agent_wrote_is_found_behind_many_of_others(
        self, runtime, account, lin, team, monkeypatch
    ):
        monkeypatch.setattr(queries, "CHUNK", 2)
        monkeypatch.setattr(queries, "MOST_ROUNDS", 1)
        question = customer_writes(runtime, account, "订单")
        answer = agent_answers(runtime, question, team.lin, "订单查到了")
        for number in range(9):
            customer_writes(runtime, account, "订单", openid=f"o{number}")
        index_messages()
        for order in ("best", "newest"):
            found = lin.get("/search", q="订单", agent=team.lin, order=order)
            assert ids(found) == [answer, question.id]

    def test_a_number_too_large_is_nobody(self, question, lin):
        assert ids(lin.get("/search", q="订单", openid=WANG)) == [question.id]
        assert ids(lin.get("/search", q="订单", openid=WANG, agent=2**53)) == []

    def test_the_best_say_it_more_often_or_are_newer(self, runtime, account, lin):
        often = customer_writes(runtime, account, "退款退款退款,我要退款")
        once = [customer_writes(runtime, account, "怎么退款").id for _ in range(3)]
        index_messages()
        assert ids(lin.get("/search", q="退款")) == [often.id, *once[::-1]]
        assert ids(lin.get("/search", q="退款", order="newest")) == [*once[::-1], often.id]

    def test_filters(self, runtime, account, question, lin, team):
        other = make_account(runtime, slug="other", original_id="gh_o", app_id="wx_o")
        theirs = customer_writes(runtime, other, "订单在别处", openid="oLi")
        answer = agent_answers(runtime, question, team.lin, "订单马上发")
        tag_all(runtime, [theirs])
        index_messages()
        get = lambda **query: ids(lin.get("/search", q="订单", order="newest", **query))  # noqa: E731
        assert get() == [answer, theirs.id, question.id]
        assert get(account="other") == get(openid="oLi") == get(tag="催单") == [theirs.id]
        assert get(agent="me") == get(agent=team.lin) == [answer, question.id]
        assert get(agent=team.mei) == []
        assert get(**{"from": "2026-03-02", "to": "2026-03-02"}) == [answer, theirs.id, question.id]
        assert get(**{"from": "2026-03-03"}) == get(to="2026-03-01") == []

    def test_days_are_those_of_the_people_here(self, runtime, account, lin, clock):
        clock.advance(hours=8)  # 17:00 UTC is one o'clock in Shanghai, on the next day
        message = customer_writes(runtime, account, "订单")
        index_messages()
        assert ids(lin.get("/search", q="订单", **{"from": "2026-03-03"})) == [message.id]
        assert ids(lin.get("/search", q="订单", to="2026-03-02")) == []

    def test_a_note_to_colleagues_is_found_too(self, question, lin):
        path = f"/conversations/{question.conversation_id}/notes"
        note = lin.post(path, {"text": "此客户要开专票", "mentions": []})
        index_messages()
        (hit,) = lin.get("/search", q="专票").json["items"]
        assert hit["message"]["id"] == note.json["id"]
        assert hit["message"]["direction"] == "internal"

    def test_the_last_day_of_all_is_a_day(self, question, lin):
        assert ids(lin.get("/search", q="订单", to="9999-12-30")) == [question.id]
        assert lin.get("/search", q="订单", to="9999-12-31").status_code in (200, 422)

    def test_an_answer_to_all_leads_to_the_latest_conversation(self, runtime, account, lin):
        customer_writes(runtime, account, "你好")
        with runtime.unit_of_work() as uow:
            uow.session.execute(
                update(Message).values(conversation_id=None, text="自动回复的话"),
            )
        index_messages()
        (hit,) = lin.get("/search", q="自动回复").json["items"]
        assert hit["conversation_id"] == conversation_of(runtime).id

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({}, "q"),
            ({"q": "   "}, "q"),
            ({"q": "好" * 201}, "q"),
            ({"q": "好", "kind": "files"}, "kind"),
            ({"q": "好", "order": "oldest"}, "order"),
            ({"q": "好", "from": "yesterday"}, "from"),
            ({"q": "好", "from": "2026-13-01"}, "from"),
            ({"q": "好", "from": "0001-01-01"}, "from"),
            ({"q": "好", "from": "2026-03-02", "to": "2026-03-01"}, "to"),
            ({"q": "好", "to": "2026-02-30"}, "to"),
            ({"q": "好", "tag": "没有"}, "tag"),
            ({"q": "好", "agent": "Lin"}, "agent"),
            ({"q": "好", "cursor": "junk"}, "cursor"),
            ({"q": "好", "limit": "0"}, "limit"),
        ],
    )
    def test_a_wrong_argument_is_422_with_its_field(self, account, lin, query, field):
        answer = lin.get("/search", **query)
        assert (answer.status_code, answer.json.get("field")) == (422, field)

    @pytest.mark.parametrize("query", ODD)
    @pytest.mark.parametrize("kind", ["messages", "contacts"])
    def test_an_odd_question_is_answered(self, question, lin, query, kind):
        assert lin.get("/search", q=query, kind=kind).json["items"] == []

    def test_one_message_by_its_link(self, question, lin):
        found = lin.get(f"/messages/{question.id}").json
        assert (found["id"], found["conversation_id"]) == (question.id, question.conversation_id)
        assert lin.get("/messages/999999").status_code == 404


class TestCustomers:
    def test_a_customer_is_found_with_the_latest_conversation(self, question, lin):
        lin.patch(f"/contacts/{question.contact_id}", {"remark": "王小姐"})
        index_messages()
        (hit,) = lin.get("/search", q="王小", kind="contacts").json["items"]
        assert hit["kind"] == "contact"
        assert hit["contact"]["remark"] == "王小姐"
        assert hit["conversation_id"] == question.conversation_id
        assert marked(hit) == ["王小"]

    def test_by_openid_and_filters(self, runtime, question, lin, team):
        def found(**query: object) -> list[int]:
            items = lin.get("/search", kind="contacts", **query).json["items"]
            return [hit["contact"]["id"] for hit in items]

        assert found(q=WANG[:9]) == [question.contact_id]
        assert found(q=WANG, account="yunshan") == [question.contact_id]
        assert found(q=WANG, openid="oLi") == []
        assert found(q=WANG, openid=WANG) == [question.contact_id]
        assert found(q=WANG, openid=WANG.lower()) == []
        assert found(q=WANG, agent=team.lin) == []
        agent_answers(runtime, question, team.lin)
        assert found(q=WANG, agent=team.lin) == [question.contact_id]
        assert found(q=WANG, to="2026-03-01") == []

    def test_a_conversation_that_was_merged_is_not_where_a_hit_leads(
        self, runtime, account, question, lin, team, clock
    ):
        with runtime.unit_of_work() as uow:
            resolve(uow, question.conversation_id, agent_id=team.lin)
        clock.advance(days=3)
        later = customer_writes(runtime, account)
        assert later.conversation_id > question.conversation_id
        with runtime.unit_of_work() as uow:
            merge(uow, later.conversation_id, question.conversation_id, agent_id=team.lin)
        index_messages()
        (hit,) = lin.get("/search", q=WANG, kind="contacts").json["items"]
        assert hit["conversation_id"] == question.conversation_id


class TestOneHistory:
    def test_the_newest_first_also_what_is_not_indexed_yet(self, runtime, account, question, lin):
        customer_writes(runtime, account, "订单是别人的", openid="oLi")
        index_messages()
        later = customer_writes(runtime, account, "订单还没到")
        path = f"/conversations/{question.conversation_id}/search"
        found = lin.get(path, q="订单").json
        assert [hit["message_id"] for hit in found["items"]] == [later.id, question.id]
        assert [marked(hit) for hit in found["items"]] == [["订单"], ["订单"]]
        assert found["total_is_capped"] is False
        assert lin.get(path, q="没有这个").json["items"] == []
        assert lin.get(path).status_code == 422
        assert lin.get("/conversations/999999/search", q="订单").status_code == 404

    def test_at_most_two_hundred_are_shown(self, runtime, account, lin):
        with runtime.unit_of_work() as uow:
            record(uow, [entry(runtime, account, "订单") for _ in range(202)])
        message = customer_writes(runtime, account, "订单")
        index_messages()
        found = lin.get(f"/conversations/{message.conversation_id}/search", q="订单")
        assert len(found.json["items"]) == 200
        assert found.json["total_is_capped"] is True
