"""A mass send: claimed, handed to WeChat once, asked about until its end is known.

The same clientmsgid goes with every try, and WeChat takes it once in 24 hours: asking again after
a lost answer is safe, and 45065 says that it was taken (docs/wechat.md#mass-sends).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, update

from wxdesk.audit.operations import note
from wxdesk.broadcasts.models import Broadcast
from wxdesk.broadcasts.operations import get_locked, return_unapproved
from wxdesk.broadcasts.rules import (
    ASK_WITHIN,
    CLAIM_LASTS,
    FIRST_LOOK,
    LAST_LOOK,
    LOOK_AGAIN,
    MOST_ASKS,
    BroadcastKind,
    BroadcastState,
    Content,
    failure_of,
    pause_before_ask,
)
from wxdesk.broadcasts.stored import audience_from, content_from
from wxdesk.contacts.models import Tag
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.limits import MassKind
from wxdesk.wechat.mass_calls import ALREADY_TAKEN
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class Order:
    """What WeChat is to do; `tag_id` is WeChat's, None for everybody."""

    broadcast_id: int
    account_id: int
    content: Content
    tag_id: int | None
    client_key: str


def claim(uow: UnitOfWork, broadcast_id: int) -> Order | None:
    """Take it for sending; None when another process was quicker, or it is not due."""
    claimed = uow.session.execute(
        update(Broadcast)
        .where(
            Broadcast.id == broadcast_id,
            Broadcast.kind == BroadcastKind.MASS,
            or_(
                (Broadcast.state == BroadcastState.SCHEDULED) & (Broadcast.send_at <= uow.now),
                (Broadcast.state == BroadcastState.UNCONFIRMED)
                & Broadcast.look_at.is_not(None)
                & (Broadcast.sent_at > uow.now - ASK_WITHIN),
            ),
            or_(Broadcast.look_at.is_(None), Broadcast.look_at <= uow.now),
        )
        .values(
            state=BroadcastState.SENDING,
            claimed_at=uow.now,
            look_at=None,
            attempts=Broadcast.attempts + 1,
        )
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        _leave_to_person(uow, broadcast_id)
        return None
    it = get_locked(uow, broadcast_id)
    if not it.was_unanswered and return_unapproved(uow, it):
        return None
    it.sent_at = it.sent_at or uow.now
    tag_id = audience_from(it.audience).tag_id
    tag = uow.session.get(Tag, tag_id) if tag_id is not None else None
    if tag_id is not None and (tag is None or tag.wechat_tag_id is None):
        gone = say("the account has no such tag")
        note_refused(uow, broadcast_id, DeliveryError(gone, code="tag", is_permanent=True))
        return None
    number = tag.wechat_tag_id if tag is not None else None
    return Order(it.id, it.account_id, content_from(it.content), number, it.client_key or "")


def note_taken(uow: UnitOfWork, broadcast_id: int, wechat_msgid: str) -> None:
    """WeChat has taken it; its event tells the end, which may have come before this."""
    it = get_locked(uow, broadcast_id)
    if it.state is not BroadcastState.SENDING:
        return
    told = it.result if it.result and it.result.get("msg_id") == wechat_msgid else None
    it.wechat_msgid, it.error = wechat_msgid or None, None
    it.look_at, it.result = uow.now + FIRST_LOOK, None
    if told is not None:
        end(uow, it, str(told.get("status", "")), told)
    _announce(uow, it)


def note_refused(uow: UnitOfWork, broadcast_id: int, error: DeliveryError) -> None:
    """WeChat did not take it: known already, never to be tried again, later, or nobody knows."""
    if error.code == ALREADY_TAKEN:
        note_taken(uow, broadcast_id, error.known_id)
        return
    it = get_locked(uow, broadcast_id)
    if it.state is not BroadcastState.SENDING or it.wechat_msgid is not None:
        return
    it.claimed_at = None
    it.attempts -= error.is_uncounted  # our own pace, or no Redis: WeChat was not asked
    if error.is_ambiguous or it.was_unanswered:
        _doubt(uow, it, error)
    elif error.is_permanent or it.attempts >= MOST_ASKS or _is_lost_article(it, error):
        _fail(uow, it, error.sentence)
    else:
        it.state, it.error, it.sent_at = BroadcastState.SCHEDULED, error.sentence[:500], None
        it.look_at = max(error.retry_at or uow.now, uow.now + timedelta(seconds=5 * 2**it.attempts))
    _announce(uow, it)


def note_abandoned(uow: UnitOfWork, broadcast_id: int) -> None:
    """The process that asked WeChat has gone: nobody knows what it was told."""
    it = get_locked(uow, broadcast_id)
    is_old = it.claimed_at is not None and it.claimed_at < uow.now - CLAIM_LASTS
    if it.state is BroadcastState.SENDING and it.wechat_msgid is None and is_old:
        it.claimed_at = None
        lost = DeliveryError(
            say("the process that sent it was stopped"), code="lost", is_ambiguous=True
        )
        _doubt(uow, it, lost)
        _announce(uow, it)


def note_status(uow: UnitOfWork, broadcast_id: int, status: str) -> None:
    """What WeChat answers when asked; after a day without an end it is taken for sent."""
    it = get_locked(uow, broadcast_id)
    if it.state is not BroadcastState.SENDING:
        return
    if status in ("SEND_SUCCESS", "SEND_FAIL", "DELETE"):
        end(uow, it, "send success" if status != "SEND_FAIL" else "send fail", it.result)
    elif uow.now - (it.sent_at or uow.now) > LAST_LOOK:
        it.error = say("WeChat has not told how it ended")
        it.state, it.ended_at, it.look_at = BroadcastState.DONE, uow.now, None
    else:
        it.look_at = uow.now + LOOK_AGAIN
    _announce(uow, it)


def end(uow: UnitOfWork, it: Broadcast, status: str, result: dict[str, object] | None) -> None:
    """WeChat has told how it ended; the row is locked."""
    reason = failure_of(status)
    it.state = BroadcastState.FAILED if reason else BroadcastState.DONE
    it.error, it.result = reason, result
    it.ended_at, it.look_at = uow.now, None
    note(uow, "broadcast.ended", f"broadcast:{it.id}", name=it.name, outcome=status[:60])
    _announce(uow, it)


def _is_lost_article(it: Broadcast, error: DeliveryError) -> bool:
    """An article is not uploaded by us: what is gone from the draft box stays gone."""
    is_article = content_from(it.content).mass_kind is MassKind.ARTICLE
    return is_article and error.code in ("40007", "46001")


def _doubt(uow: UnitOfWork, it: Broadcast, error: DeliveryError) -> None:
    """It may have been sent; asked again with the same key while WeChat still knows that."""
    is_early = uow.now - (it.sent_at or uow.now) < ASK_WITHIN and it.attempts < MOST_ASKS
    may_ask = is_early and (error.is_ambiguous or not error.is_permanent)
    it.state, it.was_unanswered = BroadcastState.UNCONFIRMED, True
    it.error = error.sentence[:500]
    it.look_at = uow.now + pause_before_ask(it.attempts) if may_ask else None


def _leave_to_person(uow: UnitOfWork, broadcast_id: int) -> None:
    """Nobody could ask while WeChat still knew the key: asked now, it would be sent once more."""
    it = get_locked(uow, broadcast_id)
    is_late = it.sent_at is not None and it.sent_at <= uow.now - ASK_WITHIN
    if it.state is BroadcastState.UNCONFIRMED and it.look_at is not None and is_late:
        it.look_at = None
        _announce(uow, it)


def _fail(uow: UnitOfWork, it: Broadcast, reason: str) -> None:
    """It has not left."""
    it.state, it.error, it.ended_at = BroadcastState.FAILED, reason[:500], uow.now
    it.sent_at = None
    note(uow, "broadcast.ended", f"broadcast:{it.id}", name=it.name, outcome="failed")
    _announce(uow, it)


def _announce(uow: UnitOfWork, it: Broadcast) -> None:
    uow.announce("broadcasts", f"broadcast:{it.id}")
