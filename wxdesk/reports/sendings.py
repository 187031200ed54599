"""What went to many in a period: campaigns, broadcasts, corrections, and who left after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import QueryableAttribute, Session

from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.broadcasts.rules import BroadcastState, TargetState
from wxdesk.campaigns.models import Campaign, CampaignEntry
from wxdesk.contacts.models import FollowEvent
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.rules import RecipientState
from wxdesk.reports.rules import Filters
from wxdesk.words import say

AFTER = timedelta(hours=24)
MOST_SENDINGS = 50  # of a kind
ARRIVED = (TargetState.SENT, TargetState.DELIVERED)


class SendingKind(StrEnum):
    CAMPAIGN = "campaign"
    BROADCAST = "broadcast"
    CORRECTION = "correction"


KIND_NAMES = {
    SendingKind.CAMPAIGN: say("Campaign begins"),
    SendingKind.BROADCAST: say("Broadcast"),
    SendingKind.CORRECTION: say("Correction"),
}


@dataclass(frozen=True, slots=True)
class Sending:
    """`reached` people had it, as far as the desk knows; None where only WeChat does.

    `left` of them ceased to follow within a day after it began.
    """

    kind: SendingKind
    id: int
    account_id: int
    name: str
    at: datetime
    reached: int | None
    left: int | None


def list_sendings(session: Session, filters: Filters, now: datetime) -> list[Sending]:
    """Oldest first; the newest 50 of each kind."""
    found = [
        *_campaigns(session, filters, now),
        *_broadcasts(session, filters),
        *_corrections(session, filters),
    ]
    return sorted(found, key=lambda it: (it.at, it.kind, it.id))


Row = tuple[int, int, str, datetime]


def _campaigns(session: Session, filters: Filters, now: datetime) -> list[Sending]:
    its = Campaign
    rows = _rows(
        session,
        select(its.id, its.account_id, its.name, its.starts_at)
        .where(its.approved_at.is_not(None), its.starts_at <= now)
        .where(its.starts_at >= filters.period.since, its.starts_at < filters.period.until)
        .order_by(its.starts_at.desc())
        .limit(MOST_SENDINGS),
        filters,
    )
    entry = CampaignEntry
    reached = _counts(
        session,
        select(entry.campaign_id, func.count(entry.contact_id.distinct()))
        .where(entry.campaign_id.in_([row[0] for row in rows]))
        .group_by(entry.campaign_id),
    )
    left = _leavers(session, rows, entry.campaign_id, entry.contact_id)
    return _made(SendingKind.CAMPAIGN, rows, reached, left)


def _broadcasts(session: Session, filters: Filters) -> list[Sending]:
    its = Broadcast
    rows = _rows(
        session,
        select(its.id, its.account_id, its.name, its.sent_at)
        .where(its.sent_at >= filters.period.since, its.sent_at < filters.period.until)
        .where(its.state != BroadcastState.FAILED)
        .order_by(its.sent_at.desc())
        .limit(MOST_SENDINGS),
        filters,
    )
    ids = [row[0] for row in rows]
    target = BroadcastTarget
    reached = _counts(
        session,
        select(target.broadcast_id, func.count())
        .where(target.broadcast_id.in_(ids), target.state.in_(ARRIVED))
        .group_by(target.broadcast_id),
    )
    told = session.execute(select(its.id, its.result).where(its.id.in_(ids)))
    by_wechat = {
        number: int(result["sent"])
        for number, result in told
        if result and isinstance(result.get("sent"), int)
    }
    got = target.state.in_(ARRIVED)
    left = _leavers(session, rows, target.broadcast_id, target.contact_id, got)
    known = {number: left.get(number, 0) for number in reached}
    return [
        Sending(
            SendingKind.BROADCAST,
            number,
            account_id,
            name,
            at,
            reached.get(number) or by_wechat.get(number),
            known.get(number),
        )
        for number, account_id, name, at in rows
    ]


def _corrections(session: Session, filters: Filters) -> list[Sending]:
    its = Correction
    rows = _rows(
        session,
        select(its.id, its.account_id, its.name, its.begun_at)
        .where(its.begun_at >= filters.period.since, its.begun_at < filters.period.until)
        .order_by(its.begun_at.desc())
        .limit(MOST_SENDINGS),
        filters,
    )
    who = CorrectionRecipient
    got = who.state == RecipientState.SENT
    reached = _counts(
        session,
        select(who.correction_id, func.count())
        .where(who.correction_id.in_([row[0] for row in rows]), got)
        .group_by(who.correction_id),
    )
    left = _leavers(session, rows, who.correction_id, who.contact_id, got)
    return _made(SendingKind.CORRECTION, rows, reached, left)


def _rows(session: Session, query: Select[Any, Any, Any, Any], filters: Filters) -> list[Row]:
    if filters.account_ids:
        account = query.selected_columns[1]
        query = query.where(account.in_(filters.account_ids))
    return [
        (number, account_id, name, at) for number, account_id, name, at in session.execute(query)
    ]


def _counts(session: Session, query: Select[int, int]) -> dict[int, int]:
    return dict(session.execute(query).all())


def _leavers(
    session: Session,
    rows: Sequence[Row],
    owner: QueryableAttribute[int],
    contact: QueryableAttribute[int],
    *where: ColumnElement[bool],
) -> dict[int, int]:
    """By sending how many of its people ceased to follow within a day after it began."""
    if not rows:
        return {}
    its = FollowEvent
    spans = [
        and_(owner == number, its.happened_at >= at, its.happened_at < at + AFTER)
        for number, _, _, at in rows
    ]
    return _counts(
        session,
        select(owner, func.count(its.contact_id.distinct()))
        .join(its, its.contact_id == contact)
        .where(its.is_follow.is_(False), or_(*spans), *where)
        .group_by(owner),
    )


def _made(
    kind: SendingKind, rows: list[Row], reached: Mapping[int, int], left: Mapping[int, int]
) -> list[Sending]:
    return [
        Sending(kind, number, account_id, name, at, reached.get(number, 0), left.get(number, 0))
        for number, account_id, name, at in rows
    ]
