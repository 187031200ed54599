"""Whose data is due to be removed, and how many inbound messages were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.privacy.models import ForgottenMessages
from wxdesk.privacy.rules import SETTLING


@dataclass(frozen=True, slots=True)
class Due:
    """A customer whose data is due to be removed; together the place in the list."""

    forget_at: datetime
    contact_id: int


def list_due(session: Session, now: datetime, after: Due | None, limit: int) -> list[Due]:
    """At most `limit` customers, the longest due first, from the one after `after`."""
    query = select(Contact.forget_at, Contact.id).where(Contact.forget_at <= now - SETTLING)
    if after is not None:
        key = tuple_(Contact.forget_at, Contact.id)
        query = query.where(key > tuple_(after.forget_at, after.contact_id))
    rows = session.execute(query.order_by(Contact.forget_at, Contact.id).limit(limit))
    return [Due(forget_at, contact_id) for forget_at, contact_id in rows if forget_at]


def count_forgotten_messages(session: Session) -> int:
    """Inbound messages that were deleted with their customer."""
    return session.scalar(select(func.coalesce(func.sum(ForgottenMessages.count), 0))) or 0
