"""Teams: made, changed and deleted, with who works in them; every change is in the audit log."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Integer, column, delete, select, table, update

from wxdesk.agents.models import Agent, Team, TeamMember
from wxdesk.agents.rules import LONGEST_NAME, AssignmentMode
from wxdesk.assignment.presence import TOPIC
from wxdesk.assignment.queries import is_team_used
from wxdesk.assignment.rules import LONGEST_GRACE_SECONDS, LONGEST_SILENT_SECONDS
from wxdesk.audit.operations import note
from wxdesk.background_jobs import ASSIGN_WAITING
from wxdesk.calendars.models import BusinessCalendar
from wxdesk.calendars.queries import get_calendar
from wxdesk.calendars.rules import never_opens
from wxdesk.commit_steps import REFUSE_NAMED_TEAMS
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status
from wxdesk.plumbing.db import insert_new
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

SETTINGS = (
    "name",
    "mode",
    "prefers_last_agent",
    "offline_grace_seconds",
    "silent_seconds",
    "calendar_id",
)
# Tables of packages above this one: which team was rated, and whose customers waited.
HISTORY = tuple(
    table(name, column("team_id", Integer)) for name in ("satisfaction_ratings", "sla_clocks")
)


@dataclass(frozen=True, slots=True)
class TeamForm:
    """A team as a supervisor types it; periods in seconds, `silent_seconds` 0 for never.

    `calendar_id` None: it works around the clock.
    """

    name: str
    mode: AssignmentMode
    prefers_last_agent: bool
    offline_grace_seconds: int
    silent_seconds: int
    member_ids: tuple[int, ...]
    calendar_id: int | None = None


def create_team(uow: UnitOfWork, form: TeamForm, *, actor_id: int | None) -> Team:
    """Store a team; InvalidInputError names the field that can't be taken."""
    _refuse(uow, form, team_id=None)
    _refuse_calendar(uow, form, kept_id=None)
    team = Team(created_at=uow.now)
    _fill(team, form)
    uow.session.add(team)
    uow.session.flush()
    _set_members(uow, team.id, form.member_ids)
    _noted(uow, team, "team.created", actor_id)
    return team


def change_team(
    uow: UnitOfWork, team_id: int, form: TeamForm, *, actor_id: int | None
) -> list[str]:
    """Change what differs and give the names of these fields; what waits is looked at again."""
    team = _locked(uow, team_id)
    _refuse(uow, form, team_id=team_id)
    _refuse_calendar(uow, form, kept_id=team.calendar_id)
    changed = _fill(team, form)
    if _set_members(uow, team_id, form.member_ids):
        changed.append("members")
    if changed:
        _noted(uow, team, "team.changed", actor_id, fields=changed)
    return changed


def delete_team(uow: UnitOfWork, team_id: int, *, actor_id: int | None) -> None:
    """Remove a team without accounts and unresolved conversations; ConflictError with them.

    Resolved conversations, their waits and ratings then belong to no team. The commit raises
    ConflictError while a policy of service levels names it.
    """
    uow.before_commit(REFUSE_NAMED_TEAMS, team_id)
    team = _locked(uow, team_id)
    if is_team_used(uow.session, team_id):
        raise ConflictError(
            say("accounts or unresolved conversations belong to this team; it can't be deleted")
        )
    _noted(uow, team, "team.deleted", actor_id)
    uow.session.execute(delete(TeamMember).where(TeamMember.team_id == team_id))
    uow.session.execute(
        update(Conversation)
        .where(Conversation.team_id == team_id, Conversation.status == Status.RESOLVED)
        .values(team_id=None)
        .execution_options(synchronize_session=False)
    )
    for rows in HISTORY:
        uow.session.execute(update(rows).where(rows.c.team_id == team_id).values(team_id=None))
    uow.session.delete(team)


def _fill(team: Team, form: TeamForm) -> list[str]:
    changed = []
    for field in SETTINGS:
        value = form.name.strip() if field == "name" else getattr(form, field)
        if getattr(team, field) != value:
            setattr(team, field, value)
            changed.append(field)
    return changed


def _refuse(uow: UnitOfWork, form: TeamForm, *, team_id: int | None) -> None:
    name = form.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInputError("name", say("1 to %(most)d characters", most=LONGEST_NAME))
    twin = uow.session.scalar(select(Team.id).where(Team.name == name))
    if twin not in (None, team_id):
        raise InvalidInputError("name", say("another team has this name"))
    for field, seconds, most in (
        ("offline_grace", form.offline_grace_seconds, LONGEST_GRACE_SECONDS),
        ("silent", form.silent_seconds, LONGEST_SILENT_SECONDS),
    ):
        if not 0 <= seconds <= most:
            raise InvalidInputError(field, say("between 0 and %(most)d", most=most // 60))


def _refuse_calendar(uow: UnitOfWork, form: TeamForm, *, kept_id: int | None) -> None:
    """One that is archived stays with the team that has it."""
    if form.calendar_id is None or form.calendar_id == kept_id:
        return
    row = uow.session.get(BusinessCalendar, form.calendar_id)
    if row is None or row.archived_at is not None:
        raise InvalidInputError("calendar_id", say("there is no such calendar"))
    reason = never_opens(get_calendar(uow.session, row.id), uow.now)
    if reason is not None:
        raise InvalidInputError("calendar_id", reason)


def _set_members(uow: UnitOfWork, team_id: int, agent_ids: Collection[int]) -> bool:
    wanted = set(agent_ids)
    known = set(uow.session.scalars(select(Agent.id).where(Agent.id.in_(sorted(wanted)))))
    if wanted - known:
        raise InvalidInputError("members", say("there is no such person"))
    of_team = TeamMember.team_id == team_id
    now = set(uow.session.scalars(select(TeamMember.agent_id).where(of_team)))
    uow.session.execute(
        delete(TeamMember).where(of_team, TeamMember.agent_id.in_(sorted(now - wanted)))
    )
    for agent_id in sorted(wanted - now):
        uow.session.execute(
            insert_new(uow.session, TeamMember), {"team_id": team_id, "agent_id": agent_id}
        )
    return now != wanted


def _locked(uow: UnitOfWork, team_id: int) -> Team:
    team = uow.session.get(Team, team_id, with_for_update=True, populate_existing=True)
    if team is None:
        raise NotFoundError(say("there is no such team"))
    return team


def _noted(
    uow: UnitOfWork,
    team: Team,
    action: str,
    actor_id: int | None,
    **details: list[str],
) -> None:
    note(uow, action, f"team:{team.id}", actor_id=actor_id, team=team.name, **details)
    uow.announce(TOPIC, "inbox")
    uow.ring(ASSIGN_WAITING)
