"""Stored messages as rules would hear them again, and what became of each. For dry runs."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact, ContactTag
from wxdesk.contacts.rules import TagState
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, Place, SenderKind
from wxdesk.plumbing.clock import EPOCH
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import RESPONSES
from wxdesk.triage.findings import Became
from wxdesk.triage.hearing import heard_of
from wxdesk.triage.rules import CustomerFacts, Heard

EVENT = "event"
ANSWERED_WITHIN = timedelta(days=1)
ATTENDED_FOR = timedelta(hours=12)
AT_ONCE = 500  # ids in one statement
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Span:
    """The messages that a dry run looks at: ids after `after_id` up to `last_id`.

    `is_cut`: there are older ones in these days that it does not look at.
    """

    after_id: int
    last_id: int
    total: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Past:
    """One stored message, and how a rule hears it; `heard` None: no rule may answer it.

    `words` are what it is shown and counted by.
    """

    message_id: int
    contact_id: int
    conversation_id: int | None
    place: Place | None
    at: datetime
    words: str
    heard: Heard | None


@dataclass(frozen=True, slots=True)
class Answer:
    """When a person answered a customer; `conversation_id` in which conversation."""

    message_id: int
    conversation_id: int | None
    at: datetime


def find_span(
    session: Session, account_id: int, since: datetime, most: int, *, are_events: bool
) -> Span:
    """The account's incoming messages from then on, the newest `most` of them."""
    last_id = session.scalar(select(func.max(Message.id))) or 0
    first_id = session.scalar(
        select(Message.id)
        .where(Message.received_at >= since)
        .order_by(Message.received_at, Message.id)
        .limit(1)
    )
    if first_id is None:
        return Span(last_id, last_id, 0, is_cut=False)
    wanted = [*_wanted(account_id, are_events=are_events), Message.id <= last_id]
    total = session.scalar(
        select(func.count()).select_from(Message).where(*wanted, Message.id >= first_id)
    )
    if not total or total <= most:
        return Span(first_id - 1, last_id, total or 0, is_cut=False)
    after_id = session.scalars(
        select(Message.id).where(*wanted).order_by(Message.id.desc()).offset(most).limit(1)
    ).one()
    return Span(after_id, last_id, most, is_cut=True)


def read_past(
    session: Session, account_id: int, after_id: int, last_id: int, limit: int, *, are_events: bool
) -> list[Past]:
    """The next messages by id."""
    rows = session.execute(
        select(
            Message.id,
            Message.contact_id,
            Message.conversation_id,
            Message.kind,
            Message.text,
            Message.payload,
            Message.place,
            Message.received_at,
            Contact.openid,
        )
        .join(Contact, Contact.id == Message.contact_id)
        .where(
            *_wanted(account_id, are_events=are_events),
            Message.id > after_id,
            Message.id <= last_id,
        )
        .order_by(Message.id)
        .limit(limit)
    )
    return [
        Past(
            row.id,
            row.contact_id,
            row.conversation_id,
            row.place,
            row.received_at,
            row.text or row.kind,
            heard_of(
                kind=row.kind,
                event="",
                text=row.text,
                fields=row.payload,
                openid=row.openid,
                at=row.received_at,
            ),
        )
        for row in rows
    ]


def read_waits(
    session: Session, account_id: int, since: datetime, minutes: int, now: datetime, most: int
) -> list[Past]:
    """The waits for a person since then that lasted longer than that, as of when they did."""
    lasted = timedelta(minutes=minutes)
    rows = session.execute(
        select(
            SlaClock.started_by_id,
            SlaClock.contact_id,
            SlaClock.conversation_id,
            SlaClock.started_at,
            SlaClock.ended_at,
            Contact.openid,
            Message.kind,
            Message.text,
        )
        .join(Contact, Contact.id == SlaClock.contact_id)
        .join(Message, Message.id == SlaClock.started_by_id)
        .where(
            SlaClock.clock.in_(RESPONSES),
            SlaClock.started_quarter >= (since - EPOCH) // QUARTER,
            SlaClock.account_id == account_id,
        )
        .order_by(SlaClock.id.desc())
        .limit(most)
    )
    return [
        Past(
            row.started_by_id,
            row.contact_id,
            row.conversation_id,
            Place.CONVERSATION,
            row.started_at + lasted,
            row.text or row.kind,
            Heard(row.started_at + lasted, row.openid),
        )
        for row in rows
        if (row.ended_at or now) - row.started_at > lasted
    ][::-1]


def _wanted(account_id: int, *, are_events: bool) -> list[ColumnElement[bool]]:
    return [
        Message.account_id == account_id,
        Message.direction == Direction.INCOMING,
        Message.kind == EVENT if are_events else Message.kind != EVENT,
    ]


class Answers:
    """What people answered around some messages of some customers."""

    def __init__(self, session: Session, past: Sequence[Past]) -> None:
        self._answers: dict[int, list[Answer]] = defaultdict(list)
        if not past:
            return
        first = min(one.at for one in past) - ATTENDED_FOR
        last = max(one.at for one in past) + ANSWERED_WITHIN
        for contact_ids in _pieces({one.contact_id for one in past}):
            rows = session.execute(
                select(Message.contact_id, Message.id, Message.conversation_id, Message.received_at)
                .where(
                    Message.contact_id.in_(contact_ids),
                    Message.received_at >= first,
                    Message.received_at <= last,
                    Message.direction == Direction.OUTGOING,
                    Message.sender_kind == SenderKind.AGENT,
                    Message.undone_at.is_(None),
                )
                .order_by(Message.received_at, Message.id)
            )
            for row in rows:
                answer = Answer(row.id, row.conversation_id, row.received_at)
                self._answers[row.contact_id].append(answer)

    def after(self, it: Past) -> Answer | None:
        """The first that a person wrote to the customer within a day after the message."""
        answers = self._answers.get(it.contact_id, [])
        place = bisect_left(answers, _order(it), key=_order)
        if place < len(answers) and answers[place].at - it.at <= ANSWERED_WITHIN:
            return answers[place]
        return None

    def is_attended(self, it: Past) -> bool:
        """Whether a person had written in the same conversation in the 12 hours before."""
        if it.conversation_id is None:
            return False
        answers = self._answers.get(it.contact_id, [])
        for answer in reversed(answers[: bisect_left(answers, _order(it), key=_order)]):
            if it.at - answer.at > ATTENDED_FOR:
                return False
            if answer.conversation_id == it.conversation_id:
                return True
        return False

    def became(self, it: Past) -> Became:
        if it.place is Place.AUTO_ANSWERED:
            return Became.RULE
        if it.place is not Place.CONVERSATION:
            return Became.OTHER
        return Became.PERSON if self.after(it) else Became.NOBODY


def facts_of(session: Session, past: Sequence[Past]) -> dict[int, tuple[CustomerFacts, int]]:
    """By contact id what is known of the customers now, and the id of their first message ever."""
    found: dict[int, tuple[CustomerFacts, int]] = {}
    for contact_ids in _pieces({one.contact_id for one in past}):
        tags = _tags_of(session, contact_ids)
        first = _first_messages(session, contact_ids)
        rows = session.execute(
            select(Contact.id, Contact.remark, Contact.qr_scene).where(Contact.id.in_(contact_ids))
        )
        for row in rows:
            facts = CustomerFacts(
                row.id, row.remark, frozenset(tags.get(row.id, ())), row.qr_scene, is_new=False
            )
            found[row.id] = (facts, first.get(row.id, 0))
    return found


def _first_messages(session: Session, contact_ids: Sequence[int]) -> Mapping[int, int]:
    rows = session.execute(
        select(Message.contact_id, func.min(Message.id))
        .where(
            Message.contact_id.in_(contact_ids),
            Message.direction == Direction.INCOMING,
            Message.kind != EVENT,
        )
        .group_by(Message.contact_id)
    )
    return {row.contact_id: row[1] for row in rows}


def _tags_of(session: Session, contact_ids: Sequence[int]) -> Mapping[int, set[int]]:
    tags: dict[int, set[int]] = defaultdict(set)
    rows = session.execute(
        select(ContactTag.contact_id, ContactTag.tag_id).where(
            ContactTag.contact_id.in_(contact_ids),
            ContactTag.state != TagState.REMOVING,
        )
    )
    for contact_id, tag_id in rows:
        tags[contact_id].add(tag_id)
    return tags


def _order(it: Past | Answer) -> tuple[datetime, int]:
    return it.at, it.message_id


def _pieces(ids: Iterable[int]) -> Iterable[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]
