"""Promised prizes until their winners have them: states, notes, and telling the winner once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.campaigns.models import Campaign, Promise
from wxdesk.campaigns.rules import PromiseState
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind, printable
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.rules import reply_problem
from wxdesk.words import say

LONGEST_NOTE = 500
LONGEST_TRACKING = 100
MOST_AT_ONCE = 500
SOURCE = "campaign"


@dataclass(frozen=True, slots=True)
class PromiseChange:
    """What somebody typed about a promise; `version` is the one that was shown."""

    state: PromiseState
    note: str
    tracking: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class PromiseView:
    """A promise as its list shows it; `told` is how the message to the winner went, if any."""

    id: int
    draw_id: int
    place: int
    prize: str
    contact_id: int
    remark: str
    is_following: bool
    is_forgotten: bool
    conversation_id: int | None
    state: PromiseState
    note: str
    tracking: str
    version: int
    updated_at: datetime
    told: Delivery | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which promises a list shows: of one draw, in one state, after this id."""

    draw_id: int | None = None
    state: PromiseState | None = None
    after_id: int = 0


def list_promises(
    session: Session, campaign_id: int, wanted: Wanted, limit: int
) -> list[PromiseView]:
    """In the order in which they were drawn."""
    query = (
        select(Promise, Contact, DeliveryRow.state, _latest_conversation())
        .join(Contact, Contact.id == Promise.contact_id)
        .outerjoin(DeliveryRow, DeliveryRow.message_id == Promise.told_message_id)
        .where(Promise.campaign_id == campaign_id, Promise.id > wanted.after_id)
        .order_by(Promise.id)
        .limit(limit)
    )
    if wanted.draw_id is not None:
        query = query.where(Promise.draw_id == wanted.draw_id)
    if wanted.state is not None:
        query = query.where(Promise.state == wanted.state)
    return [_view(*row) for row in session.execute(query)]


def count_states(session: Session, campaign_id: int) -> dict[PromiseState, int]:
    rows = session.execute(
        select(Promise.state, func.count())
        .where(Promise.campaign_id == campaign_id)
        .group_by(Promise.state)
    )
    return dict(rows.all())


def change_promise(
    uow: UnitOfWork, campaign_id: int, promise_id: int, change: PromiseChange, *, actor_id: int
) -> bool:
    """Store what was typed; False when it says the same. ConflictError when somebody was quicker.

    NotFoundError; InvalidInputError names the field.
    """
    promise = uow.session.get(Promise, promise_id, with_for_update=True)
    if promise is None or promise.campaign_id != campaign_id:
        raise NotFoundError(say("there is no such promised prize"))
    if change.version is not None and change.version != promise.version:
        raise ConflictError(say("somebody has changed this prize meanwhile: look at it again"))
    return apply(uow, promise, change, actor_id=actor_id)


def apply(uow: UnitOfWork, promise: Promise, change: PromiseChange, *, actor_id: int) -> bool:
    """The same for a promise that is locked."""
    cleaned = cleaned_change(change)
    before = (promise.state, promise.note, promise.tracking)
    if before == (cleaned.state, cleaned.note, cleaned.tracking):
        return False
    promise.state, promise.note, promise.tracking = cleaned.state, cleaned.note, cleaned.tracking
    promise.version += 1
    promise.updated_at, promise.updated_by_id = uow.now, actor_id
    if before[0] is not cleaned.state:
        note(
            uow,
            "campaign.promise_changed",
            f"campaign:{promise.campaign_id}",
            actor_id=actor_id,
            promise=promise.id,
            state=cleaned.state.value,
        )
    return True


def cleaned_change(change: PromiseChange) -> PromiseChange:
    """Without control characters and outer spaces; InvalidInputError when too long."""
    text, tracking = printable(change.note).strip(), printable(change.tracking).strip()
    for field, value, most in (
        ("note", text, LONGEST_NOTE),
        ("tracking", tracking, LONGEST_TRACKING),
    ):
        if len(value) > most:
            raise InvalidInputError(field, say("at most %(most)d characters", most=most))
    return PromiseChange(change.state, text, tracking, change.version)


def tell_winners(
    uow: UnitOfWork,
    campaign_id: int,
    text: str,
    *,
    actor_id: int,
    promise_id: int | None = None,
) -> int:
    """Queue the message for every winner who was not told yet (at most 500), or for one of them.

    Each gets it once, whoever clicks how often. "{{prize}}" and "{{remark}}" are filled in. Who
    can't be written to now gets it with their next message. Gives how many were queued.
    """
    campaign = uow.session.get(Campaign, campaign_id, with_for_update=True)
    if campaign is None:
        raise NotFoundError(say("there is no such campaign"))
    winners = _untold(uow, campaign_id, promise_id)
    _check_text(text, winners)
    if winners:
        write_in_order(uow.session, Message.__tablename__)
    for promise, contact in winners:
        _tell(uow, campaign, promise, contact, _text(text, (promise, contact)))
    note(
        uow,
        "campaign.winners_told",
        f"campaign:{campaign_id}",
        actor_id=actor_id,
        name=campaign.name,
        count=len(winners),
    )
    return len(winners)


def count_untold(session: Session, campaign_id: int) -> int:
    """Winners whom the message was never queued for; cancelled prizes are not counted."""
    query = select(func.count()).select_from(Promise).where(*_is_untold(campaign_id))
    return session.scalar(query) or 0


def _check_text(text: str, winners: list[tuple[Promise, Contact]]) -> None:
    """As it would be for each of them: a remark may make it too long."""
    for written in [_text(text, None), *(_text(text, row) for row in winners)]:
        if problem := reply_problem(written):
            raise InvalidInputError("text", problem)


def key_of(promise_id: int) -> str:
    """The idempotency key of the message to a winner; its sender is the campaign."""
    return f"promise-{promise_id}"


def _untold(
    uow: UnitOfWork, campaign_id: int, promise_id: int | None
) -> list[tuple[Promise, Contact]]:
    query = (
        select(Promise, Contact)
        .join(Contact, Contact.id == Promise.contact_id)
        .where(*_is_untold(campaign_id), Contact.forgotten_at.is_(None))
        .order_by(Promise.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(of=Promise)
    )
    if promise_id is not None:
        query = query.where(Promise.id == promise_id)
    return [(promise, contact) for promise, contact in uow.session.execute(query)]


def _is_untold(campaign_id: int) -> list[ColumnElement[bool]]:
    return [
        Promise.campaign_id == campaign_id,
        Promise.state != PromiseState.CANCELLED,
        Promise.told_message_id.is_(None),
    ]


def _text(text: str, row: tuple[Promise, Contact] | None) -> str:
    written = printable(text).replace("\r\n", "\n").strip()
    if row is None:
        return written
    promise, contact = row
    return written.replace("{{prize}}", promise.prize).replace("{{remark}}", contact.remark)


def _tell(
    uow: UnitOfWork, campaign: Campaign, promise: Promise, contact: Contact, text: str
) -> None:
    message = Message(
        account_id=campaign.account_id,
        contact_id=contact.id,
        direction=Direction.OUTGOING,
        kind=OutgoingKind.TEXT.value,
        text=text,
        sender_kind=SenderKind.SYSTEM,
        sender_id=campaign.id,
        source=SOURCE,
        idempotency_key=key_of(promise.id),
        created_at=uow.now,
        received_at=uow.now,
    )
    uow.session.add(message)
    uow.session.flush()
    promise.told_message_id = message.id
    is_open = contact.window_closes_at is not None and contact.window_closes_at > uow.now
    is_held = not is_open or contact.window_remaining < 1
    queue_delivery(uow, message, is_held=is_held, may_wait=True, is_bulk=True)


def _latest_conversation() -> Any:
    newest = select(func.max(Conversation.id)).where(Conversation.contact_id == Contact.id)
    return newest.scalar_subquery()


def _view(
    promise: Promise, contact: Contact, told: Delivery | None, conversation_id: int | None
) -> PromiseView:
    return PromiseView(
        id=promise.id,
        draw_id=promise.draw_id,
        place=promise.place,
        prize=promise.prize,
        contact_id=contact.id,
        remark=contact.name,
        is_following=contact.is_following,
        is_forgotten=contact.forgotten_at is not None,
        conversation_id=conversation_id,
        state=promise.state,
        note=promise.note,
        tracking=promise.tracking,
        version=promise.version,
        updated_at=promise.updated_at,
        told=told,
    )
