"""Which codes are in a campaign's pool: those of a file are once all of it is there."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, select

from wxdesk.campaigns.models import CodeImport, PrizeCode

HIGHEST_ID = 2**63 - 1


def in_pool(campaign_id: int) -> ColumnElement[bool]:
    """The code is one of this campaign, and not of a file that is still being written."""
    query = select(CodeImport.after_id).where(CodeImport.campaign_id == campaign_id)
    last_id = func.coalesce(query.scalar_subquery(), HIGHEST_ID)
    return and_(PrizeCode.campaign_id == campaign_id, PrizeCode.id <= last_id)


def count_outside() -> ColumnElement[int]:
    """How many codes a file has written so far, for a count that is grouped by campaign."""
    query = select(CodeImport.done).where(CodeImport.campaign_id == PrizeCode.campaign_id)
    return func.coalesce(query.correlate(PrizeCode).scalar_subquery(), 0)
