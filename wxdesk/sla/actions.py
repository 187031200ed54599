"""What a stage does: tells people, raises the priority, hands on, tags, calls another system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from wxdesk.agents.models import Agent, Team, TeamMember
from wxdesk.agents.rules import ANSWERING_ROLES, Role
from wxdesk.contacts.models import Contact
from wxdesk.conversations.assigning import Handover, put
from wxdesk.conversations.models import Conversation, ConversationTag
from wxdesk.conversations.operations import changed
from wxdesk.conversations.rules import Priority
from wxdesk.conversations.tagging import change_tags
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.notifications.operations import call_webhook
from wxdesk.notifications.rules import Notice, Topic
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Action, Deed, Promise, Stage, When, Whom
from wxdesk.words import say

PRIORITIES = tuple(Priority)  # the most urgent first
MOST_TOLD = 200
SUPERVISING = (Role.SUPERVISOR, Role.ADMIN)
KEY = "wxdesk.sla.people"


@dataclass(frozen=True, slots=True)
class Escalation:
    """A stage of a clock that has fallen due; the conversation is locked."""

    clock: SlaClock
    conversation: Conversation
    contact: Contact
    promise: Promise
    stage: Stage

    @property
    def kept_key(self) -> str:
        """Every policy names its stages from `s1` on, and a clock may change its policy."""
        return f"{self.promise.policy_id}:{self.stage.key}"

    @property
    def once_key(self) -> str:
        """SQLite gives the id of a deleted clock to the next one, which began at another time."""
        began = int(self.clock.started_at.timestamp())
        return f"clock:{self.clock.id}:{began}:{self.kept_key}"

    @property
    def topic(self) -> Topic:
        is_late = self.stage.when is When.BREACHED_MINUTES
        return Topic.SLA_BREACH if is_late else Topic.SLA_WARNING


def act(uow: UnitOfWork, it: Escalation, notices: list[Notice]) -> list[dict[str, Any]]:
    """Do everything in order; the result of each. Who must be told is added to `notices`.

    What can't be done any more (a team or tag that is gone) is passed over, and the result says so.
    """
    results = []
    for number, action in enumerate(it.stage.actions):
        result: dict[str, Any] = {"do": action.do.value}
        try:
            result |= _act_once(uow, it, action, number, notices)
        except (ConflictError, InvalidInputError, NotFoundError) as error:
            result["problem"] = error.sentence
        results.append(result)
    return results


def _act_once(
    uow: UnitOfWork, it: Escalation, action: Action, number: int, notices: list[Notice]
) -> dict[str, Any]:
    match action.do:
        case Deed.NOTIFY:
            return _notify(uow, it, action, notices)
        case Deed.PRIORITY:
            return _raise_priority(uow, it, Priority(action.priority or Priority.HIGH))
        case Deed.REASSIGN:
            return _reassign(uow, it, action.to)
        case Deed.TAG:
            return _tag(uow, it, action.tag_id or 0)
        case Deed.WEBHOOK:
            call_webhook(
                uow, action.url or "", it.topic.value, _body(it), f"{it.once_key}:{number}"
            )
            return {}


def _notify(
    uow: UnitOfWork, it: Escalation, action: Action, notices: list[Notice]
) -> dict[str, Any]:
    ids: set[int] = set()
    for whom in action.whom:
        ids |= _people(uow, it.conversation, whom)
    told = tuple(sorted(ids)[:MOST_TOLD])
    if told:
        details = {
            "clock": it.clock.clock.value,
            "deadline_at": iso(it.clock.deadline_at),
            "policy": it.promise.name or None,
            "stage": it.stage.key,
        }
        notices.append(Notice(told, it.topic, it.conversation.id, details, it.once_key))
    return {"agent_ids": list(told)}


def _people(uow: UnitOfWork, conversation: Conversation, whom: Whom) -> set[int]:
    if whom is Whom.ASSIGNEE and conversation.assignee_id is not None:
        return {conversation.assignee_id}
    known: dict[tuple[Whom, int | None], set[int]] = uow.session.info.setdefault(KEY, {})
    key = (whom, None if whom is Whom.SUPERVISORS else conversation.team_id)
    if key not in known:
        known[key] = _group(uow, *key)
    return known[key]


def _group(uow: UnitOfWork, whom: Whom, team_id: int | None) -> set[int]:
    """Supervisors and admins, or the team: without one that has people, everybody who answers."""
    people = select(Agent.id).where(Agent.is_active).order_by(Agent.id).limit(MOST_TOLD)
    if whom is Whom.SUPERVISORS:
        return set(uow.session.scalars(people.where(Agent.role.in_(SUPERVISING))))
    of_team = people.join(TeamMember, TeamMember.agent_id == Agent.id)
    members = set(uow.session.scalars(of_team.where(TeamMember.team_id == team_id)))
    return members or set(uow.session.scalars(people.where(Agent.role.in_(ANSWERING_ROLES))))


def _raise_priority(uow: UnitOfWork, it: Escalation, priority: Priority) -> dict[str, Any]:
    conversation, before = it.conversation, it.conversation.priority
    if PRIORITIES.index(before) <= PRIORITIES.index(priority):
        return {"priority": before.value}
    conversation.priority = priority
    changed(uow, conversation, it.contact)
    note_activity(
        uow,
        conversation,
        Activity.PRIORITY,
        by=None,
        priority=priority.value,
        before=before.value,
    )
    return {"priority": priority.value}


def _reassign(uow: UnitOfWork, it: Escalation, team_id: int | None) -> dict[str, Any]:
    """Back to all of its team, or to all of another one."""
    handover = Handover(None, team_id=team_id, has_team=team_id is not None)
    if team_id is not None and uow.session.get(Team, team_id) is None:
        raise InvalidInputError("team", say("there is no such team"))
    was_other = put(uow, it.conversation, it.contact, handover)
    return {"team_id": it.conversation.team_id, "was_other": was_other}


def _tag(uow: UnitOfWork, it: Escalation, tag_id: int) -> dict[str, Any]:
    tag = uow.session.get(ConversationTag, tag_id)
    if tag is None:
        raise NotFoundError(say("there is no tag %(id)d", id=tag_id))
    if change_tags(uow, it.conversation, add=[tag.name], remove=[], by=None, may_make=False):
        changed(uow, it.conversation, it.contact)
    return {"tag_id": tag_id}


def _body(it: Escalation) -> dict[str, Any]:
    """Ids and times, nothing about the person who waits."""
    return {
        "conversation_id": it.conversation.id,
        "account_id": it.conversation.account_id,
        "team_id": it.conversation.team_id,
        "assignee_id": it.conversation.assignee_id,
        "priority": it.conversation.priority.value,
        "clock": it.clock.clock.value,
        "stage": it.stage.key,
        "started_at": iso(it.clock.started_at),
        "deadline_at": iso(it.clock.deadline_at),
        "policy": it.promise.name or None,
    }
