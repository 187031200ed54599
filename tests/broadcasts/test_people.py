"""Template messages and notices: each person once, at the rate, whatever is killed or said."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from wxdesk.accounts.rules import TemplateKind
from wxdesk.broadcasts import feeding, operations
from wxdesk.broadcasts.jobs import feed
from wxdesk.broadcasts.models import BroadcastTarget
from wxdesk.broadcasts.rules import (
    Audience,
    BroadcastKind,
    BroadcastState,
    TargetState,
    due_now,
)
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.outbound.jobs import deliver_bulk
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.outbound.settling import settle_failed, settle_sent
from wxdesk.outbound.turns import next_bulk
from wxdesk.plumbing.errors import ConflictError, DeliveryError

TEMPLATE = BroadcastKind.TEMPLATE


def test_template_reaches_each_follower_once_and_its_end_is_recorded(sender):
    for openid in ("oA", "oB", "oC"):
        sender.follower(openid, has_tag=openid != "oC")
    sender.follower("oGone", has_tag=True, is_following=False)
    sender.follower("oBlack", has_tag=True, is_blacklisted=True)
    content = sender.order()
    name = next(iter(content.data))
    content = sender.order(**{name: "{{remark|您好}}的订单"})
    broadcast_id = sender.draft(TEMPLATE, content, Audience(sender.tag.id), per_minute=3000)
    with sender.runtime.unit_of_work() as uow:
        counted = operations.dry_run(uow, broadcast_id)
    assert (counted.people, counted.blacklisted, counted.unfollowed) == (2, 1, 1)
    sender.send(broadcast_id)
    sender.work(seconds=3)
    assert sender.states(broadcast_id) == {"oA": "sent", "oB": "sent"}
    assert sender.row(broadcast_id).state is BroadcastState.DONE
    calls = sender.wechat.calls("template/send")
    assert len(calls) == 2
    assert "您好的订单" in calls[0]["body"]
    with sender.runtime.reading() as session:
        messages = session.scalars(select(Message).where(Message.source == "broadcast")).all()
        assert [it.sender_id for it in messages] == [broadcast_id, broadcast_id]
    sender.told("templatesendjobfinish", "oA", MsgID=_msgid(sender, "oA"), Status="success")
    sender.told(
        "templatesendjobfinish", "oB", MsgID=_msgid(sender, "oB"), Status="failed:user block"
    )
    assert sender.states(broadcast_id) == {"oA": "delivered", "oB": "failed"}


def test_people_who_left_after_they_were_listed_are_left_out(sender):
    sender.follower("oA")
    broadcast_id = sender.draft(TEMPLATE, per_minute=3000)
    sender.send(broadcast_id)
    feed()
    assert sender.states(broadcast_id) == {"oA": "listed"}
    with sender.runtime.unit_of_work() as uow:
        uow.session.scalars(select(Contact)).one().is_following = False
    sender.work(seconds=2)
    assert sender.states(broadcast_id) == {"oA": "left_out"}
    assert sender.wechat.calls("template/send") == []


def test_rate_is_kept_and_a_pause_holds(sender):
    for number in range(12):
        sender.follower(f"o{number}")
    broadcast_id = sender.draft(TEMPLATE, per_minute=60)
    sender.send(broadcast_id)
    sender.work(seconds=5)
    sent = len(sender.wechat.calls("template/send"))
    assert 3 <= sent <= 6
    with sender.runtime.unit_of_work() as uow:
        operations.pause(uow, broadcast_id, sender.chen)
    sender.work(seconds=10)
    assert len(sender.wechat.calls("template/send")) == sent
    with sender.runtime.unit_of_work() as uow:
        operations.resume(uow, broadcast_id, sender.chen)
    sender.work(seconds=15)
    assert set(sender.states(broadcast_id).values()) == {"sent"}
    assert len(sender.wechat.calls("template/send")) == 12
    openids = [json.loads(call["body"])["touser"] for call in sender.wechat.calls("template/send")]
    assert len(set(openids)) == 12


def test_pause_takes_back_what_is_on_its_way_and_resumed_each_gets_it_once(sender):
    broadcast_id, leaving = _leaving(sender, *(f"o{number}" for number in range(30)))
    assert list(sender.states(broadcast_id).values()).count("queued") == 30
    _act(sender, operations.pause, broadcast_id)
    deliver_bulk()  # at once, before any other job
    assert sender.wechat.calls("template/send") == []
    assert list(sender.states(broadcast_id).values()).count("listed") == 29
    _refuse(sender, leaving)  # WeChat was busy: it would be tried again in two seconds
    sender.work(seconds=10)
    assert sender.wechat.calls("template/send") == []
    assert set(sender.states(broadcast_id).values()) == {"listed"}
    _act(sender, operations.resume, broadcast_id)
    sender.work(seconds=5)
    assert set(sender.states(broadcast_id).values()) == {"sent"}
    assert sender.row(broadcast_id).state is BroadcastState.DONE
    assert sorted(_openids(sender)) == sorted(f"o{number}" for number in range(30))


def test_paused_one_is_only_looked_at_until_what_was_being_sent_has_ended(sender):
    broadcast_id, leaving = _leaving(sender, "oA", "oB")
    _act(sender, operations.pause, broadcast_id)
    assert _writes_of_feed(sender) == 0
    assert sorted(sender.states(broadcast_id).values()) == ["listed", "queued"]
    with sender.runtime.unit_of_work() as uow:
        settle_sent(uow, leaving, wechat_msgid="9")
    assert _writes_of_feed(sender) == 1
    assert sorted(sender.states(broadcast_id).values()) == ["listed", "sent"]
    assert _writes_of_feed(sender) == 0


@pytest.mark.parametrize("is_resumed", [False, True])
def test_what_leaves_while_it_is_paused_is_not_sent_again(sender, is_resumed):
    broadcast_id, leaving = _leaving(sender, *(f"o{number}" for number in range(3)))
    _act(sender, operations.pause, broadcast_id)
    if is_resumed:
        _act(sender, operations.resume, broadcast_id)
    with sender.runtime.unit_of_work() as uow:
        settle_sent(uow, leaving, wechat_msgid="9")
    sender.work(seconds=3)
    assert len(sender.wechat.calls("template/send")) == (2 if is_resumed else 0)
    assert list(sender.states(broadcast_id).values()).count("sent") == (3 if is_resumed else 1)


def test_try_in_vain_that_ends_after_it_was_resumed_is_made_up_for(sender):
    broadcast_id, leaving = _leaving(sender, "oA")
    _act(sender, operations.pause, broadcast_id)
    _act(sender, operations.resume, broadcast_id)
    _refuse(sender, leaving)
    sender.work(seconds=3)
    assert sender.states(broadcast_id) == {"oA": "sent"}
    assert _openids(sender) == ["oA"]


def test_cancelled_it_does_not_try_again_what_was_just_being_sent(sender):
    broadcast_id, leaving = _leaving(sender, "oA", "oB")
    _act(sender, operations.cancel, broadcast_id)
    deliver_bulk()
    _refuse(sender, leaving)
    sender.work(seconds=10)
    assert sender.wechat.calls("template/send") == []
    assert set(sender.states(broadcast_id).values()) == {"left_out"}
    assert sender.row(broadcast_id).ended_at is not None


@pytest.mark.parametrize("per_minute", [1, 7, 11, 12])
@pytest.mark.one_database
def test_slow_rate_sends_as_many_a_minute_and_no_more(per_minute):
    position = now = datetime(2026, 3, 2, tzinfo=UTC)
    sent = 0
    for _ in range(150):  # the job looks every two seconds
        now += timedelta(seconds=2)
        many, reached = due_now(position, per_minute, now)
        sent, position = sent + many, reached if many else position
    assert sent in (per_minute * 5 - 1, per_minute * 5)  # steps are rounded to microseconds
    late, _ = due_now(position, per_minute, now + timedelta(hours=1))
    assert late <= 2


def test_slow_broadcast_reaches_everybody(sender):
    sender.follower("oA")
    sender.follower("oB")
    broadcast_id = sender.draft(TEMPLATE, per_minute=6)
    sender.send(broadcast_id)
    sender.work(seconds=9)
    assert sender.wechat.calls("template/send") == []
    sender.work(seconds=13)
    assert sender.states(broadcast_id) == {"oA": "sent", "oB": "sent"}


def test_cancelled_broadcast_withdraws_what_waits(sender):
    for number in range(4):
        sender.follower(f"o{number}")
    broadcast_id = sender.draft(TEMPLATE, per_minute=60)
    sender.send(broadcast_id)
    feed()
    sender.clock.advance(seconds=2)
    feed()
    assert sorted(sender.states(broadcast_id).values()) == ["listed", "listed", "queued", "queued"]
    with sender.runtime.unit_of_work() as uow:
        operations.cancel(uow, broadcast_id, sender.chen)
    sender.work(seconds=3)
    assert set(sender.states(broadcast_id).values()) == {"left_out"}
    assert sender.wechat.calls("template/send") == []
    assert sender.row(broadcast_id).ended_at is not None


def test_failed_ones_are_sent_again_and_unconfirmed_ones_are_not(sender):
    sender.follower("oA")
    sender.follower("oB")
    sender.wechat.spoil("errcode", api="template/send", errcode=47003)
    sender.wechat.spoil("drop_connection", api="template/send")
    broadcast_id = sender.draft(TEMPLATE, per_minute=3000)
    sender.send(broadcast_id)
    sender.work(seconds=3)
    assert sender.states(broadcast_id) == {"oA": "failed", "oB": "unconfirmed"}
    with sender.runtime.unit_of_work() as uow:
        operations.retry(uow, broadcast_id, sender.chen)
    sender.work(seconds=3)
    assert sender.states(broadcast_id) == {"oA": "sent", "oB": "unconfirmed"}
    with sender.runtime.unit_of_work() as uow, pytest.raises(ConflictError):
        operations.retry(uow, broadcast_id, sender.chen)


def test_killed_worker_sends_to_nobody_twice_and_forgets_nobody(sender, monkeypatch):
    for number in range(5):
        sender.follower(f"o{number}")
    broadcast_id = sender.draft(TEMPLATE, per_minute=3000)
    sender.send(broadcast_id)
    feed()
    sender.clock.advance(seconds=1)
    original, calls = feeding.queue_delivery, []

    def dies(*args, **more):
        calls.append(1)
        if len(calls) == 3:
            raise SystemExit
        return original(*args, **more)

    monkeypatch.setattr(feeding, "queue_delivery", dies)
    with pytest.raises(SystemExit):
        feed()
    monkeypatch.undo()
    assert set(sender.states(broadcast_id).values()) == {"listed"}
    sender.work(seconds=3)
    openids = [json.loads(call["body"])["touser"] for call in sender.wechat.calls("template/send")]
    assert sorted(openids) == [f"o{number}" for number in range(5)]


def test_notice_without_permission_fails_with_the_reason(sender):
    sender.follower("oA")
    sender.follower("oB")
    content = sender.order(TemplateKind.SUBSCRIPTION)
    sender.wechat.platform.state.customer("oA").grants[content.template_id] = 1
    broadcast_id = sender.draft(BroadcastKind.SUBSCRIPTION, content, per_minute=3000)
    sender.send(broadcast_id)
    sender.work(seconds=3)
    assert sender.states(broadcast_id) == {"oA": "sent", "oB": "failed"}
    sent = {"TemplateId": content.template_id, "ErrorCode": "0", "ErrorStatus": "success"}
    sender.told("subscribe_msg_sent_event", "oA", SubscribeMsgSentEvent={"List": sent})
    assert sender.states(broadcast_id)["oA"] == TargetState.DELIVERED


def test_what_failed_by_an_event_is_sent_again_on_retry(sender):
    sender.follower("oA")
    content = sender.order(TemplateKind.SUBSCRIPTION)
    grants = sender.wechat.platform.state.customer("oA").grants
    grants[content.template_id] = 2
    broadcast_id = sender.draft(BroadcastKind.SUBSCRIPTION, content, per_minute=3000)
    sender.send(broadcast_id)
    sender.work(seconds=3)
    failed = {"TemplateId": content.template_id, "ErrorCode": "43101", "ErrorStatus": "refused"}
    sender.told("subscribe_msg_sent_event", "oA", SubscribeMsgSentEvent={"List": failed})
    assert sender.states(broadcast_id) == {"oA": "failed"}
    with sender.runtime.unit_of_work() as uow:
        operations.retry(uow, broadcast_id, sender.chen)
    sender.told("subscribe_msg_sent_event", "oA", SubscribeMsgSentEvent={"List": failed})
    sender.work(seconds=3)
    assert sender.states(broadcast_id) == {"oA": "sent"}
    assert len(sender.wechat.calls("subscribe/bizsend")) == 2


def test_failure_event_that_overtakes_the_answer_ends_the_delivery(sender):
    sender.follower("oA")
    broadcast_id = sender.draft(TEMPLATE, per_minute=3000)
    sender.send(broadcast_id)
    feed()
    sender.clock.advance(seconds=1)
    feed()
    with sender.runtime.unit_of_work() as uow:
        delivery = uow.session.scalars(select(DeliveryRow)).one()
        delivery.state = Delivery.SENDING
    sender.told("templatesendjobfinish", "oA", MsgID="9", Status="failed:user block")
    with sender.runtime.unit_of_work() as uow:
        settle_sent(uow, delivery.id, wechat_msgid="9")
    sender.work()
    with sender.runtime.reading() as session:
        row = session.get_one(DeliveryRow, delivery.id)
        # by its number another try gets another key: WeChat would take the same for a repetition
        assert (row.state, row.wechat_msgid) == (Delivery.FAILED, "9")
    assert sender.states(broadcast_id) == {"oA": "failed"}


def _act(sender, operation, broadcast_id):
    with sender.runtime.unit_of_work() as uow:
        operation(uow, broadcast_id, sender.chen)


def _writes_of_feed(sender) -> int:
    """How many writing transactions the job begins."""
    begun = []

    def note(*_) -> None:
        begun.append(1)

    event.listen(sender.runtime.sessions, "after_begin", note)
    feed()
    event.remove(sender.runtime.sessions, "after_begin", note)
    return len(begun)


def _leaving(sender, *openids):
    """A broadcast to these people, all on their way; the first is in a process's hands.

    WeChat may be asked already. The ids of the broadcast and of that delivery.
    """
    for openid in openids:
        sender.follower(openid)
    broadcast_id = sender.draft(TEMPLATE, per_minute=3000)
    sender.send(broadcast_id)
    feed()
    sender.clock.advance(seconds=1)
    feed()
    return broadcast_id, _claimed(sender)


def _claimed(sender):
    """A process takes the next message; the id of its delivery."""
    with sender.runtime.reading() as session:
        delivery_id = next_bulk(session, sender.clock.now)
    with sender.runtime.unit_of_work() as uow:
        assert claim_delivery(uow, delivery_id) is not None
    return delivery_id


def _refuse(sender, delivery_id):
    with sender.runtime.unit_of_work() as uow:
        settle_failed(uow, delivery_id, DeliveryError("system busy", code="-1"))


def _openids(sender):
    return [json.loads(call["body"])["touser"] for call in sender.wechat.calls("template/send")]


def _msgid(sender, openid):
    with sender.runtime.reading() as session:
        return session.scalar(
            select(DeliveryRow.wechat_msgid)
            .join(BroadcastTarget, BroadcastTarget.message_id == DeliveryRow.message_id)
            .join(Contact, Contact.id == BroadcastTarget.contact_id)
            .where(Contact.openid == openid)
        )
