"""Follows and unfollows by day, with what was sent: what drives people away, and what brings them.

A page of marketers (reports/health_views.py), made like a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from wxdesk.reports.filters import before_of
from wxdesk.reports.follow_counts import Counted, Moves, count_follows, summed
from wxdesk.reports.local_time import days_of, instant_of, quarter_of, quarters_of
from wxdesk.reports.parts import Names, read_names, share
from wxdesk.reports.rules import ChartKind, Column, Figure, Filters, Report, Row, Table, Unit
from wxdesk.reports.sendings import AFTER, KIND_NAMES, Sending, list_sendings
from wxdesk.words import say

NAME = "health"
MOST_MOMENTS = 10
A_DAY = 96  # quarters
NEW_MEANS = say("People who began to follow an account and had never followed it before.")
BACK_MEANS = say("People who had left the account and follow it again.")
LEFT_MEANS = say("People who ceased to follow, by when they did.")
NET_MEANS = say("New and returned followers, less those who left.")
REACHED_MEANS = say(
    "People who had it, as far as the desk knows: sent template messages, notices and corrections,"
    " WeChat's own count of a mass send, everybody who entered a campaign."
)
OF_THEM_MEANS = say(
    "Of these people, those who ceased to follow within 24 hours after it began. A dash for mass"
    " sends: WeChat does not tell who got them."
)
LATER_MEANS = say("Everybody who left this account within 24 hours after it began.")
USUAL_MEANS = say(
    "What an average day of this account in this period has; more than that in the column before"
    " is worth a look."
)


@dataclass(frozen=True, slots=True)
class Found:
    """All that the page is made of; `inside` are the counts of the period itself."""

    filters: Filters
    counted: Sequence[Counted]
    inside: Sequence[Counted]
    sendings: Sequence[Sending]
    names: Names

    @property
    def total(self) -> Moves:
        return summed(self.inside).get(None, Moves())


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The page "health"."""
    found = _found(session, filters, now)
    before = before_of(filters, now)
    earlier = None if before is None else _found(session, before, now).total
    return Report(
        name=NAME,
        title=say("Follows and unfollows"),
        figures=_figures(found.total, earlier),
        tables=(_days(found), _sendings(found, now), _moments(found), _accounts(found)),
        notes=(),
        as_of=now,
    )


def marks_of(session: Session, filters: Filters, now: datetime) -> list[tuple[date, str]]:
    """The local days of what was sent, for the chart."""
    zone = filters.period.zone
    return [(it.at.astimezone(zone).date(), it.name) for it in list_sendings(session, filters, now)]


def _found(session: Session, filters: Filters, now: datetime) -> Found:
    counted = count_follows(session, filters, AFTER)
    quarters = quarters_of(filters.period)
    return Found(
        filters=filters,
        counted=counted,
        inside=[it for it in counted if it.quarter in quarters],
        sendings=list_sendings(session, filters, now),
        names=read_names(session),
    )


def _figures(now: Moves, before: Moves | None) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            key=key,
            label=label,
            definition=definition,
            value=getattr(now, key),
            unit=Unit.COUNT,
            before=None if before is None else getattr(before, key),
            is_good_when_higher=key != "left",
        )
        for key, label, definition in (
            ("new", say("New followers"), NEW_MEANS),
            ("returned", say("Came back"), BACK_MEANS),
            ("left", say("Unfollows"), LEFT_MEANS),
            ("net", say("Net growth"), NET_MEANS),
        )
    )


def _days(found: Found) -> Table:
    zone = found.filters.period.zone

    def day(it: Counted) -> date:
        return instant_of(it.quarter).astimezone(zone).date()

    by_day = summed(found.inside, day)
    sent: dict[date, list[str]] = {}
    for it in found.sendings:
        sent.setdefault(it.at.astimezone(zone).date(), []).append(it.name)
    rows = []
    for each in days_of(found.filters.period):
        its = by_day.get(each, Moves())
        what = ", ".join(sent.get(each, ())) or None
        rows.append(Row((each.isoformat(), its.new, its.returned, its.left, its.net, what)))
    columns = (
        Column("day", say("Day"), Unit.TEXT),
        *_move_columns(),
        Column("sent", say("What was sent"), Unit.TEXT),
    )
    drawn = ("new", "returned", "left")
    return Table("days", say("By day"), columns, tuple(rows), ChartKind.LINE, drawn)


def _sendings(found: Found, now: datetime) -> Table:
    quarters = min(len(quarters_of(found.filters.period)), _past(found.filters, now))
    by_account = summed(found.inside, lambda it: it.account_id)
    rows = []
    for it in reversed(found.sendings):
        first = quarter_of(it.at)
        later = sum(
            each.moves.left
            for each in found.counted
            if each.account_id == it.account_id and first <= each.quarter < first + A_DAY
        )
        left = by_account.get(it.account_id, Moves()).left
        usual = round(left * A_DAY / quarters, 1) if quarters >= A_DAY else None
        name, account = (it.name, found.names.account(it.account_id))
        rate = None if it.left is None else share(it.left, it.reached or 0)
        values = (name, KIND_NAMES[it.kind], it.at, account)
        rows.append(Row((*values, it.reached, it.left, rate, later, usual)))
    columns = (
        Column("name", say("What was sent"), Unit.TEXT),
        Column("kind", say("Kind"), Unit.TEXT),
        Column("at", say("Began"), Unit.INSTANT),
        Column("account", say("Account"), Unit.TEXT),
        Column("reached", say("People reached"), Unit.COUNT, REACHED_MEANS),
        Column("left", say("Of them left in a day"), Unit.COUNT, OF_THEM_MEANS),
        Column("rate", say("Share that left"), Unit.SHARE, OF_THEM_MEANS),
        Column("later", say("All unfollows in a day"), Unit.COUNT, LATER_MEANS),
        Column("usual", say("On an average day"), Unit.SCORE, USUAL_MEANS),
    )
    return Table("sendings", say("After each sending"), columns, tuple(rows))


def _past(filters: Filters, now: datetime) -> int:
    """How many quarters of the period are over."""
    return max(0, quarter_of(now) - quarter_of(filters.period.since))


def _moments(found: Found) -> Table:
    """The hours with the most unfollows, and what the account had sent in the day before."""
    by_hour = summed(found.inside, lambda it: (it.account_id, it.quarter // 4))
    worst = sorted(by_hour.items(), key=lambda pair: (-pair[1].left, str(pair[0])))
    rows = []
    for key, its in worst[:MOST_MOMENTS]:
        if not its.left or not isinstance(key, tuple):
            continue
        account_id, hour = key
        at = instant_of(hour * 4)
        before = [
            it.name
            for it in found.sendings
            if it.account_id == account_id and at - AFTER <= it.at < at + timedelta(hours=1)
        ]
        account = found.names.account(account_id)
        rows.append(Row((account, at, its.left, ", ".join(before[-3:]) or None)))
    columns = (
        Column("account", say("Account"), Unit.TEXT),
        Column("hour", say("Hour from"), Unit.INSTANT),
        Column("left", say("Unfollows"), Unit.COUNT, LEFT_MEANS),
        Column("sent", say("Sent in the 24 hours before"), Unit.TEXT),
    )
    return Table("moments", say("When most people left"), columns, tuple(rows))


def _accounts(found: Found) -> Table:
    by_account = summed(found.inside, lambda it: it.account_id)
    ids = found.filters.account_ids or tuple(found.names.accounts)
    rows = []
    for account_id in ids:
        its = by_account.get(account_id, Moves())
        name = found.names.account(account_id)
        rows.append(Row((name, its.new, its.returned, its.left, its.net)))
    columns = (Column("account", say("Account"), Unit.TEXT), *_move_columns())
    return Table("accounts", say("By account"), columns, tuple(rows))


def _move_columns() -> tuple[Column, ...]:
    return (
        Column("new", say("New followers"), Unit.COUNT, NEW_MEANS),
        Column("returned", say("Came back"), Unit.COUNT, BACK_MEANS),
        Column("left", say("Unfollows"), Unit.COUNT, LEFT_MEANS),
        Column("net", say("Net growth"), Unit.COUNT, NET_MEANS),
    )
