"""A customer is forgotten: everything of theirs is removed in one transaction, with proof.

What is removed when, and what the proof holds: docs/operations.md#customers-who-leave.
"""

from __future__ import annotations

from sqlalchemy import exists, select, update

from wxdesk.audit.operations import note
from wxdesk.contacts.models import Contact
from wxdesk.contacts.queries import no_such_contact
from wxdesk.conversations import standings
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Standing, Status
from wxdesk.outbound import held
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import ConflictError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.privacy.beside import erase_beside
from wxdesk.privacy.erasing import Counts, delete_rows, erase, holds_newest
from wxdesk.privacy.rules import (
    CANCELLED,
    MODIFIED,
    REVOKED,
    SETTLING,
    SHELLS_AGAIN_AFTER,
    Policy,
    Reason,
    without_openid,
)
from wxdesk.privacy.taken_part import erase_taken_part
from wxdesk.sla.episodes import end
from wxdesk.words import say

WAITING = (Delivery.QUEUED, Delivery.HELD)
MOST_RECORDED_AT_ONCE = 2_000  # messages: a batch of pushes, and as many answers by rules


class StillSendingError(ConflictError):
    """An answer to the customer is on its way to WeChat: nothing was removed."""

    def __init__(self) -> None:
        super().__init__(
            say("an answer to this customer is being sent; try again in a few minutes")
        )


def forget_due(uow: UnitOfWork, contact_id: int, policy: Policy) -> bool:
    """Remove the data of a customer whose time has come; False when there is nothing to do.

    Safe to run twice at once. A customer who came back meanwhile is left alone. StillSendingError
    when an answer is on its way: nothing was removed.
    """
    contact = _get_locked(uow, contact_id)
    is_due = contact is not None and contact.forget_at is not None
    if contact is None or not is_due or contact.forget_at > uow.now - SETTLING:  # type: ignore[operator]
        return False
    if contact.forgotten_at is not None:
        return _delete_shell(uow, contact, policy)
    _forget(uow, contact, policy, Reason.LEFT, actor_id=None)
    return True


def forget_now(uow: UnitOfWork, contact_id: int, policy: Policy, *, actor_id: int | None) -> None:
    """Remove a customer's data at their wish, whether they follow the account or not.

    NotFoundError; ConflictError when it was done before; StillSendingError. Whoever writes again
    later is a new customer.
    """
    contact = _get_locked(uow, contact_id)
    if contact is None:
        raise no_such_contact(contact_id)
    if contact.forgotten_at is not None:
        raise ConflictError(say("this customer's data was removed"))
    _forget(uow, contact, policy, Reason.REQUESTED, actor_id=actor_id)


def note_event(uow: UnitOfWork, sender: Contact, event: str, openid: str = "") -> None:
    """What WeChat's privacy events ask for; other events change nothing. The sender is locked.

    `openid` is the push's own field: the sender may be a service of WeChat's, and then the customer
    is another. Cancelled: everything is removed. Revoked: what WeChat told of the customer is
    removed, and it is not asked again. Modified: it is asked again.
    """
    name = event.lower()
    contact = _concerned(uow, sender, openid)
    if contact is not sender:
        _take_openid_away(uow, sender, openid, contact)
    if contact is None:
        return
    if name == CANCELLED:
        contact.forget_at = min(contact.forget_at or uow.now, uow.now)
        note(uow, "contact.cancelled", f"contact:{contact.id}")
    elif name == REVOKED:
        contact.unionid, contact.follow_scene, contact.qr_scene = None, "", ""
        contact.profile_at = contact.profile_due_at = None
        note(uow, "contact.profile_removed", f"contact:{contact.id}")
        uow.announce(f"contact:{contact.id}")
    elif name == MODIFIED:
        contact.profile_due_at = uow.now


def _concerned(uow: UnitOfWork, sender: Contact, openid: str) -> Contact | None:
    """None when nothing is known of the customer, so that there is nothing to remove."""
    if openid in ("", sender.openid):
        return sender
    return uow.session.scalars(
        select(Contact)
        .where(Contact.account_id == sender.account_id, Contact.openid == openid)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _take_openid_away(
    uow: UnitOfWork, sender: Contact, openid: str, contact: Contact | None
) -> None:
    """The push's row, which this transaction has recorded, says the customer's number instead.

    It is the sender's row, and would keep the openid when the customer is forgotten.
    """
    newest = select(Message.id).order_by(Message.id.desc()).limit(MOST_RECORDED_AT_ONCE)
    rows = uow.session.scalars(
        select(Message).where(
            Message.id.in_(newest),
            Message.contact_id == sender.id,
            Message.payload["OpenID"].as_string() == openid,
        )
    )
    for row in rows:
        row.payload = without_openid(row.payload or {}, contact.id if contact else None)
    uow.session.flush()


def _get_locked(uow: UnitOfWork, contact_id: int) -> Contact | None:
    return uow.session.get(
        Contact, contact_id, with_for_update={"key_share": True}, populate_existing=True
    )


def _forget(
    uow: UnitOfWork, contact: Contact, policy: Policy, reason: Reason, *, actor_id: int | None
) -> None:
    contact_id, left_at = contact.id, contact.unfollowed_at
    _end_conversations(uow, contact)
    _stop_deliveries(uow, contact_id)
    _leave_redis(uow, contact)
    counts = {**erase_taken_part(uow, contact_id), **erase(uow, contact)}
    is_shell = policy is Policy.DELETE and holds_newest(uow.session, contact_id)
    if is_shell:
        contact.forget_at = uow.now + SHELLS_AGAIN_AFTER
    elif policy is Policy.DELETE:
        counts |= {"emptied": counts["messages"], **delete_rows(uow, contact)}
    note(
        uow,
        "contact.forgotten",
        f"contact:{contact_id}",
        actor_id=actor_id,
        policy=policy.value,
        reason=reason.value,
        left_at=iso(left_at),
        done_at=iso(uow.now),
        are_rows_left=is_shell or policy is Policy.ANONYMISE,
        counts=counts,
    )
    uow.announce(f"contact:{contact_id}", "inbox")


def _delete_shell(uow: UnitOfWork, contact: Contact, policy: Policy) -> bool:
    """The second half of a deletion: empty rows go when newer ones keep their numbers taken."""
    if policy is not Policy.DELETE:
        contact.forget_at = None
        return False
    if holds_newest(uow.session, contact.id):
        contact.forget_at = uow.now + SHELLS_AGAIN_AFTER
        return False
    contact_id = contact.id
    written: Counts = erase_beside(uow, contact)  # since they were emptied: a read mark, a search
    counts = {**written, **delete_rows(uow, contact)}
    note(uow, "contact.rows_deleted", f"contact:{contact_id}", done_at=iso(uow.now), counts=counts)
    return True


def _end_conversations(uow: UnitOfWork, contact: Contact) -> None:
    """All are locked, so that no agent answers meanwhile; open ones end, their clocks unmet."""
    conversations = uow.session.scalars(
        select(Conversation)
        .where(Conversation.contact_id == contact.id)
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for conversation in conversations:
        if conversation.status is Status.RESOLVED:
            uow.announce(f"conversation:{conversation.id}")
            continue
        end(uow, conversation, contact, is_resolved=False)
    uow.session.flush()


def _stop_deliveries(uow: UnitOfWork, contact_id: int) -> None:
    """Answers that wait are never sent. After this none can be claimed, so the check holds."""
    uow.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.contact_id == contact_id, DeliveryRow.state.in_(WAITING))
        .values(
            state=Delivery.FAILED,
            settled_at=uow.now,
            error_code="customer_left",
            last_error=say("the customer has left"),
        )
        .execution_options(synchronize_session=False)
    )
    is_sending = exists().where(
        DeliveryRow.contact_id == contact_id, DeliveryRow.state == Delivery.SENDING
    )
    if uow.session.scalar(select(is_sending)):
        raise StillSendingError


def _leave_redis(uow: UnitOfWork, contact: Contact) -> None:
    """After the commit no cache knows the openid."""
    standings.remember(uow, contact.account_id, contact.openid, Standing.NEW)
    for key in (held.key(contact.account_id), held.taken_key(contact.account_id)):
        uow.remember(key, contact.openid, None)
