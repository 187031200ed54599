"""What QR codes brought: scans, new followers, who stayed, conversations, and what that cost.

A scan and a follow belong to the code by account and scene, also from before the code was entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxdesk.contacts.models import FollowEvent
from wxdesk.conversations.models import Conversation
from wxdesk.qr_codes.models import QrCode, QrScan

SHORT, LONG = 7, 30  # days

SCANS = and_(QrScan.account_id == QrCode.account_id, QrScan.scene == QrCode.scene)
FOLLOWS = and_(
    FollowEvent.account_id == QrCode.account_id,
    FollowEvent.scene == QrCode.scene,
    FollowEvent.is_follow,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Of `of` new followers that are old enough, `count` stayed so long without leaving.

    `paid` of these came through codes with a cost.
    """

    of: int = 0
    count: int = 0
    paid: int = 0

    @property
    def share(self) -> float | None:
        """None while all are too young."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one code, or of several; `cost_cents` None: no cost was entered."""

    codes: int = 0
    cost_cents: int | None = None
    scans: int = 0
    people: int = 0
    new_followers: int = 0
    returned: int = 0
    following: int = 0
    short: Kept = Kept()
    long: Kept = Kept()
    conversations: int = 0

    def cents_a_kept(self, kept: Kept) -> float | None:
        """The whole cost for each follower who stayed, of codes that cost something; or None."""
        if self.cost_cents is None or not kept.paid:
            return None
        return self.cost_cents / kept.paid


def figures_by(
    session: Session,
    key: SQLColumnExpression[Any],
    where: Sequence[ColumnElement[bool]],
    now: datetime,
) -> dict[Any, Figures]:
    """By a column of QrCode (its id, its folder) what the codes that fit have brought."""
    found: dict[Any, Figures] = {}
    rows = session.execute(
        select(key, func.count(QrCode.id), func.sum(QrCode.cost_cents)).where(*where).group_by(key)
    )
    for value, codes, cost in rows:
        found[value] = Figures(codes, None if cost is None else int(cost))
    for value, scans, people in session.execute(_scans(key, where)):
        found[value] = replace(found[value], scans=scans, people=people)
    for value, new, back, stay, *kept in session.execute(_follows(key, where, now)):
        found[value] = replace(
            found[value],
            new_followers=new,
            returned=back,
            following=stay,
            short=Kept(*kept[:3]),
            long=Kept(*kept[3:]),
        )
    for value, conversations in session.execute(_conversations(key, where)):
        found[value] = replace(found[value], conversations=conversations)
    return found


def totals(session: Session, where: Sequence[ColumnElement[bool]], now: datetime) -> Figures:
    """Of all codes that fit; who scanned two of them is one person."""
    everything = func.length("")  # one group
    return figures_by(session, everything, where, now).get(0, Figures())


def count_by_day(
    session: Session, account_id: int, scene: str, starts: Sequence[datetime]
) -> tuple[list[int], list[int]]:
    """Scans, and new followers, from each of the starts until the next one."""
    scans = _counts(session, QrScan, QrScan.scanned_at, (account_id, scene), starts)
    is_new = FollowEvent.is_follow & FollowEvent.is_return.is_(False)
    at = FollowEvent.happened_at
    return scans, _counts(session, FollowEvent, at, (account_id, scene), starts, is_new)


def _counts(
    session: Session,
    rows: type[QrScan] | type[FollowEvent],
    at: InstrumentedAttribute[datetime],
    of: tuple[int, str],
    starts: Sequence[datetime],
    *where: ColumnElement[bool],
) -> list[int]:
    spans = [func.count().filter(at >= since, at < until) for since, until in pairwise(starts)]
    account_id, scene = of
    found = session.execute(
        select(*spans).where(
            rows.account_id == account_id,
            rows.scene == scene,
            at >= starts[0],
            at < starts[-1],
            *where,
        )
    ).one()
    return list(found)


def _scans(key: SQLColumnExpression[Any], where: Sequence[ColumnElement[bool]]) -> Any:
    """Of customers who were deleted each follow is one person: nobody knows who scanned again."""
    deleted = func.count().filter(QrScan.contact_id.is_(None), QrScan.is_follow)
    people = func.count(QrScan.contact_id.distinct()) + deleted
    return (
        select(key, func.count(QrScan.id), people)
        .select_from(QrCode)
        .join(QrScan, SCANS)
        .where(*where)
        .group_by(key)
    )


def _follows(
    key: SQLColumnExpression[Any], where: Sequence[ColumnElement[bool]], now: datetime
) -> Any:
    is_new = FollowEvent.is_return.is_(False)
    return (
        select(
            key,
            func.count().filter(is_new),
            func.count().filter(FollowEvent.is_return),
            func.count().filter(is_new, FollowEvent.lasted_seconds.is_(None)),
            *_kept(is_new, SHORT, now),
            *_kept(is_new, LONG, now),
        )
        .select_from(QrCode)
        .join(FollowEvent, FOLLOWS)
        .where(*where)
        .group_by(key)
    )


def _kept(is_new: ColumnElement[bool], days: int, now: datetime) -> tuple[Any, Any, Any]:
    """How many are old enough, how many of those stayed, and how many of them were paid for."""
    is_old = FollowEvent.happened_at <= now - timedelta(days=days)
    lasted = FollowEvent.lasted_seconds
    has_stayed = lasted.is_(None) | (lasted >= days * 86_400)
    stayed = (is_new, is_old, has_stayed)
    return (
        func.count().filter(is_new, is_old),
        func.count().filter(*stayed),
        func.count().filter(*stayed, QrCode.cost_cents.is_not(None)),
    )


def _conversations(key: SQLColumnExpression[Any], where: Sequence[ColumnElement[bool]]) -> Any:
    """Those that began after the person had first scanned the code."""
    first = (
        select(
            key.label("key"),
            QrScan.contact_id.label("contact_id"),
            func.min(QrScan.scanned_at).label("first_at"),
        )
        .select_from(QrCode)
        .join(QrScan, SCANS)
        .where(*where)
        .group_by(key, QrScan.contact_id)
        .subquery()
    )
    its = Conversation
    return (
        select(first.c.key, func.count(its.id.distinct()))
        .select_from(first)
        .join(its, and_(its.contact_id == first.c.contact_id, its.opened_at >= first.c.first_at))
        .group_by(first.c.key)
    )
