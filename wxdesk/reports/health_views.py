"""Marketers' page: follows and unfollows by day, with what was sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request

from wxdesk.agents.access import requires
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.plumbing.sheets import workbook_response
from wxdesk.plumbing.translation import translated
from wxdesk.reports.addresses import Addresses, kept_query
from wxdesk.reports.choices import choices_of
from wxdesk.reports.content_health import NAME, build, marks_of
from wxdesk.reports.exports import csv_lines, table_keys, xlsx_file
from wxdesk.reports.filters import Preset, preset_of, read_filters
from wxdesk.reports.names import PERIODS, facts_of, first_day, last_day
from wxdesk.reports.rules import Filters
from wxdesk.reports.shown import ShownReport, shown_report
from wxdesk.reports.snapshot import snapshot
from wxdesk.reports.wording import Wording
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("content_health", __name__, url_prefix="/campaigns/health")

HOME = "/campaigns/health"
MOST_MARKS = 30


@dataclass(frozen=True, slots=True)
class HealthAddresses(Addresses):
    """Links of this page, which lies with the marketers' others."""

    def csv(self, table: str) -> str:
        return f"{HOME}/table.csv?{urlencode([*self.query, ('table', table)])}"

    @property
    def xlsx(self) -> str:
        return f"{HOME}/health.xlsx?{urlencode(self.query)}"


@bp.get("")
@requires("campaigns.read")
def health() -> str:
    filters, links, now = _asked()
    with snapshot(current()) as session:
        made = build(session, filters, now)
        marks = marks_of(session, filters, now)
        choices = choices_of(session, filters, _wording())
    shown = shown_report(made, _wording(), links)
    period = filters.period
    return render_template(
        "qr_codes/health.html",
        made=_marked(shown, [(f"{day:%m-%d}", name) for day, name in marks]),
        links=links,
        accounts=next(it for it in choices if it.name == "account"),
        preset=preset_of(period, now),
        presets=[(preset, translated(PERIODS[preset])) for preset in Preset],
        since=first_day(period),
        to=last_day(period),
        as_of=now,
    )


@bp.get("/table.csv")
@requires("campaigns.read")
def csv_table() -> Response:
    filters, _, now = _asked()
    key = request.args.get("table", "")
    with snapshot(current()) as session:
        made = build(session, filters, now)
    if key not in table_keys(made):
        raise NotFoundError(say("this report has no such table"))
    headers = {"Content-Disposition": f'attachment; filename="wxdesk-{NAME}-{key}.csv"'}
    return Response(csv_lines(made, key, _wording()), mimetype="text/csv", headers=headers)


@bp.get("/health.xlsx")
@requires("campaigns.read")
def workbook() -> Response:
    filters, _, now = _asked()
    with snapshot(current()) as session:
        made = build(session, filters, now)
        chosen = choices_of(session, filters, _wording())
    file = xlsx_file(made, _wording(), facts_of(made, filters, chosen, _wording()))
    return workbook_response(file, f"wxdesk-{NAME}.xlsx")


def _asked() -> tuple[Filters, HealthAddresses, datetime]:
    """The period and the accounts that the address names; nothing else narrows this page."""
    runtime = current()
    given = request.args.to_dict(flat=False)
    now = runtime.clock()
    filters = read_filters(given, runtime.settings, now)
    plain = replace(filters, team_ids=(), agent_ids=(), tag_ids=(), has_business_hours=False)
    return plain, HealthAddresses(NAME, kept_query(given)), now


def _marked(shown: ShownReport, marks: list[tuple[str, str]]) -> ShownReport:
    """With upright lines in the chart of days, where something was sent."""
    tables = tuple(
        replace(table, chart={**table.chart, "marks": [list(each) for each in marks[-MOST_MARKS:]]})
        if table.key == "days" and table.chart
        else table
        for table in shown.tables
    )
    return replace(shown, tables=tables)


def _wording() -> Wording:
    return Wording(translated, ZoneInfo(current().settings.timezone))
