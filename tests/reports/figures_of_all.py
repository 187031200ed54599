"""Every report by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports.figures import View
from reports.figures_of_promises import breaches, campaigns, rules, satisfaction, sla
from reports.figures_of_time import event, presence
from reports.figures_of_work import accounts, agents, hours, overview, tags, teams

REPORTS: dict[str, Callable[[View], dict[str, Any]]] = {
    "overview": overview,
    "agents": agents,
    "teams": teams,
    "accounts": accounts,
    "tags": tags,
    "hours": hours,
    "sla": sla,
    "breaches": breaches,
    "satisfaction": satisfaction,
    "rules": rules,
    "campaigns": campaigns,
    "event": event,
    "presence": presence,
}
