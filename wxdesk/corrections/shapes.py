"""Corrections as JSON (documented in inbox/openapi_corrections.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wxdesk.corrections.choosing import Found
from wxdesk.corrections.queries import CorrectionView, RecipientView, choice_of
from wxdesk.corrections.reporting import Report
from wxdesk.corrections.rules import Reach, RecipientState
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.translation import translated


def correction_json(view: CorrectionView, reach: Mapping[Reach, int]) -> dict[str, Any]:
    """`reach`: how those who are only listed stand now."""
    row, choice = view.row, choice_of(view.row)
    return {
        "id": row.id,
        "name": row.name,
        "account_id": row.account_id,
        "rule_id": row.rule_id,
        "campaign_id": row.campaign_id,
        "rule_ids": list(choice.rule_ids),
        "versions": list(choice.versions),
        "outcomes": list(choice.outcomes),
        "sent_from": iso(choice.sent_from),
        "sent_until": iso(choice.sent_until),
        "state": row.state,
        "text": row.text,
        "per_minute": row.per_minute,
        "skips_helped": row.skips_helped,
        "needs_approval": view.must_be_approved,
        "version": row.version,
        "is_rule_active": view.is_rule_active,
        "wrong_answers": view.answers,
        "recipients": view.total,
        "counts": {state.value: view.counts.get(state, 0) for state in RecipientState},
        "listed": {each.value: reach.get(each, 0) for each in Reach},
        "created_by": _person(view, row.created_by_id),
        "created_at": iso(row.created_at),
        "written_by": _person(view, row.written_by_id),
        "written_at": iso(row.written_at),
        "approved_by": _person(view, row.approved_by_id),
        "approved_at": iso(row.approved_at),
        "begun_at": iso(row.begun_at),
        "ended_at": iso(row.ended_at),
    }


def recipient_json(it: RecipientView) -> dict[str, Any]:
    return {
        "contact": {"id": it.contact_id, "name": it.name},
        "wrong_message_id": it.wrong_message_id,
        "wrong_answers": it.wrong_count,
        "got_at": iso(it.got_at),
        "reach": it.reach,
        "state": it.state,
        "message_id": it.message_id,
        "settled_at": iso(it.settled_at),
        "error": translated(it.error) if it.error else None,
    }


def found_json(found: Found) -> dict[str, Any]:
    """What a dry run counted."""
    return {
        "wrong_answers": found.answers,
        "recipients": found.people,
        "listed": {each.value: found.by_reach.get(each, 0) for each in Reach},
        "first_wrong_at": iso(found.first_at),
        "last_wrong_at": iso(found.last_at),
        "not_left_yet": found.leaving,
    }


def report_json(report: Report) -> dict[str, Any]:
    view, lasted = report.view, report.lasted
    return {
        "id": view.row.id,
        "wrong_answers": view.answers,
        "recipients": view.total,
        "first_wrong_at": iso(report.first_wrong_at),
        "last_wrong_at": iso(report.last_wrong_at),
        "stopped_at": iso(report.stopped_at),
        "seconds_until_stopped": None if lasted is None else round(lasted.total_seconds()),
        "begun_at": iso(view.row.begun_at),
        "corrected": report.corrected,
        "first_corrected_at": iso(report.first_at),
        "half_corrected_at": iso(report.half_at),
        "most_corrected_at": iso(report.most_at),
        "last_corrected_at": iso(report.last_at),
        "counts": {state.value: view.counts.get(state, 0) for state in RecipientState},
        "left_out": {each.value: report.left_out.get(each, 0) for each in Reach},
        "hours": [
            {"begins": iso(it.begins), "corrected": it.corrected, "altogether": it.altogether}
            for it in report.hours
        ],
    }


def instant_of(text: str) -> datetime | None:
    """A time with its offset; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _person(view: CorrectionView, agent_id: int | None) -> dict[str, Any] | None:
    if agent_id is None:
        return None
    return {"id": agent_id, "name": view.people.get(agent_id, "")}
