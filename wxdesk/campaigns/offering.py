"""Codes on their way between the database, which is the truth, and Redis, which gives them out.

A few free codes are marked as offered, with the lease of that Redis and the number of the offer,
and only then put into its list; an offer is put there once, whoever tries again. So an offered code
is in an offer that is not there yet (it is put there by the next run), in the list, in a stream, or
given. When Redis has lost its data nobody can say which of its codes somebody has seen: they are
lost, until a person says otherwise.

Codes leave the pool for the list, and come back, under the campaign's lock: two processes never
move them at the same time, so that no code stands in the list twice.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from redis import Redis
from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from wxdesk.campaigns.entering import lose
from wxdesk.campaigns.models import CampaignEntry, PrizeCode
from wxdesk.campaigns.pool import in_pool
from wxdesk.campaigns.rules import MARK_LENGTH, CodeState
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.db import hold
from wxdesk.plumbing.gates import Gatekeeper
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime

logger = logging.getLogger(__name__)

USUAL_OFFER = 500  # what Redis holds: as much as may be lost with it
LARGEST_OFFER = 2_000  # when all were gone before the next run
SETTLE_SECONDS = 5.0  # what a drain still held when Redis lost its data is recorded by then
PAGE = 5_000


@dataclass(slots=True)
class _Person:
    """Built row by row: the marks of all entries, and the last code."""

    marks: list[str] = field(default_factory=list)
    code: str = ""


def ready(runtime: Runtime, campaign_id: int) -> str | None:
    """The lease under which Redis may give anything; made anew from the database where it is gone.

    None while that can't be done yet: what Redis gave out before may still be on its way here.
    """
    keeper = Gatekeeper(runtime.redis, campaign_id)
    lease = keeper.lease()
    if lease is not None:
        return lease
    with runtime.reading() as session:
        is_first = not _was_served(session, campaign_id)
    if not is_first and not _has_settled(runtime.redis, campaign_id, runtime.clock()):
        return None
    return _rebuild(runtime, keeper)


def offer(runtime: Runtime, campaign_id: int, lease: str) -> None:
    """Finish what was begun, put codes into the list where there is room, say if more are left."""
    keeper = Gatekeeper(runtime.redis, campaign_id)
    _bring_back(runtime, keeper)
    finish_offers(runtime, keeper, lease)
    here = keeper.waiting_codes()
    room = USUAL_OFFER - here if here else LARGEST_OFFER
    if room > 0:
        _offer(runtime, keeper, lease, room)
    has_more = _has_more(runtime, keeper, lease)
    keeper.say_more(lease, has_more=has_more)


def finish_offers(runtime: Runtime, keeper: Gatekeeper, lease: str) -> None:
    """What was marked as offered is in the list, or lost with an earlier Redis."""
    names = _offers(runtime, keeper.keys.campaign_id)
    if not all(name.startswith(f"{lease}:") for name in names):
        with runtime.unit_of_work() as uow:
            lose_old(uow, keeper.keys.campaign_id, lease)
    for name in _unfinished(keeper, lease, names):
        _push(runtime, keeper, lease, name)


def take_back(runtime: Runtime, campaign_id: int, lease: str) -> int:
    """The campaign is over: codes that were offered and not given are free again; how many."""
    keeper = Gatekeeper(runtime.redis, campaign_id)
    finish_offers(runtime, keeper, lease)
    keeper.put_aside()
    count = _bring_back(runtime, keeper)
    keeper.say_more(lease, has_more=_has_more(runtime, keeper, lease))
    return count


def lose_old(uow: UnitOfWork, campaign_id: int, lease: str) -> int:
    """Codes that an earlier Redis had are lost; how many."""
    query = select(PrizeCode.id).where(
        PrizeCode.campaign_id == campaign_id,
        PrizeCode.state == CodeState.OFFERED,
        ~PrizeCode.lease.startswith(f"{lease}:"),
    )
    ids = uow.session.scalars(query.order_by(PrizeCode.id).limit(PAGE)).all()
    if not ids:
        return 0
    lose(uow, PrizeCode.id.in_(ids))
    logger.error("campaign %d: %d codes were lost with redis's data", campaign_id, len(ids))
    return len(ids)


def _was_served(session: Session, campaign_id: int) -> bool:
    """Redis has given out entries or codes of this campaign before."""
    entry = select(CampaignEntry.id).where(CampaignEntry.campaign_id == campaign_id)
    offered = select(PrizeCode.id).where(
        PrizeCode.campaign_id == campaign_id, PrizeCode.state == CodeState.OFFERED
    )
    return any(session.scalar(query.limit(1)) is not None for query in (entry, offered))


def _has_settled(redis: Redis, campaign_id: int, now: datetime) -> bool:
    client: Any = redis
    key, seconds = f"wxdesk:campaign:{campaign_id}:missing", (now - EPOCH).total_seconds()
    client.set(key, seconds, nx=True, ex=3600)
    since = client.get(key)
    return since is not None and seconds - float(since) >= SETTLE_SECONDS


def _rebuild(runtime: Runtime, keeper: Gatekeeper) -> str | None:
    """Everything that is decided by what was before: who entered, by which pushes, with what."""
    name = secrets.token_hex(8)
    campaign_id = keeper.keys.campaign_id
    total = 0
    with runtime.reading() as session:
        for people in _entered(session, campaign_id):
            marks = {who: ",".join(it.marks) for who, it in people.items()}
            keeper.build(name, marks, {who: it.code for who, it in people.items() if it.code})
            total += sum(len(it.marks) for it in people.values())
    if not keeper.open(name, total):
        return keeper.lease()  # another process was faster
    runtime.redis.delete(f"wxdesk:campaign:{campaign_id}:missing")
    logger.info("campaign %d: %d entries are known to redis", campaign_id, total)
    return name


def _entered(session: Session, campaign_id: int) -> Iterator[dict[str, _Person]]:
    """Openid to what they have, some thousand people at a time, nobody in two parts."""
    after = (0, 0)
    people: dict[str, _Person] = {}
    while True:
        rows = session.execute(
            _entries(campaign_id)
            .where(tuple_(CampaignEntry.contact_id, CampaignEntry.number) > after)
            .limit(PAGE)
        ).all()
        for _, _, openid, once_key, code in rows:
            person = people.setdefault(openid, _Person())
            person.marks.append((once_key or "-")[:MARK_LENGTH])
            person.code = code or person.code
        if len(rows) < PAGE:
            yield people
            return
        last = rows[-1]
        after = (last.contact_id, last.number)
        unfinished = people.pop(last.openid)
        yield people
        people = {last.openid: unfinished}


def _entries(campaign_id: int) -> Any:
    return (
        select(
            CampaignEntry.contact_id,
            CampaignEntry.number,
            Contact.openid,
            Message.once_key,
            PrizeCode.code,
        )
        .join(Contact, Contact.id == CampaignEntry.contact_id)
        .outerjoin(Message, Message.id == CampaignEntry.message_id)
        .outerjoin(PrizeCode, PrizeCode.entry_id == CampaignEntry.id)
        .where(CampaignEntry.campaign_id == campaign_id)
        .order_by(CampaignEntry.contact_id, CampaignEntry.number)
    )


def _offers(runtime: Runtime, campaign_id: int) -> list[str]:
    """The names of all offers with codes that are not recorded as given."""
    query = (
        select(PrizeCode.lease)
        .where(PrizeCode.campaign_id == campaign_id, PrizeCode.state == CodeState.OFFERED)
        .distinct()
    )
    with runtime.reading() as session:
        return [name for name in session.scalars(query) if name is not None]


def _unfinished(keeper: Gatekeeper, lease: str, names: Sequence[str]) -> list[str]:
    """Those of this lease that are not in the list yet."""
    ours = (name for name in names if name.startswith(f"{lease}:"))
    return [name for name in ours if not keeper.is_pushed(name)]


def _offer(runtime: Runtime, keeper: Gatekeeper, lease: str, room: int) -> None:
    """Whoever comes between the mark and the list waits a moment: nothing is sold out yet."""
    campaign_id, name = keeper.keys.campaign_id, f"{lease}:{secrets.token_hex(6)}"
    with runtime.reading() as session:
        if not _has_free(session, campaign_id):
            return
    keeper.say_more(lease, has_more=True)
    with runtime.unit_of_work() as uow:
        taken = _mark(uow, keeper, name, room)
    if taken:
        _push(runtime, keeper, lease, name)


def _has_more(runtime: Runtime, keeper: Gatekeeper, lease: str) -> bool:
    with runtime.reading() as session:
        if _has_free(session, keeper.keys.campaign_id):
            return True
    names = _offers(runtime, keeper.keys.campaign_id)
    return bool(_unfinished(keeper, lease, names))


def _bring_back(runtime: Runtime, keeper: Gatekeeper) -> int:
    """What was put aside is out of everybody's reach: back into the pool; how many.

    Redis forgets a code only when it is seen to be free; until then it is not offered again.
    """
    count = 0
    while keeper.aside_codes(1):
        with runtime.unit_of_work() as uow:
            lock_pool(uow, keeper.keys.campaign_id)
            codes = keeper.aside_codes(PAGE)
            freed = _free(uow, keeper.keys.campaign_id, codes)
            if codes and not freed:
                keeper.forget_aside(len(codes))
        count += freed
    return count


def _free(uow: UnitOfWork, campaign_id: int, codes: Sequence[str]) -> int:
    result = uow.session.execute(
        update(PrizeCode)
        .where(
            PrizeCode.campaign_id == campaign_id,
            PrizeCode.code.in_(codes),
            PrizeCode.state == CodeState.OFFERED,
        )
        .values(state=CodeState.FREE, lease=None, offered_at=None)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _push(runtime: Runtime, keeper: Gatekeeper, lease: str, name: str) -> None:
    """Put an offer into the list, once: nobody can have any of its codes before.

    Under the lock: a code of it may be made void at the same time.
    """
    with runtime.unit_of_work() as uow:
        lock_pool(uow, keeper.keys.campaign_id)
        codes = uow.session.scalars(
            select(PrizeCode.code)
            .where(
                PrizeCode.campaign_id == keeper.keys.campaign_id,
                PrizeCode.lease == name,
                PrizeCode.state == CodeState.OFFERED,
            )
            .order_by(PrizeCode.id)
        ).all()
        if codes:
            keeper.push(lease, name, codes)


def lock_pool(uow: UnitOfWork, campaign_id: int) -> None:
    """One at a time changes the pool of a campaign's codes; to be asked for before its rows."""
    hold(uow.session, f"wxdesk.codes.{campaign_id}")


def _mark(uow: UnitOfWork, keeper: Gatekeeper, name: str, most: int) -> int:
    """Offer the first free codes under this name; how many. None while any are put aside."""
    campaign_id = keeper.keys.campaign_id
    lock_pool(uow, campaign_id)
    if keeper.aside_codes(1):
        return 0  # another process brings them back, and goes on
    ids = uow.session.scalars(
        select(PrizeCode.id)
        .where(in_pool(campaign_id), PrizeCode.state == CodeState.FREE)
        .order_by(PrizeCode.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    if ids:
        uow.session.execute(
            update(PrizeCode)
            .where(PrizeCode.id.in_(ids), PrizeCode.state == CodeState.FREE)
            .values(state=CodeState.OFFERED, lease=name, offered_at=uow.now)
            .execution_options(synchronize_session=False)
        )
    return len(ids)


def _has_free(session: Session, campaign_id: int) -> bool:
    query = select(PrizeCode.id).where(in_pool(campaign_id), PrizeCode.state == CodeState.FREE)
    return session.scalar(query.limit(1)) is not None
