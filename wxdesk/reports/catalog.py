"""All reports by name, in the order of the menu; with them come the lists behind their numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

import wxdesk.reports.sources  # noqa: F401 -- registers its lists
from wxdesk.reports import (
    attainment,
    breaches,
    by_account,
    by_agent,
    by_tag,
    by_team,
    campaigns_report,
    event,
    hours,
    overview,
    presence_report,
    rules_report,
    satisfaction_report,
)
from wxdesk.reports.rules import Filters, Report

Builder = Callable[[Session, Filters, datetime], Report]

REPORTS: dict[str, Builder] = {
    "overview": overview.build,
    "agents": by_agent.build,
    "teams": by_team.build,
    "accounts": by_account.build,
    "tags": by_tag.build,
    "hours": hours.build,
    "sla": attainment.build,
    "breaches": breaches.build,
    "satisfaction": satisfaction_report.build,
    "rules": rules_report.build,
    "campaigns": campaigns_report.build,
    "event": event.build,
    "presence": presence_report.build,
}
