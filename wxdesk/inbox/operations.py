"""What agents do in the inbox: answer, claim the next, resolve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.facts import facts_of
from wxdesk.agents.queries import teams_of
from wxdesk.contacts.models import Contact
from wxdesk.conversations.assigning import Handover, put, taken_by_answering
from wxdesk.conversations.drafts import drafts_of, forget_drafts
from wxdesk.conversations.lifecycle import pend, snooze
from wxdesk.conversations.merging import get_surviving
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.queries import MessageRow, list_newer
from wxdesk.conversations.rules import Direction, DraftKind, SenderKind, Status, printable
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.conversations.waiting import lock_waiting, most_urgent
from wxdesk.inbox.then import Then, ThenKind
from wxdesk.inbox.undo import before_of, remember
from wxdesk.inbox.ways import Unsent, Way, Ways, accounts_with_templates, count_unsent, ways_of
from wxdesk.media.operations import bind
from wxdesk.outbound import operations as outbound
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.outbound.held import MOST_HELD
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import Via, text_problem
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla import episodes
from wxdesk.sla.episodes import end
from wxdesk.wechat.splitting import MOST_BYTES, split_text
from wxdesk.words import say

MOST_NEWER = 50
MOST_PARTS = 5
LONGEST_KEY = 100


class ThreadMovedError(ConflictError):
    """Somebody wrote after what the agent had seen: `find_newer` tells what."""

    def __init__(self) -> None:
        super().__init__(say("the conversation has moved on since you read it"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent sends: bound to what they had read, and unrepeatable by its key.

    `may_split`: a text longer than WeChat takes leaves in parts. `is_held`: if it can't leave now,
    it waits until the customer writes again. For `undo_seconds` (0 to 10) it can be taken back.
    `then` is done in the same transaction. `takes`: a conversation that nobody has is the author's.
    """

    conversation_id: int
    agent_id: int
    outgoing: Outgoing
    last_seen_message_id: int
    idempotency_key: str | None = None
    may_split: bool = False
    is_held: bool = False
    undo_seconds: int = 0
    then: Then | None = None
    takes: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    """One message of an answer, the first has number 1."""

    outgoing: Outgoing
    number: int
    count: int
    is_held: bool


def reply(uow: UnitOfWork, answer: Answer) -> Message:
    """Store the answer with its delivery rows, and ring for its sending; the first part's message.

    Raises ThreadMovedError (nothing stored) when there are newer messages; the same idempotency
    key returns the message that was stored first, also one that was taken back since. The clock is
    met when WeChat has accepted it.
    """
    conversation, contact = get_locked(uow, answer.conversation_id)
    parts = _parts(answer)
    if (earlier := _sent_before(uow, answer, parts[0])) is not None:
        return earlier
    if conversation.status is Status.RESOLVED:
        merged_into = conversation.merged_into_id
        raise ConflictError(say("the conversation is resolved"), merged_into=merged_into)
    is_held = _must_wait(uow, contact, answer, len(parts))
    if find_newer(uow.session, contact.id, answer.last_seen_message_id, answer.agent_id):
        raise ThreadMovedError
    before = before_of(conversation)
    messages = [
        _store(uow, conversation, answer, _Part(part, number, len(parts), is_held))
        for number, part in enumerate(parts, 1)
    ]
    if answer.takes and conversation.assignee_id is None:
        taken_by_answering(uow, conversation, answer.agent_id)
    conversation.last_message_id = messages[-1].id
    conversation.last_message_at = uow.now
    changed(uow, conversation, contact)
    _forget_draft(uow, answer)
    if answer.then is not None:
        _go_on(uow, answer, answer.then)
    if answer.undo_seconds:
        remember(uow, conversation, before, messages)
    return messages[0]


def try_again(uow: UnitOfWork, message_id: int) -> Message:
    """Send a failed answer again; where that is not possible now, hold it for the customer."""
    message = uow.session.get(Message, message_id)
    if message is None:
        raise NotFoundError(say("there is no message %(id)d", id=message_id))
    contact = uow.session.get_one(Contact, message.contact_id)
    ways = _ways(uow, contact)
    way = Way.TEMPLATE if message.kind == OutgoingKind.TEMPLATE else Way.SEND
    may_wait = message.kind != OutgoingKind.TEMPLATE and (
        message.kind == OutgoingKind.TEXT or ways.has_messages
    )
    if not ways.may(way) and not (may_wait and ways.may(Way.HOLD)):
        problem = ways.problem or say("this answer can't be sent now")
        raise InvalidInputError("reply_window", problem, ways=ways.ways)
    return outbound.try_again(uow, message_id, is_held=not ways.may(way))


def find_newer(
    session: Session, contact_id: int, than_id: int, not_by: int | None
) -> list[MessageRow]:
    """What the customer, a rule or a colleague wrote after the agent had read (at most 50)."""
    return list_newer(session, contact_id, than_id=than_id, not_by=not_by or 0, limit=MOST_NEWER)


def claim_next(uow: UnitOfWork, agent_id: int) -> int | None:
    """Claim the most urgent one of the agent's teams and of no team; None when nothing waits.

    A person asked for it, so it may go beyond their capacity.
    """
    teams: list[int | None] = [None, *(team.id for team in teams_of(uow.session, agent_id))]
    for team_id in most_urgent(uow.session, teams):
        for conversation in lock_waiting(uow.session, team_id, 1):
            contact = uow.session.get_one(Contact, conversation.contact_id)
            put(uow, conversation, contact, Handover(agent_id, by=agent_id))
            return conversation.id
    return None


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
    refuse_moved(uow, conversation_id, last_seen_message_id, agent_id)
    end(uow, conversation, contact, by=agent_id)
    note_activity(uow, conversation, Activity.RESOLVED, by=agent_id)


def refuse_moved(
    uow: UnitOfWork, conversation_id: int, last_seen_message_id: int | None, agent_id: int | None
) -> None:
    """ThreadMovedError when somebody wrote after what the agent had seen; None asks nothing."""
    if last_seen_message_id is None:
        return
    _, contact = get_locked(uow, conversation_id)
    if find_newer(uow.session, contact.id, last_seen_message_id, agent_id):
        raise ThreadMovedError


def reopen(uow: UnitOfWork, conversation_id: int, *, agent_id: int | None = None) -> None:
    """Open a resolved, snoozed or pending one again; whoever had no answer waits as before."""
    episodes.reopen(uow, conversation_id, by=agent_id)


def _go_on(uow: UnitOfWork, answer: Answer, then: Then) -> None:
    """What the agent wants to happen to the conversation with the answer."""
    conversation_id, agent_id = answer.conversation_id, answer.agent_id
    if then.kind is ThenKind.RESOLVE:
        resolve(uow, conversation_id, agent_id=agent_id)
    elif then.kind is ThenKind.SNOOZE:
        snooze(uow, conversation_id, until=then.until, agent_id=agent_id)
    else:
        pend(uow, conversation_id, agent_id=agent_id)


def _parts(answer: Answer) -> list[Outgoing]:
    """The messages that it takes; InvalidInputError when nothing is to be sent, or too much."""
    outgoing = answer.outgoing
    if outgoing.kind is not OutgoingKind.TEXT:
        return [outgoing]
    text = printable(outgoing.text)
    if problem := text_problem(text):
        raise InvalidInputError("text", problem)
    texts = split_text(text)
    if len(texts) > MOST_PARTS:
        raise InvalidInputError(
            "text",
            say("the text takes %(n)d messages; %(most)d at most", n=len(texts), most=MOST_PARTS),
        )
    if len(texts) > 1 and not answer.may_split:
        raise InvalidInputError(
            "text",
            say(
                "WeChat takes %(most)d bytes a message: this takes %(n)d",
                most=MOST_BYTES,
                n=len(texts),
            ),
            parts=len(texts),
        )
    return [replace(outgoing, text=text) for text in texts]


def _sent_before(uow: UnitOfWork, answer: Answer, first: Outgoing) -> Message | None:
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
    is_same = (earlier.kind, earlier.text, earlier.payload) == (
        first.kind,
        first.text,
        first.fields,
    )
    if earlier.conversation_id != get_surviving(uow, answer.conversation_id).id or not is_same:
        raise ConflictError(say("this Idempotency-Key was used for another message"))
    return earlier


def _forget_draft(uow: UnitOfWork, answer: Answer) -> None:
    """What was sent is no draft any more, unless its author has typed on meanwhile."""
    draft = drafts_of(uow.session, answer.conversation_id, answer.agent_id).reply.strip()
    if draft and draft == printable(answer.outgoing.text).strip():
        forget_drafts(uow, answer.conversation_id, agent_id=answer.agent_id, kind=DraftKind.REPLY)


def _ways(uow: UnitOfWork, contact: Contact) -> Ways:
    account_id = contact.account_id
    return ways_of(
        contact,
        facts_of(uow.session, [account_id])[account_id],
        uow.now,
        on_their_way=_unsent(uow, contact).on_their_way,
        has_templates=bool(accounts_with_templates(uow.session, [account_id])),
    )


def _must_wait(uow: UnitOfWork, contact: Contact, answer: Answer, parts: int) -> bool:
    """Whether it waits for the customer; InvalidInputError when it can't be sent at all."""
    ways = _ways(uow, contact)
    if answer.outgoing.kind is OutgoingKind.TEMPLATE:
        if ways.may(Way.TEMPLATE):
            return False
        problem = ways.problem or say("the account has no such template")
        raise InvalidInputError("kind", problem, ways=ways.ways)
    if ways.may(Way.SEND):
        return _must_wait_for_more(answer, ways, parts) and _may_hold(uow, contact, parts)
    is_passive = not ways.has_messages
    if is_passive and answer.outgoing.kind is not OutgoingKind.TEXT:
        raise InvalidInputError("kind", say("this account can answer with text only"))
    if not ways.may(Way.HOLD) or not (answer.is_held or is_passive):
        raise InvalidInputError("reply_window", ways.problem or "", ways=ways.ways)
    return _may_hold(uow, contact, parts)


def _unsent(uow: UnitOfWork, contact: Contact) -> Unsent:
    return count_unsent(uow.session, [contact.id]).get(contact.id, Unsent())


def _may_hold(uow: UnitOfWork, contact: Contact, parts: int) -> bool:
    """True; ConflictError when too many wait already."""
    if _unsent(uow, contact).held + parts > MOST_HELD:
        raise ConflictError(say("%(most)d answers wait for this customer already", most=MOST_HELD))
    return True


def _must_wait_for_more(answer: Answer, ways: Ways, parts: int) -> bool:
    """The window is open: whether what is left of it is enough."""
    if parts <= ways.left:
        return False
    if answer.is_held:
        return True
    problem = say("the text takes %(n)d messages, %(left)d are left", n=parts, left=ways.left)
    raise InvalidInputError("reply_window", problem, ways=[Way.HOLD], parts=parts)


def _store(uow: UnitOfWork, conversation: Conversation, answer: Answer, part: _Part) -> Message:
    outgoing = part.outgoing
    message = Message(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        direction=Direction.OUTGOING,
        kind=outgoing.kind,
        text=outgoing.text,
        payload=outgoing.fields,
        sender_kind=SenderKind.AGENT,
        sender_id=answer.agent_id,
        idempotency_key=answer.idempotency_key if part.number == 1 else None,
        part_number=part.number if part.count > 1 else None,
        part_count=part.count if part.count > 1 else None,
        created_at=uow.now,
        received_at=uow.now,
    )
    write_in_order(uow.session, Message.__tablename__)
    uow.session.add(message)
    uow.session.flush()
    if outgoing.attachment_id is not None:
        bind(uow, outgoing.attachment_id, message.id, answer.agent_id)
    is_template = outgoing.kind is OutgoingKind.TEMPLATE
    undo_until = uow.now + timedelta(seconds=answer.undo_seconds)
    queue_delivery(
        uow,
        message,
        is_held=part.is_held,
        may_wait=answer.is_held,
        via=Via.TEMPLATE if is_template else Via.CUSTOMER_SERVICE,
        undo_until=undo_until if answer.undo_seconds else None,
    )
    return message
