"""What an agent's browser and a script do over /api/v1."""

import threading
from datetime import timedelta

import pytest
from cast import (
    WANG,
    agent_answers,
    auto_answer,
    conversation_of,
    customer_writes,
    entry,
    make_account,
    make_rule,
    messages_of,
    texts,
)

from wxdesk.contacts.models import Contact
from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed
from wxdesk.inbox.operations import Answer
from wxdesk.inbox.operations import reply as operation
from wxdesk.intake.operations import record
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.waiting import person_answered


@pytest.fixture
def question(runtime, account):
    """Wang has asked something."""
    return customer_writes(runtime, account)


def reply(api, message, text: str = "马上查。", **headers: str):
    body = {"text": text, "last_seen_message_id": message.id}
    return api.post(f"/conversations/{message.conversation_id}/messages", body, **headers)


def outgoing(runtime) -> list[str]:
    return [message.text for message in messages_of(runtime) if message.direction == "outgoing"]


class TestReplying:
    def test_lin_answers_and_the_conversation_is_hers(self, runtime, question, lin, team):
        answer = reply(lin, question)
        assert answer.status_code == 201
        assert answer.json["delivery"] == "queued"
        assert answer.json["sender"] == {"kind": "agent", "id": team.lin, "name": "Lin"}
        assert conversation_of(runtime).assignee_id == team.lin
        assert conversation_of(runtime).last_message_id == answer.json["id"]

    def test_an_answer_into_a_conversation_of_a_colleague_leaves_it_to_her(
        self, runtime, question, lin, mei, team
    ):
        mine = reply(lin, question).json
        body = {"text": "我补充一下", "last_seen_message_id": mine["id"]}
        mei.post(f"/conversations/{question.conversation_id}/messages", body)
        assert conversation_of(runtime).assignee_id == team.lin

    def test_a_thread_that_moved_on_is_409_with_what_is_new_and_nothing_stored(
        self, runtime, account, question, lin
    ):
        newer = customer_writes(runtime, account, "不用了,找到了")
        answer = reply(lin, question)
        assert answer.status_code == 409
        assert answer.mimetype == "application/problem+json"
        assert texts(answer.json["newer_messages"]) == ["不用了,找到了"]
        assert answer.json["last_message_id"] == newer.id
        assert outgoing(runtime) == []
        assert conversation_of(runtime).assignee_id is None

        assert reply(lin, newer).status_code == 201  # the draft, once she has read it

    def test_a_colleagues_answer_moves_the_thread_too(self, runtime, question, lin, mei):
        reply(lin, question, "Lin 的回答")
        answer = reply(mei, question, "Mei 的回答")
        assert answer.status_code == 409
        assert texts(answer.json["newer_messages"]) == ["Lin 的回答"]
        assert outgoing(runtime) == ["Lin 的回答"]

    def test_my_own_second_answer_needs_no_reload(self, runtime, question, lin):
        assert reply(lin, question, "第一句").status_code == 201
        assert reply(lin, question, "第二句").status_code == 201
        assert outgoing(runtime) == ["第一句", "第二句"]

    def test_an_automatic_answer_after_what_was_read_moves_the_thread(
        self, runtime, account, question, lin
    ):
        rule = make_rule(runtime, account)
        customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
        answer = reply(lin, question)
        assert answer.status_code == 409
        assert texts(answer.json["newer_messages"]) == ["抽奖", "感谢参与!"]

    def test_a_message_in_a_clock_skew_is_seen_by_its_id_and_not_by_its_time(
        self, runtime, account, question, lin, clock
    ):
        customer_writes(runtime, account, "迟到的", created_at=clock.now - timedelta(minutes=4))
        assert reply(lin, question).status_code == 409

    def test_the_same_key_sends_once_and_answers_the_same(self, runtime, question, lin):
        first = reply(lin, question, **{"Idempotency-Key": "k1"})
        again = reply(lin, question, **{"Idempotency-Key": "k1"})
        assert first.status_code == 201
        assert again.status_code in (200, 201)
        assert first.json["id"] == again.json["id"]
        assert len(outgoing(runtime)) == 1

    def test_the_same_key_for_another_text_is_a_conflict(self, runtime, question, lin):
        reply(lin, question, "一", **{"Idempotency-Key": "k1"})
        assert reply(lin, question, "二", **{"Idempotency-Key": "k1"}).status_code == 409
        assert outgoing(runtime) == ["一"]

    def test_two_people_may_use_the_same_key(self, runtime, question, lin, mei):
        mine = reply(lin, question, "一", **{"Idempotency-Key": "k1"})
        body = {"text": "二", "last_seen_message_id": mine.json["id"]}
        path = f"/conversations/{question.conversation_id}/messages"
        assert mei.post(path, body, **{"Idempotency-Key": "k1"}).status_code == 201

    def test_the_same_key_at_the_same_moment_sends_once(self, runtime, question, team):
        start = threading.Barrier(4)
        ids: list[object] = []

        def send() -> None:
            start.wait()
            text = Outgoing(OutgoingKind.TEXT, "一")
            answer = Answer(question.conversation_id, team.lin, text, question.id, "k1")
            with runtime.unit_of_work() as uow:
                ids.append(operation(uow, answer).id)

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 4
        assert len(set(ids)) == 1

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"last_seen_message_id": 1}, "text"),
            ({"text": 5, "last_seen_message_id": 1}, "text"),
            ({"text": "  \n", "last_seen_message_id": 10**9}, "text"),
            ({"text": "好" * 683, "last_seen_message_id": 10**9}, "text"),
            ({"text": "好"}, "last_seen_message_id"),
            ({"text": "好", "last_seen_message_id": "1"}, "last_seen_message_id"),
            ({"text": "好", "last_seen_message_id": True}, "last_seen_message_id"),
            ({"text": "好", "last_seen_message_id": 10**30}, "last_seen_message_id"),
            ([], "body"),
            ("text", "body"),
        ],
    )
    def test_a_wrong_answer_names_its_field(self, runtime, question, lin, body, field):
        answer = lin.post(f"/conversations/{question.conversation_id}/messages", body)
        assert (answer.status_code, answer.json["field"]) == (422, field)
        assert outgoing(runtime) == []

    @pytest.mark.parametrize("text", [r"a\u0000b", r"\u597d\ud83d"])
    def test_a_text_that_no_database_takes_is_never_a_server_error(
        self, runtime, question, lin, text
    ):
        answer = lin.client.post(
            f"/api/v1/conversations/{question.conversation_id}/messages",
            data=f'{{"text": "{text}", "last_seen_message_id": {question.id}}}',
            headers=lin.headers | {"Content-Type": "application/json"},
        )
        assert answer.status_code in (201, 422)

    @pytest.mark.parametrize("key", ["", "x" * 101])
    def test_a_key_that_can_not_be_kept_is_refused(self, runtime, question, lin, key):
        answer = reply(lin, question, **{"Idempotency-Key": key})
        assert (answer.status_code, answer.json["field"]) == (422, "Idempotency-Key")

    def test_the_window_of_48_hours_is_over(self, runtime, question, lin, clock):
        clock.advance(hours=48)
        answer = reply(lin, question)
        assert (answer.status_code, answer.json["field"]) == (422, "reply_window")
        assert answer.json["ways"] == ["hold"]
        assert outgoing(runtime) == []

    def test_the_sixth_answer_must_wait_for_the_customer(self, runtime, account, question, lin):
        for number in range(5):
            assert reply(lin, question, str(number)).status_code == 201
        assert reply(lin, question, "六").status_code == 422
        again = customer_writes(runtime, account, "好的")
        # five are on their way and may still use up the new five
        assert reply(lin, again, "六").status_code in (201, 422)

    def test_a_customer_who_left_can_not_be_answered(self, runtime, account, question, lin):
        left = customer_writes(runtime, account, kind="event", event="unsubscribe")
        body = {"text": "再见", "last_seen_message_id": left.id}
        path = f"/conversations/{question.conversation_id}/messages"
        assert lin.post(path, body).json["field"] == "reply_window"

    def test_a_resolved_conversation_takes_no_answer(self, question, lin):
        lin.post(f"/conversations/{question.conversation_id}/resolve")
        assert reply(lin, question).status_code == 409

    def test_a_conversation_that_nobody_has_is_not_found(self, account, lin):
        for number in (999_999, 2**63, 10**30):
            body = {"text": "好", "last_seen_message_id": 0}
            assert lin.post(f"/conversations/{number}/messages", body).status_code == 404

    def test_a_marketer_reads_but_does_not_answer(self, runtime, question, chen):
        assert reply(chen, question).status_code == 403
        assert chen.get(f"/conversations/{question.conversation_id}").status_code == 200
        assert outgoing(runtime) == []


class TestActs:
    def path(self, question, act: str) -> str:
        return f"/conversations/{question.conversation_id}/{act}"

    def test_lin_claims_and_mei_is_told_who_has_it(self, question, lin, mei, team):
        mine = lin.post(self.path(question, "assign"), {"assignee": "me"})
        assert mine.json["assignee"] == {"id": team.lin, "name": "Lin"}
        answer = mei.post(self.path(question, "assign"), {"assignee": "me"})
        assert answer.status_code == 409
        assert answer.json["assignee"] == {"id": team.lin, "name": "Lin"}

    def test_mei_takes_over_when_she_says_so_and_gives_back(self, question, lin, mei, team):
        lin.post(self.path(question, "assign"), {"assignee": "me"})
        body = {"assignee": "me", "take_over": True}
        assert mei.post(self.path(question, "assign"), body).json["assignee"]["id"] == team.mei
        body = {"assignee": None}
        assert mei.post(self.path(question, "assign"), body).json["assignee"] is None

    @pytest.mark.parametrize(
        "body", [{}, {"assignee": "Lin"}, {"assignee": 0}, {"assignee": 10**9}]
    )
    def test_a_wrong_assignee_is_named(self, question, lin, body):
        answer = lin.post(self.path(question, "assign"), body)
        assert (answer.status_code, answer.json["field"]) == (422, "assignee")

    def test_the_next_one_and_then_204(self, question, lin):
        assert lin.post("/conversations/next").json["id"] == question.conversation_id
        assert lin.post("/conversations/next").status_code == 204

    def test_resolve_and_reopen(self, question, lin):
        assert lin.post(self.path(question, "resolve")).json["status"] == "resolved"
        assert lin.post(self.path(question, "reopen")).json["status"] == "open"

    def test_a_marketer_acts_on_nothing(self, question, chen):
        for act in ("assign", "resolve", "reopen"):
            assert chen.post(self.path(question, act), {"assignee": "me"}).status_code == 403
        assert chen.post("/conversations/next").status_code == 403


class TestLists:
    def test_the_deadline_decides_and_then_who_waits_longest(
        self, runtime, account, lin, clock, team
    ):
        answered = customer_writes(runtime, account, openid="oAnswered")
        with runtime.unit_of_work() as uow:
            conversation = uow.session.get_one(Conversation, answered.conversation_id)
            answer = Message(id=2**40, sender_id=team.lin, created_at=clock.now)
            person_answered(uow, conversation, answer, None)
            changed(uow, conversation, uow.session.get_one(Contact, conversation.contact_id))
        customer_writes(runtime, account, openid="oFirst")
        clock.advance(seconds=30)
        customer_writes(runtime, account, openid="oSecond")
        order = [item["openid"] for item in lin.get("/conversations").json["items"]]
        assert order == ["oFirst", "oSecond", "oAnswered"]

    def test_pages_visit_each_row_once_while_rows_change(self, runtime, account, lin, clock):
        with runtime.unit_of_work() as uow:
            record(uow, [entry(runtime, account, openid=f"o{n:02d}") for n in range(30)])
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = lin.get("/conversations", limit=7, cursor=cursor).json
            seen += [item["openid"] for item in page["items"]]
            cursor = page["next_cursor"]
            clock.advance(seconds=1)
            for item in page["items"][:2]:  # a second message does not move the deadline
                customer_writes(runtime, account, openid=item["openid"])
            customer_writes(runtime, account, openid=f"oNew{len(seen)}")
        old = [openid for openid in seen if not openid.startswith("oNew")]
        assert sorted(old) == [f"o{n:02d}" for n in range(30)]
        assert len(seen) == len(set(seen))

    @pytest.mark.parametrize("order", ["deadline", "waiting", "newest"])
    def test_every_order_pages_through_everything_once(self, runtime, account, lin, clock, order):
        for number in range(7):
            customer_writes(runtime, account, openid=f"o{number}")
            clock.advance(seconds=number % 2)
        seen: list[int] = []
        cursor = ""
        while cursor is not None:
            page = lin.get("/conversations", order=order, limit=2, cursor=cursor).json
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert len(seen) == len(set(seen)) == 7
        whole = [item["id"] for item in lin.get("/conversations", order=order).json["items"]]
        assert seen == whole

    def test_the_filters(self, runtime, account, lin, clock, team):
        other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
        mine = customer_writes(runtime, account)
        agent_answers(runtime, mine, team.lin)
        customer_writes(runtime, other, openid="oLi")
        clock.advance(seconds=400)
        check_deadlines()
        customer_writes(runtime, account, openid="oZhao")

        def found(**query: object) -> list[str]:
            items = lin.get("/conversations", **query).json["items"]
            return sorted(item["openid"] for item in items)

        assert found(assignee="me") == found(assignee=team.lin) == [WANG]
        assert found(assignee="none") == ["oLi", "oZhao"]
        assert found(account="other") == ["oLi"]
        assert found(openid=WANG) == [WANG]
        assert found(breached="true") == sorted(["oLi", WANG])
        assert found(breached="false") == ["oZhao"]
        assert found(status="resolved") == []

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"limit": "0"}, "limit"),
            ({"limit": "501"}, "limit"),
            ({"limit": "x"}, "limit"),
            ({"limit": "9" * 5000}, "limit"),
            ({"limit": "²"}, "limit"),
            ({"order": "urgency"}, "order"),
            ({"status": "done"}, "status"),
            ({"assignee": "Lin"}, "assignee"),
            ({"breached": "maybe"}, "breached"),
            ({"cursor": "junk"}, "cursor"),
            ({"cursor": "é"}, "cursor"),
            ({"cursor": "W10"}, "cursor"),
            ({"cursor": "eyJhIjoxfQ"}, "cursor"),
            ({"cursor": "MTIz"}, "cursor"),
            ({"cursor": "W3sidCI6ICJ4In0sIDEsIDFd"}, "cursor"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_a_wrong_argument_is_422_with_its_field(self, account, lin, query, field):
        answer = lin.get("/conversations", **query)
        assert (answer.status_code, answer.json.get("field")) == (422, field)

    def test_a_cursor_of_another_order_is_refused(self, runtime, account, lin):
        for number in range(3):
            customer_writes(runtime, account, openid=f"o{number}")
        cursor = lin.get("/conversations", limit=1, order="newest").json["next_cursor"]
        assert lin.get("/conversations", cursor=cursor, order="deadline").status_code == 422

    def test_an_account_that_nobody_has_is_named(self, account, lin):
        answer = lin.get("/conversations", account="nobody")
        assert answer.status_code in (404, 422)
        assert "nobody" in answer.json["detail"]

    def test_messages_are_read_onwards_from_an_id(self, runtime, account, lin):
        ids = [customer_writes(runtime, account, f"{n}").id for n in range(5)]
        assert texts(lin.get("/messages", since_id=ids[2]).json["items"]) == ["3", "4"]
        first = lin.get("/messages", limit=3).json
        rest = lin.get("/messages", limit=3, cursor=first["next_cursor"]).json
        assert texts(first["items"] + rest["items"]) == list("01234")
        assert rest["next_cursor"] is None

    def test_messages_by_every_filter(self, runtime, account, question, lin, team):
        customer_writes(runtime, account, "别人", openid="oLi")
        agent_answers(runtime, question, team.lin, "回答")
        get = lambda **query: texts(lin.get("/messages", **query).json["items"])  # noqa: E731
        assert get(openid="oLi") == ["别人"]
        assert get(direction="outgoing") == ["回答"]
        assert get(conversation_id=question.conversation_id) == [question.text, "回答"]
        assert get(account="yunshan", direction="incoming") == [question.text, "别人"]

    def test_the_thread_shows_the_whole_history_oldest_first_page_by_page(
        self, runtime, account, lin, clock
    ):
        rule = make_rule(runtime, account)
        for number in range(3):
            clock.advance(seconds=1)
            message = customer_writes(runtime, account, f"{number}")
        clock.advance(seconds=1)
        customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
        path = f"/conversations/{message.conversation_id}/thread"
        whole = lin.get(path).json
        assert texts(whole["items"]) == ["0", "1", "2", "抽奖", "感谢参与!"]
        assert whole["items"][4]["rule"]["name"] == "活动"
        assert whole["items"][4]["delivery"] == "sent"
        newest = lin.get(path, limit=2).json
        older = lin.get(path, limit=2, cursor=newest["next_cursor"]).json
        assert texts(older["items"] + newest["items"]) == ["1", "2", "抽奖", "感谢参与!"]
        assert newest["last_message_id"] == older["last_message_id"] == whole["last_message_id"]

    def test_the_counts(self, runtime, account, question, lin, team, clock):
        agent_answers(runtime, question, team.lin)
        customer_writes(runtime, account, openid="oLi")
        clock.advance(seconds=250)
        customer_writes(runtime, account, openid="oZhao")
        counts = lin.get("/inbox/counts").json
        names = ("mine", "unassigned", "all", "breached", "due_soon", "resolved_today")
        assert [counts[name] for name in names] == [1, 2, 3, 0, 2, 0]
        clock.advance(seconds=60)
        check_deadlines()
        lin.post(f"/conversations/{question.conversation_id}/resolve")
        clock.advance(seconds=2)
        counts = lin.get("/inbox/counts").json
        assert [counts[name] for name in names] == [0, 2, 2, 1, 0, 1]

    def test_a_conversation_as_the_contract_describes_it(self, question, lin, clock):
        found = lin.get(f"/conversations/{question.conversation_id}").json
        assert found["openid"] == WANG
        assert found["deadlines"] == {
            "first_response": "2026-03-02T09:05:00.000Z",
            "next_response": None,
            "resolution": None,
        }
        window = found["reply_window"]
        assert (window["closes_at"], window["remaining"]) == ("2026-03-04T09:00:00.000Z", 5)
        assert found["waiting_since"] == "2026-03-02T09:00:00.000Z"
        named = {"id", "account", "contact", "status", "priority", "assignee", "tags", "version"}
        assert named <= found.keys()

    def test_a_message_as_the_contract_describes_it(self, question, lin):
        (found,) = lin.get("/messages").json["items"]
        assert found["wechat_msg_id"] == question.wechat_msg_id
        assert (found["direction"], found["kind"], found["delivery"]) == ("incoming", "text", None)
        assert (found["sender"]["kind"], found["error"]) == ("customer", None)


class TestTheWindow:
    """What the customer does opens, renews and closes the reply window."""

    def window(self, runtime, lin) -> tuple[str | None, int]:
        (item,) = lin.get("/conversations").json["items"]
        return item["reply_window"]["closes_at"], item["reply_window"]["remaining"]

    def test_a_new_message_renews_it(self, runtime, account, question, lin, clock):
        clock.advance(hours=10)
        customer_writes(runtime, account, "还在吗")
        assert self.window(runtime, lin) == ("2026-03-04T19:00:00.000Z", 5)

    def test_a_menu_click_does_not_shorten_it(self, runtime, account, question, lin):
        customer_writes(runtime, account, kind="event", event="CLICK")
        assert self.window(runtime, lin) == ("2026-03-04T09:00:00.000Z", 5)

    def test_a_tap_on_a_menu_message_opens_a_minute_only(self, runtime, account, lin):
        customer_writes(runtime, account, "1", fields={"bizmsgmenuid": "1"})
        assert self.window(runtime, lin) == ("2026-03-02T09:01:00.000Z", 3)

    def test_leaving_closes_it(self, runtime, account, question, lin):
        customer_writes(runtime, account, kind="event", event="unsubscribe")
        assert self.window(runtime, lin) == (None, 0)


def test_a_position_sent_by_the_phone_does_not_hold_an_answer_back(runtime, account, lin):
    question = customer_writes(runtime, account)
    customer_writes(runtime, account, "", kind="event", event="LOCATION")
    path = f"/conversations/{question.conversation_id}/messages"
    answer = lin.post(path, {"text": "好的", "last_seen_message_id": question.id})
    assert answer.status_code == 201


def test_claiming_the_next_silences_the_rules_at_once(runtime, account, lin, redis):
    customer_writes(runtime, account)
    assert lin.post("/conversations/next").status_code == 200
    assert redis.hget(standings.key(account.id), WANG) == b"attended"


def test_resolving_is_refused_when_the_customer_has_just_written(runtime, account, lin):
    question = customer_writes(runtime, account)
    later = customer_writes(runtime, account, "等等,还有一件事")
    path = f"/conversations/{question.conversation_id}/resolve"
    refused = lin.post(path, {"last_seen_message_id": question.id})
    assert refused.status_code == 409
    assert [item["id"] for item in refused.json["newer_messages"]] == [later.id]
    assert lin.post(path, {"last_seen_message_id": later.id}).json["status"] == "resolved"
