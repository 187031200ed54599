"""What agents do in the inbox: answer, claim the next, resolve."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations import operations as conversations
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed, claim, get_locked, oldest_unanswered
from wxdesk.conversations.queries import (
    ConversationFilter,
    MessageRow,
    Order,
    list_conversations,
    list_newer,
)
from wxdesk.conversations.rules import Direction, SenderKind, Status
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import Delivery, text_problem
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.operations import waiting_ends, waits_for_answer_to
from wxdesk.words import say

MOST_NEWER = 50
LONGEST_KEY = 100
TRIES = 20
ROUNDS = 5


class ThreadMovedError(ConflictError):
    """Somebody wrote after what the agent had seen: `find_newer` tells what."""

    def __init__(self) -> None:
        super().__init__(say("the conversation has moved on since you read it"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent sends: bound to what they had read, and unrepeatable by its key."""

    conversation_id: int
    agent_id: int
    text: str
    last_seen_message_id: int
    idempotency_key: str | None = None


def reply(uow: UnitOfWork, answer: Answer) -> Message:
    """Store the answer with its delivery row, and ring for its sending.

    Raises ThreadMovedError (nothing stored) when there are newer messages; the same idempotency
    key returns the message that was stored first. The clock is met when WeChat has accepted it.
    """
    conversation, contact = get_locked(uow, answer.conversation_id)
    if (earlier := _sent_before(uow, answer)) is not None:
        return earlier
    _refuse_unsendable(uow, conversation, contact, answer)
    if find_newer(uow.session, contact.id, answer):
        raise ThreadMovedError
    message = _store(uow, conversation, answer)
    queue_delivery(uow, message)
    if conversation.assignee_id is None:
        conversation.assignee_id = answer.agent_id
    conversation.last_message_id = message.id
    conversation.last_message_at = uow.now
    changed(uow, conversation, contact.openid)
    return message


def find_newer(session: Session, contact_id: int, answer: Answer) -> list[MessageRow]:
    """What the customer, a rule or a colleague wrote after the agent had read (at most 50)."""
    return list_newer(
        session,
        contact_id,
        than_id=answer.last_seen_message_id,
        not_by=answer.agent_id,
        limit=MOST_NEWER,
    )


def claim_next(uow: UnitOfWork, agent_id: int) -> int | None:
    """Claim the most urgent unassigned conversation; None when nothing waits for anybody."""
    wanted = ConversationFilter(status=Status.OPEN, assignee_id=0)
    for _ in range(ROUNDS):
        rows = list_conversations(uow.session, wanted, Order.DEADLINE, None, TRIES)
        if not rows:
            return None
        for row in rows:
            try:
                if claim(uow, row.conversation.id, agent_id):
                    return row.conversation.id
            except ConflictError:
                continue  # a colleague was quicker
    raise ConflictError(say("too many take the next one at this moment; try again"))


def resolve(
    uow: UnitOfWork,
    conversation_id: int,
    *,
    agent_id: int | None = None,
    last_seen_message_id: int | None = None,
) -> None:
    """End the conversation; its clocks stop, and a broken promise stays recorded.

    With `last_seen_message_id` nothing ends when somebody wrote after it: ThreadMovedError.
    """
    conversation, contact = get_locked(uow, conversation_id)
    if conversation.status is Status.RESOLVED:
        return
    if last_seen_message_id is not None:
        seen = Answer(conversation_id, agent_id or 0, "", last_seen_message_id)
        if find_newer(uow.session, contact.id, seen):
            raise ThreadMovedError
    waiting_ends(uow, conversation)
    conversation.status = Status.RESOLVED
    conversation.resolved_at = uow.now
    changed(uow, conversation, contact.openid)


def reopen(uow: UnitOfWork, conversation_id: int) -> None:
    """Open a resolved conversation again; whoever had no answer waits as before."""
    conversations.reopen(uow, conversation_id)
    conversation, _contact = get_locked(uow, conversation_id)
    answered = select(func.max(Message.id)).where(
        Message.conversation_id == conversation_id, Message.sender_kind == SenderKind.AGENT
    )
    waiting = oldest_unanswered(uow, conversation_id, after_id=uow.session.scalar(answered) or 0)
    if waiting is not None and conversation.waiting_since is None:
        waits_for_answer_to(uow, conversation, waiting)
        conversation.queued_at = conversation.waiting_since or conversation.queued_at


def _sent_before(uow: UnitOfWork, answer: Answer) -> Message | None:
    if answer.idempotency_key is None:
        return None
    if not 0 < len(answer.idempotency_key) <= LONGEST_KEY:
        raise InvalidInputError(
            "Idempotency-Key", say("1 to %(most)d characters", most=LONGEST_KEY)
        )
    earlier = uow.session.scalars(
        select(Message).where(
            Message.sender_id == answer.agent_id,
            Message.idempotency_key == answer.idempotency_key,
        )
    ).one_or_none()
    if earlier is None:
        return None
    if earlier.conversation_id != answer.conversation_id or earlier.text != answer.text:
        raise ConflictError(say("this Idempotency-Key was used for another message"))
    return earlier


def _refuse_unsendable(
    uow: UnitOfWork, conversation: Conversation, contact: Contact, answer: Answer
) -> None:
    if problem := text_problem(answer.text):
        raise InvalidInputError("text", problem)
    if conversation.status is Status.RESOLVED:
        raise ConflictError(say("the conversation is resolved"))
    if contact.window_closes_at is None or contact.window_closes_at <= uow.now:
        raise InvalidInputError(
            "reply_window",
            say("WeChat lets us answer for 48 hours after a message; that time is over"),
        )
    if contact.window_remaining - _on_their_way(uow, contact.id) <= 0:
        raise InvalidInputError(
            "reply_window", say("no more answers allowed until the customer writes again")
        )


def _on_their_way(uow: UnitOfWork, contact_id: int) -> int:
    """Answers that will spend the quota when they are sent."""
    query = select(func.count()).where(
        DeliveryRow.contact_id == contact_id,
        DeliveryRow.state.in_([Delivery.QUEUED, Delivery.SENDING]),
    )
    return uow.session.scalar(query) or 0


def _store(uow: UnitOfWork, conversation: Conversation, answer: Answer) -> Message:
    message = Message(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        direction=Direction.OUTGOING,
        kind="text",
        text=answer.text,
        sender_kind=SenderKind.AGENT,
        sender_id=answer.agent_id,
        idempotency_key=answer.idempotency_key,
        created_at=uow.now,
        received_at=uow.now,
    )
    write_in_order(uow.session, Message.__tablename__)
    uow.session.add(message)
    uow.session.flush()
    return message
