"""Two conversations of one customer become one: the other's address leads to it."""

from __future__ import annotations

from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import get_locked as get_locked_contact
from wxdesk.conversations.merging import move_rows
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import begin_again, changed
from wxdesk.conversations.queries import no_such_conversation
from wxdesk.conversations.rules import Priority, Status
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.sla.episodes import hand_clocks_over
from wxdesk.words import say

PRIORITIES = tuple(Priority)  # the most urgent first


def merge(uow: UnitOfWork, source_id: int, into_id: int, *, agent_id: int) -> None:
    """Everything of the source moves to the other; the source ends, and says where it went.

    Where the source was the unresolved one, the other is open in its stead: same status, agent
    (unless it has one), clocks and breaches. InvalidInputError `into`; ConflictError.
    """
    source, target, contact = _get_both(uow, source_id, into_id)
    _refuse(source, target)
    lives_on = source.status is not Status.RESOLVED
    if lives_on:
        _change_places(uow, source, target)
    uow.session.flush()
    move_rows(uow, source.id, target.id)
    _move_ratings(uow, source.id, target.id)
    source.merged_into_id = target.id
    target.opened_at = min(target.opened_at, source.opened_at)
    target.priority = min(source.priority, target.priority, key=PRIORITIES.index)
    if source.last_message_at > target.last_message_at or target.last_message_id is None:
        target.last_message_id = source.last_message_id
        target.last_message_at = max(source.last_message_at, target.last_message_at)
    for conversation in (source, target):
        changed(uow, conversation, contact)
    note_activity(uow, source, Activity.MERGED, by=agent_id, into=target.id)
    note_activity(uow, target, Activity.MERGED, by=agent_id, merged=source.id)


def _get_both(
    uow: UnitOfWork, source_id: int, into_id: int
) -> tuple[Conversation, Conversation, Contact]:
    """Customer first, as the drain does, then both conversations in the order of their ids."""
    if source_id == into_id:
        raise InvalidInputError("into", say("a conversation can't be merged into itself"))
    found = {
        row.id: row.contact_id
        for row in uow.session.execute(
            select(Conversation.id, Conversation.contact_id).where(
                Conversation.id.in_([source_id, into_id])
            )
        )
    }
    if source_id not in found:
        raise no_such_conversation(source_id)
    if into_id not in found:
        raise InvalidInputError("into", say("there is no conversation %(id)d", id=into_id))
    if found[source_id] != found[into_id]:
        raise InvalidInputError("into", _why_not(uow, found[source_id], found[into_id]))
    contact = get_locked_contact(uow, found[source_id])
    rows = {
        row.id: row
        for row in uow.session.scalars(
            select(Conversation)
            .where(Conversation.id.in_([source_id, into_id]))
            .order_by(Conversation.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    return rows[source_id], rows[into_id], contact


def _why_not(uow: UnitOfWork, contact_id: int, other_id: int) -> str:
    unionids = {uow.session.get_one(Contact, each).unionid for each in (contact_id, other_id)}
    if len(unionids) == 1 and None not in unionids:
        return say(
            "the same person at another official account: WeChat takes an answer only through the"
            " account that they wrote to, so these conversations stay apart"
        )
    return say("this conversation is with another customer")


def _refuse(source: Conversation, target: Conversation) -> None:
    if source.merged_into_id is not None:
        raise ConflictError(
            say("it was merged into conversation %(id)d", id=source.merged_into_id),
            merged_into=source.merged_into_id,
        )
    if target.merged_into_id is not None:
        raise InvalidInputError(
            "into",
            say("that one was merged into conversation %(id)d", id=target.merged_into_id),
            merged_into=target.merged_into_id,
        )
    if source.is_spam or target.is_spam:
        raise ConflictError(say("one of them is marked as spam"))


def _change_places(uow: UnitOfWork, source: Conversation, target: Conversation) -> None:
    """The source ends and the target goes on as it was; never two unresolved at once."""
    status, snoozed_until = source.status, source.snoozed_until
    assignee_id, assigned_at = source.assignee_id, source.assigned_at
    source.status, source.resolved_at, source.snoozed_until = Status.RESOLVED, uow.now, None
    uow.session.flush()
    begin_again(target)
    hand_clocks_over(uow, source, target)
    target.status, target.snoozed_until = status, snoozed_until
    target.assignee_id, target.assigned_at = assignee_id, assigned_at
    target.team_id = source.team_id or target.team_id


def _move_ratings(uow: UnitOfWork, source_id: int, target_id: int) -> None:
    """Each end of a conversation has one rating at most."""
    rows = uow.session.scalars(
        select(SatisfactionRating).where(
            SatisfactionRating.conversation_id.in_([source_id, target_id])
        )
    ).all()
    taken = {row.resolved_at for row in rows if row.conversation_id == target_id}
    for row in rows:
        if row.conversation_id == source_id and row.resolved_at not in taken:
            row.conversation_id = target_id
