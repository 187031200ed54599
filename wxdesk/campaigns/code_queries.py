"""Codes and counts of campaigns, as pages and exports show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from wxdesk.campaigns.models import CampaignTally, CodeImport, PendingEntry, PrizeCode
from wxdesk.campaigns.pool import in_pool
from wxdesk.campaigns.rules import CodeState
from wxdesk.contacts.models import Contact
from wxdesk.contacts.rules import pseudonym

MOST_BATCHES = 200


@dataclass(frozen=True, slots=True)
class CodeCounts:
    """How many codes are in which state; `left` may still be given."""

    free: int = 0
    offered: int = 0
    given: int = 0
    lost: int = 0
    void: int = 0

    @property
    def left(self) -> int:
        return self.free + self.offered

    @property
    def total(self) -> int:
        return self.left + self.given + self.lost + self.void


@dataclass(frozen=True, slots=True)
class CodeView:
    id: int
    code: str
    prize: str
    batch: str
    state: CodeState
    contact_id: int | None
    contact_name: str | None
    given_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImportView:
    """How many codes of a file are written, and of how many; broken: they are taken out again."""

    done: int
    total: int
    is_broken: bool


@dataclass(frozen=True, slots=True)
class BatchView:
    """One import; `first_id` orders them."""

    batch: str
    codes: int
    given: int
    first_id: int


@dataclass(frozen=True, slots=True)
class TallyView:
    """Pushes of one minute (UTC) with this outcome."""

    minute: datetime
    outcome: str
    count: int


def count_codes(session: Session, campaign_id: int) -> CodeCounts:
    rows = session.execute(
        select(PrizeCode.state, func.count()).where(in_pool(campaign_id)).group_by(PrizeCode.state)
    )
    return CodeCounts(**{state.value: count for state, count in rows})


def find_import(session: Session, campaign_id: int) -> ImportView | None:
    """The file that is being taken in just now."""
    it = CodeImport
    query = select(it.done, it.total, it.is_broken).where(it.campaign_id == campaign_id)
    row = session.execute(query).first()
    return None if row is None else ImportView(*row)


def has_imports(session: Session) -> bool:
    """Whether any file is being taken in, or out again."""
    return session.scalar(select(CodeImport.campaign_id).limit(1)) is not None


def count_pending(session: Session, campaign_id: int) -> int:
    """Who waits for the gate."""
    query = select(func.count()).select_from(PendingEntry)
    return session.scalar(query.where(PendingEntry.campaign_id == campaign_id)) or 0


def list_codes(
    session: Session,
    campaign_id: int,
    *,
    state: CodeState | None,
    after_id: int,
    limit: int,
    text: str = "",
) -> list[CodeView]:
    """Codes in the order of their ids; with `text` only those that hold it."""
    query = (
        select(PrizeCode, Contact.remark)
        .outerjoin(Contact, Contact.id == PrizeCode.contact_id)
        .where(in_pool(campaign_id), PrizeCode.id > after_id)
        .order_by(PrizeCode.id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(PrizeCode.state == state)
    if text:
        query = query.where(PrizeCode.code.contains(text, autoescape=True))
    return [_code(row, remark) for row, remark in session.execute(query)]


def list_batches(session: Session, campaign_id: int) -> list[BatchView]:
    """The imports, the newest first, at most 200."""
    first_id = func.min(PrizeCode.id)
    given = func.sum(cast(PrizeCode.state == CodeState.GIVEN, Integer))
    rows = session.execute(
        select(PrizeCode.batch, func.count(), given, first_id)
        .where(in_pool(campaign_id))
        .group_by(PrizeCode.batch)
        .order_by(first_id.desc())
        .limit(MOST_BATCHES)
    )
    return [BatchView(batch, count, int(given), first) for batch, count, given, first in rows]


def list_tallies(session: Session, campaign_id: int, since: datetime | None) -> list[TallyView]:
    """Minute by minute from then on, in order; minutes without a push are left out."""
    query = (
        select(CampaignTally.minute, CampaignTally.outcome, CampaignTally.count)
        .where(CampaignTally.campaign_id == campaign_id, CampaignTally.count != 0)
        .order_by(CampaignTally.minute, CampaignTally.outcome)
    )
    if since is not None:
        query = query.where(CampaignTally.minute >= since)
    return [TallyView(*row) for row in session.execute(query)]


def sum_tallies(session: Session, campaign_id: int) -> dict[str, int]:
    """How many pushes had which outcome, since the campaign began."""
    rows = session.execute(
        select(CampaignTally.outcome, func.sum(CampaignTally.count))
        .where(CampaignTally.campaign_id == campaign_id)
        .group_by(CampaignTally.outcome)
    )
    return {outcome: int(count) for outcome, count in rows if count}


def _code(row: PrizeCode, remark: str | None) -> CodeView:
    is_known = row.contact_id is not None and remark is not None
    return CodeView(
        id=row.id,
        code=row.code,
        prize=row.prize,
        batch=row.batch,
        state=row.state,
        contact_id=row.contact_id,
        contact_name=pseudonym(row.contact_id or 0, remark or "") if is_known else None,
        given_at=row.given_at,
    )
