"""Entries as rows: what the gate said when a push arrived, and what it says to those who waited.

The gate's word is a fact by then: somebody may have been told it. So nothing here decides anew.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from wxdesk.background_jobs import OFFER_CODES
from wxdesk.campaigns.models import CampaignEntry, CampaignTally, PendingEntry, PrizeCode
from wxdesk.campaigns.rules import CodeState
from wxdesk.commit_steps import FOLLOW_CONTACTS
from wxdesk.plumbing.db import insert_new, insert_rows
from wxdesk.plumbing.unit_of_work import UnitOfWork

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Met:
    """A push that was met by a campaign's rule, as it is recorded.

    `outcome` is what was answered, or why nothing was said (rules.Silence); `answers` is what may
    be said to one that waits, by outcome.
    """

    campaign_id: int
    account_id: int
    contact_id: int
    message_id: int
    rule_id: int
    rule_version: int
    matched: str
    outcome: str
    arrived_at: datetime
    is_entered: bool = False
    code: str = ""
    mark: str = ""
    answers: Mapping[str, Any] | None = None


def minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def note_met(uow: UnitOfWork, met: Sequence[Met]) -> None:
    """In the transaction that records the pushes: entries, codes, who waits, and the counts."""
    note_entries(uow, [it for it in met if it.is_entered])
    waiting = [it for it in met if it.answers is not None]
    if waiting:
        insert_rows(uow.session, PendingEntry, [_waiting_row(it) for it in waiting])
        uow.ring(OFFER_CODES)
    count(uow, Counter((it.campaign_id, minute_of(it.arrived_at), it.outcome) for it in met))


def note_entries(uow: UnitOfWork, met: Sequence[Met]) -> None:
    """Store entries that are not stored yet, and give their codes to them."""
    known = _known(uow.session, [it.message_id for it in met])
    fresh = [it for it in met if it.message_id not in known]
    if not fresh:
        return
    numbers = _numbers(uow.session, fresh)
    rows = []
    for it in fresh:
        numbers[it.campaign_id, it.contact_id] += 1
        rows.append(
            {
                "campaign_id": it.campaign_id,
                "contact_id": it.contact_id,
                "number": numbers[it.campaign_id, it.contact_id],
                "message_id": it.message_id,
                "rule_id": it.rule_id,
                "entered_at": it.arrived_at,
            }
        )
    stored = insert_rows(
        uow.session, CampaignEntry, rows, CampaignEntry.message_id, CampaignEntry.id
    )
    ids = dict(tuple(row) for row in stored)
    for it in fresh:  # promises may be about who takes part
        uow.before_commit(FOLLOW_CONTACTS, it.contact_id)
    _give(uow, [(it, ids[it.message_id]) for it in fresh if it.code])


def lose_code(uow: UnitOfWork, campaign_id: int, code: str) -> None:
    """Its push can't be recorded: nobody knows who has the code, so nobody gets it again."""
    lose(uow, PrizeCode.campaign_id == campaign_id, PrizeCode.code == code)


def lose(uow: UnitOfWork, *which: ColumnElement[bool]) -> None:
    """Of these codes those that are offered are lost: somebody may have seen them."""
    uow.session.execute(
        update(PrizeCode)
        .where(*which, PrizeCode.state == CodeState.OFFERED)
        .values(state=CodeState.LOST)
        .execution_options(synchronize_session=False)
    )


def count(uow: UnitOfWork, added: Mapping[tuple[int, datetime, str], int]) -> None:
    """Add to the campaigns' tallies, in one order, so that two never wait for each other."""
    if not added:
        return
    names = ("campaign_id", "minute", "outcome")
    ordered = sorted(added)
    rows = [dict(zip(names, key, strict=True)) | {"count": 0} for key in ordered]
    uow.session.execute(insert_new(uow.session, CampaignTally), rows)
    table: Any = CampaignTally.__table__
    for key in ordered:
        uow.session.execute(
            update(table)
            .where(*(table.c[name] == value for name, value in zip(names, key, strict=True)))
            .values(count=table.c.count + added[key])
        )


def _give(uow: UnitOfWork, given: Sequence[tuple[Met, int]]) -> None:
    """The codes belong to these entries now, whatever state a cautious sweeper gave them."""
    if not given:
        return
    rows = uow.session.execute(
        select(PrizeCode.campaign_id, PrizeCode.code, PrizeCode.id).where(
            # not pairs: SQLite would read all codes for them
            PrizeCode.campaign_id.in_(sorted({it.campaign_id for it, _ in given})),
            PrizeCode.code.in_(sorted({it.code for it, _ in given if it.code})),
            PrizeCode.entry_id.is_(None),
        )
    )
    ids = {(campaign_id, code): code_id for campaign_id, code, code_id in rows}
    values = []
    for it, entry_id in given:
        code_id = ids.pop((it.campaign_id, it.code), None)
        if code_id is None:
            logger.error("entry %d has a code that is not free to be given", entry_id)
            continue
        values.append(
            {
                "id": code_id,
                "state": CodeState.GIVEN,
                "contact_id": it.contact_id,
                "entry_id": entry_id,
                "given_at": it.arrived_at,
            }
        )
    if values:
        uow.session.execute(update(PrizeCode), values)


def _known(session: Session, message_ids: Sequence[int]) -> set[int]:
    if not message_ids:
        return set()
    query = select(CampaignEntry.message_id).where(CampaignEntry.message_id.in_(message_ids))
    return set(session.scalars(query))


def _numbers(session: Session, met: Sequence[Met]) -> Counter[tuple[int, int]]:
    """How many entries each person has in each campaign so far."""
    rows = session.execute(
        select(CampaignEntry.campaign_id, CampaignEntry.contact_id, func.max(CampaignEntry.number))
        .where(
            CampaignEntry.campaign_id.in_({it.campaign_id for it in met}),
            CampaignEntry.contact_id.in_({it.contact_id for it in met}),
        )
        .group_by(CampaignEntry.campaign_id, CampaignEntry.contact_id)
    )
    return Counter({(campaign_id, contact_id): number for campaign_id, contact_id, number in rows})


def _waiting_row(it: Met) -> dict[str, Any]:
    return {
        "campaign_id": it.campaign_id,
        "account_id": it.account_id,
        "contact_id": it.contact_id,
        "message_id": it.message_id,
        "rule_id": it.rule_id,
        "rule_version": it.rule_version,
        "matched": it.matched[:200],
        "mark": it.mark,
        "answers": dict(it.answers or {}),
        "arrived_at": it.arrived_at,
    }
