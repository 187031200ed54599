"""A conversation ends, or begins again, and its clocks with it."""

from __future__ import annotations

from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.conversations import operations as conversations
from wxdesk.conversations.answered import last_answer_id, last_resolved_id
from wxdesk.conversations.lifecycle import wake_up
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import (
    begin_again,
    changed,
    find_current,
    oldest_unanswered,
    open_again,
)
from wxdesk.conversations.rules import Status, Waking
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.conversations.waking import leave_absent_agents, wake
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.clocks import begin_resolution
from wxdesk.sla.ending import delete_clocks, latest_of, meet, revive, running_of, stop
from wxdesk.sla.models import SlaClock
from wxdesk.sla.policies import book_of
from wxdesk.sla.rules import RESPONSES, Clock, ClockState
from wxdesk.sla.waiting import waiting_ends, waits_for_answer_to


def end(
    uow: UnitOfWork,
    conversation: Conversation,
    contact: Contact,
    *,
    by: int | None = None,
    is_resolved: bool = True,
) -> None:
    """End a locked conversation; its clocks stop, and a broken promise stays recorded.

    `is_resolved` False: it ends as spam, or because the customer is forgotten.
    """
    waiting_ends(uow, conversation, uow.now)
    clock = running_of(uow.session, conversation.id, (Clock.RESOLUTION,))
    if clock is not None and is_resolved:
        meet(uow, conversation, clock, uow.now, agent_id=by)
    elif clock is not None:
        stop(uow, conversation, clock, uow.now)
    conversation.status = Status.RESOLVED
    conversation.resolved_at, conversation.snoozed_until = uow.now, None
    changed(uow, conversation, contact)


def reopen(uow: UnitOfWork, conversation_id: int, *, by: int | None) -> None:
    """Open a resolved or sleeping conversation again; whoever had no answer waits as before."""
    if wake_up(uow, conversation_id, agent_id=by):
        return
    conversation = conversations.reopen(uow, conversation_id)
    if conversation is not None:
        begin_resolution(uow, conversation)
        wait_again(uow, conversation)
        note_activity(uow, conversation, Activity.REOPENED, by=by)


def come_back(uow: UnitOfWork, conversation: Conversation) -> None:
    """What ended it is undone: the same episode goes on, its clocks as if they had not stopped.

    Where it ended otherwise before, a new episode begins. Whoever had it has it, unless they left.
    """
    assignee_id, assigned_at = conversation.assignee_id, conversation.assigned_at
    clock = latest_of(uow.session, conversation, (Clock.RESOLUTION,))
    if clock is not None and clock.state is ClockState.STOPPED:
        open_again(conversation)
        go_on(uow, conversation)
    else:
        begin_again(conversation)
        conversation.assignee_id, conversation.assigned_at = assignee_id, assigned_at
    leave_absent_agents(uow, [conversation])


def go_on(uow: UnitOfWork, conversation: Conversation) -> None:
    """The episode did not end after all; for the customer's own wait: `wait_again`."""
    resolution = latest_of(uow.session, conversation, (Clock.RESOLUTION,))
    if resolution is not None and resolution.ended_at is not None:
        revive(conversation, resolution)
        uow.session.flush()


def wait_again(uow: UnitOfWork, conversation: Conversation, lost_id: int | None = None) -> None:
    """The clock runs from the oldest message that no answer has reached; none when all have.

    `lost_id`: the answer that has just proved not to go. A clock that runs since it was given is
    set back, but not to what a colleague had put to rest before that answer.
    """
    after_id = last_answer_id(uow.session, conversation.id)
    _take_back_answers(uow, conversation, after_id)
    _take_back_end(uow, conversation, after_id)
    if lost_id is not None and conversation.waiting_since is not None:
        after_id = max(after_id, last_resolved_id(uow.session, conversation.id, lost_id))
    waiting = oldest_unanswered(uow, conversation.id, after_id=after_id)
    if waiting is not None:
        waits_for_answer_to(conversation, waiting)
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
    open_again(conversation)
    go_on(uow, conversation)
    leave_absent_agents(uow, [conversation])
    wait_again(uow, conversation, answer_id)
    changed(uow, conversation, contact)
    note_activity(uow, conversation, Activity.REOPENED, by=None, reason=Waking.FAILED.value)


def hand_clocks_over(uow: UnitOfWork, source: Conversation, target: Conversation) -> None:
    """The running episode goes on in another conversation: its clocks, breaches and who waits."""
    book_of(uow.session)
    rows = uow.session.scalars(
        select(SlaClock).where(SlaClock.conversation_id == source.id, SlaClock.ended_at.is_(None))
    )
    for row in rows:
        row.conversation_id, row.episode = target.id, target.episode
    for clock in Clock:
        for column in (f"{clock}_deadline_at", f"{clock}_met_at", f"{clock}_breached_at"):
            setattr(target, column, getattr(source, column))
            setattr(source, column, None)
    for column in ("waiting_since", "waiting_message_id", "due_at", "is_breached"):
        setattr(target, column, getattr(source, column))
    source.waiting_since = source.waiting_message_id = None
    source.due_at, source.is_breached = FAR_FUTURE, False


def _take_back_answers(uow: UnitOfWork, conversation: Conversation, after_id: int) -> None:
    """What an answer met that was none is not met: the oldest such clock is the one that runs."""
    book_of(uow.session)
    lost = uow.session.scalars(
        select(SlaClock)
        .where(
            SlaClock.conversation_id == conversation.id,
            SlaClock.episode == conversation.episode,
            SlaClock.state == ClockState.MET,
            SlaClock.answer_id > after_id,
        )
        .order_by(SlaClock.started_at, SlaClock.id)
    ).all()
    if not lost:
        return
    running = running_of(uow.session, conversation.id, RESPONSES)
    delete_clocks(uow, [*lost[1:], *([running] if running is not None else [])])
    revive(conversation, lost[0])
    uow.session.flush()


def _take_back_end(uow: UnitOfWork, conversation: Conversation, after_id: int) -> None:
    """An end of this episode that stopped a wait no answer has reached is undone."""
    if conversation.waiting_since is not None:
        return
    stopped = latest_of(uow.session, conversation, RESPONSES)
    if stopped is None or stopped.state is not ClockState.STOPPED:
        return
    if stopped.started_by_id is not None and stopped.started_by_id > after_id:
        revive(conversation, stopped)
        uow.session.flush()
