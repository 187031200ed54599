"""Reports as JSON: the same figures as the pages, with their definitions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from wxdesk.agents.access import requires
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.plumbing.http import cursor_argument, cursor_of, limit_argument, page_json
from wxdesk.plumbing.translation import translated
from wxdesk.reports.addresses import read_behind
from wxdesk.reports.behind import BehindRow, list_behind
from wxdesk.reports.catalog import REPORTS
from wxdesk.reports.filters import read_filters
from wxdesk.reports.names import report_name
from wxdesk.reports.rules import Behind, Column, Figure, Filters, Report, Row, Table
from wxdesk.reports.snapshot import snapshot
from wxdesk.reports.wording import plain
from wxdesk.runtime import current
from wxdesk.words import Words, say

bp = Blueprint("reports_api", __name__, url_prefix="/api/v1/reports")


@bp.get("")
@requires("reports.read")
def list_all() -> Response:
    """The names of all reports."""
    items = [{"name": name, "title": translated(report_name(name))} for name in REPORTS]
    return jsonify(items=items)


@bp.get("/<name>")
@requires("reports.read")
def report(name: str) -> Response:
    """One report; filters as in the address of its page."""
    filters, now = _asked(name)
    with snapshot(current()) as session:
        made = REPORTS[name](session, filters, now)
    return jsonify(_report(made, filters))


@bp.get("/<name>/behind")
@requires("reports.read")
def behind(name: str) -> Response:
    """What is behind a number: figure and n.… as its `behind` says, filters as for the report."""
    filters, now = _asked(name)
    wanted = read_behind(request.args.to_dict(flat=False))
    limit = limit_argument()
    cursor = cursor_argument(datetime, int)
    with snapshot(current()) as session:
        page = list_behind(session, filters, wanted, now=now, cursor=cursor, limit=limit)
    next_cursor = cursor_of(page.next_cursor) if page.next_cursor else None
    return jsonify(page_json([_line(row) for row in page.rows], next_cursor))


def _asked(name: str) -> tuple[Filters, datetime]:
    if name not in REPORTS:
        raise NotFoundError(say("there is no such report"))
    runtime = current()
    now = runtime.clock()
    return read_filters(request.args.to_dict(flat=False), runtime.settings, now), now


def _report(made: Report, filters: Filters) -> dict[str, Any]:
    period = filters.period
    return {
        "name": made.name,
        "title": _said(made.title),
        "since": iso(period.since),
        "until": iso(period.until),
        "time_zone": str(period.zone),
        "as_of": iso(made.as_of),
        "notes": [_said(note) for note in made.notes],
        "figures": [_figure(it) for it in made.figures],
        "tables": [_table(it) for it in made.tables],
    }


def _figure(it: Figure) -> dict[str, Any]:
    return {
        "key": it.key,
        "label": _said(it.label),
        "definition": _said(it.definition),
        "unit": it.unit,
        "value": _value(it.value),
        "before": _value(it.before),
        "behind": _behind(it.behind),
    }


def _table(it: Table) -> dict[str, Any]:
    return {
        "key": it.key,
        "title": _said(it.title),
        "note": _said(it.note),
        "columns": [_column(column) for column in it.columns],
        "rows": [_row(row) for row in it.rows],
    }


def _column(it: Column) -> dict[str, Any]:
    return {
        "key": it.key,
        "label": _said(it.label),
        "definition": _said(it.definition),
        "unit": it.unit,
    }


def _row(it: Row) -> dict[str, Any]:
    values = [_value(value) for value in it.values]
    return {"values": values, "behind": {key: _behind(each) for key, each in it.behind.items()}}


def _behind(it: Behind | None) -> dict[str, Any] | None:
    if it is None:
        return None
    return {"figure": it.name, **{f"n.{key}": str(value) for key, value in it.narrows.items()}}


def _value(value: Any) -> str | int | float | bool | None:
    return _said(value) if isinstance(value, str) else plain(value)


def _said(text: str) -> str:
    """Our own sentences in the reader's language; names of people and tags as they are."""
    return translated(text) if isinstance(text, Words) else text


def _line(row: BehindRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": iso(row.at),
        "conversation_id": row.conversation_id,
        "contact_id": row.contact_id,
        "remark": row.customer_remark,
        "account": row.account_name,
        "agent_id": row.agent_id,
        "agent": row.agent_name,
        "what": row.what,
        "state": row.state,
        "seconds": row.seconds,
    }
