"""Reports that are sent by e-mail: the list with its last runs, and the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.reports import schedules
from wxdesk.reports.addresses import FILTERS, kept_query
from wxdesk.reports.catalog import REPORTS
from wxdesk.reports.filters import read_filters
from wxdesk.reports.names import report_name
from wxdesk.reports.rules import Every, MailState
from wxdesk.reports.schedule_rules import ScheduleForm, problems_of, read_recipients
from wxdesk.runtime import current
from wxdesk.settings import LOCALES
from wxdesk.words import say

bp = Blueprint("report_mails", __name__, url_prefix="/reports/mails")

DAYS = ("period", "from", "to", "compare")
LONGEST_RECIPIENTS = 4_000
WEEKDAYS = (
    say("Monday"),
    say("Tuesday"),
    say("Wednesday"),
    say("Thursday"),
    say("Friday"),
    say("Saturday"),
    say("Sunday"),
)
STATES = {
    MailState.QUEUED: say("waiting"),
    MailState.SENDING: say("being sent"),
    MailState.SENT: say("sent"),
    MailState.FAILED: say("failed"),
}


@bp.get("")
@requires("reports.read")
def mails() -> str:
    with current().reading() as session:
        found = schedules.list_schedules(session)
    return render_template(
        "reports/mails.html",
        schedules=found,
        names={name: translated(report_name(name)) for name in REPORTS},
        weekdays=_weekdays(),
        states=STATES,
        has_server=bool(current().settings.smtp_url),
        timezone=current().settings.timezone,
    )


@bp.get("/new")
@requires("reports.read")
def new() -> str:
    """The form, filled with the report that the reader came from and its filters."""
    name = request.args.get("report", "")
    form = ScheduleForm(
        report=name if name in REPORTS else next(iter(REPORTS), ""),
        every=Every.WEEK,
        weekday=1,
        hour=9,
        recipients=(person().email,),
        locale=person().locale,
        filters=_filters(request.args.to_dict(flat=False)),
    )
    return _form_page(None, form, {})


@bp.post("/new")
@requires("reports.read")
def create() -> Response | tuple[str, int]:
    form, errors = _read()
    if not errors:
        try:
            with current().unit_of_work() as uow:
                schedules.create_schedule(uow, form, _zone(), person().id)
        except InvalidInputError as error:
            errors[error.field] = translated(error.sentence)
    if errors:
        return _form_page(None, form, errors), 422
    flash(translated(say("Saved. The report goes out by itself from now on.")))
    return redirect(url_for("report_mails.mails"))


@bp.get("/<int:schedule_id>")
@requires("reports.read")
def edit(schedule_id: int) -> str:
    with current().reading() as session:
        form = schedules.get_schedule(session, schedule_id)
    return _form_page(schedule_id, form, {})


@bp.post("/<int:schedule_id>")
@requires("reports.read")
def change(schedule_id: int) -> Response | tuple[str, int]:
    form, errors = _read()
    if errors:
        return _form_page(schedule_id, form, errors), 422
    with current().unit_of_work() as uow:
        schedules.change_schedule(uow, schedule_id, form, _zone(), person().id)
    flash(translated(say("Saved.")))
    return redirect(url_for("report_mails.mails"))


@bp.post("/<int:schedule_id>/send")
@requires("reports.read")
def send(schedule_id: int) -> Response:
    """Send it once more, now."""
    try:
        with current().unit_of_work() as uow:
            schedules.send_now(uow, schedule_id, person().id)
    except ConflictError as error:
        flash(translated(error.sentence), "error")
    else:
        flash(translated(say("The report is being sent.")))
    return redirect(url_for("report_mails.mails"))


@bp.post("/<int:schedule_id>/delete")
@requires("reports.read")
def delete(schedule_id: int) -> Response:
    with current().unit_of_work() as uow:
        schedules.remove_schedule(uow, schedule_id, person().id)
    flash(translated(say("Deleted. This report is not sent any more.")))
    return redirect(url_for("report_mails.mails"))


def _read() -> tuple[ScheduleForm, dict[str, str]]:
    """The form as it was sent, and what is wrong with it."""
    given = request.form
    errors: dict[str, str] = {}
    weekday, hour = whole_number(given.get("weekday", "1")), whole_number(given.get("hour", ""))
    is_daily = given.get("every") == Every.DAY
    form = ScheduleForm(
        report=given.get("report", "")[:40],
        every=Every.DAY if is_daily else Every.WEEK,
        weekday=-1 if weekday is None else weekday,
        hour=-1 if hour is None else hour,
        recipients=read_recipients(given.get("recipients", "")[:LONGEST_RECIPIENTS]),
        locale=given.get("locale", ""),
        filters=_filters(given.to_dict(flat=False)),
        is_active="is_active" in given,
    )
    for name, sentence in problems_of(form, tuple(REPORTS), LOCALES).items():
        errors[name] = translated(sentence)
    try:
        read_filters(form.filters, current().settings, current().clock())
    except InvalidInputError as error:
        errors["report"] = translated(error.sentence)
    return form, errors


def _filters(given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """All filters but the period, which follows from when the mail is sent."""
    found: dict[str, list[str]] = {}
    for name, value in kept_query({name: given.get(name, ()) for name in FILTERS}):
        if name not in DAYS:
            found.setdefault(name, []).append(value)
    return found


def _form_page(schedule_id: int | None, form: ScheduleForm, errors: Mapping[str, str]) -> str:
    return render_template(
        "reports/mail_form.html",
        schedule_id=schedule_id,
        form=form,
        errors=errors,
        names={name: translated(report_name(name)) for name in REPORTS},
        weekdays=_weekdays(),
        locales=LOCALES,
        has_server=bool(current().settings.smtp_url),
        timezone=current().settings.timezone,
    )


def _weekdays() -> list[str]:
    return [translated(day) for day in WEEKDAYS]


def _zone() -> ZoneInfo:
    return ZoneInfo(current().settings.timezone)
