"""Supervisors' and admins' page: who did what, with filters, and as CSV."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response, render_template, request

from wxdesk.agents.access import requires
from wxdesk.audit.queries import (
    AuditFilter,
    AuditView,
    list_actions,
    list_entries,
    list_people,
)
from wxdesk.audit.rules import action_name, detail_name
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.http import cursor_argument, cursor_of, integer_argument
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current

bp = Blueprint("audit", __name__, url_prefix="/settings/audit")

PAGE = 50
MOST_LINES = 10_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@bp.get("")
@requires("audit.read")
def audit() -> str:
    cursor = cursor_argument(int)
    wanted = _filter()
    with current().reading() as session:
        found = list_entries(
            session, wanted, before_id=cursor[0] if cursor else None, limit=PAGE + 1
        )
        actions = list_actions(session)
        people = list_people(session)
    return render_template(
        "audit/audit.html",
        entries=found[:PAGE],
        actions=[(action, translated(action_name(action))) for action in actions],
        people=people,
        wanted=wanted,
        query=_query(wanted),
        action_name=action_name,
        detail_name=detail_name,
        most_lines=MOST_LINES,
        next_cursor=cursor_of((found[PAGE - 1].id,)) if len(found) > PAGE else None,
    )


@bp.get("/log.csv")
@requires("audit.read")
def download() -> Response:
    """The newest 10,000 entries that the filters let through, in UTC."""
    with current().reading() as session:
        found = list_entries(session, _filter(), before_id=None, limit=MOST_LINES)
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(["id", "at", "person", "action", "subject", "details"])
    for entry in found:
        writer.writerow([_harmless(cell) for cell in _cells(entry)])
    return Response(
        "\ufeff" + lines.getvalue(),  # so that Excel reads it as UTF-8
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="wxdesk-audit.csv"'},
    )


def _filter() -> AuditFilter:
    return AuditFilter(
        action=request.args.get("action", "").strip()[:60] or None,
        actor_id=integer_argument("actor_id"),
        subject=request.args.get("subject", "").strip()[:60] or None,
    )


def _query(wanted: AuditFilter) -> dict[str, str]:
    """The filters again, for links."""
    values = {"action": wanted.action, "actor_id": wanted.actor_id, "subject": wanted.subject}
    return {name: str(value) for name, value in values.items() if value is not None}


def _cells(entry: AuditView) -> list[str]:
    details = "; ".join(f"{name}={value}" for name, value in entry.details)
    at = iso(entry.at) or ""
    return [str(entry.id), at, entry.actor or "", entry.action, entry.subject, details]


def _harmless(cell: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
