"""Follows and unfollows by account and quarter hour: few rows, of which all sums are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import list_names
from wxdesk.contacts.models import FollowEvent
from wxdesk.reports.local_time import QuarterOf
from wxdesk.reports.rules import Filters


@dataclass(slots=True)
class Moves:
    """How many began to follow (for the first time, again) and ceased to."""

    new: int = 0
    returned: int = 0
    left: int = 0

    @property
    def net(self) -> int:
        return self.new + self.returned - self.left

    def add(self, other: Moves) -> None:
        self.new += other.new
        self.returned += other.returned
        self.left += other.left


@dataclass(frozen=True, slots=True)
class Counted:
    """The moves of one account in one quarter hour (local_time.quarter_of)."""

    account_id: int
    quarter: int
    moves: Moves


def count_follows(session: Session, filters: Filters, after: timedelta) -> list[Counted]:
    """Of the period, and of so long after it: what is sent last has consequences later."""
    ids = filters.account_ids or tuple(account.id for account in list_names(session))
    its = FollowEvent
    quarter = QuarterOf(its.happened_at)
    rows = session.execute(
        select(
            its.account_id,
            quarter,
            func.count().filter(its.is_follow, its.is_return.is_(False)),
            func.count().filter(its.is_follow, its.is_return),
            func.count().filter(its.is_follow.is_(False)),
        )
        .where(
            its.account_id.in_(ids),
            its.happened_at >= filters.period.since,
            its.happened_at < filters.period.until + after,
        )
        .group_by(its.account_id, quarter)
    )
    return [Counted(account, at, Moves(*counts)) for account, at, *counts in rows]


def summed(
    counted: Iterable[Counted], key: Callable[[Counted], object] = lambda _: None
) -> dict[object, Moves]:
    """By what `key` says of each."""
    found: dict[object, Moves] = {}
    for it in counted:
        found.setdefault(key(it), Moves()).add(it.moves)
    return found
