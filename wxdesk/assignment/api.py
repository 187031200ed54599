"""The JSON door to people: who I am, my presence, agents and teams to choose from."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from redis import RedisError

from wxdesk.agents import presence
from wxdesk.agents.access import logged_in, person, requires
from wxdesk.agents.preferences import problem_with
from wxdesk.agents.queries import AgentView, TeamView, get_agent, list_agents, list_teams
from wxdesk.agents.rules import PERMISSIONS, TAB, Presence, presence_of
from wxdesk.assignment import waits
from wxdesk.assignment.presence import choose
from wxdesk.assignment.queries import loads_of
from wxdesk.assignment.waits import WaitReason
from wxdesk.background_jobs import SWEEP_PRESENCE
from wxdesk.conversations.waiting import count_waiting
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import boolean_argument, json_body
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("people_api", __name__, url_prefix="/api/v1")


@bp.get("/me")
@logged_in
def me() -> Response:
    return _me()


@bp.patch("/me")
@logged_in
def change_me() -> Response:
    """{"preferences": {only what changes}, "availability": "online"|"away"|"offline"}."""
    body = json_body()
    preferences = _preferences(body.get("preferences", {}))
    availability = _availability(body["availability"]) if "availability" in body else None
    with current().unit_of_work() as uow:
        choose(uow, person().id, preferences=preferences, availability=availability)
    return _me()


@bp.put("/me/presence")
@logged_in
def beat() -> Response:
    """A tab says every 15 s that it is open: no row is written. {"tab", "is_active", "leaving"}."""
    body = json_body()
    tab = body.get("tab")
    if not isinstance(tab, str) or not TAB.fullmatch(tab):
        raise InvalidInputError("tab", say("1 to 40 letters, digits and -"))
    runtime, now = current(), current().clock()
    with runtime.reading() as session:
        agent = get_agent(session, person().id)
        load = loads_of(session, [agent.id]).get(agent.id, 0)
    try:
        if body.get("leaving") is True:
            presence.leave(runtime.redis, agent.id, tab, now)
        else:
            is_active = body.get("is_active") is True
            presence.beat(runtime.redis, agent.id, tab, is_active=is_active, now=now)
        tabs = presence.tabs_of(runtime.redis, [agent.id], now)[agent.id]
        found = presence_of(agent.availability, tabs)
        if found is not agent.presence:
            runtime.queues.ring(SWEEP_PRESENCE)
    except RedisError:
        found = agent.presence  # nobody is gone because Redis is
    return jsonify(
        availability=agent.availability, presence=found, load=load, capacity=agent.capacity
    )


@bp.get("/agents")
@requires("conversations.read")
def agents() -> Response:
    """Those who may answer, by name; `all=true`: also those who may not come in any more."""
    with_inactive = boolean_argument("all") is True
    with current().reading() as session:
        people = list_agents(session, with_inactive=with_inactive)
        loads = loads_of(session, [one.id for one in people])
    return jsonify(items=[_agent(one, loads) for one in people if one.may_reply])


@bp.get("/teams")
@requires("conversations.read")
def teams() -> Response:
    """With how many wait in each for an agent, and why."""
    with current().reading() as session:
        found = list_teams(session)
        waiting = count_waiting(session)
    reasons = waits.reasons(current().redis)
    return jsonify(items=[_team(team, waiting.get(team.id, 0), reasons) for team in found])


def _me() -> Response:
    with current().reading() as session:
        it = get_agent(session, person().id)
        load = loads_of(session, [it.id]).get(it.id, 0)
    return jsonify(
        id=it.id,
        name=it.name,
        email=it.email,
        role=it.role,
        locale=it.locale,
        permissions=sorted(PERMISSIONS[it.role]),
        capacity=it.capacity,
        load=load,
        availability=it.availability,
        presence=it.presence,
        teams=[{"id": team.id, "name": team.name} for team in it.teams],
        preferences=it.preferences,
    )


def _agent(it: AgentView, loads: dict[int, int]) -> dict[str, Any]:
    return {
        "id": it.id,
        "name": it.name,
        "role": it.role,
        "presence": it.presence,
        "load": loads.get(it.id, 0),
        "capacity": it.capacity,
        "teams": [team.id for team in it.teams],
        "is_active": it.is_active,
    }


def _team(team: TeamView, waiting: int, reasons: dict[int, WaitReason]) -> dict[str, Any]:
    return {
        "id": team.id,
        "name": team.name,
        "mode": team.mode,
        "members": [{"id": one.id, "name": one.name} for one in team.members if one.is_active],
        "waiting": waiting,
        "wait_reason": reasons.get(team.id) if waiting else None,
    }


def _preferences(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError("preferences", say("a JSON object is needed"))
    for name, chosen in value.items():
        if problem := problem_with(name, chosen):
            raise InvalidInputError(f"preferences.{name[:40]}", problem)
    return value


def _availability(value: Any) -> Presence:
    if isinstance(value, str) and value in list(Presence):
        return Presence(value)
    raise InvalidInputError("availability", say("one of: %(values)s", values=", ".join(Presence)))
