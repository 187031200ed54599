"""Admins' pages of people: invite, change, deactivate; and the public page of an invitation."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from wxdesk.agents.access import begin_session, person, public, requires
from wxdesk.agents.invitations import read_token, token_of
from wxdesk.agents.passwords import hash_password
from wxdesk.agents.queries import AgentView, find_invited, get_agent, list_agents, list_teams
from wxdesk.agents.rules import INVITATION_LASTS, Role, password_problem
from wxdesk.assignment import people
from wxdesk.assignment.forms import (
    Errors,
    Shown,
    person_again,
    person_shown,
    read_invitation,
    read_person,
)
from wxdesk.assignment.queries import count_kept, loads_of
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("people", __name__)

BATCH = 100
MOST_BATCHES = 20


@bp.get("/settings/agents")
@requires("agents.write")
def agents() -> str:
    with current().reading() as reading:
        found = list_agents(reading, with_inactive=True)
        loads = loads_of(reading, [one.id for one in found])
    return render_template(
        "agents/agents.html",
        people=sorted(found, key=lambda one: not one.is_active),
        loads=loads,
        now=current().clock(),
    )


@bp.get("/settings/agents/new")
@requires("agents.write")
def new() -> str:
    return _new_page(Shown(locale=current().settings.locale), {})


@bp.post("/settings/agents/new")
@requires("agents.write")
def invite() -> str | tuple[str, int]:
    """The link is in the answer, once."""
    form, errors = read_invitation(request.form)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                agent = people.invite(uow, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            return _link_page(agent.id, is_new=True)
    return _new_page(person_again(request.form), errors), 422


@bp.get("/settings/agents/<int:agent_id>")
@requires("agents.write")
def agent(agent_id: int) -> str:
    return _agent_page(_get(agent_id), None, {})


@bp.post("/settings/agents/<int:agent_id>")
@requires("agents.write")
def change(agent_id: int) -> Response | tuple[str, int]:
    form, errors = read_person(request.form)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                people.change(uow, agent_id, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved.")))
            return redirect(url_for("people.agents"))
    return _agent_page(_get(agent_id), person_again(request.form), errors), 422


@bp.post("/settings/agents/<int:agent_id>/invitation")
@requires("agents.write")
def renew(agent_id: int) -> str | Response:
    try:
        with current().unit_of_work() as uow:
            people.renew_invitation(uow, agent_id, actor_id=person().id)
    except ConflictError as error:
        flash(translated(error.sentence), "error")
        return redirect(url_for("people.agent", agent_id=agent_id))
    return _link_page(agent_id, is_new=False)


@bp.post("/settings/agents/<int:agent_id>/deactivate")
@requires("agents.write")
def deactivate(agent_id: int) -> Response | tuple[str, int]:
    """With "keep": "return", or "give" and "heir": who gets the conversations."""
    heir_id = whole_number(request.form.get("heir", ""))
    gives = request.form.get("keep") == "give"
    try:
        if gives and not heir_id:
            raise InvalidInputError("heir", say("choose who gets them"))
        with current().unit_of_work() as uow:
            people.check_deactivation(uow, agent_id, actor_id=person().id)
        moved = _release(agent_id, heir_id) if gives else 0
        with current().unit_of_work() as uow:
            people.deactivate(uow, agent_id, actor_id=person().id)
    except InvalidInputError as error:
        return _agent_page(_get(agent_id), None, {error.field: error.sentence}), 422
    returned = _release(agent_id, None)
    flash(
        translated(
            say(
                "Deactivated. Conversations handed on: %(moved)d, returned to all: %(returned)d.",
                moved=moved,
                returned=returned,
            )
        )
    )
    return redirect(url_for("people.agents"))


@bp.post("/settings/agents/<int:agent_id>/reactivate")
@requires("agents.write")
def reactivate(agent_id: int) -> Response:
    with current().unit_of_work() as uow:
        people.reactivate(uow, agent_id, actor_id=person().id)
    flash(translated(say("This person may come in again.")))
    return redirect(url_for("people.agent", agent_id=agent_id))


@bp.post("/settings/agents/<int:agent_id>/sessions")
@requires("agents.write")
def end_sessions(agent_id: int) -> Response:
    """Whoever ends their own stays in this browser."""
    with current().unit_of_work() as uow:
        ended = people.end_sessions(uow, agent_id, actor_id=person().id)
    if agent_id == person().id and "agent_id" in session:
        begin_session(agent_id, ended.session_epoch)
    sentence = say("Logged out of every browser.")
    if ended.was_invited:
        sentence = say("Logged out of every browser. The link to choose a password is void too.")
    flash(translated(sentence))
    return redirect(url_for("people.agent", agent_id=agent_id))


@bp.get("/invitation/<token>")
@public
def invitation(token: str) -> str | tuple[str, int]:
    invited = _invited(token)
    if invited is None:
        return _void_page()
    session.setdefault("locale", invited.locale)
    return _invitation_page(token, invited, {})


@bp.post("/invitation/<token>")
@public
def accept(token: str) -> Response | str | tuple[str, int]:
    """The password is chosen, and the person is in."""
    invited = _invited(token)
    if invited is None:
        return _void_page()
    password = request.form.get("password", "")
    errors: Errors = {}
    if problem := password_problem(password):
        errors["password"] = problem
    elif password != request.form.get("again", ""):
        errors["again"] = say("the two are not the same")
    if errors:
        return _invitation_page(token, invited, errors), 422
    hashed = hash_password(password)  # outside of the transaction: slow on purpose
    try:
        with current().unit_of_work() as uow:
            epoch = people.accept(uow, invited.id, invited.session_epoch, hashed)
    except ConflictError:
        return _void_page()
    begin_session(invited.id, epoch)
    return redirect(url_for("inbox.inbox"))


def _get(agent_id: int) -> AgentView:
    with current().reading() as reading:
        return get_agent(reading, agent_id)


def _invited(token: str) -> AgentView | None:
    """Whose link this is, if it is good now."""
    named = read_token(current().settings.secret_key, token)
    if named is None:
        return None
    with current().reading() as reading:
        return find_invited(reading, *named, current().clock())


def _release(agent_id: int, heir_id: int | None) -> int:
    """Batch by batch; what is in other hands, or too much, is left to the sweep."""
    moved = 0
    for _ in range(MOST_BATCHES):
        with current().unit_of_work() as uow:
            batch = people.release(uow, agent_id, heir_id=heir_id, by=person().id, limit=BATCH)
        moved += batch
        if batch < BATCH:
            break
    return moved


def _new_page(form: Shown, errors: Errors) -> str:
    with current().reading() as reading:
        teams = list_teams(reading)
    return render_template(
        "agents/new.html", form=form, errors=_translated(errors), teams=teams, roles=list(Role)
    )


def _agent_page(agent: AgentView, form: Shown | None, errors: Errors) -> str:
    with current().reading() as reading:
        teams = list_teams(reading)
        kept = count_kept(reading, agent.id)
        heirs = [one for one in list_agents(reading) if one.may_reply and one.id != agent.id]
    return render_template(
        "agents/agent.html",
        agent=agent,
        form=form or person_shown(agent),
        errors=_translated(errors),
        teams=teams,
        roles=list(Role),
        kept=kept,
        heirs=heirs,
        now=current().clock(),
    )


def _link_page(agent_id: int, *, is_new: bool) -> str:
    settings, agent = current().settings, _get(agent_id)
    token = token_of(settings.secret_key, agent.id, agent.session_epoch)
    return render_template(
        "agents/link_once.html",
        agent=agent,
        is_new=is_new,
        link=f"{settings.public_url}/invitation/{token}",
        days=INVITATION_LASTS.days,
    )


def _invitation_page(token: str, invited: AgentView, errors: Errors) -> str:
    return render_template(
        "agents/invitation.html", token=token, agent=invited, errors=_translated(errors)
    )


def _void_page() -> tuple[str, int]:
    return render_template("agents/invitation.html", agent=None), 410


def _translated(errors: Errors) -> Errors:
    return {field: translated(sentence) for field, sentence in errors.items()}
