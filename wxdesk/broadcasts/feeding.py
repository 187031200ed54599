"""Template messages and notices, step by step: list the people, queue at the rate, note the ends.

Each function is one short transaction; a person's row changes in the transaction that makes their
message, so a worker that is killed anywhere leaves everybody either queued once, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import exists, func, select, update

from wxdesk.audit.operations import note
from wxdesk.broadcasts.audience import next_people
from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.broadcasts.operations import count_of, get_locked, return_unapproved
from wxdesk.broadcasts.rules import (
    COLLECT_BATCH,
    QUEUE_BATCH,
    BroadcastKind,
    BroadcastState,
    Content,
    TargetState,
    due_now,
    filled,
    lines_of,
    most_on_the_way,
)
from wxdesk.broadcasts.stopping import take_back
from wxdesk.broadcasts.stored import audience_from, content_from
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.outbound.bulk import send_again
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import Delivery, Via
from wxdesk.plumbing.db import insert_new, write_in_order
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

SOURCE = "broadcast"
MOST_NOTED = 500
ENDS = {
    Delivery.SENT: TargetState.SENT,
    Delivery.FAILED: TargetState.FAILED,
    Delivery.UNCONFIRMED: TargetState.UNCONFIRMED,
    Delivery.WITHDRAWN: TargetState.LEFT_OUT,
}


def begin(uow: UnitOfWork, broadcast_id: int) -> None:
    """Its time has come: list the people. Nothing when it was cancelled meanwhile."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is not BroadcastState.SCHEDULED or return_unapproved(uow, broadcast):
        return
    broadcast.state, broadcast.sent_at = BroadcastState.COLLECTING, uow.now
    _announce(uow, broadcast)


def collect(uow: UnitOfWork, broadcast_id: int) -> None:
    """Write the rows of the next thousand people; after the last ones the sending begins."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is not BroadcastState.COLLECTING:
        return
    ids = next_people(
        uow.session,
        broadcast.account_id,
        audience_from(broadcast.audience),
        broadcast.collected_to_id,
        COLLECT_BATCH,
    )
    if ids:
        rows = [
            {"broadcast_id": broadcast_id, "contact_id": each, "state": TargetState.LISTED}
            for each in ids
        ]
        uow.session.execute(insert_new(uow.session, BroadcastTarget), rows)
        broadcast.collected_to_id = ids[-1]
    if len(ids) < COLLECT_BATCH:
        broadcast.state, broadcast.sent_to_at = BroadcastState.SENDING, uow.now
    _announce(uow, broadcast)


def queue_next(uow: UnitOfWork, broadcast_id: int) -> bool:
    """Queue as many messages as the rate allows now; True when more may be queued at once."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is not BroadcastState.SENDING:
        return False
    begun_at = broadcast.sent_to_at or uow.now
    due, position = due_now(begun_at, broadcast.per_minute, uow.now)
    room = most_on_the_way(broadcast.per_minute) - count_of(uow, broadcast_id, TargetState.QUEUED)
    many = min(due, room, QUEUE_BATCH)
    if many <= 0:
        return False
    targets = uow.session.scalars(
        select(BroadcastTarget)
        .where(
            BroadcastTarget.broadcast_id == broadcast_id,
            BroadcastTarget.state == TargetState.LISTED,
        )
        .order_by(BroadcastTarget.contact_id)
        .limit(many)
    ).all()
    _queue(uow, broadcast, targets)
    share = len(targets) / due
    broadcast.sent_to_at = begun_at + (position - begun_at) * share if share < 1 else position
    _announce(uow, broadcast)
    return len(targets) == many and many < min(due, room)


def note_ends(uow: UnitOfWork, broadcast_id: int) -> int:
    """What WeChat said to those that were queued (500 a call); how many have ended now."""
    rows = uow.session.execute(
        select(BroadcastTarget, DeliveryRow)
        .join(DeliveryRow, DeliveryRow.message_id == BroadcastTarget.message_id)
        .where(
            BroadcastTarget.broadcast_id == broadcast_id,
            BroadcastTarget.state == TargetState.QUEUED,
            DeliveryRow.state.in_(list(ENDS)),
        )
        .order_by(BroadcastTarget.contact_id)
        .limit(MOST_NOTED)
        .with_for_update(of=BroadcastTarget)  # an event may settle one meanwhile
        .execution_options(populate_existing=True)
    ).all()
    for target, delivery in rows:
        if delivery.state is Delivery.WITHDRAWN and delivery.is_stopped:
            target.state = TargetState.LISTED  # it was being sent when it was paused, in vain
            continue
        target.state, target.settled_at = ENDS[delivery.state], delivery.settled_at
        target.error = delivery.last_error
    if rows:
        uow.announce(f"broadcast:{broadcast_id}")
    return len(rows)


def withdraw(uow: UnitOfWork, broadcast_id: int) -> None:
    """It was cancelled: what has not left does not leave, and when all have ended it has."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is not BroadcastState.CANCELLED or broadcast.ended_at is not None:
        return
    take_back(uow, broadcast_id)
    note_ends(uow, broadcast_id)
    uow.session.flush()
    if count_of(uow, broadcast_id, TargetState.QUEUED):
        return
    uow.session.execute(
        update(BroadcastTarget)
        .where(
            BroadcastTarget.broadcast_id == broadcast_id,
            BroadcastTarget.state == TargetState.LISTED,
        )
        .values(state=TargetState.LEFT_OUT, settled_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    broadcast.ended_at = uow.now
    _announce(uow, broadcast)


def hold(uow: UnitOfWork, broadcast_id: int) -> None:
    """It is paused: note what became of those that were being sent; nothing else leaves."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is BroadcastState.PAUSED:
        take_back(uow, broadcast_id)
        note_ends(uow, broadcast_id)


def finish(uow: UnitOfWork, broadcast_id: int) -> None:
    """End it when everybody's message has ended."""
    broadcast = get_locked(uow, broadcast_id)
    is_left = exists().where(
        BroadcastTarget.broadcast_id == broadcast_id,
        BroadcastTarget.state.in_([TargetState.LISTED, TargetState.QUEUED]),
    )
    if broadcast.state is BroadcastState.SENDING and not uow.session.scalar(select(is_left)):
        broadcast.state, broadcast.ended_at = BroadcastState.DONE, uow.now
        note(uow, "broadcast.ended", f"broadcast:{broadcast.id}", name=broadcast.name)
        _announce(uow, broadcast)


def _queue(uow: UnitOfWork, broadcast: Broadcast, targets: Sequence[BroadcastTarget]) -> None:
    """A message each; who can't be reached any more is left out, with the reason."""
    ids = [target.contact_id for target in targets]
    contacts = {it.id: it for it in uow.session.scalars(select(Contact).where(Contact.id.in_(ids)))}
    threads = _latest_conversations(uow, ids)
    content = content_from(broadcast.content)
    write_in_order(uow.session, Message.__tablename__)
    again = []
    for target in targets:
        contact = contacts[target.contact_id]
        if reason := _unreachable(contact):
            target.state, target.error, target.settled_at = TargetState.LEFT_OUT, reason, uow.now
            continue
        target.state = TargetState.QUEUED
        if target.message_id is not None:
            again.append(target.message_id)
            continue
        message = _message(broadcast, contact, content, uow.now)
        message.conversation_id = threads.get(contact.id)
        uow.session.add(message)
        uow.session.flush()
        target.message_id = message.id
        queue_delivery(uow, message, is_bulk=True, may_wait=True, via=Via.TEMPLATE)
        if message.conversation_id is not None:
            uow.announce(f"conversation:{message.conversation_id}")
    if again:
        send_again(uow, again, [Delivery.FAILED, Delivery.WITHDRAWN])


def _message(broadcast: Broadcast, contact: Contact, content: Content, now: datetime) -> Message:
    data = {name: filled(value, contact.remark) for name, value in content.data.items()}
    fields: dict[str, object] = {
        "template_id": content.template_id,
        "title": content.title,
        "subscription": broadcast.kind is BroadcastKind.SUBSCRIPTION,
        "data": data,
        "url": content.url,
    }
    return Message(
        account_id=broadcast.account_id,
        contact_id=contact.id,
        direction=Direction.OUTGOING,
        kind=OutgoingKind.TEMPLATE,
        text="\n".join(lines_of(content, data)),
        payload=fields,
        sender_kind=SenderKind.SYSTEM,
        sender_id=broadcast.id,
        source=SOURCE,
        idempotency_key=f"{SOURCE}-{broadcast.id}-{contact.id}",
        created_at=now,
        received_at=now,
    )


def _unreachable(contact: Contact) -> str | None:
    if contact.forgotten_at is not None:
        return say("the customer's data was deleted")
    if not contact.is_following:
        return say("the customer does not follow the account any more")
    return say("the customer is on the blacklist") if contact.is_blacklisted else None


def _latest_conversations(uow: UnitOfWork, contact_ids: Sequence[int]) -> Mapping[int, int]:
    rows = uow.session.execute(
        select(Conversation.contact_id, func.max(Conversation.id))
        .where(Conversation.contact_id.in_(contact_ids), Conversation.merged_into_id.is_(None))
        .group_by(Conversation.contact_id)
    )
    return dict(rows.all())


def _announce(uow: UnitOfWork, broadcast: Broadcast) -> None:
    uow.announce("broadcasts", f"broadcast:{broadcast.id}")
