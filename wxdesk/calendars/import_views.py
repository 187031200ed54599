"""The page on which an iCal file becomes own dates: look at it, choose dates, confirm."""

from __future__ import annotations

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask_babel import format_date
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.calendars.hours import print_intervals
from wxdesk.calendars.ical import MOST_BYTES, TimedEvents
from wxdesk.calendars.importing import DaysPlan, carry_out, plan_of
from wxdesk.calendars.queries import get_view
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.imports import forget, keep, kept
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

A_MONDAY = date(2024, 1, 1)


@requires("sla.write")
def choose_file(calendar_id: int) -> str:
    return _page(calendar_id)


@requires("sla.write")
def look_at_file(calendar_id: int) -> str | tuple[str, int]:
    """What the file would do; nothing changes yet."""
    file = request.files.get("file")
    data = file.stream.read(MOST_BYTES + 1) if file is not None else b""
    if not data:
        return _page(calendar_id, error=translated(say("choose an iCal file (.ics)"))), 422
    return _look(calendar_id, data)


@requires("sla.write")
def confirm_file(calendar_id: int) -> Response | str | tuple[str, int]:
    """Take the dates that are ticked."""
    token, runtime = request.form.get("token", ""), current()
    data = kept(runtime.redis, person().id, token)
    if data is None:
        problem = say("that took too long: choose it again")
        return _page(calendar_id, error=translated(problem)), 422
    try:
        with runtime.unit_of_work() as uow:
            count = carry_out(
                uow,
                calendar_id,
                data,
                _timed(),
                digest=request.form.get("digest", ""),
                chosen=_chosen(),
                actor_id=person().id,
            )
    except (ConflictError, InvalidInputError) as error:
        return _look(calendar_id, data, error=translated(error.sentence))
    forget(runtime.redis, person().id, token)
    flash(translated(say("Imported: %(count)d dates. Running clocks follow.", count=count)))
    return redirect(url_for("calendars.calendar", calendar_id=calendar_id, _anchor="days"))


def day_names() -> list[str]:
    """Monday to Sunday in the language of the reader."""
    return [format_date(A_MONDAY.replace(day=number), "EEEE") for number in range(1, 8)]


def _look(calendar_id: int, data: bytes, error: str | None = None) -> str | tuple[str, int]:
    runtime = current()
    with runtime.reading() as session:
        calendar = get_view(session, calendar_id).calendar
    today = runtime.clock().astimezone(calendar.zone).date()
    try:
        plan = plan_of(calendar, data, today, _timed())
    except InvalidInputError as problem:
        return _page(calendar_id, error=translated(problem.sentence)), 422
    token = keep(runtime.redis, person().id, data)
    page = _page(calendar_id, plan=plan, token=token, error=error)
    return (page, 409) if error else page


def _page(
    calendar_id: int, *, plan: DaysPlan | None = None, token: str = "", error: str | None = None
) -> str:
    with current().reading() as session:
        view = get_view(session, calendar_id)
    return render_template(
        "calendars/import.html",
        calendar=view,
        plan=plan,
        token=token,
        error=error,
        timed=_timed(),
        print_intervals=print_intervals,
        format_date=format_date,
    )


def _timed() -> TimedEvents:
    is_open = request.form.get("timed") == TimedEvents.OPEN
    return TimedEvents.OPEN if is_open else TimedEvents.SKIP


def _chosen() -> set[date]:
    """What is no date was not offered, and is passed over."""
    found = set()
    for text in request.form.getlist("days"):
        try:
            found.add(date.fromisoformat(text))
        except ValueError:
            continue
    return found
