"""Customers of the demo in all states: they write through the simulator, then agents act."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.contacts.changes import change_remark
from wxdesk.contacts.fields import list_fields, set_values
from wxdesk.contacts.models import Contact
from wxdesk.conversations.assigning import claim
from wxdesk.conversations.lifecycle import set_priority, snooze
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.notes import add_note
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.queries import last_message_id
from wxdesk.conversations.rules import Direction, Priority
from wxdesk.conversations.tagging import change_tags
from wxdesk.demo_campaign import take_part
from wxdesk.demo_desk import LIN, MEI, ZHOU, people_of
from wxdesk.demo_marketing import COUNTER, act, add_customer, correct_and_send, place_codes
from wxdesk.inbox.operations import Answer, reply
from wxdesk.inbox.then import Then, ThenKind
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime

WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Story:
    """A customer and what became of their messages; people by e-mail address.

    `agent` claims, answers and then does `then`; the `note` is Zhou's and names Mei.
    """

    name: str
    messages: tuple[str, ...]
    tags: tuple[str, ...] = ()
    agent: str = ""
    priority: Priority = Priority.NORMAL
    note: str = ""
    answer: str = ""
    then: ThenKind | None = None
    is_snoozed: bool = False
    facts: tuple[str, str, str] | None = None


STORIES = (
    Story(
        "林太太",
        ("收到的盖碗碎了一个", "订单号 20261119043，可以补发吗？"),
        tags=("破损", "回头客"),
        agent=LIN,
        priority=Priority.HIGH,
        note="老客户，上个月也买过一套。@梅芳 库房还有这一款吗？",
        facts=("金卡", "1988-05-12", "徐家汇店"),
    ),
    Story(
        "何先生",
        ("发票抬头要写公司名，可以重开吗",),
        tags=("发票",),
        agent=LIN,
        answer="可以的，请把公司名称和税号发给我。",
        then=ThenKind.PENDING,
    ),
    Story(
        "高女士",
        ("请问秋季新茶什么时候到货",),
        agent=MEI,
        answer="周五上午到货，到了我第一时间通知您。",
        is_snoozed=True,
    ),
    Story(
        "罗先生",
        ("快递显示已签收，可是我没有收到",),
        tags=("物流",),
        agent=MEI,
        answer="已联系快递员，包裹在小区南门驿站，取件码已经短信发给您。",
        then=ThenKind.RESOLVE,
    ),
    Story("郑女士", ("等了三天没人理我，我要投诉",), tags=("投诉",), priority=Priority.URGENT),
)


def tell_stories(runtime: Runtime, simulator_url: str) -> None:
    """Once, while the desk has no conversation: customers write, then agents act."""
    with runtime.reading() as session:
        if session.scalar(select(Conversation.id).limit(1)) is not None:
            return
    place_codes(runtime, simulator_url)
    take_part(simulator_url)
    openids = {story.name: _write(simulator_url, story) for story in STORIES}
    found = _wait_for(runtime, openids)
    for story in STORIES:
        if story.name in found:
            with runtime.unit_of_work() as uow:
                _act(uow, story, found[story.name])
    correct_and_send(runtime, simulator_url)


def _write(simulator_url: str, story: Story) -> str:
    """They scan the code at the counter, then write."""
    openid = add_customer(simulator_url, story.name)
    act(simulator_url, openid, "scan", scene=COUNTER)
    for text in story.messages:
        act(simulator_url, openid, "messages", text=text)
    return openid


def _wait_for(runtime: Runtime, openids: Mapping[str, str]) -> dict[str, int]:
    """The conversation of each customer by name, as soon as all their messages are recorded."""
    deadline = time.monotonic() + WAIT_SECONDS
    counts = {story.name: len(story.messages) for story in STORIES}
    while True:
        found = {}
        with runtime.reading() as session:
            for name, openid in openids.items():
                contact = session.scalars(select(Contact).where(Contact.openid == openid)).first()
                if contact is not None and _messages(session, contact.id) >= counts[name]:
                    found[name] = _conversation(session, contact.id)
        if len(found) == len(openids) or time.monotonic() > deadline:
            return found
        pause(0.1)


def _messages(session: Session, contact_id: int) -> int:
    query = select(func.count()).where(
        Message.contact_id == contact_id,
        Message.direction == Direction.INCOMING,
        Message.conversation_id.is_not(None),
    )
    return session.scalar(query) or 0


def _conversation(session: Session, contact_id: int) -> int:
    query = select(func.max(Conversation.id)).where(Conversation.contact_id == contact_id)
    return session.scalars(query).one()


def _act(uow: UnitOfWork, story: Story, conversation_id: int) -> None:
    people = people_of(uow)
    _describe(uow, story, conversation_id, people)
    if not story.agent:
        return
    agent_id = people[story.agent]
    claim(uow, conversation_id, agent_id)
    if story.answer:
        contact_id = get_locked(uow, conversation_id)[1].id
        answer = Answer(
            conversation_id=conversation_id,
            agent_id=agent_id,
            outgoing=Outgoing(OutgoingKind.TEXT, story.answer),
            last_seen_message_id=last_message_id(uow.session, contact_id),
            then=Then(story.then) if story.then else None,
        )
        reply(uow, answer)
    if story.is_snoozed:
        snooze(uow, conversation_id, agent_id=agent_id, until=uow.now + timedelta(days=1))


def _describe(
    uow: UnitOfWork, story: Story, conversation_id: int, people: Mapping[str, int]
) -> None:
    """What Zhou notes of the customer and of the matter."""
    zhou = people[ZHOU]
    conversation, contact = get_locked(uow, conversation_id)
    change_remark(uow, contact.id, story.name)
    if story.tags:
        change_tags(uow, conversation, add=story.tags, remove=(), by=zhou, may_make=True)
        changed(uow, conversation, contact)
    if story.priority is not Priority.NORMAL:
        set_priority(uow, conversation_id, story.priority, agent_id=zhou)
    if story.facts:
        fields = [field.id for field in list_fields(uow.session)]
        set_values(uow, contact.id, dict(zip(fields, story.facts, strict=False)))
    if story.note:
        add_note(uow, conversation_id, agent_id=zhou, text=story.note, mentions=[people[MEI]])
