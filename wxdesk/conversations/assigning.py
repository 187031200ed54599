"""Who has a conversation: claimed, given, handed on, taken over, returned to all.

Every change sets `assigned_at`, clears why it had come back, and leaves a line in the thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wxdesk.agents.models import Agent
from wxdesk.agents.queries import team_names
from wxdesk.agents.rules import may
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.rules import Returned, Status
from wxdesk.conversations.timeline import Activity, note_activity, person_json
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class Handover:
    """To whom a conversation goes, by whom (None: by itself).

    `agent_id` None: back to all, or to all of the team. `team_id` counts only with `has_team`.
    """

    agent_id: int | None
    by: int | None = None
    team_id: int | None = None
    has_team: bool = False


def claim(uow: UnitOfWork, conversation_id: int, agent_id: int, *, by: int | None = None) -> bool:
    """Take a conversation that nobody has; False if the agent had it, ConflictError if another has.

    The row is locked: of any number of agents at once exactly one gets it. `by` is who gives it
    away, where that is not the agent; whoever has it may hand it on.
    """
    return hand_over(uow, conversation_id, Handover(agent_id, by=by or agent_id), takes_over=False)


def assign(
    uow: UnitOfWork, conversation_id: int, agent_id: int | None, *, by: int | None = None
) -> bool:
    """Give the conversation to an agent whoever has it now, or back to all (None)."""
    return hand_over(uow, conversation_id, Handover(agent_id, by=by), takes_over=True)


def hand_over(
    uow: UnitOfWork, conversation_id: int, handover: Handover, *, takes_over: bool
) -> bool:
    """Change agent, team or both; False when it was so already.

    ConflictError when it is resolved, or, unless it `takes_over`, when somebody has it who neither
    gives nor gets it.
    """
    _refuse_unknown(uow, handover)
    conversation, contact = get_locked(uow, conversation_id)
    if conversation.status is Status.RESOLVED:
        raise ConflictError(
            say("the conversation is resolved"),
            assignee=person_json(uow, conversation.assignee_id),
        )
    party = (None, handover.agent_id, handover.by)
    if not takes_over and handover.agent_id and conversation.assignee_id not in party:
        raise ConflictError(
            say("somebody else has this conversation already"),
            assignee=person_json(uow, conversation.assignee_id),
        )
    return put(uow, conversation, contact, handover)


def put(uow: UnitOfWork, conversation: Conversation, contact: Contact, handover: Handover) -> bool:
    """The same for a row that the caller has locked and judged; False when it was so already."""
    before_id, before_team = conversation.assignee_id, conversation.team_id
    team_id = handover.team_id if handover.has_team else before_team
    if (before_id, before_team) == (handover.agent_id, team_id):
        return False
    details: dict[str, Any] = {
        "from": person_json(uow, before_id) if before_id != handover.agent_id else None,
        "to": person_json(uow, handover.agent_id),
    }
    if team_id != before_team:
        details["team"] = _team_json(uow, team_id)
    action = _action(before_id, handover, is_team_new=team_id != before_team)
    _set(uow, conversation, handover.agent_id)  # after what asks: else it is written twice
    conversation.team_id = team_id
    changed(uow, conversation, contact)
    note_activity(uow, conversation, action, by=handover.by, **details)
    return True


def taken_by_answering(uow: UnitOfWork, conversation: Conversation, agent_id: int) -> None:
    """Whoever answers a conversation that nobody has, has it; the caller calls `changed`."""
    person = person_json(uow, agent_id)
    _set(uow, conversation, agent_id)
    note_activity(uow, conversation, Activity.CLAIMED, by=agent_id, to=person)


def give_back(
    uow: UnitOfWork, conversation: Conversation, contact: Contact, reason: Returned
) -> None:
    """Back to all, with the reason in the list and in the thread; the row is locked."""
    before_id = conversation.assignee_id
    details: dict[str, Any] = {"from": person_json(uow, before_id), "reason": reason.value}
    _set(uow, conversation, None)
    conversation.returned_reason = reason
    conversation.returned_from_id = before_id
    changed(uow, conversation, contact)
    note_activity(uow, conversation, Activity.RETURNED, by=None, **details)


def _set(uow: UnitOfWork, conversation: Conversation, agent_id: int | None) -> None:
    if conversation.assignee_id != agent_id:
        conversation.assigned_at = uow.now if agent_id is not None else None
    conversation.assignee_id = agent_id
    conversation.returned_reason = None
    conversation.returned_from_id = None


def _action(before_id: int | None, handover: Handover, *, is_team_new: bool) -> Activity:
    agent_id = handover.agent_id
    if agent_id is not None and agent_id == handover.by and agent_id != before_id:
        return Activity.CLAIMED
    if is_team_new or None not in (before_id, agent_id):
        return Activity.TRANSFERRED
    return Activity.ASSIGNED if agent_id is not None else Activity.UNASSIGNED


def _team_json(uow: UnitOfWork, team_id: int | None) -> dict[str, Any] | None:
    if team_id is None:
        return None
    return {"id": team_id, "name": team_names(uow.session, [team_id]).get(team_id, "")}


def _refuse_unknown(uow: UnitOfWork, handover: Handover) -> None:
    if handover.agent_id is not None:
        agent = uow.session.get(Agent, handover.agent_id)
        if agent is None or not agent.is_active or not may(agent.role, "conversations.reply"):
            raise InvalidInputError("assignee", say("there is no such agent"))
    is_team_named = handover.has_team and handover.team_id is not None
    if is_team_named and not team_names(uow.session, [handover.team_id]):
        raise InvalidInputError("team", say("there is no such team"))
