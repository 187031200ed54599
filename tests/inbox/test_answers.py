"""Answers of every kind: what can be sent now, what waits, what is refused and why."""

import json

import pytest
from cast import WANG, customer_writes, entry
from sqlalchemy import select

from wxdesk.accounts.models import Account, MessageTemplate
from wxdesk.accounts.rules import TemplateKind
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.intake.operations import record
from wxdesk.outbound import held
from wxdesk.outbound.jobs import repair_held
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery, Via


@pytest.fixture
def question(runtime, account) -> Message:
    return customer_writes(runtime, account)


@pytest.fixture
def send(lin, question):
    def post(body: dict[str, object], **headers: str):
        path = f"/conversations/{question.conversation_id}/messages"
        return lin.post(path, {"last_seen_message_id": question.id} | body, **headers)

    return post


def rows(runtime) -> list[DeliveryRow]:
    with runtime.reading() as session:
        return list(session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)))


def change_contact(runtime, **values: object) -> None:
    with runtime.unit_of_work() as uow:
        contact = uow.session.scalars(select(Contact)).one()
        for name, value in values.items():
            setattr(contact, name, value)


def change_account(runtime, **values: object) -> None:
    with runtime.unit_of_work() as uow:
        account = uow.session.scalars(select(Account)).one()
        for name, value in values.items():
            setattr(account, name, value)


def shown(lin, question) -> dict[str, object]:
    return lin.get(f"/conversations/{question.conversation_id}").json


class TestLongTexts:
    LONG = "好" * 1000  # 3,000 bytes

    def test_a_long_text_is_not_split_unasked_and_says_in_how_many(self, runtime, send):
        answer = send({"text": self.LONG})
        assert answer.status_code == 422
        assert (answer.json["field"], answer.json["parts"]) == ("text", 2)
        assert rows(runtime) == []

    def test_asked_for_it_leaves_in_parts_that_cost_one_each(self, runtime, lin, send, question):
        answer = send({"text": self.LONG, "allow_split": True})
        assert answer.status_code == 201
        assert answer.json["part"] == {"number": 1, "of": 2}
        with runtime.reading() as session:
            parts = list(session.scalars(select(Message).where(Message.part_number.is_not(None))))
        assert "".join(part.text for part in parts) == self.LONG
        assert [row.state for row in rows(runtime)] == [Delivery.QUEUED] * 2
        assert shown(lin, question)["last_message"]["id"] == parts[-1].id

    def test_the_same_key_does_not_send_the_parts_again(self, runtime, send):
        body = {"text": self.LONG, "allow_split": True}
        first, second = (
            send(body, **{"Idempotency-Key": "k"}),
            send(body, **{"Idempotency-Key": "k"}),
        )
        assert first.json["id"] == second.json["id"]
        assert len(rows(runtime)) == 2

    def test_more_parts_than_answers_are_left_is_refused_before_anything_is_sent(
        self, runtime, send
    ):
        change_contact(runtime, window_remaining=1)
        answer = send({"text": self.LONG, "allow_split": True})
        assert (answer.status_code, answer.json["field"]) == (422, "reply_window")
        assert answer.json["ways"] == ["hold"]
        assert rows(runtime) == []

    def test_a_text_that_no_window_can_take_is_refused(self, send):
        answer = send({"text": "好" * 4000, "allow_split": True})
        assert (answer.status_code, answer.json["field"]) == (422, "text")


class TestAClosedWindow:
    @pytest.fixture(autouse=True)
    def closed(self, runtime, question, clock):
        clock.advance(hours=49)

    def test_the_way_that_is_left_is_said(self, lin, send, question):
        answer = send({"text": "还在吗?"})
        assert (answer.status_code, answer.json["field"]) == (422, "reply_window")
        assert answer.json["ways"] == ["hold"]
        assert shown(lin, question)["ways"] == ["hold"]

    def test_a_held_answer_waits_and_leaves_when_the_customer_writes(
        self, runtime, lin, send, question, account
    ):
        answer = send({"text": "请把照片发来。", "hold": True})
        assert (answer.status_code, answer.json["delivery"]) == (201, "held")
        assert shown(lin, question)["held"] == 1
        customer_writes(runtime, account, "我来了")
        (row,) = rows(runtime)
        assert row.state is Delivery.QUEUED
        assert shown(lin, question)["held"] == 0

    def test_of_many_held_answers_only_as_many_leave_as_the_window_takes(
        self, runtime, send, account
    ):
        for number in range(7):
            assert send({"text": str(number), "hold": True}).status_code == 201
        customer_writes(runtime, account)
        states = [row.state for row in rows(runtime)]
        assert states == [Delivery.QUEUED] * 5 + [Delivery.HELD] * 2

    def test_an_event_does_not_release_what_waits_for_a_message(self, runtime, send, account):
        send({"text": "一", "hold": True})
        with runtime.unit_of_work() as uow:
            record(uow, [entry(runtime, account, "", kind="event", event="CLICK")])
        assert [row.state for row in rows(runtime)] == [Delivery.HELD]

    def test_a_held_answer_can_be_taken_back_once(self, runtime, lin, send):
        message_id = send({"text": "一", "hold": True}).json["id"]
        taken = lin.post(f"/messages/{message_id}/withdraw")
        assert (taken.status_code, taken.json["delivery"]) == (200, "withdrawn")
        assert lin.post(f"/messages/{message_id}/withdraw").status_code == 409
        assert rows(runtime)[0].state is Delivery.WITHDRAWN

    def test_no_more_than_twenty_wait_for_one_customer(self, send):
        for number in range(held.MOST_HELD):
            send({"text": str(number), "hold": True})
        assert send({"text": "再一条", "hold": True}).status_code == 409

    def test_a_failed_answer_tried_again_is_held(self, runtime, lin, send):
        message_id = send({"text": "一", "hold": True}).json["id"]
        with runtime.unit_of_work() as uow:
            uow.session.scalars(select(DeliveryRow)).one().state = Delivery.FAILED
        assert lin.post(f"/messages/{message_id}/retry").json["delivery"] == "held"


@pytest.mark.parametrize("text", ["\x01", " \x02\n"])
def test_what_no_xml_can_hold_is_nothing(runtime, send, text):
    assert send({"text": text}).status_code == 422
    assert rows(runtime) == []


def test_choices_hold_no_null_character(send):
    body = {"kind": "msgmenu", "choices": [{"id": "1", "text": "\x00好"}]}
    answer = send(body)
    assert answer.json["content"]["choices"] == [{"id": "1", "text": "好"}]


def test_a_failed_answer_is_sent_again_while_the_window_is_open(runtime, lin, send):
    message_id = send({"text": "一"}).json["id"]
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(select(DeliveryRow)).one()
        row.state, row.error_code, row.attempts = Delivery.FAILED, "-1", 6
    answer = lin.post(f"/messages/{message_id}/retry")
    assert (answer.json["delivery"], answer.json["error"]) == ("queued", None)
    assert rows(runtime)[0].attempts == 0
    assert lin.post(f"/messages/{message_id}/retry").status_code == 409


class TestAnAccountWithoutTheMessageApi:
    @pytest.fixture(autouse=True)
    def unverified(self, runtime, account):
        change_account(runtime, is_verified=False)

    def test_an_answer_waits_without_being_asked_to(self, runtime, lin, send, question):
        answer = send({"text": "您好"})
        assert (answer.status_code, answer.json["delivery"]) == (201, "held")
        state = shown(lin, question)
        assert (state["ways"], state["passive_only"]) == (["hold"], True)
        assert state["can_attach"] is False

    def test_only_text_can_wait_for_a_push(self, send):
        answer = send({"kind": "news", "title": "新品", "url": "https://example.com/"})
        assert (answer.status_code, answer.json["field"]) == (422, "kind")

    def test_what_waits_lies_where_the_webhook_finds_it(self, runtime, lin, send, account):
        first = send({"text": "您好"}).json["id"]
        send({"text": "请稍等"})
        kept = runtime.redis.hget(held.key(account.id), WANG)
        assert json.loads(kept)["text"] == "您好\n\n请稍等"
        lin.post(f"/messages/{first}/withdraw")
        assert "您好" not in runtime.redis.hget(held.key(account.id), WANG).decode()

    def test_a_lost_hash_is_made_again_and_a_wrong_one_mended(self, runtime, send, account):
        send({"text": "您好"})
        key = held.key(account.id)
        before = runtime.redis.hgetall(key)
        runtime.redis.delete(key)
        runtime.redis.hset(key, "o-stranger", "x")
        repair_held()
        assert runtime.redis.hgetall(key) == before


class TestWhoCannotBeAnswered:
    @pytest.mark.parametrize(
        "values", [{"is_following": False, "window_closes_at": None}, {"is_blacklisted": True}]
    )
    def test_nothing_can_be_sent_and_nothing_can_wait(self, runtime, lin, send, question, values):
        change_contact(runtime, **values)
        answer = send({"text": "您好", "hold": True})
        assert (answer.status_code, answer.json["ways"]) == (422, [])
        state = shown(lin, question)
        assert state["ways"] == []
        assert state["cannot_send"]


def test_who_writes_without_following_is_answered_while_the_window_is_open(runtime, lin, send):
    change_contact(runtime, is_following=False)
    assert send({"text": "您好"}).status_code == 201


class TestKinds:
    def test_a_link_card(self, runtime, send):
        body = {
            "kind": "news",
            "title": "新品",
            "url": "https://example.com/a",
            "description": "看",
        }
        answer = send(body)
        assert answer.status_code == 201
        assert answer.json["content"] == {
            "title": "新品",
            "description": "看",
            "url": "https://example.com/a",
            "picture_url": "",
        }
        assert answer.json["text"] == "新品\n看"

    def test_a_menu_of_choices(self, send):
        choices = [{"id": "1", "text": "满意"}, {"id": "2", "text": "不满意"}]
        answer = send({"kind": "msgmenu", "head": "您满意吗?", "choices": choices, "tail": ""})
        assert answer.json["content"]["choices"] == choices
        assert answer.json["text"] == "您满意吗?\n满意\n不满意"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"kind": "song"}, "kind"),
            ({"kind": "news", "url": "https://example.com/"}, "title"),
            ({"kind": "news", "title": "x", "url": "javascript:alert(1)"}, "url"),
            ({"kind": "news", "title": "x", "url": "https://"}, "url"),
            ({"kind": "news", "title": "x" * 65, "url": "https://example.com/"}, "title"),
            ({"kind": "msgmenu", "choices": []}, "choices"),
            ({"kind": "msgmenu", "choices": [{"id": "1"}]}, "choices"),
            ({"kind": "msgmenu", "choices": [{"id": "a b", "text": "x"}]}, "choices"),
            ({"kind": "msgmenu", "choices": [{"id": "1", "text": "x"}] * 2}, "choices"),
            ({"kind": "miniprogrampage", "title": "x", "app_id": "gh", "page_path": "p"}, "app_id"),
            ({"kind": "image"}, "attachment_id"),
            ({"kind": "image", "attachment_id": 999}, "attachment_id"),
            ({"kind": "template", "template_id": "t1"}, "template_id"),
        ],
    )
    def test_what_wechat_would_not_take_is_refused_with_its_field(self, runtime, send, body, field):
        answer = send(body)
        assert (answer.status_code, answer.json["field"]) == (422, field)
        assert rows(runtime) == []


FILLED = {"kind": "template", "template_id": "t1", "data": {"keyword1": "42", "keyword2": "已发"}}


class TestTemplates:
    @pytest.fixture(autouse=True)
    def template(self, runtime, account):
        with runtime.unit_of_work() as uow:
            uow.session.add(
                MessageTemplate(
                    account_id=account.id,
                    kind=TemplateKind.TEMPLATE,
                    template_id="t1",
                    title="发货通知",
                    content="订单:{{keyword1.DATA}}\n状态:{{keyword2.DATA}}",
                    example="",
                    refreshed_at=uow.now,
                )
            )

    def test_a_template_is_a_way_out_of_a_closed_window(self, runtime, lin, send, question, clock):
        clock.advance(hours=49)
        assert shown(lin, question)["ways"] == ["hold", "template"]
        answer = send(FILLED)
        assert (answer.status_code, answer.json["delivery"]) == (201, "queued")
        assert answer.json["text"] == "发货通知\n订单:42\n状态:已发"
        (row,) = rows(runtime)
        assert row.via is Via.TEMPLATE

    def test_each_place_needs_a_value(self, send):
        answer = send(FILLED | {"data": {"keyword1": "42"}})
        assert (answer.status_code, answer.json["field"]) == (422, "data")


def test_the_window_of_a_conversation_says_what_opened_it(lin, question):
    window = shown(lin, question)["reply_window"]
    assert (window["act"], window["quota"], window["used"]) == ("message", 5, 0)
    assert (window["remaining"], window["kept_for_people"]) == (5, 2)


class TestTheDraft:
    def drafted(self, lin, question, text: str) -> str:
        path = f"/conversations/{question.conversation_id}/draft"
        assert lin.put(path, {"reply": text, "note": "记下"}).status_code == 200
        return path

    def test_what_was_sent_is_no_draft_any_more(self, lin, question, send):
        path = self.drafted(lin, question, "好的 ")
        assert send({"text": "好的"}).status_code == 201
        kept = lin.get(path).json
        assert (kept["reply"], kept["note"]) == ("", "记下")

    def test_what_was_typed_on_meanwhile_is_kept(self, lin, question, send):
        path = self.drafted(lin, question, "好的,还有")
        assert send({"text": "好的"}).status_code == 201
        assert lin.get(path).json["reply"] == "好的,还有"
