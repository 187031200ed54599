"""Doing it to one conversation, by the very operations that agents use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import may
from wxdesk.bulk_actions.deeds import Deed
from wxdesk.bulk_actions.rules import BulkAction
from wxdesk.conversations.answered import is_unanswered
from wxdesk.conversations.assigning import Handover, hand_over
from wxdesk.conversations.lifecycle import set_priority, snooze
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.rules import Status
from wxdesk.conversations.tagging import change_tags
from wxdesk.inbox.operations import Answer, refuse_moved, reply, resolve
from wxdesk.inbox.spam import mark_spam, not_spam
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

NOTHING_TO_DO = say("it was so already")


@dataclass(frozen=True, slots=True)
class Task:
    """One conversation of a run: what is done, by whom, and what had been written by then."""

    run_id: int
    conversation_id: int
    deed: Deed
    agent: Agent
    seen_message_id: int


def act(uow: UnitOfWork, task: Task) -> str | None:
    """Do it; a sentence when there was nothing to do, or it should not be done here.

    Raises the errors of the operation: then nothing of it may be committed.
    """
    return _ACTS[task.deed.action](uow, task)


def _resolve(uow: UnitOfWork, task: Task) -> str | None:
    conversation, _ = get_locked(uow, task.conversation_id)
    if conversation.status is Status.RESOLVED:
        return say("the conversation is resolved")
    if problem := _keeps_waiting(uow, task, conversation):
        return problem
    resolve(
        uow,
        conversation.id,
        agent_id=task.agent.id,
        last_seen_message_id=task.seen_message_id,
    )
    return None


def _snooze(uow: UnitOfWork, task: Task) -> str | None:
    conversation, _ = get_locked(uow, task.conversation_id)
    if problem := _keeps_waiting(uow, task, conversation):
        return problem
    refuse_moved(uow, conversation.id, task.seen_message_id, task.agent.id)
    snooze(uow, conversation.id, agent_id=task.agent.id, until=task.deed.until)
    return None


def _assign(uow: UnitOfWork, task: Task) -> str | None:
    deed = task.deed
    handover = Handover(deed.assignee_id, task.agent.id, deed.team_id, has_team=deed.has_team)
    return _unless(hand_over(uow, task.conversation_id, handover, takes_over=True))


def _tag(uow: UnitOfWork, task: Task) -> str | None:
    conversation, contact = get_locked(uow, task.conversation_id)
    is_changed = change_tags(
        uow,
        conversation,
        add=task.deed.add,
        remove=task.deed.remove,
        by=task.agent.id,
        may_make=may(task.agent.role, "shared.write"),
    )
    if is_changed:
        changed(uow, conversation, contact)
    return _unless(is_changed)


def _set_priority(uow: UnitOfWork, task: Task) -> str | None:
    conversation, _ = get_locked(uow, task.conversation_id)
    is_new = conversation.priority is not task.deed.priority
    set_priority(uow, conversation.id, task.deed.priority, agent_id=task.agent.id)
    return _unless(is_new)


def _mark_spam(uow: UnitOfWork, task: Task) -> str | None:
    conversation = uow.session.get_one(Conversation, task.conversation_id)
    if conversation.is_spam is task.deed.is_spam:
        return NOTHING_TO_DO
    if task.deed.is_spam:
        mark_spam(uow, conversation.id, agent_id=task.agent.id, is_blacklisted=None)
    else:
        not_spam(uow, conversation.contact_id, agent_id=task.agent.id)
    return None


def _reply(uow: UnitOfWork, task: Task) -> str | None:
    """As if the agent had answered each; a conversation that nobody has stays with nobody."""
    answer = Answer(
        conversation_id=task.conversation_id,
        agent_id=task.agent.id,
        outgoing=Outgoing(OutgoingKind.TEXT, task.deed.text),
        last_seen_message_id=task.seen_message_id,
        idempotency_key=f"bulk-{task.run_id}-{task.conversation_id}",
        is_held=task.deed.is_held,
        takes=False,
    )
    try:
        reply(uow, answer)
    except InvalidInputError as error:
        if error.field != "reply_window":
            raise
        return error.sentence  # raised before anything was stored
    return None


def _keeps_waiting(uow: UnitOfWork, task: Task, conversation: Conversation) -> str | None:
    """Nobody who waits is put away with many others, unless that is wished."""
    if not task.deed.even_waiting and is_unanswered(uow.session, conversation):
        return say("the customer waits for an answer")
    return None


def _unless(is_changed: bool) -> str | None:
    return None if is_changed else NOTHING_TO_DO


_ACTS: dict[BulkAction, Callable[[UnitOfWork, Task], str | None]] = {
    BulkAction.RESOLVE: _resolve,
    BulkAction.SNOOZE: _snooze,
    BulkAction.ASSIGN: _assign,
    BulkAction.TAG: _tag,
    BulkAction.PRIORITY: _set_priority,
    BulkAction.SPAM: _mark_spam,
    BulkAction.REPLY: _reply,
}
