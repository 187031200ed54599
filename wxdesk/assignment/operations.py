"""Conversations that wait in a team are given to its agents, within their capacity.

Any number of sweeps may run at once: a sweep first locks the agents, then counts what they have,
then locks conversations that nobody else holds. In this order nobody waits in a circle with those
who deactivate an agent or answer a customer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent
from wxdesk.agents.queries import TeamView, list_teams
from wxdesk.agents.rules import ANSWERING_ROLES, AssignmentMode, Presence
from wxdesk.assignment.queries import last_answerers, loads_of
from wxdesk.assignment.rules import Candidate, choose
from wxdesk.assignment.waits import NO_TEAM, WaitReason
from wxdesk.calendars.queries import calendars_by_id
from wxdesk.calendars.rules import is_open
from wxdesk.contacts.models import Contact
from wxdesk.conversations.assigning import Handover, put
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Returned
from wxdesk.conversations.waiting import lock_waiting, most_urgent
from wxdesk.plumbing.unit_of_work import UnitOfWork

PASSED_OVER = 50


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the teams look like: who is online, and where something waits that might be given."""

    teams: tuple[TeamView, ...]
    online: frozenset[int]
    waiting: tuple[int, ...]

    @property
    def may_give(self) -> bool:
        """Whether there is anything to do."""
        return any(self.members_online(self.team(team_id)) for team_id in self.waiting)

    def team(self, team_id: int) -> TeamView:
        return next(team for team in self.teams if team.id == team_id)

    def members_online(self, team: TeamView) -> list[int]:
        return [one.id for one in team.members if one.id in self.online]


@dataclass(slots=True)
class _Plan:
    """The agents as they will be, and who gets what."""

    candidates: dict[int, Candidate]
    gifts: list[tuple[Conversation, int]] = field(default_factory=list)

    def of(self, team: TeamView) -> list[Candidate]:
        return [self.candidates[one.id] for one in team.members if one.id in self.candidates]


def look(session: Session) -> Outlook:
    """Cheap: a few queries on indexes, whatever waits."""
    teams = tuple(list_teams(session))
    automatic = [team.id for team in teams if team.mode is not AssignmentMode.OFF]
    waiting = [team_id for team_id in most_urgent(session, automatic) if team_id is not None]
    online = session.scalars(
        select(Agent.id).where(
            Agent.is_active, Agent.presence == Presence.ONLINE, Agent.role.in_(ANSWERING_ROLES)
        )
    )
    return Outlook(teams, frozenset(online), tuple(waiting))


def reasons(session: Session, outlook: Outlook, now: datetime) -> dict[int, WaitReason]:
    """By team (NO_TEAM: none) why its conversations wait; left out where they are given now."""
    is_anybody = bool(outlook.online)
    found = {NO_TEAM: WaitReason.MANUAL if is_anybody else WaitReason.NOBODY_ONLINE}
    candidates = _candidates(session, outlook, is_locked=False) if outlook.waiting else {}
    calendars = calendars_by_id(session, {team.calendar_id for team in outlook.teams})
    for team in outlook.teams:
        online = outlook.members_online(team)
        if not online:
            calendar = calendars.get(team.calendar_id or 0)
            is_closed = calendar is not None and not is_open(calendar, now)
            found[team.id] = WaitReason.OUT_OF_HOURS if is_closed else WaitReason.NOBODY_ONLINE
        elif team.mode is AssignmentMode.OFF:
            found[team.id] = WaitReason.MANUAL
        elif team.id in outlook.waiting and not any(
            candidates[one].has_room for one in online if one in candidates
        ):
            found[team.id] = WaitReason.AT_CAPACITY
    return found


def assign_waiting(uow: UnitOfWork, limit: int) -> int:
    """Give up to `limit` waiting conversations, each team's in the order of deadlines; how many."""
    outlook = look(uow.session)
    if not outlook.may_give:
        return 0
    plan = _Plan(_candidates(uow.session, outlook, is_locked=True))
    for team_id in outlook.waiting:
        _plan_team(uow, plan, outlook.team(team_id), limit - len(plan.gifts))
    contacts = _contacts(uow, [conversation for conversation, _ in plan.gifts])
    for conversation, agent_id in plan.gifts:
        put(uow, conversation, contacts[conversation.contact_id], Handover(agent_id))
    return len(plan.gifts)


def _plan_team(uow: UnitOfWork, plan: _Plan, team: TeamView, limit: int) -> None:
    room = sum(one.capacity - one.load for one in plan.of(team) if one.has_room)
    if min(room, limit) <= 0:
        return
    waiting = lock_waiting(uow.session, team.id, min(room, limit) + PASSED_OVER)
    preferred = last_answerers(uow.session, waiting) if team.prefers_last_agent else {}
    given = 0
    for conversation in waiting:
        if given >= limit:
            return
        chosen = choose(
            plan.of(team),
            team.mode,
            preferred=preferred.get(conversation.id),
            avoided=_silent_agent(conversation),
        )
        if chosen is not None:
            _give(uow, plan, conversation, chosen)
            given += 1


def _give(uow: UnitOfWork, plan: _Plan, conversation: Conversation, chosen: Candidate) -> None:
    """Enter it in the plan; the turn is on the agent's row at once, before any line is written."""
    at = uow.now + timedelta(microseconds=len(plan.gifts))  # so that turns of one sweep differ
    plan.candidates[chosen.agent_id] = chosen.with_one_more(at)
    plan.gifts.append((conversation, chosen.agent_id))
    uow.session.get_one(Agent, chosen.agent_id).assigned_at = at


def _candidates(session: Session, outlook: Outlook, *, is_locked: bool) -> dict[int, Candidate]:
    """Who is online in a team where somebody waits, by id."""
    ids: set[int] = set()
    for team_id in outlook.waiting:
        ids.update(outlook.members_online(outlook.team(team_id)))
    query = select(Agent).where(Agent.id.in_(sorted(ids))).order_by(Agent.id)
    if is_locked:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    agents = [one for one in session.scalars(query) if _is_there(one)]
    loads = loads_of(session, [one.id for one in agents])
    return {
        one.id: Candidate(one.id, loads.get(one.id, 0), one.capacity, one.assigned_at)
        for one in agents
    }


def _is_there(agent: Agent) -> bool:
    """Still, after whoever held the row has let it go."""
    return agent.is_active and agent.presence is Presence.ONLINE and agent.role in ANSWERING_ROLES


def _silent_agent(conversation: Conversation) -> int | None:
    is_silent = conversation.returned_reason is Returned.SILENT
    return conversation.returned_from_id if is_silent else None


def _contacts(uow: UnitOfWork, conversations: Collection[Conversation]) -> dict[int, Contact]:
    ids: Sequence[int] = sorted({one.contact_id for one in conversations})
    rows = uow.session.scalars(select(Contact).where(Contact.id.in_(ids)))
    return {contact.id: contact for contact in rows}
