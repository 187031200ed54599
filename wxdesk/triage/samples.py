"""The messages that a dry run names by their ids, as pages show them: read when they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.triage.findings import Findings, Group
from wxdesk.triage.history import ANSWERED_WITHIN

LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """One message that stands for `count` of the same words; "" of a customer who was forgotten.

    `conversation_id` is where it can be read in its thread; `answer` what a person wrote then.
    """

    message_id: int
    conversation_id: int | None
    customer: str
    text: str
    kind: str
    at: datetime
    count: int
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Samples:
    common: tuple[Sample, ...]
    rare: tuple[Sample, ...]
    wrong: tuple[Sample, ...]


def samples_of(session: Session, found: Findings) -> Samples:
    """What is still there of the messages that were named."""
    groups = [*found.common, *found.rare, *found.wrong_groups]
    rows = _rows(session, {group.message_id for group in groups})
    answers = {
        one.message_id: _answer(session, rows[one.message_id])
        for one in found.wrong_groups
        if one.message_id in rows
    }
    return Samples(
        _shown(found.common, rows, {}),
        _shown(found.rare, rows, {}),
        _shown(found.wrong_groups, rows, answers),
    )


def _rows(session: Session, ids: Iterable[int]) -> dict[int, Sample]:
    latest = (
        select(func.max(Conversation.id))
        .where(Conversation.contact_id == Message.contact_id)
        .correlate(Message)
        .scalar_subquery()
    )
    query = (
        select(Message, Contact, latest.label("latest"))
        .join(Contact, Contact.id == Message.contact_id)
        .where(Message.id.in_(sorted(ids)))
    )
    return {
        message.id: Sample(
            message.id,
            message.conversation_id or latest_id,
            contact.name,
            message.text[:LONGEST_SHOWN],
            message.kind,
            message.received_at,
            1,
        )
        for message, contact, latest_id in session.execute(query)
    }


def _answer(session: Session, it: Sample) -> str:
    """The first words that a person wrote to the customer afterwards."""
    contact_id = select(Message.contact_id).where(Message.id == it.message_id).scalar_subquery()
    text = session.scalar(
        select(Message.text)
        .where(
            Message.contact_id == contact_id,
            Message.id > it.message_id,
            Message.received_at >= it.at,
            Message.received_at <= it.at + ANSWERED_WITHIN,
            Message.direction == Direction.OUTGOING,
            Message.sender_kind == SenderKind.AGENT,
            Message.undone_at.is_(None),
        )
        .order_by(Message.received_at, Message.id)
        .limit(1)
    )
    return (text or "")[:LONGEST_SHOWN]


def _shown(
    groups: Iterable[Group], rows: Mapping[int, Sample], answers: Mapping[int, str]
) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            it.message_id,
            it.conversation_id,
            it.customer,
            it.text,
            it.kind,
            it.at,
            group.count,
            answers.get(group.message_id, ""),
        )
        for group in groups
        if (it := rows.get(group.message_id)) is not None
    )
