"""Campaigns as far as promises ask for them: their names, and who took part. Plain tables only.

The package of campaigns is a higher layer and is not imported here.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, String, column, select, table
from sqlalchemy.orm import Session

MOST_CAMPAIGNS = 500

CAMPAIGNS = table("campaigns", column("id", BigInteger), column("name", String))
ENTRIES = table(
    "campaign_entries", column("campaign_id", BigInteger), column("contact_id", BigInteger)
)


def list_campaigns(session: Session) -> dict[int, str]:
    """Names by id, the newest first (at most 500)."""
    query = select(CAMPAIGNS.c.id, CAMPAIGNS.c.name).order_by(CAMPAIGNS.c.id.desc())
    return dict(session.execute(query.limit(MOST_CAMPAIGNS)).all())


def known_campaigns(session: Session, ids: Collection[int]) -> set[int]:
    """Those of the ids that are campaigns."""
    query = select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.id.in_(sorted(ids)))
    return set(session.scalars(query))


def entered(
    session: Session, contact_ids: Collection[int], campaign_ids: Collection[int]
) -> list[tuple[int, int]]:
    """(customer, campaign) for each of these customers who took part in one of these campaigns."""
    rows = session.execute(
        select(ENTRIES.c.contact_id, ENTRIES.c.campaign_id)
        .where(
            ENTRIES.c.contact_id.in_(sorted(contact_ids)),
            ENTRIES.c.campaign_id.in_(sorted(campaign_ids)),
        )
        .distinct()
    )
    return [(contact_id, campaign_id) for contact_id, campaign_id in rows]
