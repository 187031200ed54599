"""Passive answers: a rule's of each kind, and people's where only pushes can be answered."""

import pytest
from cast import (
    WANG,
    agent_answers,
    conversation_of,
    customer_writes,
    keep_picture,
    make_rule,
    messages_of,
    record_waiting,
)
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.conversations.models import Conversation
from wxdesk.media.models import Attachment
from wxdesk.outbound import held
from wxdesk.outbound.jobs import repair_held
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery, Via
from wxdesk.outbound.settling import withdraw
from wxdesk.triage.rules import ReplyKind
from wxdesk.wechat.push import read_fields


def refresh(webhook) -> None:
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()


@pytest.fixture
def unverified(runtime, account, webhook) -> Account:
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(select(Account)).one()
        row.is_verified = False
        touch(uow, row.id)
    refresh(webhook)
    return account


@pytest.fixture
def waiting(runtime, unverified, team) -> int:
    """Lin has answered Wang, and the answer waits; gives its message's id."""
    question = customer_writes(runtime, unverified)
    return agent_answers(runtime, question, team.lin, "您的订单明天到。")


def deliveries(runtime) -> list[DeliveryRow]:
    with runtime.reading() as session:
        return list(session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)))


def said(answer) -> str:
    return read_fields(answer.data)["Content"] if answer.text != "success" else "success"


def test_the_answer_leaves_with_the_next_push_and_meets_its_clock(runtime, webhook, waiting, clock):
    clock.advance(seconds=30)
    fields = webhook.fields("在吗?")
    assert said(webhook.deliver(fields)) == "您的订单明天到。"
    assert said(webhook.deliver(fields)) == "您的订单明天到。"  # the same for each delivery
    record_waiting(runtime)
    (row,) = deliveries(runtime)
    assert (row.state, row.via) == (Delivery.SENT, Via.PASSIVE)
    conversation = conversation_of(runtime)
    assert conversation.first_response_met_at is not None
    last = messages_of(runtime)[-1]
    assert conversation.waiting_message_id == last.id  # what came with it still waits
    assert last.conversation_id == conversation.id


def test_what_was_given_out_is_not_given_out_again(runtime, webhook, unverified, waiting):
    assert said(webhook.deliver(webhook.fields("一"))) == "您的订单明天到。"
    repair_held()  # the sweeper comes before the drain
    assert said(webhook.deliver(webhook.fields("二"))) == "success"
    record_waiting(runtime)
    repair_held()
    assert said(webhook.deliver(webhook.fields("三"))) == "success"
    assert runtime.redis.hlen(held.taken_key(unverified.id)) == 0


def test_several_answers_are_joined_and_the_rest_waits_for_the_next_push(
    runtime, webhook, unverified, team
):
    question = customer_writes(runtime, unverified)
    for text in ("一" * 400, "二" * 250, "三" * 100):
        agent_answers(runtime, question, team.lin, text)
    assert said(webhook.deliver(webhook.fields("在吗"))) == "一" * 400 + "\n\n" + "二" * 250
    record_waiting(runtime)
    assert said(webhook.deliver(webhook.fields("好"))) == "三" * 100


def test_an_event_is_not_answered_with_it(webhook, waiting):
    assert webhook.deliver(webhook.event("CLICK", EventKey="k")).text == "success"
    assert said(webhook.deliver(webhook.fields("在吗"))) == "您的订单明天到。"


def test_people_go_before_rules_and_the_message_goes_to_people(
    runtime, webhook, unverified, waiting
):
    make_rule(runtime, unverified, "抽奖", "感谢参与!")
    with runtime.unit_of_work() as uow:
        conversation = uow.session.scalars(select(Conversation)).one()
        conversation.assignee_id = None
    runtime.redis.delete(f"wxdesk:standings:{unverified.id}")
    refresh(webhook)
    assert said(webhook.deliver(webhook.fields("抽奖"))) == "您的订单明天到。"
    record_waiting(runtime)
    assert messages_of(runtime)[-1].conversation_id is not None
    assert said(webhook.deliver(webhook.fields("抽奖"))) == "感谢参与!"


def test_an_answer_withdrawn_too_late_says_that_it_has_left(runtime, webhook, waiting):
    webhook.deliver(webhook.fields("在吗"))
    with runtime.unit_of_work() as uow:
        withdraw(uow, waiting)
    record_waiting(runtime)
    assert deliveries(runtime)[0].state is Delivery.SENT


def test_an_account_with_the_api_never_answers_pushes_with_held_answers(
    runtime, account, webhook, team
):
    runtime.redis.hset(held.key(account.id), WANG, '{"held": [1], "text": "x"}')
    assert webhook.deliver(webhook.fields("在吗")).text == "success"


NEWS = {"title": "新品", "description": "看", "url": "https://example.com/", "picture_url": ""}
MENU = {"head": "请选择", "choices": [{"id": "1", "text": "满意 & <好>"}], "tail": "谢谢"}


@pytest.mark.parametrize(
    ("kind", "content", "wanted"),
    [
        (ReplyKind.NEWS, NEWS, {"MsgType": "news", "ArticleCount": "1"}),
        (ReplyKind.MENU, MENU, {"MsgType": "text"}),
    ],
)
def test_a_rule_answers_with_cards_and_menus(runtime, account, webhook, kind, content, wanted):
    make_rule(runtime, account, "帮助", "", reply_kind=kind, reply_content=content)
    refresh(webhook)
    fields = read_fields(webhook.deliver(webhook.fields("帮助")).data)
    assert {name: fields[name] for name in wanted} == wanted
    record_waiting(runtime)
    question, answer = messages_of(runtime)
    assert (answer.kind, answer.payload) == (kind.value, content)
    assert answer.reply_to_id == question.id


def test_a_menu_in_an_automatic_answer_can_be_tapped(runtime, account, webhook):
    make_rule(runtime, account, "帮助", "", reply_kind=ReplyKind.MENU, reply_content=MENU)
    refresh(webhook)
    text = read_fields(webhook.deliver(webhook.fields("帮助")).data)["Content"]
    assert text.startswith("请选择")
    assert "weixin://bizmsgmenu?" in text
    assert "msgmenuid=1" in text


def test_a_rule_with_a_file_is_silent_until_wechat_has_its_copy(
    runtime, account, webhook, clock, team
):
    attachment_id = keep_picture(runtime, account.id, team.chen)
    make_rule(runtime, account, "海报", "", reply_kind=ReplyKind.IMAGE, attachment_id=attachment_id)
    refresh(webhook)
    assert webhook.deliver(webhook.fields("海报")).text == "success"
    with runtime.unit_of_work() as uow:
        row = uow.session.get_one(Attachment, attachment_id)
        assert row.is_kept
        row.uploaded_media_id, row.uploaded_at = "m-1", clock.now
        touch(uow, account.id)
    refresh(webhook)
    fields = read_fields(webhook.deliver(webhook.fields("海报")).data)
    assert (fields["MsgType"], fields["Image"]) == ("image", {"MediaId": "m-1"})
