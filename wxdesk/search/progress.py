"""How far the index has come, and what is still to be put in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact, ContactFieldValue, ContactTag, Tag
from wxdesk.contacts.rules import TagState
from wxdesk.conversations.models import Message
from wxdesk.search.models import MESSAGES, SearchPosition
from wxdesk.search.rules import Written

MOST_UNINDEXED = 2_000
LATE = timedelta(minutes=1)


def position(session: Session) -> int:
    """Up to which message the index has come; 0 before the first."""
    query = select(SearchPosition.last_id).where(SearchPosition.name == MESSAGES.name)
    return session.scalar(query) or 0


def is_complete(session: Session, now: datetime) -> bool:
    """False while old messages are still being put in, after an upgrade or a long stop."""
    first = session.scalar(
        select(Message.received_at)
        .where(Message.id > position(session))
        .order_by(Message.id)
        .limit(1)
    )
    return first is None or first > now - LATE


def has_unindexed(session: Session) -> bool:
    """Whether a customer waits to be put in."""
    return bool(session.scalar(select(exists().where(~Contact.is_indexed))))


def read_written(session: Session, after_id: int, limit: int) -> list[Written]:
    """Messages by id, from the one after `after_id`."""
    return _written(session, Message.id > after_id, limit=limit)


def still_written(session: Session, after_id: int, up_to: int) -> set[int]:
    """Of these messages those that were neither taken back nor emptied."""
    has_words = (Message.text != "") | Message.payload.is_not(None)
    query = select(Message.id).where(
        Message.id > after_id, Message.id <= up_to, Message.undone_at.is_(None), has_words
    )
    return set(session.scalars(query))


def about_contacts(session: Session, contact_ids: Sequence[int]) -> dict[int, list[str]]:
    """By customer the names of their tags, and what is known of them."""
    found: dict[int, list[str]] = {}
    tags = select(ContactTag.contact_id, Tag.name).join(Tag, Tag.id == ContactTag.tag_id)
    has_it = ContactTag.state != TagState.REMOVING
    values = select(ContactFieldValue.contact_id, ContactFieldValue.value)
    for query in (
        tags.where(ContactTag.contact_id.in_(contact_ids), has_it).order_by(Tag.name),
        values.where(ContactFieldValue.contact_id.in_(contact_ids)).order_by(
            ContactFieldValue.field_id
        ),
    ):
        for contact_id, text in session.execute(query):
            found.setdefault(contact_id, []).append(text)
    return found


def _written(session: Session, *conditions: ColumnElement[bool], limit: int) -> list[Written]:
    its = Message
    query = select(
        its.id,
        its.account_id,
        its.contact_id,
        its.direction,
        its.kind,
        its.text,
        its.payload,
        its.sender_kind,
        its.sender_id,
        its.undone_at,
        its.received_at,
    ).where(*conditions)
    return [Written(*row) for row in session.execute(query.order_by(its.id).limit(limit))]


def unindexed_of(session: Session, contact_id: int) -> list[Written]:
    """A customer's messages that are not in the index yet (at most 2,000)."""
    return _written(
        session,
        Message.contact_id == contact_id,
        Message.id > position(session),
        limit=MOST_UNINDEXED,
    )
