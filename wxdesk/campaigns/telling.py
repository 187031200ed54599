"""Winners are told: once, and again those whom the message did not reach.

Each promise has one message. Telling again sends that one, if it is still in a state in which it
did not arrive; so whoever clicks how often, and whoever tries it again elsewhere, it leaves once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from redis import Redis, RedisError
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.campaigns.models import Campaign, Promise
from wxdesk.campaigns.operations import locked
from wxdesk.campaigns.promises import MISSED, is_to_be_told
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, SenderKind, printable
from wxdesk.outbound.bulk import send_again
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.outbound.held import taken_ids
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.approvals import check_approval
from wxdesk.triage.rules import reply_problem
from wxdesk.words import say

MOST_AT_ONCE = 500
SOURCE = "campaign"


@dataclass(frozen=True, slots=True)
class Missed:
    """Winners whom the message did not reach; of the `doubtful` nobody knows.

    What a colleague took back is told again only one by one.
    """

    failed: int
    doubtful: int
    taken_back: int

    @property
    def total(self) -> int:
        return self.failed + self.doubtful + self.taken_back


@dataclass(frozen=True, slots=True)
class Again:
    """Whom to tell again: all whose message failed, or one winner whose message did not arrive.

    `with_doubtful`: those too who may have it already. `taken`: deliveries that the webhook has
    given out, and nobody has recorded yet (outbound/held.taken_ids).
    """

    promise_id: int | None = None
    with_doubtful: bool = False
    taken: Collection[int] = ()

    @property
    def states(self) -> tuple[Delivery, ...]:
        """What a colleague took back goes out only when somebody means this very winner."""
        doubtful = (Delivery.UNCONFIRMED,) if self.with_doubtful else ()
        withdrawn = (Delivery.WITHDRAWN,) if self.promise_id is not None else ()
        return (Delivery.FAILED, *doubtful, *withdrawn)


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

    NotAllowedError for whoever may approve nothing, where the account asks for approval.
    """
    campaign = locked(uow, campaign_id)
    check_approval(uow, campaign.account_id, by_id=actor_id, writer_id=None)
    write_in_order(uow.session, Message.__tablename__)
    winners = _untold(uow, campaign_id, promise_id)
    _check_text(text, winners)
    for promise, contact in winners:
        _tell(uow, campaign, promise, contact, _text(text, (promise, contact)))
    _noted(uow, campaign, "campaign.winners_told", actor_id, len(winners))
    return len(winners)


def tell_again(uow: UnitOfWork, campaign_id: int, again: Again, *, actor_id: int) -> int:
    """Send their message once more (at most 500), behind all answers to single customers.

    Who can't be written to now gets it with their next message. Gives how many were queued.
    """
    campaign = locked(uow, campaign_id)
    open_ids: list[int] = []
    shut_ids: list[int] = []
    for promise, contact in _missed(uow, campaign_id, again):
        (shut_ids if _must_wait(uow, contact) else open_ids).append(promise.told_message_id or 0)
    count = len(send_again(uow, open_ids, again.states))
    count += len(send_again(uow, shut_ids, again.states, is_held=True))
    if count:
        _noted(uow, campaign, "campaign.winners_told_again", actor_id, count)
    return count


def count_untold(session: Session, campaign_id: int) -> int:
    """Winners who wait for their prize, and whom the message was never queued for."""
    query = (
        select(func.count())
        .select_from(Promise)
        .join(Contact, Contact.id == Promise.contact_id)
        .where(*_is_untold(campaign_id))
    )
    return session.scalar(query) or 0


def count_missed(session: Session, campaign_id: int) -> Missed:
    """Winners who may be told again."""
    rows = session.execute(
        select(DeliveryRow.state, func.count())
        .select_from(Promise)
        .join(Contact, Contact.id == Promise.contact_id)
        .join(DeliveryRow, DeliveryRow.message_id == Promise.told_message_id)
        .where(Promise.campaign_id == campaign_id, DeliveryRow.state.in_(MISSED), is_to_be_told())
        .group_by(DeliveryRow.state)
    )
    counts: dict[Delivery, int] = dict(rows.all())
    return Missed(*(counts.get(state, 0) for state in MISSED))


def taken_by_webhook(redis: Redis, account_id: int) -> set[int]:
    """For `Again`; ConflictError while Redis, which knows, can't be asked."""
    try:
        return taken_ids(redis, [account_id])
    except RedisError as error:
        raise ConflictError(say("Redis does not answer: try again in a moment.")) from error


def key_of(promise_id: int) -> str:
    """The idempotency key of the message to a winner; its sender is the campaign."""
    return f"promise-{promise_id}"


def _check_text(text: str, winners: list[tuple[Promise, Contact]]) -> None:
    """As it would be for each of them: a remark may make it too long."""
    for written in [_text(text, None), *(_text(text, row) for row in winners)]:
        if problem := reply_problem(written):
            raise InvalidInputError("text", problem)


def _untold(
    uow: UnitOfWork, campaign_id: int, promise_id: int | None
) -> list[tuple[Promise, Contact]]:
    query = (
        select(Promise, Contact)
        .join(Contact, Contact.id == Promise.contact_id)
        .where(*_is_untold(campaign_id))
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
        is_to_be_told(),
        Promise.told_message_id.is_(None),
    ]


def _missed(uow: UnitOfWork, campaign_id: int, again: Again) -> list[tuple[Promise, Contact]]:
    """Locked with their deliveries: somebody may try one of them again elsewhere."""
    query = (
        select(Promise, Contact)
        .join(Contact, Contact.id == Promise.contact_id)
        .join(DeliveryRow, DeliveryRow.message_id == Promise.told_message_id)
        .where(
            Promise.campaign_id == campaign_id,
            DeliveryRow.state.in_(again.states),
            DeliveryRow.id.not_in(sorted(again.taken)),
            is_to_be_told(),
        )
        .order_by(Promise.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(of=(Promise, DeliveryRow))
    )
    if again.promise_id is not None:
        query = query.where(Promise.id == again.promise_id)
    return [(promise, contact) for promise, contact in uow.session.execute(query)]


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
    is_held = _must_wait(uow, contact)
    queue_delivery(uow, message, is_held=is_held, may_wait=True, is_bulk=True)


def _must_wait(uow: UnitOfWork, contact: Contact) -> bool:
    """For the customer's next message: their window is closed, or all of it is used."""
    is_open = contact.window_closes_at is not None and contact.window_closes_at > uow.now
    return not is_open or contact.window_remaining < 1


def _noted(uow: UnitOfWork, campaign: Campaign, action: str, actor_id: int, count: int) -> None:
    subject = f"campaign:{campaign.id}"
    note(uow, action, subject, actor_id=actor_id, name=campaign.name, count=count)
