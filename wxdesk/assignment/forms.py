"""The forms of people and teams: what was typed, as values or as sentences at their fields."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from wxdesk.agents.operations import AgentForm
from wxdesk.agents.queries import AgentView, TeamView
from wxdesk.agents.rules import CAPACITY, AssignmentMode, Role
from wxdesk.assignment.people import PersonChange
from wxdesk.assignment.rules import OFFLINE_GRACE_SECONDS
from wxdesk.assignment.teams import TeamForm
from wxdesk.plumbing.http import whole_number
from wxdesk.settings import LOCALES
from wxdesk.words import say

Errors = dict[str, str]
Values = MultiDict[str, str]
MINUTE = 60
MINUTES = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form of a person starts with, or shows again."""

    name: str = ""
    email: str = ""
    role: str = Role.AGENT.value
    locale: str = LOCALES[0]
    capacity: str = str(CAPACITY)
    team_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownTeam:
    """What a form of a team starts with, or shows again; periods in minutes, 1.5 for 90 s."""

    name: str = ""
    mode: str = AssignmentMode.ROUND_ROBIN.value
    prefers_last_agent: bool = False
    offline_grace: str = str(OFFLINE_GRACE_SECONDS // MINUTE)
    silent: str = "0"
    member_ids: tuple[int, ...] = ()
    calendar_id: str = ""


def read_invitation(values: Values) -> tuple[AgentForm | None, Errors]:
    """A new person, without a password."""
    change, errors = read_person(values)
    locale = values.get("locale", "")
    if locale not in LOCALES:
        errors["locale"] = say("one of: %(values)s", values=", ".join(LOCALES))
    if errors or change is None:
        return None, errors
    return AgentForm(
        email=values.get("email", "")[:300],
        name=change.name,
        role=change.role,
        password="",
        locale=locale,
        capacity=change.capacity,
        team_ids=change.team_ids,
    ), errors


def read_person(values: Values) -> tuple[PersonChange | None, Errors]:
    """What an admin may change of a person."""
    errors: Errors = {}
    role, capacity = values.get("role", ""), whole_number(values.get("capacity", ""))
    if role not in list(Role):
        errors["role"] = say("one of: %(values)s", values=", ".join(Role))
    if capacity is None:
        errors["capacity"] = say("a whole number is needed")
    if errors or capacity is None:
        return None, errors
    return PersonChange(
        values.get("name", ""), Role(role), capacity, _ids(values, "team_ids")
    ), errors


def read_team(values: Values) -> tuple[TeamForm | None, Errors]:
    """A team; its periods are typed in minutes, and kept in whole seconds."""
    errors: Errors = {}
    mode = values.get("mode", "")
    if mode not in list(AssignmentMode):
        errors["mode"] = say("one of: %(values)s", values=", ".join(AssignmentMode))
    grace, silent = _seconds(values.get("offline_grace", "")), _seconds(values.get("silent", ""))
    for field, seconds in (("offline_grace", grace), ("silent", silent)):
        if seconds is None:
            errors[field] = say("a number of minutes is needed, 1.5 for example")
    calendar_id = whole_number(values.get("calendar_id", ""))
    if values.get("calendar_id") and calendar_id is None:
        errors["calendar_id"] = say("there is no such calendar")
    if errors or grace is None or silent is None:
        return None, errors
    return TeamForm(
        name=values.get("name", ""),
        mode=AssignmentMode(mode),
        prefers_last_agent="prefers_last_agent" in values,
        offline_grace_seconds=grace,
        silent_seconds=silent,
        member_ids=_ids(values, "member_ids"),
        calendar_id=calendar_id,
    ), errors


def person_shown(person: AgentView) -> Shown:
    return Shown(
        name=person.name,
        email=person.email,
        role=person.role.value,
        locale=person.locale,
        capacity=str(person.capacity),
        team_ids=tuple(team.id for team in person.teams),
    )


def person_again(values: Values) -> Shown:
    """What was typed."""
    return Shown(
        name=values.get("name", ""),
        email=values.get("email", ""),
        role=values.get("role", ""),
        locale=values.get("locale", ""),
        capacity=values.get("capacity", ""),
        team_ids=_ids(values, "team_ids"),
    )


def team_shown(team: TeamView) -> ShownTeam:
    return ShownTeam(
        name=team.name,
        mode=team.mode.value,
        prefers_last_agent=team.prefers_last_agent,
        offline_grace=_minutes(team.offline_grace_seconds),
        silent=_minutes(team.silent_seconds),
        member_ids=tuple(one.id for one in team.members),
        calendar_id=str(team.calendar_id or ""),
    )


def team_again(values: Values) -> ShownTeam:
    """What was typed."""
    return ShownTeam(
        name=values.get("name", ""),
        mode=values.get("mode", ""),
        prefers_last_agent="prefers_last_agent" in values,
        offline_grace=values.get("offline_grace", ""),
        silent=values.get("silent", ""),
        member_ids=_ids(values, "member_ids"),
        calendar_id=values.get("calendar_id", ""),
    )


def _seconds(minutes: str) -> int | None:
    """Whole seconds of minutes as they are typed; None for what is no number."""
    if not MINUTES.fullmatch(minutes.strip()):
        return None
    return round(float(minutes.strip().replace(",", ".")) * MINUTE)


def _minutes(seconds: int) -> str:
    """So exact that the same seconds come back."""
    return f"{seconds / MINUTE:.3f}".rstrip("0").rstrip(".")


def _ids(values: Values, name: str) -> tuple[int, ...]:
    numbers = (whole_number(text) for text in values.getlist(name))
    return tuple(number for number in numbers if number)
