"""The report of satisfaction: who was asked, who answered, with which scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.reports.behind import Narrows, Source, source
from wxdesk.reports.clock_figures import tagged
from wxdesk.reports.local_time import QuarterOf, day_of, days_of, local_day
from wxdesk.reports.parts import Names, Pair, compared, read_names, share
from wxdesk.reports.promises import counted
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
    Value,
)
from wxdesk.reports.single import conversation_behind
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.queries import REACHED
from wxdesk.satisfaction.rules import HIGHEST_SCORE, LOW_SCORE, LOWEST_SCORE
from wxdesk.words import say

MOST_LISTED = 100
SATISFIED_FROM = 4
ASKED_MEANS = say(
    "Questions that reached customers, counted in the period in which they were asked, whenever"
    " the answer came."
)
SCORE_MEANS = say("The mean of the scores 1 to 5; without an answer there is none.")
SATISFIED_MEANS = say("Scores 4 and 5, of all scores.")
LOW_MEANS = say("Scores 1 and 2, of all scores.")


@dataclass(frozen=True, slots=True)
class Scores:
    """How many questions came to each score; None: not answered (yet)."""

    counts: Mapping[int | None, int]

    @property
    def asked(self) -> int:
        return sum(self.counts.values())

    @property
    def rated(self) -> int:
        return self.asked - self.counts.get(None, 0)

    @property
    def answered(self) -> float | None:
        return share(self.rated, self.asked)

    @property
    def mean(self) -> float | None:
        total = sum((score or 0) * count for score, count in self.counts.items())
        return total / self.rated if self.rated else None

    @property
    def satisfied(self) -> float | None:
        return share(self.of(SATISFIED_FROM, HIGHEST_SCORE), self.rated)

    @property
    def low(self) -> float | None:
        return share(self.of(LOWEST_SCORE, LOW_SCORE), self.rated)

    def of(self, least: int, most: int) -> int:
        return sum(self.counts.get(score, 0) for score in range(least, most + 1))


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "satisfaction"."""
    pair = compared(filters, now, lambda wanted: _read(session, wanted))
    of_all = _sum(pair.now, lambda _: ()).get((), Scores({}))
    before = None if pair.before is None else _sum(pair.before, lambda _: ())
    earlier = None if before is None else before.get((), Scores({}))
    names = read_names(session)
    return Report(
        name="satisfaction",
        title=say("Satisfaction"),
        figures=_figures(Pair(of_all, earlier)),
        tables=(
            _by_score(of_all),
            _by_day(_sum(pair.now, lambda key: key[:1]), filters),
            _by_agent(_sum(pair.now, lambda key: key[1:2]), names),
            _by_team(_sum(pair.now, lambda key: key[2:3]), names),
            _by_account(_sum(pair.now, lambda key: key[3:4]), names),
            _lowest(session, filters, names),
        ),
        notes=() if of_all.asked else (say("Nobody was asked for a rating in this period."),),
        as_of=now,
    )


@source("ratings")
def ratings(filters: Filters, narrows: Narrows, _now: datetime) -> Source:
    """Questions for a rating; `score` 0: not answered."""
    narrows.check("score", "agent", "team", "account", "answered")
    its = SatisfactionRating
    where = [
        *_wanted(filters),
        *narrows.is_column("score", its.score),
        *narrows.is_column("agent", its.agent_id),
        *narrows.is_column("team", its.team_id),
        *narrows.is_column("account", its.account_id),
    ]
    if narrows.choice("answered", "1"):
        where.append(its.score.is_not(None))
    return Source(
        id=its.id,
        at=its.asked_at,
        contact_id=its.contact_id,
        where=tuple(where),
        conversation_id=its.conversation_id,
        agent_id=its.agent_id,
        what=cast(its.score, String),
        state=its.state,
    )


def _wanted(filters: Filters) -> list[ColumnElement[bool]]:
    its, period = SatisfactionRating, filters.period
    where = [
        its.state.in_(REACHED),
        its.asked_at >= period.since,
        its.asked_at < period.until,
    ]
    if filters.account_ids:
        where.append(its.account_id.in_(filters.account_ids))
    if filters.team_ids:
        where.append(its.team_id.in_(filters.team_ids))
    if filters.agent_ids:
        where.append(its.agent_id.in_(filters.agent_ids))
    if filters.tag_ids:
        where.append(its.conversation_id.in_(tagged(filters)))
    return where


Key = tuple[Any, ...]


def _read(session: Session, filters: Filters) -> Counter[Key]:
    """By local day, agent, team, account and score."""
    its = SatisfactionRating
    day = local_day(QuarterOf(its.asked_at), filters.period)
    columns = (day, its.agent_id, its.team_id, its.account_id, its.score)
    rows = session.execute(counted(columns).where(*_wanted(filters)))
    return Counter({tuple(key): count for *key, count in rows})


def _sum(counts: Counter[Key], take: Callable[[Key], Key]) -> dict[Key, Scores]:
    found: dict[Key, Counter[int | None]] = {}
    for key, count in counts.items():
        found.setdefault(take(key), Counter())[key[-1]] += count
    return {key: Scores(by_score) for key, by_score in found.items()}


def _figures(pair: Pair[Scores]) -> tuple[Figure, ...]:
    return (
        Figure(
            key="asked",
            label=say("Asked"),
            definition=ASKED_MEANS,
            value=pair.now.asked,
            unit=Unit.COUNT,
            before=pair.earlier(lambda its: its.asked),
            behind=Behind("ratings"),
        ),
        Figure(
            key="rated",
            label=say("Rated"),
            definition=say("Of those asked, who chose a score. The last choice counts."),
            value=pair.now.rated,
            unit=Unit.COUNT,
            before=pair.earlier(lambda its: its.rated),
            behind=Behind("ratings", {"answered": "1"}),
        ),
        _share("answered", say("Response rate"), say("Rated, of those asked."), pair, is_good=True),
        Figure(
            key="mean",
            label=say("Mean score"),
            definition=SCORE_MEANS,
            value=pair.now.mean,
            unit=Unit.SCORE,
            before=pair.earlier(lambda its: its.mean),
            is_good_when_higher=True,
        ),
        _share("satisfied", say("Satisfied"), SATISFIED_MEANS, pair, is_good=True),
        _share("low", say("Dissatisfied"), LOW_MEANS, pair, is_good=False),
    )


def _share(key: str, label: str, definition: str, pair: Pair[Scores], *, is_good: bool) -> Figure:
    def take(its: Scores) -> Value:
        value: Value = getattr(its, key)
        return value

    return Figure(
        key,
        label,
        definition,
        take(pair.now),
        Unit.SHARE,
        pair.earlier(take),
        is_good_when_higher=is_good,
    )


def _by_score(its: Scores) -> Table:
    rows = tuple(
        Row(
            (str(score), its.of(score, score), share(its.of(score, score), its.rated)),
            {"ratings": Behind("ratings", {"score": str(score)})},
        )
        for score in range(HIGHEST_SCORE, LOWEST_SCORE - 1, -1)
    )
    columns = (
        Column("score", say("Score"), Unit.TEXT, say("5 is the best.")),
        Column("ratings", say("Ratings"), Unit.COUNT),
        Column("share", say("Share"), Unit.SHARE, say("Of all scores.")),
    )
    return Table("scores", say("Scores"), columns, rows, ChartKind.BARS, ("ratings",))


def _by_day(found: Mapping[Key, Scores], filters: Filters) -> Table:
    by_day = {day_of(number): its for (number,), its in found.items()}
    rows = tuple(
        _row(day.isoformat(), by_day.get(day, Scores({}))) for day in days_of(filters.period)
    )
    columns = (Column("day", say("Day"), Unit.TEXT), *_columns())
    title = say("By the day of the question")
    return Table("days", title, columns, rows, ChartKind.LINE, ("mean",))


def _by_agent(found: Mapping[Key, Scores], names: Names) -> Table:
    rows = _rows(found, "agent", names.agent)
    agent = Column("agent", say("Agent"), Unit.TEXT, say("Who had the conversation at its end."))
    return Table("agents", say("By agent"), (agent, *_columns()), rows)


def _by_team(found: Mapping[Key, Scores], names: Names) -> Table:
    columns = (Column("team", say("Team"), Unit.TEXT), *_columns())
    return Table("teams", say("By team"), columns, _rows(found, "team", names.team))


def _by_account(found: Mapping[Key, Scores], names: Names) -> Table:
    columns = (Column("account", say("Account"), Unit.TEXT), *_columns())
    return Table("accounts", say("By account"), columns, _rows(found, "account", names.account))


def _rows(
    found: Mapping[Key, Scores], narrow: str, name_of: Callable[[Any], str]
) -> tuple[Row, ...]:
    ordered = sorted(found.items(), key=lambda item: (-item[1].asked, name_of(item[0][0])))
    return tuple(
        _row(name_of(found_id), its, **{narrow: str(found_id or 0)}) for (found_id,), its in ordered
    )


def _row(name: str, its: Scores, **narrows: str) -> Row:
    values = (name, its.mean, its.asked, its.rated, its.answered, its.satisfied, its.low)
    if not narrows:
        return Row(values)
    return Row(
        values,
        {
            "asked": Behind("ratings", narrows),
            "rated": Behind("ratings", {"answered": "1", **narrows}),
        },
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("mean", say("Mean score"), Unit.SCORE, SCORE_MEANS),
        Column("asked", say("Asked"), Unit.COUNT, ASKED_MEANS),
        Column("rated", say("Rated"), Unit.COUNT),
        Column("answered", say("Response rate"), Unit.SHARE, say("Rated, of those asked.")),
        Column("satisfied", say("Satisfied"), Unit.SHARE, SATISFIED_MEANS),
        Column("low", say("Dissatisfied"), Unit.SHARE, LOW_MEANS),
    )


def _lowest(session: Session, filters: Filters, names: Names) -> Table:
    its = SatisfactionRating
    rows = session.execute(
        select(its, Contact.remark)
        .join(Contact, Contact.id == its.contact_id)
        .where(*_wanted(filters), its.score <= LOW_SCORE)
        .order_by(its.asked_at.desc(), its.id.desc())
        .limit(MOST_LISTED)
    )
    lines = tuple(_line(rating, remark, names) for rating, remark in rows)
    columns = (
        Column("customer", say("Customer"), Unit.TEXT),
        Column("asked", say("Asked at"), Unit.INSTANT),
        Column("agent", say("Agent"), Unit.TEXT),
        Column("score", say("Score"), Unit.COUNT),
        Column("comment", say("Comment"), Unit.TEXT),
    )
    title = say("Dissatisfied customers, the latest %(most)d at most", most=MOST_LISTED)
    return Table("lowest", title, columns, lines)


def _line(rating: SatisfactionRating, remark: str, names: Names) -> Row:
    number = f"{rating.contact_id:04d}"
    customer = remark or say("WeChat user %(number)s", number=number)
    agent = names.agent(rating.agent_id)
    values = (customer, rating.asked_at, agent, rating.score, rating.comment or None)
    link = conversation_behind(rating.conversation_id)
    return Row(values, {"customer": link})
