"""Campaigns as pages and the API show them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, aliased

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.campaigns.definition_marks import mark_of
from wxdesk.campaigns.definitions import CampaignForm, PrizeForm
from wxdesk.campaigns.models import Campaign, CampaignEntry, Prize, PrizeCode, Promise
from wxdesk.campaigns.pool import count_outside
from wxdesk.campaigns.rules import CampaignState, CodeState, state_of
from wxdesk.campaigns.ways_in import form_part, list_ways
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.triage.models import AutoReplyRule
from wxdesk.words import say

MOST_OF_A_CUSTOMER = 50


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign with the names and sums that a page shows."""

    id: int
    account_id: int
    account: str
    account_name: str
    needs_approval: bool
    name: str
    note: str
    starts_at: datetime
    ends_at: datetime | None
    state: CampaignState
    entries_per_person: int
    total_entries: int | None
    has_codes: bool
    version: int
    created_by: str | None
    created_at: datetime
    updated_by: str | None
    updated_by_id: int | None
    updated_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    paused_at: datetime | None
    stopped_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What a list shows beside a campaign; `codes_left` None when it gives none."""

    entries: int = 0
    people: int = 0
    codes_left: int | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry; `code` is the one that was given for it."""

    id: int
    contact_id: int
    number: int
    name: str
    is_forgotten: bool
    openid: str
    message_id: int
    rule_id: int
    entered_at: datetime
    code: str | None
    prize: str | None


@dataclass(frozen=True, slots=True)
class TakenPart:
    """A campaign that a customer took part in."""

    campaign_id: int
    name: str
    state: CampaignState
    entries: int
    first_at: datetime
    code: str | None
    prizes: tuple[str, ...]


def list_campaigns(
    session: Session,
    now: datetime,
    *,
    account_id: int | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[CampaignView]:
    """The latest start first, from the one after `after` (its start and id)."""
    query = _views().order_by(Campaign.starts_at.desc(), Campaign.id.desc()).limit(limit)
    if account_id is not None:
        query = query.where(Campaign.account_id == account_id)
    if after is not None:
        query = query.where(tuple_(Campaign.starts_at, Campaign.id) < tuple_(*after))
    return [_view(now, *row) for row in session.execute(query)]


def get_campaign(session: Session, campaign_id: int, now: datetime) -> CampaignView:
    """NotFoundError if there is none."""
    row = session.execute(_views().where(Campaign.id == campaign_id)).one_or_none()
    if row is None:
        raise NotFoundError(say("there is no such campaign"))
    return _view(now, *row)


def names_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Names by id, for threads."""
    if not ids:
        return {}
    query = select(Campaign.id, Campaign.name).where(Campaign.id.in_(sorted(ids)))
    return dict(session.execute(query).all())


def get_form(session: Session, view: CampaignView) -> CampaignForm:
    """The campaign as its form shows it."""
    return get_definition(session, view)[0]


def get_definition(session: Session, view: CampaignView) -> tuple[CampaignForm, str]:
    """The same with its mark (definition_marks.py): of nothing that is newer than the form."""
    ways = list_ways(session, view.id)
    prizes = session.scalars(
        select(Prize).where(Prize.campaign_id == view.id).order_by(Prize.position, Prize.id)
    )
    form = CampaignForm(
        account_id=view.account_id,
        name=view.name,
        note=view.note,
        starts_at=view.starts_at,
        ends_at=view.ends_at,
        entries_per_person=view.entries_per_person,
        total_entries=view.total_entries,
        has_codes=view.has_codes,
        prizes=tuple(PrizeForm(it.name, it.quantity) for it in prizes),
        **form_part(ways),
    )
    return form, mark_of(view, ways)


def sums_of(session: Session, views: Collection[CampaignView]) -> dict[int, Sums]:
    """By campaign, with three queries whatever their number."""
    ids = sorted(view.id for view in views)
    if not ids:
        return {}
    entries = {
        campaign_id: (count, people or 0)
        for campaign_id, count, people in session.execute(
            select(
                CampaignEntry.campaign_id,
                func.count(),
                func.count().filter(CampaignEntry.number == 1),
            )
            .where(CampaignEntry.campaign_id.in_(ids))
            .group_by(CampaignEntry.campaign_id)
        )
    }
    ready = (CodeState.FREE, CodeState.OFFERED)
    left: dict[int, int] = dict(
        session.execute(
            select(PrizeCode.campaign_id, func.count() - count_outside())
            .where(PrizeCode.campaign_id.in_(ids), PrizeCode.state.in_(ready))
            .group_by(PrizeCode.campaign_id)
        ).all()
    )
    words = _keywords(session, ids)
    return {
        view.id: Sums(
            *entries.get(view.id, (0, 0)),
            left.get(view.id, 0) if view.has_codes else None,
            tuple(words.get(view.id, ())),
        )
        for view in views
    }


def list_entries(
    session: Session, campaign_id: int, *, after_id: int = 0, limit: int = 100, newest: bool = False
) -> list[EntryView]:
    """By id from the one after `after_id`, or (`newest`) backwards from the one before it."""
    query = (
        select(CampaignEntry, Contact, PrizeCode.code, PrizeCode.prize)
        .join(Contact, Contact.id == CampaignEntry.contact_id)
        .outerjoin(PrizeCode, PrizeCode.entry_id == CampaignEntry.id)
        .where(CampaignEntry.campaign_id == campaign_id)
        .limit(limit)
    )
    if newest:
        query = query.order_by(CampaignEntry.entered_at.desc(), CampaignEntry.id.desc())
        if after_id:
            at = (
                select(CampaignEntry.entered_at)
                .where(CampaignEntry.id == after_id)
                .scalar_subquery()
            )
            key: Any = tuple_(CampaignEntry.entered_at, CampaignEntry.id)
            query = query.where(key < tuple_(at, after_id))
    else:
        query = query.where(CampaignEntry.id > after_id).order_by(CampaignEntry.id)
    return [
        EntryView(
            id=entry.id,
            contact_id=contact.id,
            number=entry.number,
            name=contact.name,
            is_forgotten=contact.forgotten_at is not None,
            openid="" if contact.forgotten_at is not None else contact.openid,
            message_id=entry.message_id,
            rule_id=entry.rule_id,
            entered_at=entry.entered_at,
            code=code,
            prize=prize,
        )
        for entry, contact, code, prize in session.execute(query)
    ]


def list_taken_part(session: Session, contact_id: int, now: datetime) -> list[TakenPart]:
    """The customer's campaigns, the latest first (at most 50)."""
    entries = session.execute(
        select(
            CampaignEntry.campaign_id, func.count(), func.min(CampaignEntry.entered_at).label("at")
        )
        .where(CampaignEntry.contact_id == contact_id)
        .group_by(CampaignEntry.campaign_id)
        .order_by(func.min(CampaignEntry.entered_at).desc())
        .limit(MOST_OF_A_CUSTOMER)
    ).all()
    ids = [row[0] for row in entries]
    campaigns = {it.id: it for it in session.scalars(select(Campaign).where(Campaign.id.in_(ids)))}
    codes: dict[int, str] = dict(
        session.execute(
            select(PrizeCode.campaign_id, PrizeCode.code).where(
                PrizeCode.contact_id == contact_id, PrizeCode.state == CodeState.GIVEN
            )
        ).all()
    )
    won: dict[int, list[str]] = {}
    for campaign_id, prize in session.execute(
        select(Promise.campaign_id, Promise.prize)
        .where(Promise.contact_id == contact_id)
        .order_by(Promise.id)
    ):
        won.setdefault(campaign_id, []).append(prize)
    return [
        TakenPart(
            campaign_id,
            campaigns[campaign_id].name,
            _state(campaigns[campaign_id], now),
            count,
            first_at,
            codes.get(campaign_id),
            tuple(won.get(campaign_id, ())),
        )
        for campaign_id, count, first_at in entries
    ]


def _keywords(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    rows = session.execute(
        select(AutoReplyRule.campaign_id, AutoReplyRule.patterns)
        .where(AutoReplyRule.campaign_id.in_(ids), AutoReplyRule.archived_at.is_(None))
        .order_by(AutoReplyRule.id)
    )
    found: dict[int, list[str]] = {}
    for campaign_id, patterns in rows:
        if campaign_id is not None:
            found.setdefault(campaign_id, []).extend(patterns.splitlines()[:10])
    return found


_WRITER, _MAKER, _APPROVER, _STOPPER = (aliased(Agent) for _ in range(4))


def _views() -> Any:
    return (
        select(Campaign, Account, _MAKER.name, _WRITER.name, _APPROVER.name, _STOPPER.name)
        .join(Account, Account.id == Campaign.account_id)
        .outerjoin(_MAKER, _MAKER.id == Campaign.created_by_id)
        .outerjoin(_WRITER, _WRITER.id == Campaign.updated_by_id)
        .outerjoin(_APPROVER, _APPROVER.id == Campaign.approved_by_id)
        .outerjoin(_STOPPER, _STOPPER.id == Campaign.stopped_by_id)
    )


def _state(it: Campaign, now: datetime) -> CampaignState:
    return state_of(
        approved_at=it.approved_at,
        starts_at=it.starts_at,
        ends_at=it.ends_at,
        paused_at=it.paused_at,
        ended_at=it.ended_at,
        now=now,
    )


def _view(  # noqa: PLR0913 -- the columns of a row
    now: datetime,
    it: Campaign,
    account: Account,
    created_by: str | None,
    updated_by: str | None,
    approved_by: str | None,
    stopped_by: str | None,
) -> CampaignView:
    return CampaignView(
        id=it.id,
        account_id=account.id,
        account=account.slug,
        account_name=account.name,
        needs_approval=account.needs_approval,
        name=it.name,
        note=it.note,
        starts_at=it.starts_at,
        ends_at=it.ends_at,
        state=_state(it, now),
        entries_per_person=it.entries_per_person,
        total_entries=it.total_entries,
        has_codes=it.has_codes,
        version=it.version,
        created_by=created_by,
        created_at=it.created_at,
        updated_by=updated_by,
        updated_by_id=it.updated_by_id,
        updated_at=it.updated_at,
        approved_by=approved_by,
        approved_at=it.approved_at,
        paused_at=it.paused_at,
        stopped_by=stopped_by,
        ended_at=it.ended_at,
    )
