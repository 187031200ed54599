"""People who got a wrong answer, and the workers that send them the correction."""

from datetime import timedelta

from cast import auto_answer, customer_writes, make_rule
from sqlalchemy import func, select

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.corrections.jobs import ENDED_KEY, feed
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.operations import Wish, create, write
from wxdesk.corrections.rules import Choice, Wording
from wxdesk.inbox.operations import Answer, reply
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.outbound.jobs import deliver, deliver_bulk
from wxdesk.outbound.models import DeliveryRow
from wxdesk.triage.models import AutoReplyRule

HOUR = timedelta(hours=1)
A_SECOND = timedelta(seconds=1)


def openid(number: int) -> str:
    return f"oCustomer{number:019d}"


def act(runtime, operation, *arguments, **named) -> None:
    with runtime.unit_of_work() as uow:
        operation(uow, *arguments, **named)


def contact_of(runtime, number: int) -> Contact:
    with runtime.reading() as session:
        return session.scalars(select(Contact).where(Contact.openid == openid(number))).one()


def change_contact(runtime, number: int, **values) -> None:
    with runtime.unit_of_work() as uow:
        found = uow.session.get_one(Contact, contact_of(runtime, number).id)
        for name, value in values.items():
            setattr(found, name, value)


def an_agent_helps(runtime, account, number: int, agent_id: int) -> None:
    asked = customer_writes(runtime, account, "到底减多少?", openid=openid(number))
    with runtime.unit_of_work() as uow:
        newest = uow.session.scalar(select(func.max(Message.id)))
        outgoing = Outgoing(OutgoingKind.TEXT, "减9元")
        answer = reply(uow, Answer(asked.conversation_id, agent_id, outgoing, newest))
        delivery = uow.session.scalars(
            select(DeliveryRow.id).where(DeliveryRow.message_id == answer.id)
        ).one()
    deliver(delivery)


def wrong_answers(runtime, account, count: int, wechat=None, rule=None) -> AutoReplyRule:
    """So many customers wrote, and a rule answered each of them with something wrong."""
    rule = rule or make_rule(runtime, account, reply_text="满100减90!")
    for number in range(count):
        if wechat is not None:
            wechat.add_customer(openid(number))
        customer_writes(runtime, account, "抽奖", openid=openid(number), answer=auto_answer(rule))
    return rule


def choice_of(rule: AutoReplyRule, now, **values) -> Choice:
    fields = {
        "account_id": rule.account_id,
        "rule_ids": (rule.id,),
        "sent_from": now - HOUR,
        "sent_until": now + A_SECOND,
    }
    return Choice(**(fields | values))


def make_correction(
    runtime, rule, by: int, text: str = "更正:满100减9。", *, span=A_SECOND, **values
) -> int:
    """Listed and written, not begun."""
    with runtime.unit_of_work() as uow:
        wish = Wish(
            choice_of(rule, uow.now, sent_until=uow.now + span), "更正满减", rule_id=rule.id
        )
        row = create(uow, wish, by)
    feed()
    fields = {"name": "更正满减", "text": text, "per_minute": 600, "skips_helped": True} | values
    with runtime.unit_of_work() as uow:
        write(uow, row.id, Wording(**fields), by, None)
    return row.id


def send_all(runtime) -> None:
    """Feed and deliver until nothing moves at this moment."""
    before = None
    while (now := states(runtime)) != before:
        before = now
        runtime.redis.delete(ENDED_KEY)
        feed()
        deliver_bulk()
        feed()


def end(runtime, clock, minutes: int = 0) -> None:
    """The chosen time, which goes on for so many minutes, is over for long enough."""
    clock.advance(minutes=minutes, seconds=12)
    send_all(runtime)


def states(runtime) -> list[str]:
    """Of all recipients, by contact."""
    with runtime.reading() as session:
        rows = session.scalars(select(CorrectionRecipient).order_by(CorrectionRecipient.contact_id))
        return [f"{row.state.value}:{row.reach.value}" for row in rows]


def correction(runtime, correction_id: int) -> Correction:
    with runtime.reading() as session:
        return session.get_one(Correction, correction_id)
