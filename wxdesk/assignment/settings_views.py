"""Supervisors' pages of teams: who works in them, and how their conversations are given out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.accounts.queries import names_by_team
from wxdesk.agents.access import person, requires
from wxdesk.agents.queries import TeamView, get_team, list_agents, list_teams
from wxdesk.agents.rules import AssignmentMode
from wxdesk.assignment import waits
from wxdesk.assignment.forms import Errors, ShownTeam, read_team, team_again, team_shown
from wxdesk.assignment.teams import change_team, create_team, delete_team
from wxdesk.calendars.queries import list_calendars
from wxdesk.conversations.waiting import count_waiting
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("teams", __name__, url_prefix="/settings/teams")


@bp.get("")
@requires("teams.write")
def teams() -> str:
    with current().reading() as session:
        found = list_teams(session)
        waiting = count_waiting(session)
        accounts = names_by_team(session)
        calendars = list_calendars(session, with_archived=True)
    return render_template(
        "agents/teams.html",
        teams=found,
        waiting=waiting,
        accounts=accounts,
        calendars={one.id: one.name for one in calendars},
        reasons=waits.reasons(current().redis),
    )


@bp.get("/new")
@requires("teams.write")
def new() -> str:
    return _page(None, ShownTeam(), {})


@bp.post("/new")
@requires("teams.write")
def create() -> Response | tuple[str, int]:
    form, errors = read_team(request.form)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                create_team(uow, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved.")))
            return redirect(url_for("teams.teams"))
    return _page(None, team_again(request.form), errors), 422


@bp.get("/<int:team_id>")
@requires("teams.write")
def team(team_id: int) -> str:
    found = _get(team_id)
    return _page(found, team_shown(found), {})


@bp.post("/<int:team_id>")
@requires("teams.write")
def change(team_id: int) -> Response | tuple[str, int]:
    found = _get(team_id)
    form, errors = read_team(request.form)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                change_team(uow, team_id, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved.")))
            return redirect(url_for("teams.teams"))
    return _page(found, team_again(request.form), errors), 422


@bp.post("/<int:team_id>/delete")
@requires("teams.write")
def delete(team_id: int) -> Response | tuple[str, int]:
    found = _get(team_id)
    try:
        with current().unit_of_work() as uow:
            delete_team(uow, team_id, actor_id=person().id)
    except ConflictError as error:
        return _page(found, team_shown(found), {"delete": error.sentence}), 409
    flash(translated(say("The team was deleted.")))
    return redirect(url_for("teams.teams"))


def _get(team_id: int) -> TeamView:
    with current().reading() as session:
        return get_team(session, team_id)


def _page(team: TeamView | None, form: ShownTeam, errors: Errors) -> str:
    with current().reading() as session:
        people = [
            one
            for one in list_agents(session, with_inactive=True)
            if (one.is_active and one.may_reply) or one.id in form.member_ids
        ]
        calendars = [
            one
            for one in list_calendars(session, with_archived=True)
            if not one.is_archived or form.calendar_id == str(one.id)
        ]
    return render_template(
        "agents/team.html",
        team=team,
        form=form,
        errors={field: translated(sentence) for field, sentence in errors.items()},
        people=people,
        calendars=calendars,
        modes=list(AssignmentMode),
    )
