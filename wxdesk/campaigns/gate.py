"""What a campaign says to whoever is met by its rules, as far as the clock decides. Pure."""

from __future__ import annotations

from datetime import datetime

from wxdesk.triage.rules import CampaignGate, Outcome


def outcome_by_clock(gate: CampaignGate, at: datetime) -> Outcome | None:
    """Too early or too late; None while it is on: then Redis decides (plumbing/gates.py)."""
    if at < gate.starts_at:
        return Outcome.NOT_STARTED
    if gate.ends_at is not None and at >= gate.ends_at:
        return Outcome.ENDED
    return None
