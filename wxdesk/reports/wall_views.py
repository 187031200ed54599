"""The wallboard: one page for the team's wall, live."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, jsonify, render_template, request

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import requires
from wxdesk.agents.queries import list_teams
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.reports.wallboard import AgentLine, Queue, Scope, Wall, WallCache, read_wall
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("wallboard", __name__, url_prefix="/reports/wallboard")

MOST_IDS = 50
LARGEST_ID = 2**31 - 1


@bp.get("")
@requires("reports.read")
def wallboard() -> str:
    """`team` and `account` (repeatable ids) choose whose conversations are shown."""
    scope = _scope()
    with current().reading() as reading:
        teams = list_teams(reading)
        accounts = list_names(reading)
    names = [team.name for team in teams if team.id in scope.team_ids]
    names += [account.name for account in accounts if account.id in scope.account_ids]
    return render_template(
        "reports/wallboard.html",
        names=names,
        teams=teams,
        scope=scope,
        zone=current().settings.timezone,
    )


@bp.get("/now")
@requires("reports.read")
def now() -> Response:
    """The numbers as JSON; read at most once a second for all walls."""
    scope, runtime = _scope(), current()
    zone = ZoneInfo(runtime.settings.timezone)

    def read() -> Wall:
        with runtime.reading() as reading:
            return read_wall(reading, scope, zone, runtime.clock())

    cache: WallCache = current_app.extensions.setdefault("wxdesk-wall", WallCache())
    return jsonify(_wall(cache.get(scope, read)))


def _scope() -> Scope:
    return Scope(_ids("team"), _ids("account"))


def _ids(name: str) -> tuple[int, ...]:
    found = []
    given = [text for text in request.args.getlist(name) if text.strip()]
    for text in given[: MOST_IDS + 1]:
        number = whole_number(text)
        if number is None or number > LARGEST_ID:
            raise InvalidInputError(name, say("a whole number is needed"))
        found.append(number)
    if len(found) > MOST_IDS:
        raise InvalidInputError(name, say("at most %(most)d at once", most=MOST_IDS))
    return tuple(sorted(set(found)))


def _wall(it: Wall) -> dict[str, Any]:
    return {
        "now": iso(it.now),
        "all": _queue(it.all),
        "unassigned": _queue(it.unassigned),
        "agents": [_agent(agent) for agent in it.agents],
        "more_agents": it.more_agents,
        "today": {
            "begun": it.today.begun,
            "answers": it.today.answers,
            "median_seconds": it.today.median_seconds,
            "in_time": it.today.in_time,
            "broken": it.today.broken,
        },
        "course": [
            {"begins": iso(one.begins), "began": one.began, "backlog": one.backlog}
            for one in it.course
        ],
    }


def _queue(it: Queue) -> dict[str, Any]:
    return {
        "load": it.load,
        "waiting": it.waiting,
        "breached": it.breached,
        "due": it.due,
        "oldest_since": iso(it.oldest_since),
    }


def _agent(it: AgentLine) -> dict[str, Any]:
    return {
        "id": it.id,
        "name": it.name,
        "presence": it.presence,
        "capacity": it.capacity,
        "answers": it.answers,
        **_queue(it.queue),
    }
