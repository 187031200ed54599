"""The rows of one customer, emptied or deleted: every table that holds anything of a customer.

A test holds this list against the schema, so that a new table or column is not forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Integer,
    String,
    Update,
    column,
    delete,
    func,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact, ContactTag, ReplyWindow
from wxdesk.contacts.rules import SyncState
from wxdesk.conversations.counted import counts_change
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction
from wxdesk.media.models import Attachment
from wxdesk.media.operations import delete_files
from wxdesk.notifications.models import Notification
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.db import Base, insert_new
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.privacy.beside import delete_beside, erase_beside
from wxdesk.privacy.models import ForgottenMessages
from wxdesk.privacy.taken_part import delete_taken_part
from wxdesk.sla.models import SlaClock, SlaStageEvent

Counts = dict[str, int]

EMPTY_MESSAGE: dict[str, Any] = {
    "text": "",
    "payload": None,
    "matched": None,
    "idempotency_key": None,
    "wechat_msg_id": None,
}
EMPTY_DELIVERY: dict[str, Any] = {"rid": None, "wechat_msgid": None, "undo": None}
EMPTY_CONTACT: dict[str, Any] = {
    "unionid": None,
    "remark": "",
    "remark_state": SyncState.SYNCED,
    "is_following": False,
    "is_blacklisted": False,
    "blacklist_state": SyncState.SYNCED,
    "follow_scene": "",
    "qr_scene": "",
    "profile_due_at": None,
    "profile_attempts": 0,
    "profile_error": None,
    "sync_due_at": None,
    "sync_attempts": 0,
    "sync_error": None,
    "window_closes_at": None,
    "window_remaining": 0,
    "is_spam": False,
}
# A table of a package above this one: its rows hold pushes that could not be recorded.
SET_ASIDE = table(
    "set_aside_pushes",
    column("account_id", Integer),
    column("reason", String),
    column("payload", String),
)


def erase(uow: UnitOfWork, contact: Contact) -> Counts:
    """Empty every row of the customer; what reports count stays. Once-keys stay too.

    They are hashes, and keep a push that is delivered late from being taken for a new one.
    """
    counts = {
        "files": _delete_files(uow, contact.id),
        "messages": _run(
            uow, update(Message).where(Message.contact_id == contact.id).values(EMPTY_MESSAGE)
        ),
        "deliveries": _run(
            uow,
            update(DeliveryRow).where(DeliveryRow.contact_id == contact.id).values(EMPTY_DELIVERY),
        ),
        "tags": _run(uow, delete(ContactTag).where(ContactTag.contact_id == contact.id)),
        "set_aside": _empty_set_aside(uow, contact),
        **erase_beside(uow, contact),
    }
    for name, value in EMPTY_CONTACT.items():
        setattr(contact, name, value)
    contact.openid = f"forgotten-{token_hex(16)}"
    contact.forget_at, contact.forgotten_at = None, uow.now
    uow.session.flush()
    return counts


def delete_rows(uow: UnitOfWork, contact: Contact) -> Counts:
    """Delete every row of the customer, in the order of their references.

    The inbound messages are counted for /accounting, where each must stay in one place.
    """
    account_id = contact.account_id
    counts_change(uow, *_times_of_messages(uow, contact.id))
    of_conversations = select(Conversation.id).where(Conversation.contact_id == contact.id)
    is_incoming = Message.direction == Direction.INCOMING
    counts = {
        "deliveries": _delete(uow, DeliveryRow, DeliveryRow.contact_id == contact.id),
        "reply_windows": _delete(uow, ReplyWindow, ReplyWindow.contact_id == contact.id),
        "tags": _delete(uow, ContactTag, ContactTag.contact_id == contact.id),
        **delete_beside(uow, contact),
        **delete_taken_part(uow, contact.id),
        **_delete_clocks(uow, contact.id),
        "notifications": _delete(
            uow, Notification, Notification.conversation_id.in_(of_conversations)
        ),
        "incoming": _delete(uow, Message, Message.contact_id == contact.id, is_incoming),
        "outgoing": _delete(uow, Message, Message.contact_id == contact.id),
        "conversations": _delete(uow, Conversation, Conversation.contact_id == contact.id),
    }
    uow.session.expunge(contact)
    _delete(uow, Contact, Contact.id == contact.id)
    _count_forgotten(uow, account_id, counts["incoming"])
    return counts


def _delete_clocks(uow: UnitOfWork, contact_id: int) -> Counts:
    of_contact = select(SlaClock.id).where(SlaClock.contact_id == contact_id)
    return {
        "stage_events": _delete(uow, SlaStageEvent, SlaStageEvent.clock_id.in_(of_contact)),
        "clocks": _delete(uow, SlaClock, SlaClock.contact_id == contact_id),
    }


def _times_of_messages(uow: UnitOfWork, contact_id: int) -> Sequence[datetime]:
    return uow.session.scalars(
        select(Message.received_at).where(Message.contact_id == contact_id)
    ).all()


def holds_newest(session: Session, contact_id: int) -> bool:
    """Whether SQLite would give a number of this customer's rows to somebody else.

    It continues after the highest number that is there: a script that remembers the last
    message's id, or a page that shows a conversation, would be led to a stranger's.
    """
    if session.get_bind().dialect.name != "sqlite":
        return False
    newest = (
        (Contact.id, Contact.id),
        (Conversation.id, Conversation.contact_id),
        (Message.id, Message.contact_id),
    )
    return any(
        session.scalar(select(owner).order_by(number.desc()).limit(1)) == contact_id
        for number, owner in newest
    )


def _delete_files(uow: UnitOfWork, contact_id: int) -> int:
    ids = uow.session.scalars(
        select(Attachment.id)
        .join(Message, Message.id == Attachment.message_id)
        .where(Message.contact_id == contact_id)
    ).all()
    delete_files(uow, attachment_ids=ids)
    return len(ids)


def _empty_set_aside(uow: UnitOfWork, contact: Contact) -> int:
    """The rows stay, so that the sums agree. Of one that can't be read nobody knows the account.

    The reason may quote the push.
    """
    account_id = SET_ASIDE.c.account_id
    is_theirs = or_(_names(SET_ASIDE.c.payload, contact), _names(SET_ASIDE.c.reason, contact))
    return _run(
        uow,
        update(SET_ASIDE)
        .where(or_(account_id == contact.account_id, account_id.is_(None)), is_theirs)
        .values(payload="", reason=""),
    )


def _names(text: ColumnElement[str], contact: Contact) -> ColumnElement[bool]:
    """Whether the openid stands in the text as it is: LIKE takes upper and lower case for equal."""
    return func.replace(text, contact.openid, "") != text


def _count_forgotten(uow: UnitOfWork, account_id: int, messages: int) -> None:
    row = {"account_id": account_id, "count": 0}
    uow.session.execute(insert_new(uow.session, ForgottenMessages), row)
    _run(
        uow,
        update(ForgottenMessages)
        .where(ForgottenMessages.account_id == account_id)
        .values(count=ForgottenMessages.count + messages),
    )


def _delete(uow: UnitOfWork, model: type[Base], *conditions: ColumnElement[bool]) -> int:
    return _run(uow, delete(model).where(*conditions))


def _run(uow: UnitOfWork, statement: Update | Delete) -> int:
    found = uow.session.execute(statement, execution_options={"synchronize_session": False})
    return int(found.rowcount)  # type: ignore[attr-defined]
