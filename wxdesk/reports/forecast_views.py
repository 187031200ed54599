"""The staffing forecast."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import requires
from wxdesk.agents.queries import list_teams
from wxdesk.plumbing.csv_files import write_table
from wxdesk.plumbing.translation import translated
from wxdesk.reports.forecast import A_DAY
from wxdesk.reports.forecast_form import NUMBERS, Asked, Form, read_asked
from wxdesk.reports.forecast_history import read_history
from wxdesk.reports.forecast_pages import Detail, Forecast, make_forecast
from wxdesk.reports.rules import Unit
from wxdesk.reports.wording import Wording
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("forecast", __name__, url_prefix="/reports/forecast")

WEEKDAYS = (
    say("Monday"),
    say("Tuesday"),
    say("Wednesday"),
    say("Thursday"),
    say("Friday"),
    say("Saturday"),
    say("Sunday"),
)
SHORT_WEEKDAYS = (
    say("Mon"),
    say("Tue"),
    say("Wed"),
    say("Thu"),
    say("Fri"),
    say("Sat"),
    say("Sun"),
)


@bp.get("")
@requires("reports.read")
def forecast() -> str | tuple[str, int]:
    """422 with sentences at the fields when a value can't be taken."""
    zone = ZoneInfo(current().settings.timezone)
    asked, form = read_asked(request.args, zone)
    with current().reading() as reading:
        if asked is None:
            return _page(reading, None, form), 422
        return _page(reading, _made(reading, asked, zone), form)


@bp.get("/week.csv")
@requires("reports.read")
def week() -> Response | tuple[str, int]:
    """Every half hour of the week, or of the event where one is planned, as a CSV file."""
    zone = ZoneInfo(current().settings.timezone)
    asked, form = read_asked(request.args, zone)
    with current().reading() as reading:
        if asked is None:
            return _page(reading, None, form), 422
        made = _made(reading, asked, zone)
    days = [translated(name) for name in WEEKDAYS]
    rows = [[days[at // A_DAY], *_cells(detail)] for at, detail in enumerate(made.week)]
    rows += [[translated(say("Planned event")), *_cells(detail)] for detail in made.event]
    heading = [translated(word) for word in CSV_HEADING]
    response = Response(write_table(heading, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="staffing.csv"'
    return response


CSV_HEADING = (
    say("Day"),
    say("Begins at"),
    say("Questions"),
    say("Agents needed"),
    say("Paid agents"),
    say("In time"),
    say("Mean wait (seconds)"),
    say("In time with one fewer"),
    say("Mean wait with one fewer (seconds)"),
    say("Usually online"),
)


def _made(reading: Session, asked: Asked, zone: ZoneInfo) -> Forecast:
    history = read_history(reading, asked.scope, asked.weeks, zone, current().clock())
    return make_forecast(
        history,
        asked.staffing(history.handling_seconds),
        zone,
        busiest=asked.basis == "busiest",
        day=asked.numbers["day"],
        event=asked.event,
    )


def _page(reading: Session, made: Forecast | None, form: Form) -> str:
    days = [translated(name) for name in WEEKDAYS]
    return render_template(
        "reports/forecast.html",
        made=made,
        form=form.shown,
        errors={name: translated(sentence) for name, sentence in form.errors.items()},
        teams=list_teams(reading),
        accounts=list_names(reading),
        weekdays=days,
        short_weekdays=[translated(name) for name in SHORT_WEEKDAYS],
        query=_query(form),
        show=_shown(ZoneInfo(current().settings.timezone)),
    )


def _shown(zone: ZoneInfo) -> Callable[[float | None, str], str]:
    """How numbers are written in the page: "share", "seconds", or a plain "number"."""
    wording = Wording(translated, zone)
    units = {"share": Unit.SHARE, "seconds": Unit.SECONDS, "number": Unit.COUNT}

    def show(number: float | None, unit: str) -> str:
        is_whole = unit == "number" and number is not None and float(number).is_integer()
        return wording.value(int(number or 0) if is_whole else number, units[unit])

    return show


def _query(form: Form) -> dict[str, str]:
    """What links of the page keep; the day is theirs."""
    names = [*NUMBERS, "basis", "date", "time"]
    kept = {name: form.shown.get(name, "") for name in names if name != "day"}
    if not kept["date"]:
        for name in ("time", "hours", "people", "asking"):
            del kept[name]
    return {name: text for name, text in kept.items() if text}


def _cells(detail: Detail) -> list[str]:
    need, given, fewer = detail.need, detail.need.given, detail.need.one_fewer
    numbers = (
        need.questions,
        need.agents,
        need.paid,
        given.within if given else None,
        given.wait_seconds if given else None,
        fewer.within if fewer else None,
        fewer.wait_seconds if fewer else None,
        detail.online,
    )
    return [detail.begins, *map(_text, numbers)]


def _text(number: float | None) -> str:
    """Nothing where there is no number: never 0."""
    if number is None:
        return ""
    return str(number) if isinstance(number, int) else f"{number:.3f}"
