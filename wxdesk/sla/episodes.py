"""A conversation ends, or begins again, and its clocks with it."""

from __future__ import annotations

from sqlalchemy import update

from wxdesk.contacts.models import Contact
from wxdesk.conversations import operations as conversations
from wxdesk.conversations.answered import last_answer_id, last_resolved_id
from wxdesk.conversations.lifecycle import wake_up
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import changed, find_current, oldest_unanswered
from wxdesk.conversations.rules import Status, Waking
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.conversations.waking import leave_absent_agents, wake
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.models import SlaBreach
from wxdesk.sla.operations import waiting_ends, waits_for_answer_to
from wxdesk.sla.rules import Clock


def end(uow: UnitOfWork, conversation: Conversation, contact: Contact) -> None:
    """Resolve a locked conversation; its clocks stop, and a broken promise stays recorded."""
    waiting_ends(uow, conversation)
    conversation.status = Status.RESOLVED
    conversation.resolved_at, conversation.snoozed_until = uow.now, None
    changed(uow, conversation, contact)


def reopen(uow: UnitOfWork, conversation_id: int, *, by: int | None) -> None:
    """Open a resolved or sleeping conversation again; whoever had no answer waits as before."""
    if wake_up(uow, conversation_id, agent_id=by):
        return
    conversation = conversations.reopen(uow, conversation_id)
    if conversation is not None:
        wait_again(uow, conversation)
        note_activity(uow, conversation, Activity.REOPENED, by=by)


def wait_again(uow: UnitOfWork, conversation: Conversation, lost_id: int | None = None) -> None:
    """The clock runs from the oldest message that no answer has reached; none when all have.

    `lost_id`: the answer that has just proved not to go. A clock that runs since it was given is
    set back, but not to what a colleague had put to rest before that answer.
    """
    after_id = last_answer_id(uow.session, conversation.id)
    if lost_id is not None and conversation.waiting_since is not None:
        after_id = max(after_id, last_resolved_id(uow.session, conversation.id, lost_id))
    waiting = oldest_unanswered(uow, conversation.id, after_id=after_id)
    if waiting is not None:
        waits_for_answer_to(uow, conversation, waiting)
        contact = uow.session.get_one(Contact, conversation.contact_id)
        changed(uow, conversation, contact)


def answer_failed(
    uow: UnitOfWork, conversation: Conversation, contact: Contact, answer_id: int
) -> None:
    """A person's answer did not reach the customer, who waits again (or may).

    A conversation that was put away comes back. Not when a later answer is on its way. One that
    ended goes back to who had it, unless the customer has a newer one.
    """
    if last_answer_id(uow.session, conversation.id) > answer_id:
        return
    if conversation.status is not Status.RESOLVED:
        wake(uow, [conversation], Waking.FAILED)
        wait_again(uow, conversation, answer_id)
        changed(uow, conversation, contact)
        return
    if contact.is_spam:
        return
    if find_current(uow, [contact.id])[contact.id].id != conversation.id:
        return
    assignee_id, assigned_at = conversation.assignee_id, conversation.assigned_at
    conversations.begin_again(conversation)
    conversation.assignee_id, conversation.assigned_at = assignee_id, assigned_at
    leave_absent_agents(uow, [conversation])
    wait_again(uow, conversation)
    changed(uow, conversation, contact)
    note_activity(uow, conversation, Activity.REOPENED, by=None, reason=Waking.FAILED.value)


def hand_clocks_over(uow: UnitOfWork, source: Conversation, target: Conversation) -> None:
    """The running episode goes on in another conversation: its clocks, breaches and who waits."""
    broken = [getattr(source, f"{clock}_breached_at") for clock in Clock]
    for clock in Clock:
        for column in (f"{clock}_deadline_at", f"{clock}_met_at", f"{clock}_breached_at"):
            setattr(target, column, getattr(source, column))
            setattr(source, column, None)
    for column in ("waiting_since", "waiting_message_id", "due_at", "is_breached"):
        setattr(target, column, getattr(source, column))
    source.waiting_since = source.waiting_message_id = None
    source.due_at, source.is_breached = FAR_FUTURE, False
    uow.session.execute(
        update(SlaBreach)
        .where(
            SlaBreach.conversation_id == source.id,
            SlaBreach.breached_at.in_([at for at in broken if at is not None]),
        )
        .values(conversation_id=target.id)
        .execution_options(synchronize_session=False)
    )
