"""Supervisors' pages of business calendars: weeks, holidays, own dates, a year's preview."""

from __future__ import annotations

from datetime import date
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_date
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.calendars import import_views, operations
from wxdesk.calendars.forms import (
    Errors,
    ShownCalendar,
    calendar_again,
    calendar_shown,
    read_calendar,
    read_days,
)
from wxdesk.calendars.hours import print_intervals
from wxdesk.calendars.import_views import A_MONDAY, day_names
from wxdesk.calendars.pages import state_now, warnings_of, year_of
from wxdesk.calendars.queries import get_view, list_calendars, teams_by_calendar
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import integer_argument
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("calendars", __name__, url_prefix="/settings/calendars")

FIRST_YEAR, LAST_YEAR = 2004, 2100

bp.get("/<int:calendar_id>/import")(import_views.choose_file)
bp.post("/<int:calendar_id>/import")(import_views.look_at_file)
bp.post("/<int:calendar_id>/import/confirm")(import_views.confirm_file)


@bp.get("")
@requires("sla.write")
def calendars() -> str:
    now = current().clock()
    with current().reading() as session:
        found = list_calendars(session, with_archived=True)
        teams = teams_by_calendar(session)
    return render_template(
        "calendars/calendars.html",
        calendars=[
            (view, state_now(view, now), [translated(text) for text in warnings_of(view, now)])
            for view in found
        ],
        teams=teams,
        print_intervals=print_intervals,
        day_names=day_names(),
    )


@bp.get("/new")
@requires("sla.write")
def new() -> str:
    return _page(None, ShownCalendar(time_zone=str(current().settings.timezone)), {})


@bp.post("/new")
@requires("sla.write")
def create() -> Response | tuple[str, int]:
    form, errors = read_calendar(request.form)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                row = operations.create_calendar(uow, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved.")))
            return redirect(url_for("calendars.calendar", calendar_id=row.id))
    return _page(None, calendar_again(request.form), errors), 422


@bp.get("/<int:calendar_id>")
@requires("sla.write")
def calendar(calendar_id: int) -> str:
    return _page(calendar_id, None, {})


@bp.post("/<int:calendar_id>")
@requires("sla.write")
def change(calendar_id: int) -> Response | tuple[str, int]:
    form, errors = read_calendar(request.form)
    if form is not None:
        try:
            with current().unit_of_work() as uow:
                operations.change_calendar(uow, calendar_id, form, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved. Running clocks follow the new hours.")))
            return redirect(url_for("calendars.calendar", calendar_id=calendar_id))
    return _page(calendar_id, calendar_again(request.form), errors), 422


@bp.post("/<int:calendar_id>/days")
@requires("sla.write")
def add_days(calendar_id: int) -> Response | tuple[str, int]:
    days, errors = read_days(request.form)
    if days is not None:
        try:
            with current().unit_of_work() as uow:
                operations.set_days(uow, calendar_id, days, actor_id=person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved. Running clocks follow the new hours.")))
            return redirect(url_for("calendars.calendar", calendar_id=calendar_id, _anchor="days"))
    return _page(calendar_id, None, errors), 422


@bp.post("/<int:calendar_id>/days/remove")
@requires("sla.write")
def remove_days(calendar_id: int) -> Response | tuple[str, int]:
    """The dates that were ticked; what is no date is passed over."""
    days = {day for text in request.form.getlist("days") if (day := _date(text)) is not None}
    try:
        with current().unit_of_work() as uow:
            operations.remove_days(uow, calendar_id, days, actor_id=person().id)
    except InvalidInputError as error:
        return _page(calendar_id, None, {"days": error.sentence}), 422
    flash(translated(say("Removed. The week and the holidays decide again.")))
    return redirect(url_for("calendars.calendar", calendar_id=calendar_id, _anchor="days"))


@bp.post("/<int:calendar_id>/archive")
@requires("sla.write")
def archive(calendar_id: int) -> Response:
    is_archived = request.form.get("is_archived") == "1"
    with current().unit_of_work() as uow:
        operations.archive_calendar(uow, calendar_id, is_archived=is_archived, actor_id=person().id)
    return redirect(url_for("calendars.calendars"))


@bp.get("/<int:calendar_id>/year")
@requires("sla.write")
def year(calendar_id: int) -> str:
    with current().reading() as session:
        view = get_view(session, calendar_id)
    today = current().clock().astimezone(view.calendar.zone).date()
    wanted = integer_argument("year", today.year) or today.year
    shown = year_of(view, min(max(wanted, FIRST_YEAR), LAST_YEAR))
    return render_template(
        "calendars/year.html",
        calendar=view,
        year=shown,
        today=today,
        warnings=[translated(text) for text in shown.warnings],
        day_names=day_names(),
        month_week=[A_MONDAY.replace(day=number) for number in range(1, 8)],
        format_date=format_date,
    )


def _page(calendar_id: int | None, form: ShownCalendar | None, errors: Errors) -> str:
    """The form of a calendar; `form` None: as it is stored."""
    now, view, days = current().clock(), None, []
    if calendar_id is not None:
        with current().reading() as session:
            view = get_view(session, calendar_id)
        days = sorted(view.calendar.own_days.items())
    today = now.astimezone(view.calendar.zone).date() if view else now.date()
    return render_template(
        "calendars/calendar.html",
        calendar=view,
        form=form or (calendar_shown(view) if view else ShownCalendar()),
        errors={field: translated(sentence) for field, sentence in errors.items()},
        typed=request.form,
        days=days,
        today=today,
        state=state_now(view, now) if view else None,
        warnings=[translated(text) for text in warnings_of(view, now)] if view else [],
        day_names=day_names(),
        format_date=format_date,
        zones=sorted(zone for zone in available_timezones() if "/" in zone and "Etc" not in zone),
        print_intervals=print_intervals,
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
