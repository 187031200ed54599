"""QR codes and their figures as templates take them: every number written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wxdesk.plumbing.translation import translated
from wxdesk.qr_codes.figures import Figures, Kept
from wxdesk.qr_codes.queries import CodeView
from wxdesk.qr_codes.rules import CodeKind, ShownState, write_cost
from wxdesk.words import say

DASH = "–"
KINDS = {
    CodeKind.PARTNER: say("Partner"),
    CodeKind.SHOP: say("Shop"),
    CodeKind.ADVERT: say("Advert"),
    CodeKind.PERSON: say("Person"),
}
STATES = {
    ShownState.WAITING: say("being made"),
    ShownState.READY: say("ready"),
    ShownState.FAILED: say("not made"),
    ShownState.EXPIRED: say("time is over"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """Figures in words; a dash is what can't be known yet."""

    codes: str
    scans: str
    people: str
    new_followers: str
    returned: str
    following: str
    short: str
    short_of: str
    long: str
    long_of: str
    conversations: str
    cost: str
    a_kept_short: str
    a_kept_long: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list: a code with what it brought."""

    code: CodeView
    kind: str
    state: str
    figures: Written


def line_of(code: CodeView, figures: Mapping[int, Figures]) -> Line:
    its = written(figures.get(code.id, Figures()))
    return Line(code, kind_names()[code.kind], state_name(code.state), its)


def written(its: Figures) -> Written:
    return Written(
        codes=f"{its.codes:,}",
        scans=f"{its.scans:,}",
        people=f"{its.people:,}",
        new_followers=f"{its.new_followers:,}",
        returned=f"{its.returned:,}",
        following=f"{its.following:,}",
        short=_share(its.short),
        short_of=_of(its.short),
        long=_share(its.long),
        long_of=_of(its.long),
        conversations=f"{its.conversations:,}",
        cost=DASH if its.cost_cents is None else f"¥{write_cost(its.cost_cents)}",
        a_kept_short=_money(its.cents_a_kept(its.short)),
        a_kept_long=_money(its.cents_a_kept(its.long)),
    )


def kind_names() -> dict[CodeKind, str]:
    return {kind: translated(name) for kind, name in KINDS.items()}


def state_name(state: ShownState) -> str:
    return translated(STATES[state])


def chart_of(days: Sequence[date], counts: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """For static/js/reports.js: a line for each name."""
    return {
        "kind": "line",
        "title": translated(say("By day")),
        "x": [f"{day:%m-%d}" for day in days],
        "rows": [],
        "series": [
            {
                "name": name,
                "unit": "count",
                "values": list(values),
                "texts": [f"{value:,}" for value in values],
            }
            for name, values in counts.items()
        ],
        "is_time": True,
        "units": [],
    }


def last_days(now: datetime, zone: ZoneInfo, count: int) -> list[date]:
    """The local days that end with today."""
    today = now.astimezone(zone).date()
    return [today - timedelta(days=number) for number in reversed(range(count))]


def _share(kept: Kept) -> str:
    return DASH if kept.share is None else f"{kept.share * 100:.1f}%"


def _of(kept: Kept) -> str:
    return f"{kept.count:,} / {kept.of:,}" if kept.of else ""


def _money(cents: float | None) -> str:
    return DASH if cents is None else f"¥{cents / 100:,.2f}"
