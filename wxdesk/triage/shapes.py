"""Rules and dry runs as the JSON API shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from wxdesk.plumbing.clock import iso
from wxdesk.triage.dry_runs import DryRunView
from wxdesk.triage.findings import findings_to_json
from wxdesk.triage.queries import RuleView
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import split_patterns
from wxdesk.triage.stored import conditions_to_json, limits_to_json

Json = dict[str, Any]


def form_json(form: RuleForm) -> Json:
    """Everything that can be sent back to change it."""
    return {
        "name": form.name,
        "trigger": form.trigger,
        "match": form.match,
        "patterns": split_patterns(form.patterns),
        "exclusions": split_patterns(form.exclusions),
        "conditions": conditions_to_json(form.conditions) or {},
        "reply_text": form.reply_text,
        "reply_kind": form.reply_kind,
        "reply_content": form.reply_content or None,
        "attachment_id": form.attachment_id,
        "reply_weight": form.reply_weight,
        "more_replies": [asdict(one) for one in form.more_replies],
        "limits": limits_to_json(form.limits) or {},
        "passes_on": form.passes_on,
        "answers_attended": form.answers_attended,
        "waiting_minutes": form.waiting_minutes,
        "priority": form.priority,
        "is_active": form.is_active,
    }


def rule_json(rule: RuleView) -> Json:
    return {
        "id": rule.id,
        "account": rule.account,
        **form_json(rule.form),
        "campaign_id": rule.form.campaign_id,
        "version": rule.version,
        "updated_at": iso(rule.updated_at),
        "updated_by": rule.updated_by,
        "archived_at": iso(rule.archived_at),
    }


def run_json(run: DryRunView) -> Json:
    """`result` is null until it is done; ids only, never texts."""
    return {
        "id": run.id,
        "state": run.state,
        "rule_id": run.rule_id,
        "digest": run.digest,
        "days": run.days,
        "scanned": run.scanned,
        "total": run.total,
        "is_cut": run.is_cut,
        "result": findings_to_json(run.findings) if run.findings else None,
        "created_at": iso(run.created_at),
        "finished_at": iso(run.finished_at),
        "confirmed_at": iso(run.confirmed_at),
    }
