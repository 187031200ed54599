"""What must not leave: wrong answers on their way, and corrections that nobody needs any more."""

from datetime import timedelta

from cast import auto_answer, customer_writes
from sqlalchemy import func, select, update

from corrections.helping import (
    act,
    an_agent_helps,
    change_contact,
    contact_of,
    correction,
    end,
    make_correction,
    openid,
    send_all,
    states,
    wrong_answers,
)
from wxdesk.broadcasts.audience import count
from wxdesk.broadcasts.rules import Audience, BroadcastKind
from wxdesk.conversations.models import Message
from wxdesk.corrections.models import CorrectionRecipient
from wxdesk.corrections.operations import begin, pause, resume, retry
from wxdesk.corrections.queries import reach_counts
from wxdesk.corrections.rules import CorrectionState, Reach
from wxdesk.inbox.operations import Answer, reply
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.outbound.jobs import deliver
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery, try_again
from wxdesk.outbound.rules import Delivery
from wxdesk.privacy.operations import forget_now
from wxdesk.privacy.rules import Policy

TEXT = "更正:满100减9。"
WRONG = "满100减90!"


def wrong_answer_waits(runtime, account, rule, number: int, wechat) -> int:
    """A wrong answer that leaves when the customer writes next; its delivery."""
    wechat.add_customer(openid(number))
    customer_writes(runtime, account, "在吗", openid=openid(number))
    with runtime.unit_of_work() as uow:
        message = Message(
            account_id=account.id,
            contact_id=contact_of(runtime, number).id,
            direction="outgoing",
            kind="text",
            text=WRONG,
            sender_kind="rule",
            sender_id=rule.id,
            rule_version=1,
            created_at=uow.now,
            received_at=uow.now,
        )
        uow.session.add(message)
        uow.session.flush()
        return queue_delivery(uow, message, is_held=True, may_wait=True, is_bulk=True).id


def change_delivery(runtime, delivery_id: int, **values) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(
            update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(**values)
        )


def writes(runtime, account, number: int, wechat) -> None:
    wechat.platform.write(openid(number), "谢谢")
    customer_writes(runtime, account, "谢谢", openid=openid(number))


def test_a_wrong_answer_that_has_not_left_never_does_and_one_that_slips_out_is_corrected(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 1, wechat)
    wrong_answer_waits(runtime, account, rule, 7, wechat)
    slips = wrong_answer_waits(runtime, account, rule, 8, wechat)
    sending = wrong_answer_waits(runtime, account, rule, 9, wechat)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen)
    change_delivery(runtime, sending, state=Delivery.SENDING, claimed_at=clock.now)
    act(runtime, begin, made, team.chen, None)
    change_delivery(runtime, slips, state=Delivery.SENT)  # a push had taken it out before
    writes(runtime, account, 7, wechat)
    send_all(runtime)
    end(runtime, clock)
    end(runtime, clock)
    assert wechat.phone(openid(7)) == []
    assert wechat.phone(openid(8)) == [TEXT]
    assert correction(runtime, made).state is CorrectionState.SENDING  # one may still arrive
    change_delivery(runtime, sending, state=Delivery.QUEUED)  # WeChat refused it for the moment
    end(runtime, clock)
    assert correction(runtime, made).state is CorrectionState.DONE
    assert WRONG not in wechat.phone(openid(9))


def test_who_gets_it_wrong_again_after_help_is_told(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 2, wechat)
    clock.advance(minutes=1)
    for number in (0, 1):
        an_agent_helps(runtime, account, number, team.lin)
    clock.advance(minutes=1)
    wrong_answers(runtime, account, 1, rule=rule)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen, span=timedelta(minutes=5))
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    assert states(runtime) == ["sent:now", "left_out:helped"]
    clock.advance(minutes=1)
    customer_writes(runtime, account, "抽奖", openid=openid(1), answer=auto_answer(rule))
    send_all(runtime)
    assert states(runtime) == ["sent:now", "sent:now"]


def test_who_left_and_was_forgotten_for_that_counts_as_unfollowed(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 3, wechat)
    clock.advance(minutes=1)
    change_contact(runtime, 0, is_following=False, unfollowed_at=clock.now)
    made = make_correction(runtime, rule, team.chen)
    for number in (0, 1):  # the second one asked for it
        contact_id = contact_of(runtime, number).id
        act(runtime, forget_now, contact_id, Policy.ANONYMISE, actor_id=team.admin)
    with runtime.reading() as session:
        found = reach_counts(session, correction(runtime, made), clock.now)
        counted = count(session, account, BroadcastKind.TEMPLATE, Audience(), clock.now)
    assert found == {Reach.UNFOLLOWED: 1, Reach.BLOCKED: 1, Reach.NOW: 1}
    assert (counted.people, counted.unfollowed) == (1, 1)


def test_what_waits_is_judged_again_before_it_leaves(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 3, wechat)
    asked = customer_writes(runtime, account, "到底减多少?", openid=openid(0))
    clock.advance(minutes=1)
    for number in range(3):
        change_contact(runtime, number, window_remaining=2)
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    end(runtime, clock)
    assert states(runtime) == ["waits:quota_gone"] * 3
    with runtime.unit_of_work() as uow:  # a colleague uses what is kept for people
        newest = uow.session.scalar(select(func.max(Message.id)))
        outgoing = Outgoing(OutgoingKind.TEXT, "减9元")
        answer = reply(uow, Answer(asked.conversation_id, team.lin, outgoing, newest))
        of_answer = select(DeliveryRow.id).where(DeliveryRow.message_id == answer.id)
        delivery_id = uow.session.scalars(of_answer).one()
    wechat.platform.write(openid(0), "在吗")
    deliver(delivery_id)
    change_contact(runtime, 1, is_spam=True)
    send_all(runtime)
    assert states(runtime) == ["left_out:helped", "left_out:blocked", "waits:quota_gone"]
    for number in range(3):
        writes(runtime, account, number, wechat)
    send_all(runtime)
    assert [wechat.phone(openid(number)) for number in range(3)] == [["减9元"], [], [TEXT]]


def test_it_goes_on_while_the_chosen_time_does(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 1, wechat)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen, span=timedelta(minutes=10))
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    clock.advance(minutes=5)
    wechat.add_customer(openid(5))
    customer_writes(runtime, account, "抽奖", openid=openid(5), answer=auto_answer(rule))
    send_all(runtime)
    assert states(runtime) == ["sent:now"] * 2
    clock.advance(minutes=5)
    send_all(runtime)
    assert correction(runtime, made).state is CorrectionState.SENDING
    end(runtime, clock)
    assert correction(runtime, made).state is CorrectionState.DONE


def test_what_waits_is_watched_from_the_end_on(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 1, wechat)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    act(runtime, pause, made, team.chen)
    clock.advance(days=10)
    act(runtime, resume, made, team.chen)
    send_all(runtime)
    assert states(runtime) == ["waits:window_closed"]
    clock.advance(days=26)
    writes(runtime, account, 0, wechat)
    send_all(runtime)
    assert states(runtime) == ["sent:window_closed"]
    assert wechat.phone(openid(0)) == [TEXT]


def test_what_may_have_arrived_meanwhile_is_not_sent_again_unasked(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 1, wechat)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen)
    wechat.spoil("errcode", errcode=45002)
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    assert states(runtime) == ["failed:now"]
    act(runtime, retry, made, team.chen, contact_id=None, is_doubtful=True)
    with runtime.reading() as session:  # meanwhile a colleague tries it again in the thread
        message_id = session.scalars(select(CorrectionRecipient.message_id)).one()
    act(runtime, try_again, message_id, is_held=False)
    with runtime.unit_of_work() as uow:
        uow.session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.message_id == message_id)
            .values(state=Delivery.UNCONFIRMED)
        )
    send_all(runtime)
    assert states(runtime) == ["unconfirmed:now"]
    assert wechat.phone(openid(0)) == []
