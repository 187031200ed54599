"""What WeChat's events say of broadcasts: how a mass send, a template or a notice ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select, update

from wxdesk.broadcasts.mass import end
from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.broadcasts.operations import get_locked
from wxdesk.broadcasts.rules import ENDED, BroadcastKind, BroadcastState, TargetState
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

MASS = "masssendjobfinish"
TEMPLATE = "templatesendjobfinish"
NOTICE = "subscribe_msg_sent_event"
EVENTS = frozenset({MASS, TEMPLATE, NOTICE})
COUNTS = {
    "TotalCount": "total",
    "FilterCount": "filtered",
    "SentCount": "sent",
    "ErrorCount": "errors",
}
UNSETTLED = (TargetState.QUEUED, TargetState.SENT)
HAS_LEFT = (Delivery.SENDING, Delivery.SENT)


def note_result(
    uow: UnitOfWork, account_id: int, contact_id: int, event: str, fields: Mapping[str, Any]
) -> None:
    """One of EVENTS has come (`event` in small letters); what is not ours changes nothing.

    `contact_id` is whom the event came from: the receiver of a template or of a notice.
    """
    if event == MASS:
        _note_mass(uow, account_id, fields)
        _note_system_sender(uow, contact_id)
    elif event == TEMPLATE:
        msgid, status = str(fields.get("MsgID", "")), str(fields.get("Status", ""))
        target = _target_of(uow, account_id, contact_id, msgid)
        _settle(uow, target, None if status == "success" else status)
    elif event == NOTICE:
        for each in _sent_notices(fields):
            target = _notice_of(uow, contact_id, str(each.get("TemplateId", "")))
            has_failed = str(each.get("ErrorCode", "0")) != "0"
            _settle(uow, target, str(each.get("ErrorStatus", "?")) if has_failed else None)


def _note_mass(uow: UnitOfWork, account_id: int, fields: Mapping[str, Any]) -> None:
    """By WeChat's number; one that is just being handed over keeps what was told until then."""
    msgid, status = str(fields.get("MsgID", "")), str(fields.get("Status", ""))
    result: dict[str, Any] = {"msg_id": msgid, "status": status}
    result |= {ours: _number(fields.get(theirs)) for theirs, ours in COUNTS.items()}
    mass = (Broadcast.account_id == account_id, Broadcast.kind == BroadcastKind.MASS)
    known = uow.session.scalar(select(Broadcast.id).where(*mass, Broadcast.wechat_msgid == msgid))
    if known is not None:
        it = get_locked(uow, known)
        if it.state in ENDED:
            it.result = result
            uow.announce(f"broadcast:{it.id}")
        else:
            end(uow, it, status, result)
        return
    on_its_way = (BroadcastState.SENDING, BroadcastState.UNCONFIRMED)
    for broadcast_id in uow.session.scalars(
        select(Broadcast.id)
        .where(*mass, Broadcast.state.in_(on_its_way), Broadcast.wechat_msgid.is_(None))
        .limit(10)
    ).all():
        get_locked(uow, broadcast_id).result = result


def _note_system_sender(uow: UnitOfWork, contact_id: int) -> None:
    """The end of a mass send comes from an account of WeChat's own, which is nobody's follower."""
    uow.session.execute(
        update(Contact)
        .where(Contact.id == contact_id, Contact.is_following)
        .values(is_following=False)
    )


def _target_of(
    uow: UnitOfWork, account_id: int, contact_id: int, msgid: str
) -> BroadcastTarget | None:
    """By WeChat's number, or the one that is just being sent to this customer."""
    mine = (
        select(BroadcastTarget)
        .join(DeliveryRow, DeliveryRow.message_id == BroadcastTarget.message_id)
        .join(Broadcast, Broadcast.id == BroadcastTarget.broadcast_id)
        .where(
            Broadcast.account_id == account_id,
            BroadcastTarget.contact_id == contact_id,
            BroadcastTarget.state.in_(UNSETTLED),
        )
        .limit(1)
    )
    found = uow.session.scalars(mine.where(DeliveryRow.wechat_msgid == msgid)).first()
    is_another = exists().where(
        DeliveryRow.contact_id == contact_id, DeliveryRow.wechat_msgid == msgid
    )
    if found is not None or uow.session.scalar(select(is_another)):
        return found
    return uow.session.scalars(mine.where(DeliveryRow.state == Delivery.SENDING)).first()


def _notice_of(uow: UnitOfWork, contact_id: int, template_id: str) -> BroadcastTarget | None:
    """WeChat gives notices no number: the latest of this template to this customer."""
    rows = uow.session.execute(
        select(BroadcastTarget, Broadcast.content)
        .join(Broadcast, Broadcast.id == BroadcastTarget.broadcast_id)
        .join(DeliveryRow, DeliveryRow.message_id == BroadcastTarget.message_id)
        .where(
            BroadcastTarget.contact_id == contact_id,
            BroadcastTarget.state.in_(UNSETTLED),
            DeliveryRow.state.in_(HAS_LEFT),
            Broadcast.kind == BroadcastKind.SUBSCRIPTION,
        )
        .order_by(Broadcast.id.desc())
        .limit(20)
    ).all()
    return next((row for row, content in rows if content.get("template_id") == template_id), None)


def _settle(uow: UnitOfWork, target: BroadcastTarget | None, why: str | None) -> None:
    if target is None:
        return
    target.settled_at = uow.now
    target.state = TargetState.DELIVERED if why is None else TargetState.FAILED
    if why is not None:
        reason = say("WeChat did not deliver the template message (%(why)s)", why=why[:100])
        target.error = reason
        _fail_delivery(uow, target.message_id, reason)
    uow.announce(f"broadcast:{target.broadcast_id}")


def _fail_delivery(uow: UnitOfWork, message_id: int | None, reason: str) -> None:
    """The thread shows it, and a retry sends it. The event may come before WeChat's answer."""
    uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.message_id == message_id, DeliveryRow.state.in_(HAS_LEFT))
        .values(state=Delivery.FAILED, error_code="template", last_error=reason, settled_at=uow.now)
    )
    its = select(Message.conversation_id).where(Message.id == message_id)
    if conversation_id := uow.session.scalar(its):
        uow.announce(f"conversation:{conversation_id}")


def _sent_notices(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    part = fields.get("SubscribeMsgSentEvent")
    listed = part.get("List") if isinstance(part, Mapping) else None
    items = listed if isinstance(listed, list) else [listed]
    return [each for each in items if isinstance(each, Mapping)]


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
