"""Where every inbound message is, and what was set aside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SPAM, Direction, Place
from wxdesk.intake.models import SetAsidePush
from wxdesk.intake.streams import NAMES, intake_streams
from wxdesk.plumbing.spool import Spool
from wxdesk.privacy.queries import count_forgotten_messages

READINGS = 5


@dataclass(frozen=True, slots=True)
class SetAsideView:
    id: int
    account_name: str | None
    reason: str
    attempts: int
    set_aside_at: datetime
    payload: str


@dataclass(frozen=True, slots=True)
class SpamView:
    """A customer who was marked as spam, and what they have written since."""

    contact_id: int
    name: str
    account_name: str
    messages: int
    last_message_id: int
    last_text: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Accounting:
    """Every message that was accepted, in exactly one place.

    `accepted` was counted at the door by Redis; everything else is counted where it lies.
    `duplicates` are deliveries so late (over an hour) that only the drain recognised them.
    `forgotten` were deleted with their customer (WXDESK_UNFOLLOW_POLICY=delete).
    `difference` is accepted minus everything else.
    """

    accepted: int
    duplicates: int
    queued: dict[str, int]
    spooled: int
    auto_answered: int
    in_conversation: int
    set_aside: dict[str, int]
    forgotten: int

    @property
    def difference(self) -> int:
        """Negative when Redis was emptied since: then it knows of fewer than there are."""
        recorded = self.auto_answered + self.in_conversation + sum(self.set_aside.values())
        placed = recorded + self.forgotten
        return self.accepted - self.duplicates - placed - sum(self.queued.values())

    @property
    def is_balanced(self) -> bool:
        return self.difference == 0

    def as_json(self) -> dict[str, Any]:
        extra = {"difference": self.difference, "is_balanced": self.is_balanced}
        return asdict(self) | extra


def account_for_everything(session: Session, redis: Redis, spool: Spool) -> Accounting:
    """Count all places; read again (at most 5 times) while messages move between them."""
    found = _count(session, redis, spool)
    for _ in range(READINGS - 1):
        if found.is_balanced:
            break
        session.rollback()  # see what was committed meanwhile
        found = _count(session, redis, spool)
    return found


def list_set_aside(session: Session, *, before_id: int | None, limit: int) -> list[SetAsideView]:
    """Pushes that could not be recorded, the newest first."""
    query = (
        select(SetAsidePush, Account.name)
        .outerjoin(Account, Account.id == SetAsidePush.account_id)
        .order_by(SetAsidePush.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(SetAsidePush.id < before_id)
    return [
        SetAsideView(row.id, name, row.reason, row.attempts, row.set_aside_at, row.payload)
        for row, name in session.execute(query)
    ]


def list_spam(session: Session, *, before_id: int | None, limit: int) -> list[SpamView]:
    """Customers whose messages were set aside as spam, who wrote last first."""
    last_id = func.max(Message.id)
    found = (
        select(last_id.label("last_id"), func.count().label("messages"))
        .where(
            Message.direction == Direction.INCOMING,
            Message.place == Place.SET_ASIDE,
            Message.set_aside_reason == SPAM,
        )
        .group_by(Message.contact_id)
        .order_by(last_id.desc())
        .limit(limit)
    )
    if before_id is not None:
        found = found.having(last_id < before_id)
    them = found.subquery()
    rows = session.execute(
        select(Message, Contact, Account.name, them.c.messages)
        .join(them, them.c.last_id == Message.id)
        .join(Contact, Contact.id == Message.contact_id)
        .join(Account, Account.id == Message.account_id)
        .order_by(Message.id.desc())
    )
    return [
        SpamView(
            contact_id=contact.id,
            name=contact.name,
            account_name=name,
            messages=messages,
            last_message_id=message.id,
            last_text=message.text,
            last_at=message.received_at,
        )
        for message, contact, name, messages in rows
    ]


def count_set_aside(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(SetAsidePush)) or 0


def _count(session: Session, redis: Redis, spool: Spool) -> Accounting:
    streams = intake_streams(redis)
    accepted = sum(streams.accepted().values())
    rows = session.execute(
        select(Message.place, Message.set_aside_reason, func.count())
        .where(Message.direction == Direction.INCOMING)
        .group_by(Message.place, Message.set_aside_reason)
    )
    places: dict[Place | None, int] = {}
    set_aside: dict[str, int] = {}
    for place, reason, count in rows:
        if place is Place.SET_ASIDE:
            set_aside[reason or "other"] = count
        else:
            places[place] = count
    if unreadable := count_set_aside(session):
        set_aside["unrecordable"] = unreadable
    return Accounting(
        accepted=accepted,
        duplicates=streams.repeated(),
        queued=dict(zip(NAMES, streams.waiting(), strict=True)),
        spooled=len(spool),
        auto_answered=places.get(Place.AUTO_ANSWERED, 0),
        in_conversation=places.get(Place.CONVERSATION, 0),
        set_aside=set_aside,
        forgotten=count_forgotten_messages(session),
    )
