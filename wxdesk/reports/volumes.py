"""How many messages came in and went out, by whom they were answered. Read from the tallies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import union_all
from sqlalchemy.orm import Session

from wxdesk.conversations.rules import SenderKind
from wxdesk.reports.counted import SENDER, Counted, Expression, Kind, counted_in
from wxdesk.reports.local_time import hour_of_week, local_day
from wxdesk.reports.rules import Filters, Period


@dataclass(slots=True)
class Volumes:
    """Numbers of messages.

    In: `auto_answered` (a rule's answer was all they got), `to_people` (they are in a conversation)
    and `aside` (events, ratings, spam: kept, and nobody's work). Out: by rules, people, the desk.
    """

    auto_answered: int = 0
    to_people: int = 0
    aside: int = 0
    by_rules: int = 0
    by_people: int = 0
    by_system: int = 0

    @property
    def received(self) -> int:
        return self.auto_answered + self.to_people

    def add(self, other: Volumes) -> None:
        for kind in KINDS:
            setattr(self, kind, getattr(self, kind) + getattr(other, kind))


KINDS = tuple(kind.value for kind in Kind)
NONE = Volumes()
SENDERS = set(SENDER)


def count_messages(session: Session, filters: Filters, *by: str) -> dict[tuple[Any, ...], Volumes]:
    """By quarter, day (local_time.day_of), hour (of the week), account_id, or by who sent it.

    The latter by sender_kind, sender_id, rule_version (0 where there is none).
    Filters: the period and accounts; with agents only what these wrote. Messages have no team or
    tag (see `has_messages`).
    """
    with_senders = bool(filters.agent_ids) or not SENDERS.isdisjoint(by)
    rows = counted_in(filters.period, with_senders=with_senders)
    parts = [_part(each, filters, by) for each in rows]
    found: dict[tuple[Any, ...], Volumes] = {}
    for kind, *key, messages in session.execute(union_all(*parts)):
        volumes = found.setdefault(tuple(key), Volumes())
        setattr(volumes, kind, getattr(volumes, kind) + messages)
    return {key: volumes for key, volumes in found.items() if volumes != NONE}


def count_all(session: Session, filters: Filters) -> Volumes:
    """The sums of the period."""
    return count_messages(session, filters).get((), Volumes())


def has_messages(filters: Filters) -> bool:
    """Whether messages can be counted so: they belong to no team and have no tag."""
    return not filters.team_ids and not filters.tag_ids


def _part(rows: Counted, filters: Filters, by: Sequence[str]) -> Any:
    columns = rows.columns
    chosen = [_column(name, columns, filters.period) for name in by]
    query = rows.select(columns["kind"], *chosen)
    if filters.account_ids:
        query = query.where(columns["account_id"].in_(filters.account_ids))
    if filters.agent_ids:
        query = query.where(
            columns["sender_kind"] == SenderKind.AGENT.value,
            columns["sender_id"].in_(filters.agent_ids),
        )
    return query


def _column(name: str, columns: Mapping[str, Expression], period: Period) -> Any:
    if name == "day":
        return local_day(columns["quarter"], period)
    if name == "hour":
        return hour_of_week(columns["quarter"], period)
    return columns[name]
