"""A mark of all that decides what a dry run of a rule finds: it counts for no other rule. Pure."""

from __future__ import annotations

import hashlib
import json

from wxdesk.triage.rule_forms import RuleForm, cleaned
from wxdesk.triage.stored import conditions_to_json, limits_to_json


def digest_of(form: RuleForm) -> str:
    """64 hexadecimal digits; the same for rules that only differ in name and replies."""
    it = cleaned(form)
    whole = [
        it.account_id,
        it.campaign_id,
        it.trigger,
        it.match,
        sorted(it.patterns.splitlines()),
        sorted(it.exclusions.splitlines()),
        conditions_to_json(it.conditions),
        it.priority,
        it.waiting_minutes,
        it.passes_on,
        it.answers_attended,
        limits_to_json(it.limits),
    ]
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
