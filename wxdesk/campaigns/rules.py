"""What a campaign's state is, and what a person who takes part gets. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

MARK_LENGTH = 16  # of a push's once-key: enough to tell one person's pushes apart


class CampaignState(StrEnum):
    """Follows from the schedule and the buttons; see `state_of`."""

    DRAFT = "draft"
    PLANNED = "planned"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class CodeState(StrEnum):
    """`offered`: the webhook may give it out at once; `lost`: it may have been given (see docs)."""

    FREE = "free"
    OFFERED = "offered"
    GIVEN = "given"
    LOST = "lost"
    VOID = "void"


class Silence(StrEnum):
    """Why a rule that met a message said nothing; such messages are set aside with it."""

    QUIET = "quiet"
    STOPPED = "campaign_stopped"


class PromiseState(StrEnum):
    """Where a promised prize is on its way to its winner."""

    PROMISED = "promised"
    PREPARING = "preparing"
    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


def state_of(
    *,
    approved_at: datetime | None,
    starts_at: datetime,
    ends_at: datetime | None,
    paused_at: datetime | None,
    ended_at: datetime | None,
    now: datetime,
) -> CampaignState:
    """A campaign that nobody has switched on is a draft, whatever its schedule says."""
    if ended_at is not None or (ends_at is not None and approved_at is not None and ends_at <= now):
        return CampaignState.ENDED
    if approved_at is None:
        return CampaignState.DRAFT
    if paused_at is not None:
        return CampaignState.PAUSED
    return CampaignState.PLANNED if now < starts_at else CampaignState.LIVE
