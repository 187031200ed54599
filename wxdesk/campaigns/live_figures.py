"""What the live page of a campaign shows, by short queries; defined in docs/campaigns.md#live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, false, func, literal_column, select, type_coerce
from sqlalchemy.orm import Session

from wxdesk.campaigns.code_queries import (
    CodeCounts,
    count_codes,
    count_pending,
    list_tallies,
    sum_tallies,
)
from wxdesk.campaigns.models import CampaignEntry
from wxdesk.campaigns.queries import CampaignView
from wxdesk.campaigns.ways_in import rule_ids
from wxdesk.contacts.models import FollowEvent
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Place, SenderKind, Status
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.triage.rules import Outcome

SHOWN_MINUTES = 180
MOST_WAITS = 20_000
MOST_REASONS = 10
ON_THEIR_WAY = (Delivery.QUEUED, Delivery.SENDING)


@dataclass(slots=True)
class Minute:
    """What happened in one minute (UTC)."""

    arrivals: int = 0
    passed_on: int = 0
    hits: int = 0
    entries: int = 0
    unfollows: int = 0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Customers' messages of the account from `since` to `until`, up to the message `last_id`."""

    since: datetime
    until: datetime | None = None
    last_id: int = 0
    arrivals: int = 0
    passed_on: int = 0
    minutes: Mapping[datetime, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waits:
    """Customers of the account who wait for a person now; seconds, None when nobody does."""

    count: int = 0
    p50: int | None = None
    p90: int | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Replies:
    """Answers of the campaign's rules that were sent on their own, by how they went.

    `reasons`: why some failed, the most frequent first.
    """

    states: Mapping[Delivery, int] = field(default_factory=dict)
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def count(self) -> int:
        return sum(self.states.values())

    def of(self, *states: Delivery) -> int:
        return sum(self.states.get(state, 0) for state in states)


@dataclass(frozen=True, slots=True)
class Slow:
    """What takes long to count in a large campaign, and is counted less often for that.

    `answers`: all that its rules said, `replies` are those of them that were sent on their own.
    """

    people: int = 0
    answers: int = 0
    codes: CodeCounts | None = None
    replies: Replies = field(default_factory=Replies)


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """All numbers of the page; `outcomes` by what the customers were answered."""

    now: datetime
    since: datetime
    outcomes: Mapping[str, int]
    arrivals: Arrivals
    waits: Waits
    slow: Slow
    pending: int
    follows: int
    unfollows: int
    minutes: Mapping[datetime, Minute]

    @property
    def hits(self) -> int:
        return sum(self.outcomes.values())

    @property
    def answered_at_once(self) -> int:
        """Told in the answer to the push itself: WeChat had it when it asked."""
        return max(self.slow.answers - self.slow.replies.count, 0)


def began(view: CampaignView) -> datetime:
    """From when the page counts: the start, or going live if that was earlier."""
    return min(view.starts_at, view.approved_at or view.starts_at)


def ended(view: CampaignView) -> datetime | None:
    """Until when the page counts: the end by schedule or by button; None while none is known."""
    return min((at for at in (view.ends_at, view.ended_at) if at is not None), default=None)


def read_arrivals(session: Session, view: CampaignView, before: Arrivals | None) -> Arrivals:
    """Go on from what was counted before: messages become visible in the order of their ids."""
    since, until = began(view), ended(view)
    if before is None or (before.since, before.until) != (since, until):
        before = Arrivals(since, until)
    newest = session.scalar(select(func.max(Message.id))) or 0
    minute = minute_text(session, Message.received_at)
    # without parameters: PostgreSQL would not know them again in GROUP BY
    is_passed_on = Message.place == literal_column(f"'{Place.CONVERSATION.value}'")
    where = [
        Message.received_at >= since,
        Message.account_id == view.account_id,
        Message.direction == Direction.INCOMING,
        Message.kind != "event",
    ]
    if until is not None:
        where.append(Message.received_at < until)
    query = select(minute, is_passed_on, func.count()).where(*where)
    if before.last_id:  # few rows: found by their ids, whatever indexes the conditions have
        query = select(minute, is_passed_on, func.count().filter(*where))
        query = query.where(Message.id > before.last_id)
    rows = session.execute(query.where(Message.id <= newest).group_by(minute, is_passed_on)).all()
    return _sum(before, newest, [(_instant(at), bool(is_it), n) for at, is_it, n in rows if n])


def read_waits(session: Session, account_id: int, now: datetime) -> Waits:
    """Open conversations of the account with somebody who waits, at most 20,000 of them."""
    since = session.scalars(
        select(Conversation.waiting_since)
        .where(
            Conversation.account_id == account_id,
            Conversation.status == Status.OPEN,
            Conversation.waiting_since.is_not(None),
            Conversation.is_spam == false(),
        )
        .limit(MOST_WAITS)
    ).all()
    seconds = sorted(int((now - at).total_seconds()) for at in since if at is not None)
    if not seconds:
        return Waits()
    return Waits(
        len(seconds), _percentile(seconds, 0.5), _percentile(seconds, 0.9), max(seconds[-1], 0)
    )


def read_slow(session: Session, view: CampaignView) -> Slow:
    people = session.scalar(
        select(func.count(CampaignEntry.contact_id.distinct())).where(
            CampaignEntry.campaign_id == view.id
        )
    )
    answers = session.scalar(select(func.count()).where(*_of_rules(session, view.id)))
    codes = count_codes(session, view.id) if view.has_codes else None
    return Slow(people or 0, answers or 0, codes, _replies(session, view.id))


def read_figures(
    session: Session, view: CampaignView, arrivals: Arrivals, slow: Slow, now: datetime
) -> LiveFigures:
    """The rest: tallies of a row a minute, who waits now, who came and left while it ran."""
    since, until = began(view), min(ended(view) or now, now)
    first = max(since, until - timedelta(minutes=SHOWN_MINUTES)).replace(second=0, microsecond=0)
    minutes: dict[datetime, Minute] = {}
    for tally in list_tallies(session, view.id, first):
        its = minutes.setdefault(tally.minute, Minute())
        its.hits += tally.count
        its.entries += tally.count if tally.outcome == Outcome.ENTERED else 0
    for at, (count, passed_on) in arrivals.minutes.items():
        if at >= first:
            its = minutes.setdefault(at, Minute())
            its.arrivals, its.passed_on = count, passed_on
    for at, count in _unfollows(session, view.account_id, (first, until)):
        minutes.setdefault(at, Minute()).unfollows = count
    follows, unfollows = _following(session, view.account_id, (since, until))
    return LiveFigures(
        now=now,
        since=since,
        outcomes=sum_tallies(session, view.id),
        arrivals=arrivals,
        waits=read_waits(session, view.account_id, now),
        slow=slow,
        pending=count_pending(session, view.id),
        follows=follows,
        unfollows=unfollows,
        minutes=_all_minutes(minutes, first, until),
    )


def minute_text(session: Session, at: Any) -> ColumnElement[str]:
    """The minute of an instant as text like "2026-11-22 09:30", in UTC."""
    if session.get_bind().dialect.name == "sqlite":
        return func.substr(type_coerce(at, String), literal_column("1"), literal_column("16"))
    return func.to_char(at, literal_column("'YYYY-MM-DD HH24:MI'"))


def _sum(before: Arrivals, newest: int, rows: list[tuple[datetime, bool, int]]) -> Arrivals:
    minutes = dict(before.minutes)
    arrivals, passed = before.arrivals, before.passed_on
    for at, is_passed_on, count in rows:
        its = minutes.get(at, (0, 0))
        minutes[at] = (its[0] + count, its[1] + count * is_passed_on)
        arrivals += count
        passed += count * is_passed_on
    kept = dict(sorted(minutes.items())[-SHOWN_MINUTES - 2 :])
    return Arrivals(before.since, before.until, newest, arrivals, passed, kept)


def _of_rules(session: Session, campaign_id: int) -> list[ColumnElement[bool]]:
    """What the campaign's rules said. The kind as a literal: the index is of such rows only."""
    is_rule = Message.sender_kind == literal_column(f"'{SenderKind.RULE.value}'")
    return [is_rule, Message.sender_id.in_(rule_ids(session, campaign_id))]


def _replies(session: Session, campaign_id: int) -> Replies:
    rows = session.execute(
        select(DeliveryRow.state, DeliveryRow.error_code, func.count())
        .join(Message, Message.id == DeliveryRow.message_id)
        .where(*_of_rules(session, campaign_id))
        .group_by(DeliveryRow.state, DeliveryRow.error_code)
    ).all()
    states: dict[Delivery, int] = {}
    reasons: dict[str, int] = {}
    for state, code, count in rows:
        states[state] = states.get(state, 0) + count
        if state in (Delivery.FAILED, Delivery.UNCONFIRMED):
            reasons[code or state.value] = reasons.get(code or state.value, 0) + count
    most = sorted(reasons.items(), key=lambda it: (-it[1], it[0]))[:MOST_REASONS]
    return Replies(states, tuple(most))


def _following(
    session: Session, account_id: int, span: tuple[datetime, datetime]
) -> tuple[int, int]:
    """Follows and unfollows of the account from the first instant to the last."""
    rows = session.execute(
        select(FollowEvent.is_follow, func.count())
        .where(FollowEvent.account_id == account_id, FollowEvent.happened_at.between(*span))
        .group_by(FollowEvent.is_follow)
    )
    sums = {bool(is_follow): count for is_follow, count in rows}
    return sums.get(True, 0), sums.get(False, 0)


def _unfollows(
    session: Session, account_id: int, span: tuple[datetime, datetime]
) -> list[tuple[datetime, int]]:
    """By minute."""
    minute = minute_text(session, FollowEvent.happened_at)
    rows = session.execute(
        select(minute, func.count())
        .where(
            FollowEvent.account_id == account_id,
            FollowEvent.happened_at.between(*span),
            FollowEvent.is_follow == false(),
        )
        .group_by(minute)
    )
    return [(_instant(text), count) for text, count in rows]


def _all_minutes(
    found: Mapping[datetime, Minute], first: datetime, until: datetime
) -> dict[datetime, Minute]:
    """Minutes in which nothing happened are in it too, up to the last one of the event."""
    last = until.replace(second=0, microsecond=0)
    count = max(int((last - first).total_seconds() // 60), 0) + 1
    wanted = (first + timedelta(minutes=number) for number in range(min(count, SHOWN_MINUTES + 1)))
    return {at: found.get(at, Minute()) for at in wanted}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


def _percentile(ordered: list[int], share: float) -> int:
    """The nearest rank."""
    place = max(int(-(-len(ordered) * share // 1)) - 1, 0)
    return max(ordered[place], 0)
