"""A conversation's three clocks as JSON: what runs, what rests, how the last of each ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from wxdesk.conversations.models import Conversation
from wxdesk.plumbing.clock import iso
from wxdesk.sla.queries import ClockView
from wxdesk.sla.rules import Clock, ClockState


def clocks_json(it: Conversation, running: Iterable[ClockView]) -> dict[str, Any]:
    """`deadlines` of the clocks that run, and `clocks` with all that is known of each."""
    views = {view.clock: view for view in running}
    return {
        "deadlines": {clock.value: _deadline(views.get(clock)) for clock in Clock},
        "clocks": {
            clock.value: _running(views[clock]) if clock in views else _ended(it, clock)
            for clock in Clock
        },
    }


def _deadline(view: ClockView | None) -> str | None:
    """Paused clocks have none."""
    return iso(view.deadline_at) if view is not None else None


def _running(view: ClockView) -> dict[str, Any]:
    policy = None
    if view.policy_id is not None:
        name, version = view.policy_name, view.policy_version
        policy = {"id": view.policy_id, "name": name, "version": version}
    return {
        "state": view.state,
        "started_at": iso(view.started_at),
        "deadline_at": iso(view.deadline_at),
        "met_at": None,
        "breached_at": iso(view.breached_at),
        "warn_at": iso(view.warn_at),
        "remaining_seconds": view.remaining_seconds,
        "policy": policy,
    }


def _ended(it: Conversation, clock: Clock) -> dict[str, Any] | None:
    """As the episode left it; None when there was no such clock, or nothing was promised."""
    deadline_at: datetime | None = getattr(it, f"{clock}_deadline_at")
    met_at: datetime | None = getattr(it, f"{clock}_met_at")
    if deadline_at is None and met_at is None:
        return None
    return {
        "state": ClockState.STOPPED if met_at is None else ClockState.MET,
        "started_at": None,
        "deadline_at": iso(deadline_at),
        "met_at": iso(met_at),
        "breached_at": iso(getattr(it, f"{clock}_breached_at")),
        "warn_at": None,
        "remaining_seconds": None,
        "policy": None,
    }
