"""Supervisors' pages of promises: their order, one with all its parts, preview and versions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.agents.queries import names_of
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.sla import operations
from wxdesk.sla.choices import read_choices
from wxdesk.sla.durations import print_duration
from wxdesk.sla.forms import (
    CLOCKS,
    PRIORITIES,
    Errors,
    ShownPolicy,
    form_of,
    new_policy,
    policy_again,
    policy_shown,
)
from wxdesk.sla.preview import Preview, touched_by
from wxdesk.sla.queries import PolicyView, list_policies, policy_versions
from wxdesk.sla.rules import PolicyForm, Targets, When, Whom
from wxdesk.sla.stage_forms import ShownStage
from wxdesk.words import say

bp = Blueprint("sla", __name__, url_prefix="/settings/sla")


@bp.get("")
@requires("sla.write")
def policies() -> str:
    with current().reading() as session:
        found = list_policies(session)
        choices = read_choices(session)
    return render_template(
        "sla/policies.html",
        policies=found,
        choices=choices,
        built_in=Targets(),
        print_duration=print_duration,
        clocks=CLOCKS,
        priorities=PRIORITIES,
    )


@bp.get("/new")
@requires("sla.write")
def new() -> str:
    return _page(None, new_policy(), {})


@bp.post("/new")
@requires("sla.write")
def create() -> Response | str | tuple[str, int]:
    return _save(None)


@bp.get("/<int:policy_id>")
@requires("sla.write")
def policy(policy_id: int) -> str:
    with current().reading() as session:
        view = _get(session, policy_id)
    return _page(view, policy_shown(view.promise, is_active=view.is_active), {})


@bp.post("/<int:policy_id>")
@requires("sla.write")
def change(policy_id: int) -> Response | str | tuple[str, int]:
    with current().reading() as session:
        view = _get(session, policy_id)
    return _save(view)


@bp.post("/<int:policy_id>/move")
@requires("sla.write")
def move(policy_id: int) -> Response:
    """To `position` in the order, from 1."""
    position = whole_number(request.form.get("position", ""))
    if position is None:
        raise InvalidInputError("position", say("a whole number is needed"))
    with current().unit_of_work() as uow:
        operations.move_policy(uow, policy_id, position, actor_id=person().id)
    flash(translated(say("The order was changed. Running clocks follow it.")))
    return redirect(url_for("sla.policies"))


@bp.post("/<int:policy_id>/archive")
@requires("sla.write")
def archive(policy_id: int) -> Response | str:
    """Or what that would touch (`do` is `preview`): the same as switching it off."""
    if request.form.get("do") == "preview":
        return _preview_without(policy_id)
    with current().unit_of_work() as uow:
        operations.archive_policy(uow, policy_id, actor_id=person().id)
    flash(translated(say("Archived. Running clocks follow the policies that are left.")))
    return redirect(url_for("sla.policies"))


@bp.get("/<int:policy_id>/versions")
@requires("sla.write")
def versions(policy_id: int) -> str:
    """Everything that it ever said, of archived ones too: reports link here."""
    with current().reading() as session:
        found = policy_versions(session, policy_id)
        if not found:
            raise NotFoundError(say("there is no such policy"))
        choices = read_choices(session)
        people = names_of(session, {one.changed_by_id for one in found if one.changed_by_id})
    return render_template(
        "sla/versions.html",
        versions=found,
        choices=choices,
        people=people,
        print_duration=print_duration,
        clocks=CLOCKS,
        priorities=PRIORITIES,
    )


def _save(view: PolicyView | None) -> Response | str | tuple[str, int]:
    """Save what was typed, or only show what it would touch (`do` is `preview`)."""
    shown = policy_again(request.form)
    form, errors = form_of(shown, _new_keys(view))
    if form is not None:
        try:
            if request.form.get("do") == "preview":
                return _page(view, shown, {}, preview=_preview(view, form))
            _store(view, form, shown.version)
        except (InvalidInputError, ConflictError) as error:
            errors[getattr(error, "field", "form")] = error.sentence
        else:
            flash(translated(say("Saved. Running clocks follow the new promise.")))
            return redirect(url_for("sla.policies"))
    return _page(view, shown, errors), 422


def _store(view: PolicyView | None, form: PolicyForm, version: int | None) -> None:
    with current().unit_of_work() as uow:
        if view is None:
            operations.create_policy(uow, form, actor_id=person().id)
        else:
            operations.change_policy(
                uow, view.id, form, actor_id=person().id, expected_version=version
            )


def _preview(view: PolicyView | None, form: PolicyForm) -> Preview:
    """InvalidInputError when it could not be saved."""
    with current().reading() as session:
        return touched_by(session, form, view.id if view else None, current().clock())


def _preview_without(policy_id: int) -> str:
    with current().reading() as session:
        view = _get(session, policy_id)
    shown = policy_shown(view.promise, is_active=False)
    form, _ = form_of(shown, _new_keys(view))
    preview = None if form is None else _preview(view, form)
    return _page(view, shown, {}, preview=preview)


def _new_keys(view: PolicyView | None) -> Callable[[], str]:
    """Names for new stages that no version ever used: each stage happens once to a clock."""
    used: set[str] = set()
    if view is not None:
        with current().reading() as session:
            for version in policy_versions(session, view.id):
                used.update(stage.key for stage in version.promise.stages)
    names = (name for number in count(1) if (name := f"s{number}") not in used)
    return lambda: next(names)


def _get(session: Session, policy_id: int) -> PolicyView:
    for view in list_policies(session):
        if view.id == policy_id:
            return view
    raise NotFoundError(say("there is no such policy"))


def _page(
    view: PolicyView | None,
    form: ShownPolicy,
    errors: Errors,
    *,
    preview: Preview | None = None,
) -> str:
    with current().reading() as session:
        choices = read_choices(session)
    return render_template(
        "sla/policy.html",
        policy=view,
        form=form,
        errors={field: translated(sentence) for field, sentence in errors.items()},
        preview=preview,
        choices=choices,
        clocks=CLOCKS,
        priorities=PRIORITIES,
        whens=list(When),
        whoms=list(Whom),
        empty_stage=ShownStage(whom=(Whom.ASSIGNEE.value,)),
    )
