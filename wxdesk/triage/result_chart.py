"""The chart of a dry run, day by day, as static/js/reports.js draws it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wxdesk.plumbing.translation import translated
from wxdesk.triage.findings import Findings
from wxdesk.words import say


def days_chart(found: Findings, until: datetime, days: int, zone: ZoneInfo) -> dict[str, Any]:
    """Every day of the period, those without a message too."""
    last = until.astimezone(zone).date()
    first = (until - timedelta(days=days)).astimezone(zone).date()
    by_day = {one.day: one for one in found.days}
    names = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    good = [by_day[day].answered - by_day[day].wrong if day in by_day else 0 for day in names]
    wrong = [by_day[day].wrong if day in by_day else 0 for day in names]
    return {
        "title": translated(say("Messages that it would have answered")),
        "kind": "stacked",
        "is_time": True,
        "x": names,
        "rows": [],
        "units": [],
        "series": [
            _series(translated(say("not answered by a person")), good),
            _series(translated(say("a person answered: wrong hits")), wrong),
        ],
    }


def _series(name: str, values: list[int]) -> dict[str, Any]:
    return {"name": name, "unit": "count", "values": values, "texts": [str(one) for one in values]}
