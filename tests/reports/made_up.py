"""A report with everything that a report can have: for the pages, files and mails that show any."""

from datetime import timedelta

from sqlalchemy.orm import Session

from wxdesk.reports.rules import (
    Behind,
    ChartKind,
    Column,
    Figure,
    Filters,
    Report,
    Row,
    Table,
    Unit,
)
from wxdesk.words import say

HOSTILE = "=HYPERLINK(\"http://evil\")<script>alert('x')</script>"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def full(_session: Session, filters: Filters, now) -> Report:
    """Figures of every unit, with and without a comparison; tables with every kind of chart."""
    before = 1.0 if filters.compares else None
    return Report(
        name="overview",
        title=say("Overview"),
        figures=(
            Figure(
                "now_oldest",
                say("Oldest unanswered"),
                say("How long the customer waits who has waited longest."),
                1_234,
                Unit.SECONDS,
                behind=Behind("waiting"),
            ),
            Figure("now_backlog", say("Backlog"), say("Customers who wait now."), 0, Unit.COUNT),
            Figure(
                "incoming",
                say("Messages in"),
                say("Messages of customers, by when they arrived."),
                12_345,
                Unit.COUNT,
                before and 10_000,
                Behind("waiting", {"clock": "first_response"}),
            ),
            Figure(
                "first_median",
                say("First response, median"),
                say("Counted in the period in which the customer began to wait."),
                245,
                Unit.SECONDS,
                before and 300,
                is_good_when_higher=False,
            ),
            Figure(
                "attained",
                say("Promises kept"),
                say("Met / (met + breached); running clocks apart."),
                0.9312,
                Unit.SHARE,
                before and 0.9512,
                is_good_when_higher=True,
            ),
            Figure("score", say("Satisfaction"), say("Mean of 1 to 5."), None, Unit.SCORE),
        ),
        tables=(_days(filters), _agents(), _heat(), _nothing()),
        notes=(say("Messages older than a day are counted every ten seconds."),),
        as_of=now,
    )


def empty(_session: Session, _filters: Filters, now) -> Report:
    """A new desk: no number at all."""
    figures = (
        Figure("incoming", say("Messages in"), say("Messages of customers."), 0, Unit.COUNT),
        Figure(
            "median", say("First response, median"), say("By nearest rank."), None, Unit.SECONDS
        ),
    )
    return Report("overview", say("Overview"), figures, (_nothing(),), (), now)


def _days(filters: Filters) -> Table:
    columns = (
        Column("day", say("Day"), Unit.INSTANT),
        Column("in", say("Messages in"), Unit.COUNT, say("Messages of customers.")),
        Column("out", say("Answers"), Unit.COUNT, say("Messages of agents.")),
    )
    rows = tuple(
        Row((filters.period.since + timedelta(days=day), 400 + 37 * day % 211, 300 + 91 * day % 77))
        for day in range(28)
    )
    return Table("days", say("Messages by day"), columns, rows, ChartKind.LINE, ("in", "out"))


def _agents() -> Table:
    columns = (
        Column("agent", say("Agent"), Unit.TEXT),
        Column("answers", say("Answers"), Unit.COUNT, say("Messages that the agent sent.")),
        Column("median", say("Reply, median"), Unit.SECONDS, say("Both clocks together.")),
        Column("kept", say("Promises kept"), Unit.SHARE, say("Met / (met + breached).")),
        Column("last", say("Last answer"), Unit.INSTANT),
    )
    names = ("Lin", "Mei", HOSTILE, "陈小明")
    rows = tuple(
        Row(
            (name, 20 + 9 * number, None if number == 2 else 75 + 4000 * number, number / 4, None),
            {"answers": Behind("answers", {"agent": str(number)})},
        )
        for number, name in enumerate(names)
    )
    note = say("Only people who answered.")
    return Table("agents", say("Agents"), columns, rows, ChartKind.BARS, ("answers",), note)


def _heat() -> Table:
    columns = (
        Column("weekday", say("Day"), Unit.TEXT),
        Column("hour", say("Hour"), Unit.TEXT),
        Column("in", say("Messages in"), Unit.COUNT, say("Messages of customers.")),
    )
    rows = tuple(
        Row((say(day), f"{hour:02d}", abs(hour - 6) * (7 - number)))
        for number, day in enumerate(WEEKDAYS)
        for hour in range(24)
    )
    return Table("hours", say("Hours of the week"), columns, rows, ChartKind.HEAT, ("in",))


def _nothing() -> Table:
    columns = (Column("tag", say("Tag"), Unit.TEXT), Column("count", say("Number"), Unit.COUNT))
    return Table("tags", say("Tags"), columns, (), ChartKind.BARS, ("count",))
