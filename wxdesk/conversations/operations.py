"""What changes about conversations: opened, continued, reopened, placed in the queue."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, union_all

from wxdesk.background_jobs import ASSIGN_WAITING
from wxdesk.commit_steps import FOLLOW_CLOCKS
from wxdesk.contacts.models import Contact
from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.queries import no_such_conversation
from wxdesk.conversations.rules import ASLEEP, Direction, Status, Waking, urgency_of
from wxdesk.conversations.waking import wake
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import ConflictError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


def find_current(
    uow: UnitOfWork,
    contact_ids: Collection[int],
    *,
    open_of: Collection[int] = (),
    all_of: Collection[int] = (),
) -> dict[int, Conversation]:
    """The unresolved conversation of each contact, else the latest one, locked; by contact id.

    Merged ones are passed over. An unresolved one may be older than the latest: conversations are
    merged in both directions. Of the contacts `open_of` unresolved ones only are found; of `all_of`
    every conversation is locked, for whoever changes an earlier one too.
    """
    of, conversation_id = Conversation.contact_id, Conversation.id
    latest = (
        select(func.max(conversation_id))
        .where(of.in_(sorted(contact_ids)), Conversation.merged_into_id.is_(None))
        .group_by(of)
    )
    unresolved = select(conversation_id).where(
        of.in_(sorted({*contact_ids, *open_of})), Conversation.status != Status.RESOLVED
    )
    every = [select(conversation_id).where(of.in_(sorted(all_of)))] if all_of else []
    rows = uow.session.scalars(
        select(Conversation)
        .where(conversation_id.in_(union_all(latest, unresolved, *every)))
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found: dict[int, Conversation] = {}
    for conversation in rows:
        if conversation.merged_into_id is not None:
            continue
        earlier = found.get(conversation.contact_id)
        if earlier is None or earlier.status is Status.RESOLVED:
            found[conversation.contact_id] = conversation
    return found


def changed(uow: UnitOfWork, conversation: Conversation, contact: Contact) -> None:
    """After any change that an agent sees: version, queue order, live topics, standing, clocks."""
    conversation.version = (conversation.version or 0) + 1
    conversation.queued_at = conversation.waiting_since or conversation.last_message_at
    rank(conversation, contact, uow.now)
    if conversation.status is not Status.RESOLVED or not _is_attended_elsewhere(uow, conversation):
        standings.remember(uow, conversation.account_id, contact.openid, conversation.standing)
    uow.announce("inbox", f"conversation:{conversation.id}")
    uow.before_commit(FOLLOW_CLOCKS, conversation.id, conversation)
    if _may_be_given(conversation):
        uow.ring(ASSIGN_WAITING)


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
    closing = []
    for conversation, contact in rows:
        if rank(conversation, contact, uow.now):
            conversation.version += 1
            uow.announce("inbox", f"conversation:{conversation.id}")
            if conversation.urgency_rank == 0 and conversation.status in ASLEEP:
                closing.append((conversation, contact))
    wake(uow, [conversation for conversation, _ in closing], Waking.CLOSING)
    for conversation, contact in closing:
        changed(uow, conversation, contact)
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
        raise no_such_conversation(conversation_id)
    return conversation, uow.session.get_one(Contact, conversation.contact_id)


def reopen(uow: UnitOfWork, conversation_id: int) -> Conversation | None:
    """Open a resolved conversation again; None if it was not resolved.

    ConflictError when it was merged into another, the customer has opened a newer one, is marked as
    spam, or their data was removed.
    """
    conversation, contact = get_locked(uow, conversation_id)
    if conversation.status is not Status.RESOLVED:
        return None
    if conversation.merged_into_id is not None:
        raise ConflictError(
            say("it was merged into conversation %(id)d", id=conversation.merged_into_id),
            merged_into=conversation.merged_into_id,
        )
    refuse_forgotten(contact)
    if contact.is_spam:  # else it would be open while what the customer writes is set aside
        raise ConflictError(say("this customer is marked as spam: undo that first"))
    current = find_current(uow, [contact.id])[contact.id]
    if current.id != conversation.id:
        raise ConflictError(
            say("the customer has a newer conversation"), newer_conversation_id=current.id
        )
    begin_again(conversation)
    changed(uow, conversation, contact)
    return conversation


def refuse_forgotten(contact: Contact) -> None:
    """Nothing new is written about a customer whose data was removed: ConflictError."""
    if contact.forgotten_at is not None:
        raise ConflictError(say("this customer's data was removed"))


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


def _is_attended_elsewhere(uow: UnitOfWork, resolved: Conversation) -> bool:
    """The customer has an unresolved conversation besides: their standing is that one's."""
    query = select(Conversation.id).where(
        Conversation.contact_id == resolved.contact_id,
        Conversation.status != Status.RESOLVED,
        Conversation.id != resolved.id,
    )
    return uow.session.scalar(query.limit(1)) is not None


def _may_be_given(conversation: Conversation) -> bool:
    """It waits in a team for an agent, or it has just freed one for others."""
    if conversation.assignee_id is None:
        return conversation.team_id is not None and conversation.status is Status.OPEN
    return conversation.status is not Status.OPEN


def open_again(conversation: Conversation) -> None:
    """Back among the open ones, in the episode that had ended."""
    conversation.status = Status.OPEN
    conversation.resolved_at = conversation.snoozed_until = None
    conversation.returned_reason = conversation.returned_from_id = None
    conversation.waiting_since = None
    conversation.waiting_message_id = None


def begin_again(conversation: Conversation) -> None:
    """A new episode: unassigned, so that all see it, with all clocks unset."""
    open_again(conversation)
    conversation.assignee_id = conversation.assigned_at = None
    conversation.episode += 1
    for clock in ("first_response", "next_response", "resolution"):
        for column in ("deadline_at", "met_at", "breached_at"):
            setattr(conversation, f"{clock}_{column}", None)
