"""Spam: the conversation ends, what the customer writes is kept aside, and all can be undone."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select, update

from wxdesk.audit.operations import note
from wxdesk.contacts.changes import change_blacklist, get_changeable
from wxdesk.contacts.models import Contact
from wxdesk.conversations.counted import counts_change
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed, find_current, get_locked
from wxdesk.conversations.queries import contact_id_of
from wxdesk.conversations.rules import SPAM, Direction, Place, Status
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.plumbing.errors import ConflictError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.episodes import come_back, end, wait_again
from wxdesk.words import say


def mark_spam(
    uow: UnitOfWork, conversation_id: int, *, agent_id: int | None, is_blacklisted: bool | None
) -> None:
    """End the conversation; what the customer writes from now on is set aside as spam.

    `is_blacklisted`: WeChat's own blacklist, which is told; None leaves that as it is.
    """
    contact = get_changeable(uow, contact_id_of(uow.session, conversation_id))
    found = find_current(uow, [contact.id], all_of=[contact.id])  # locked before a line is written
    conversation, _ = get_locked(uow, conversation_id)
    if conversation.merged_into_id is not None:
        raise ConflictError(
            say("it was merged into conversation %(id)d", id=conversation.merged_into_id),
            merged_into=conversation.merged_into_id,
        )
    _set_blacklist(uow, contact, is_blacklisted, agent_id)
    if conversation.is_spam and contact.is_spam:
        return
    contact.is_spam = True
    note(uow, "contact.spam", f"contact:{contact.id}", actor_id=agent_id)
    _end_as_spam(uow, conversation, contact, agent_id)
    for current in found.values():
        if current.status is not Status.RESOLVED:
            _end_as_spam(uow, current, contact, agent_id)
    uow.announce(f"contact:{contact.id}")


def not_spam(
    uow: UnitOfWork, contact_id: int, *, agent_id: int | None, is_blacklisted: bool | None = None
) -> None:
    """Undo: the conversation is open again, and what was set aside meanwhile is in it.

    Who had it has it; whoever had no answer waits since they wrote.
    """
    contact = get_changeable(uow, contact_id)
    _set_blacklist(uow, contact, is_blacklisted, agent_id)
    rows = uow.session.scalars(
        select(Conversation)
        .where(Conversation.contact_id == contact.id, Conversation.is_spam)
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if not rows and not contact.is_spam:
        return
    contact.is_spam = False
    note(uow, "contact.not_spam", f"contact:{contact.id}", actor_id=agent_id)
    for row in rows:
        row.is_spam = False
        changed(uow, row, contact)
    uow.session.flush()
    for current in find_current(uow, [contact.id]).values():
        if current in rows or _has_messages_aside(uow, contact.id):
            _put_back(uow, current, contact)
        note_activity(uow, current, Activity.NOT_SPAM, by=agent_id)
    uow.announce(f"contact:{contact.id}")


def _end_as_spam(
    uow: UnitOfWork, conversation: Conversation, contact: Contact, agent_id: int | None
) -> None:
    conversation.is_spam = True
    if conversation.status is Status.RESOLVED:
        changed(uow, conversation, contact)
    else:
        end(uow, conversation, contact, is_resolved=False)
    note_activity(uow, conversation, Activity.SPAM, by=agent_id)


def _set_blacklist(
    uow: UnitOfWork, contact: Contact, is_blacklisted: bool | None, agent_id: int | None
) -> None:
    if is_blacklisted is not None:
        change_blacklist(uow, contact.id, is_blacklisted=is_blacklisted, actor_id=agent_id)


def _put_back(uow: UnitOfWork, conversation: Conversation, contact: Contact) -> None:
    if conversation.status is Status.RESOLVED:
        come_back(uow, conversation)
    _take_back_messages(uow, conversation)
    wait_again(uow, conversation)
    changed(uow, conversation, contact)


def _has_messages_aside(uow: UnitOfWork, contact_id: int) -> bool:
    return bool(uow.session.scalar(exists().where(*_aside(contact_id)).select()))


def _take_back_messages(uow: UnitOfWork, conversation: Conversation) -> None:
    """What was set aside belongs to the conversation now, and is in that place in the sums."""
    aside = _aside(conversation.contact_id)
    latest = uow.session.scalars(
        select(Message)
        .where(*aside)
        .order_by(Message.received_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    if latest is None:
        return
    if latest.received_at >= conversation.last_message_at:
        conversation.last_message_id = latest.id
        conversation.last_message_at = latest.received_at
    moved = uow.session.scalars(
        update(Message)
        .where(*aside)
        .values(place=Place.CONVERSATION, set_aside_reason=None, conversation_id=conversation.id)
        .returning(Message.received_at)
        .execution_options(synchronize_session=False)
    )
    counts_change(uow, *moved)


def _aside(contact_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Message.contact_id == contact_id,
        Message.direction == Direction.INCOMING,
        Message.place == Place.SET_ASIDE,
        Message.set_aside_reason == SPAM,
    )
