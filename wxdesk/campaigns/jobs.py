"""What keeps the gate open: codes into Redis, those who wait through it, and what is left over."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from redis import RedisError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from wxdesk.background_jobs import OFFER_CODES, RECONCILE_CODES
from wxdesk.campaigns import missing
from wxdesk.campaigns.code_import import clear_broken
from wxdesk.campaigns.deciding import Waiting, entering_of, list_waiting, settle
from wxdesk.campaigns.models import Campaign
from wxdesk.campaigns.offering import offer, ready, take_back
from wxdesk.campaigns.rules import CampaignState, state_of
from wxdesk.plumbing.gates import Decision, Gatekeeper
from wxdesk.runtime import Runtime, current, rung
from wxdesk.triage.rules import Outcome

logger = logging.getLogger(__name__)

MOST_CAMPAIGNS = 500
KEPT_AFTER_END = timedelta(days=8)  # its rules say for a week that it is over
LONGEST_RUN_SECONDS = 5.0  # the worker has other things to do


@rung(OFFER_CODES)
def offer_codes() -> None:
    """Serve every campaign that somebody may enter now, or waits for."""
    runtime = current()
    with runtime.reading() as session:
        campaigns = list_served(session, runtime.clock())
    began = time.monotonic()
    try:
        for campaign in campaigns:
            if not _serve(runtime, campaign, began):
                runtime.queues.ring(OFFER_CODES)
                return
    except RedisError as error:
        reason = type(error).__name__
        logger.error("redis unreachable (%s); codes and entries wait", reason)  # noqa: TRY400


@rung(RECONCILE_CODES)
def reconcile_codes() -> None:
    """Find codes that are nowhere; forget campaigns that are long over, and broken imports."""
    runtime = current()
    is_clear = clear_broken(runtime, LONGEST_RUN_SECONDS)
    with runtime.reading() as session:
        campaigns = list_served(session, runtime.clock())
        ended = _list_closed(session, runtime.clock())
    try:
        for campaign in campaigns:
            if campaign.has_codes:
                missing.forget_left_over(runtime, campaign.id)
                missing.find(runtime, campaign.id)
        for campaign_id in ended:
            Gatekeeper(runtime.redis, campaign_id).close()
        if not is_clear:
            runtime.queues.ring(RECONCILE_CODES)
    except RedisError as error:
        reason = type(error).__name__
        logger.error("redis unreachable (%s); codes are compared later", reason)  # noqa: TRY400


def list_served(session: Session, now: datetime) -> list[Campaign]:
    """Campaigns that were switched on, until a week after their end."""
    since = now - KEPT_AFTER_END
    query = (
        select(Campaign)
        .where(
            Campaign.approved_at.is_not(None),
            or_(Campaign.ended_at.is_(None), Campaign.ended_at > since),
            or_(Campaign.ends_at.is_(None), Campaign.ends_at > since),
        )
        .order_by(Campaign.starts_at.desc(), Campaign.id)
        .limit(MOST_CAMPAIGNS)
    )
    return list(session.scalars(query))


def _list_closed(session: Session, now: datetime) -> list[int]:
    """Campaigns that ended between a week and a month ago."""
    since, until = now - timedelta(days=30), now - KEPT_AFTER_END
    query = select(Campaign.id).where(
        or_(Campaign.ended_at.between(since, until), Campaign.ends_at.between(since, until)),
        or_(Campaign.ended_at.is_(None), Campaign.ended_at <= until),
        or_(Campaign.ends_at.is_(None), Campaign.ends_at <= until, Campaign.ended_at.is_not(None)),
    )
    return list(session.scalars(query.limit(MOST_CAMPAIGNS)))


def _serve(runtime: Runtime, campaign: Campaign, began: float) -> bool:
    """False when the time is over before everybody who waits was decided about."""
    lease = ready(runtime, campaign.id)
    if lease is None:
        return True
    after_id = 0
    while not runtime.stopping.is_set():
        if campaign.has_codes:
            _move_codes(runtime, campaign, lease)
        last_id = _decide(runtime, campaign, after_id)
        if last_id is None:
            return True
        if time.monotonic() - began > LONGEST_RUN_SECONDS:
            return False
        after_id = last_id
    return True


def _move_codes(runtime: Runtime, campaign: Campaign, lease: str) -> None:
    state = state_of(
        approved_at=campaign.approved_at,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        paused_at=campaign.paused_at,
        ended_at=campaign.ended_at,
        now=runtime.clock(),
    )
    with runtime.reading() as session:
        is_waited_for = bool(list_waiting(session, campaign.id, 0))
    if state is CampaignState.ENDED and not is_waited_for:
        take_back(runtime, campaign.id, lease)
    else:
        offer(runtime, campaign.id, lease)


def _decide(runtime: Runtime, campaign: Campaign, after_id: int) -> int | None:
    """The id of the last of those who wait that was looked at; None when there are no more."""
    with runtime.reading() as session:
        waiting = list_waiting(session, campaign.id, after_id)
    if not waiting:
        return None
    keeper = Gatekeeper(runtime.redis, campaign.id)
    decided = _decisions(keeper, campaign, waiting)
    if decided:
        with runtime.unit_of_work() as uow:
            settle(uow, campaign.id, decided)
        keeper.forget(_marks(waiting, decided))
    return waiting[-1].pending_id


def _marks(waiting: Sequence[Waiting], decided: Mapping[int, Decision]) -> list[str]:
    """Of those whom the gate has decided about: another process may decide about others now."""
    return [
        it.wish.mark
        for it in waiting
        if it.pending_id in decided and decided[it.pending_id].outcome != Outcome.PENDING
    ]


def _decisions(
    keeper: Gatekeeper, campaign: Campaign, waiting: Sequence[Waiting]
) -> dict[int, Decision]:
    """By the id of the waiting row; a stopped campaign lets nobody in who is not in already."""
    if campaign.paused_at is not None:
        before = keeper.decided([it.wish.mark for it in waiting])
        nothing = Decision(Outcome.PENDING, "")
        return {it.pending_id: before.get(it.wish.mark, nothing) for it in waiting}
    found = keeper.settle(entering_of(campaign), [it.wish for it in waiting])
    return {
        it.pending_id: decision
        for it, decision in zip(waiting, found, strict=True)
        if decision.outcome != Outcome.PENDING
    }
