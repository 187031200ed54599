"""Pages of reports: figures with their definitions, and the conversations behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from wxdesk.agents.access import requires
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.sheets import workbook_response
from wxdesk.plumbing.translation import translated
from wxdesk.reports.addresses import Addresses, kept_query, read_behind
from wxdesk.reports.behind import BehindRow, list_behind
from wxdesk.reports.catalog import REPORTS
from wxdesk.reports.choices import choices_of
from wxdesk.reports.exports import csv_lines, table_keys, xlsx_file
from wxdesk.reports.filters import Preset, before_of, preset_of, read_filters
from wxdesk.reports.local_time import midnight
from wxdesk.reports.names import (
    PERIODS,
    facts_of,
    first_day,
    last_day,
    state_name,
    what_name,
)
from wxdesk.reports.rules import Filters, Period, Report
from wxdesk.reports.shown import about, shown_report
from wxdesk.reports.snapshot import snapshot
from wxdesk.reports.wording import DASH, Wording
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("reports", __name__, url_prefix="/reports")

FIRST = "overview"
ROWS = 50


@bp.get("")
@requires("reports.read")
def start() -> Redirect:
    return redirect(url_for("reports.report", name=FIRST))


@bp.get("/<name>")
@requires("reports.read")
def report(name: str) -> str:
    """One report with its filters."""
    asked = _asked(name)
    with snapshot(current()) as session:
        made = REPORTS[name](session, asked.filters, asked.now)
        choices = choices_of(session, asked.filters, _wording())
    return render_template(
        "reports/report.html",
        name=name,
        made=shown_report(made, _wording(), asked.links),
        as_of=made.as_of,
        links=asked.links,
        choices=choices,
        period=_period(asked),
    )


@bp.get("/<name>/behind")
@requires("reports.read")
def behind(name: str) -> str:
    """The conversations behind one number, newest first."""
    asked = _asked(name)
    wanted = read_behind(request.args.to_dict(flat=False))
    cursor = cursor_argument(datetime, int)
    with snapshot(current()) as session:
        page = list_behind(session, asked.filters, wanted, now=asked.now, cursor=cursor, limit=ROWS)
        made = REPORTS[name](session, replace(asked.filters, compares=False), asked.now)
    more = [("cursor", cursor_of(page.next_cursor))] if page.next_cursor else None
    return render_template(
        "reports/behind.html",
        name=name,
        title=_wording().text(made.title),
        number=about(made, wanted, _wording()),
        rows=[_line(row) for row in page.rows],
        links=asked.links,
        period=_period(asked),
        is_later=cursor is not None,
        next_url=asked.links.behind(wanted, more) if more else None,
    )


@bp.get("/<name>/table.csv")
@requires("reports.read")
def csv_table(name: str) -> Response:
    """One table of the report, streamed."""
    key = request.args.get("table", "")
    made = _made(_asked(name))
    if key not in table_keys(made):
        raise NotFoundError(say("this report has no such table"))
    return Response(
        csv_lines(made, key, _wording()),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="wxdesk-{name}-{key}.csv"'},
    )


@bp.get("/<name>/report.xlsx")
@requires("reports.read")
def workbook(name: str) -> Response:
    """The whole report as a workbook, streamed."""
    asked = _asked(name)
    with snapshot(current()) as session:
        made = REPORTS[name](session, asked.filters, asked.now)
        chosen = choices_of(session, asked.filters, _wording())
    file = xlsx_file(made, _wording(), facts_of(made, asked.filters, chosen, _wording()))
    return workbook_response(file, f"wxdesk-{name}.xlsx")


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    filters: Filters
    links: Addresses
    now: datetime


def _asked(name: str) -> _Asked:
    """The report and the filters that the address names."""
    if name not in REPORTS:
        raise NotFoundError(say("there is no such report"))
    runtime = current()
    given = request.args.to_dict(flat=False)
    now = runtime.clock()
    filters = read_filters(given, runtime.settings, now)
    return _Asked(name, filters, Addresses(name, kept_query(given)), now)


def _made(asked: _Asked) -> Report:
    with snapshot(current()) as session:
        return REPORTS[asked.name](session, asked.filters, asked.now)


def _wording() -> Wording:
    return Wording(translated, ZoneInfo(current().settings.timezone))


@dataclass(frozen=True, slots=True)
class _Period:
    """The period as the form shows it: a preset, and its first and last day.

    `before` says with what it is compared; until which time, where that is no whole day.
    """

    preset: Preset
    since: str
    to: str
    before: str
    presets: tuple[tuple[Preset, str], ...]
    is_business: bool
    compares: bool


def _period(asked: _Asked) -> _Period:
    its = asked.filters.period
    before = before_of(asked.filters, asked.now)
    return _Period(
        preset=preset_of(its, asked.now),
        since=str(first_day(its)),
        to=str(last_day(its)),
        before="" if before is None else _days_of(before.period),
        presets=tuple((preset, translated(PERIODS[preset])) for preset in Preset),
        is_business=asked.filters.has_business_hours,
        compares=asked.filters.compares,
    )


def _days_of(period: Period) -> str:
    until = period.until.astimezone(period.zone)
    if period.since < period.until == midnight(until.date(), period.zone):
        return f"{first_day(period)} {DASH} {last_day(period)}"
    words = say("%(day)s until %(time)s", day=first_day(period), time=f"{until:%Y-%m-%d %H:%M}")
    return translated(words)


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    customer: str
    account: str
    agent: str
    what: str
    state: str
    duration: str
    link: str | None


def _line(row: BehindRow) -> _Line:
    stranger = say("WeChat user %(number)s", number=f"{row.contact_id:04d}")
    return _Line(
        at=row.at,
        customer=row.customer_remark or translated(stranger),
        account=row.account_name,
        agent=row.agent_name or "",
        what=translated(what_name(row.what)),
        state=translated(state_name(row.state, row.what)),
        duration="" if row.seconds is None else _wording().duration(row.seconds),
        link=None if row.conversation_id is None else f"/inbox/{row.conversation_id}",
    )
