"""Promised prizes until their winners have them: states, tracking numbers, notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.campaigns.models import Promise
from wxdesk.campaigns.rules import PromiseState
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import printable
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

LONGEST_NOTE = 500
LONGEST_TRACKING = 100
TOLD_NO_MORE = (PromiseState.CANCELLED, PromiseState.DELIVERED)
MISSED = (Delivery.FAILED, Delivery.UNCONFIRMED, Delivery.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class PromiseChange:
    """What somebody typed about a promise; `version` is the one that was shown."""

    state: PromiseState
    note: str
    tracking: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class PromiseView:
    """A promise as its list shows it.

    `told` is how the message to the winner went, if any; `told_problem` why it did not arrive.
    """

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
    told_problem: str | None

    @property
    def may_be_told_again(self) -> bool:
        """The message did not arrive, or nobody knows, and there is still a reason to send it."""
        is_over = self.is_forgotten or self.state in TOLD_NO_MORE
        return self.told in MISSED and not is_over


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which promises a list shows: of one draw, in one state, after this id.

    `missed`: only winners whom the message has not reached, as far as is known.
    """

    draw_id: int | None = None
    state: PromiseState | None = None
    after_id: int = 0
    missed: bool = False


def list_promises(
    session: Session, campaign_id: int, wanted: Wanted, limit: int
) -> list[PromiseView]:
    """In the order in which they were drawn."""
    query = (
        select(Promise, Contact, DeliveryRow.state, DeliveryRow.last_error, _latest_conversation())
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
    if wanted.missed:
        query = query.where(DeliveryRow.state.in_(MISSED), is_to_be_told())
    return [_view(*row) for row in session.execute(query)]


def is_to_be_told() -> ColumnElement[bool]:
    """There is a prize that its winner still waits for, and a winner who can be told."""
    return and_(Promise.state.not_in(TOLD_NO_MORE), Contact.forgotten_at.is_(None))


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


def _latest_conversation() -> Any:
    newest = select(func.max(Conversation.id)).where(Conversation.contact_id == Contact.id)
    return newest.scalar_subquery()


def _view(
    promise: Promise,
    contact: Contact,
    told: Delivery | None,
    problem: str | None,
    conversation_id: int | None,
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
        told_problem=problem if told in MISSED else None,
    )
