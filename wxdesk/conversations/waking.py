"""Snoozed and pending conversations come back, whatever the reason.

Nothing is buried by sleeping: a conversation comes back at its time, when the customer writes,
when a promise to the customer is broken, two hours before the reply window of a waiting customer
closes, and when an answer was not sent. Its clocks run on while it sleeps, or pause where the
promise says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from wxdesk.agents.models import Agent
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import ASLEEP, Returned, Status, Waking
from wxdesk.conversations.timeline import Activity, Happening, note_happenings
from wxdesk.plumbing.unit_of_work import UnitOfWork


def wake(
    uow: UnitOfWork,
    sleeping: Sequence[Conversation],
    why: Waking,
    at: Mapping[int, datetime] | None = None,
) -> None:
    """Open these again with a line in each thread; with a fixed number of statements.

    `at`: by conversation id where the line stands, else now. The rows are locked by the caller,
    who announces them by `changed`.
    """
    sleeping = [conversation for conversation in sleeping if conversation.status in ASLEEP]
    if not sleeping:
        return
    for conversation in sleeping:
        conversation.status = Status.OPEN
        conversation.snoozed_until = None
    leave_absent_agents(uow, sleeping)
    note_happenings(
        uow,
        [
            Happening(it, Activity.WOKEN, (at or {}).get(it.id, uow.now), {"reason": why.value})
            for it in sleeping
        ],
    )


def leave_absent_agents(uow: UnitOfWork, conversations: Iterable[Conversation]) -> None:
    """Whose agent was deactivated meanwhile belongs to all."""
    conversations = list(conversations)
    agents = {it.assignee_id for it in conversations if it.assignee_id is not None}
    if agents:
        query = select(Agent.id).where(Agent.id.in_(sorted(agents)), Agent.is_active.is_(False))
        absent = set(uow.session.scalars(query))
        for conversation in conversations:
            if conversation.assignee_id in absent:
                conversation.returned_reason = Returned.DEACTIVATED
                conversation.returned_from_id = conversation.assignee_id
                conversation.assignee_id = conversation.assigned_at = None
