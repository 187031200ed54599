"""What changes about conversations: opened, continued, claimed, resolved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select, update

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import may
from wxdesk.contacts.models import Contact
from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Status, may_reopen, urgency_of
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


def find_current(uow: UnitOfWork, contact_ids: Iterable[int]) -> dict[int, Conversation]:
    """The latest conversation of each contact, locked; by contact id."""
    latest = (
        select(func.max(Conversation.id))
        .where(Conversation.contact_id.in_(sorted(contact_ids)))
        .group_by(Conversation.contact_id)
    )
    rows = uow.session.scalars(
        select(Conversation)
        .where(Conversation.id.in_(latest))
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {conversation.contact_id: conversation for conversation in rows}


def open_or_continue(
    uow: UnitOfWork, current: Conversation | None, contact: Contact, wrote_at: datetime
) -> Conversation:
    """The conversation that a customer's message belongs to: open, reopened or new."""
    if current is not None and current.status is not Status.RESOLVED:
        current.status = Status.OPEN
        return current
    if current is not None and may_reopen(current.resolved_at, uow.now):
        _reopen(current)
        return current
    conversation = Conversation(
        account_id=contact.account_id,
        contact_id=contact.id,
        status=Status.OPEN,
        opened_at=wrote_at,
        last_message_at=wrote_at,
        queued_at=wrote_at,
        due_at=FAR_FUTURE,
        is_breached=False,
        version=0,
    )
    uow.session.add(conversation)
    return conversation


def changed(uow: UnitOfWork, conversation: Conversation, contact: Contact) -> None:
    """After any change that an agent sees: version, queue order, live topics, standing."""
    conversation.version = (conversation.version or 0) + 1
    conversation.queued_at = conversation.waiting_since or conversation.last_message_at
    rank(conversation, contact, uow.now)
    standings.remember(uow, conversation.account_id, contact.openid, conversation.standing)
    uow.announce("inbox", f"conversation:{conversation.id}")


def rank(conversation: Conversation, contact: Contact, now: datetime) -> bool:
    """Set the place in the queue; True if its rank changed."""
    before = conversation.urgency_rank
    urgency = urgency_of(
        is_waiting=conversation.waiting_since is not None,
        due_at=conversation.due_at,
        closes_at=contact.window_closes_at if contact.window_remaining > 0 else None,
        now=now,
    )
    conversation.urgency_rank, conversation.urgent_at = urgency.rank, urgency.at
    conversation.window_check_at = urgency.check_at or FAR_FUTURE
    return before != urgency.rank


def rank_due(uow: UnitOfWork, limit: int) -> int:
    """Judge again up to `limit` conversations whose window comes near its end; how many."""
    rows = uow.session.execute(
        select(Conversation, Contact)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.window_check_at <= uow.now)
        .order_by(Conversation.window_check_at)
        .limit(limit)
        .with_for_update(of=Conversation, skip_locked=True, key_share=True)
    ).all()
    for conversation, contact in rows:
        if rank(conversation, contact, uow.now):
            conversation.version += 1
            uow.announce("inbox", f"conversation:{conversation.id}")
    return len(rows)


def get_locked(uow: UnitOfWork, conversation_id: int) -> tuple[Conversation, Contact]:
    """A conversation, locked until the commit, and its customer; NotFoundError if none.

    Whoever changes both locks the customer first (`contacts.operations.get_locked`), as the drain
    does, so that nobody waits in a circle.
    """
    conversation = uow.session.get(
        Conversation,
        conversation_id,
        with_for_update={"key_share": True},
        populate_existing=True,
    )
    if conversation is None:
        raise NotFoundError(say("there is no conversation %(id)d", id=conversation_id))
    return conversation, uow.session.get_one(Contact, conversation.contact_id)


def claim(uow: UnitOfWork, conversation_id: int, agent_id: int) -> bool:
    """Take an unassigned conversation; False if the agent had it, ConflictError if another has.

    A conditional update: of any number of agents at once exactly one gets it.
    """
    _refuse_unknown(uow, agent_id)
    taken = uow.session.execute(
        update(Conversation)
        .where(
            Conversation.id == conversation_id,
            Conversation.assignee_id.is_(None),
            Conversation.status != Status.RESOLVED,
        )
        .values(assignee_id=agent_id)
        .execution_options(synchronize_session=False)
    )
    conversation, contact = get_locked(uow, conversation_id)
    if taken.rowcount == 1:  # type: ignore[attr-defined]
        changed(uow, conversation, contact)
        return True
    if conversation.assignee_id != agent_id:
        raise ConflictError(
            say("somebody else has this conversation already")
            if conversation.assignee_id
            else say("the conversation is resolved"),
            assignee=_name_of(uow, conversation.assignee_id),
        )
    return False


def assign(uow: UnitOfWork, conversation_id: int, agent_id: int | None) -> None:
    """Give the conversation to an agent whoever has it now, or back to all (None)."""
    _refuse_unknown(uow, agent_id)
    conversation, contact = get_locked(uow, conversation_id)
    if conversation.status is Status.RESOLVED:
        raise ConflictError(say("the conversation is resolved"))
    if conversation.assignee_id != agent_id:
        conversation.assignee_id = agent_id
        changed(uow, conversation, contact)


def reopen(uow: UnitOfWork, conversation_id: int) -> None:
    """Open a resolved conversation again, unless the customer has opened a newer one."""
    conversation, contact = get_locked(uow, conversation_id)
    if conversation.status is not Status.RESOLVED:
        return
    current = find_current(uow, [contact.id])[contact.id]
    if current.id != conversation.id:
        raise ConflictError(
            say("the customer has a newer conversation"), newer_conversation_id=current.id
        )
    _reopen(conversation)
    changed(uow, conversation, contact)


def oldest_unanswered(uow: UnitOfWork, conversation_id: int, *, after_id: int) -> Message | None:
    """The first incoming message of the conversation that was recorded after this message."""
    return uow.session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == Direction.INCOMING,
            Message.id > after_id,
        )
        .order_by(Message.received_at, Message.id)
        .limit(1)
    ).first()


def _name_of(uow: UnitOfWork, agent_id: int | None) -> dict[str, object] | None:
    agent = uow.session.get(Agent, agent_id) if agent_id is not None else None
    return {"id": agent.id, "name": agent.name} if agent else None


def _refuse_unknown(uow: UnitOfWork, agent_id: int | None) -> None:
    if agent_id is None:
        return
    agent = uow.session.get(Agent, agent_id)
    if agent is None or not agent.is_active or not may(agent.role, "conversations.reply"):
        raise InvalidInputError("assignee", say("there is no such agent"))


def _reopen(conversation: Conversation) -> None:
    """A new episode: unassigned, so that all see it, with all clocks unset."""
    conversation.status = Status.OPEN
    conversation.resolved_at = None
    conversation.assignee_id = None
    conversation.waiting_since = None
    conversation.waiting_message_id = None
    for clock in ("first_response", "next_response"):
        for column in ("deadline_at", "met_at", "breached_at"):
            setattr(conversation, f"{clock}_{column}", None)
