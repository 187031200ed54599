"""What is counted of rules with limits, and their answers as the database has them.

Redis counts them (plumbing/gates.py); what it does not know is counted anew (recounting.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.gates import Counting, Said, Tally
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.rules import Limits, Outcome, Trigger
from wxdesk.triage.stored import limits_of_json

ALL_KNOWN = "wxdesk:rules:counted"
PAGE = 5_000
MOST_RULES = 20_000


@dataclass(frozen=True, slots=True)
class Limited:
    """A rule whose answers are counted."""

    rule_id: int
    counting: Counting


def counting_of(rule_id: int, limits: Limits | None) -> Counting | None:
    """What Redis counts of a rule; None for one without limits."""
    it = limits or Limits()
    if it.per_person is None and it.total is None and it.per_minute is None:
        return None
    return Counting(rule_id, it.per_person, it.per_person_seconds, it.total, it.per_minute)


def follow_change(
    uow: UnitOfWork, rule_id: int, before: Limits | None, after: Limits, *, is_new: bool
) -> None:
    """After the commit: a new rule has answered nobody; one that counts otherwise is counted."""
    old, new = counting_of(rule_id, before), counting_of(rule_id, after)
    if (old and old.shape) == (new and new.shape):
        return
    tally = Tally(rule_id)
    if is_new and new is not None:
        uow.then(lambda redis: tally.begin(redis, new))
    else:
        uow.then(tally.forget)
        uow.then(lambda redis: redis.delete(ALL_KNOWN))


def list_limited(session: Session) -> list[Limited]:
    """Those that answer now first. Waiting rules ask the database each time (triage/waiting.py)."""
    it = AutoReplyRule
    rows = session.execute(
        select(it.id, it.limits)
        .where(it.archived_at.is_(None), it.limits.is_not(None), it.trigger != Trigger.WAITING)
        .order_by(it.is_active.desc(), it.id)
        .limit(MOST_RULES)
    )
    counted = ((rule_id, counting_of(rule_id, limits_of_json(kept))) for rule_id, kept in rows)
    return [Limited(rule_id, it) for rule_id, it in counted if it is not None and it.shape]


def count_said(session: Session, rule_id: int) -> int:
    """How often a rule has answered, ever."""
    query = select(func.count()).select_from(Message).where(*_answers(rule_id))
    return session.scalar(query) or 0


def list_said(session: Session, rule_id: int, since: datetime | None) -> Iterator[list[Said]]:
    """Who was answered and when (seconds since 1970), the earliest first, page by page."""
    after: tuple[datetime, int] | None = None
    while True:
        query = (
            select(Message.received_at, Message.id, Contact.openid)
            .join(Contact, Contact.id == Message.contact_id)
            .where(*_answers(rule_id))
            .order_by(Message.received_at, Message.id)
            .limit(PAGE)
        )
        if since is not None:
            query = query.where(Message.received_at > since)
        if after is not None:
            query = query.where(tuple_(Message.received_at, Message.id) > after)
        rows = session.execute(query).all()
        yield [Said(openid, (at - EPOCH).total_seconds()) for at, _, openid in rows]
        if len(rows) < PAGE:
            return
        after = (rows[-1].received_at, rows[-1].id)


def _answers(rule_id: int) -> tuple[ColumnElement[bool], ...]:
    """What the rule said, but not what it said to who was over its limit."""
    is_rule = Message.sender_kind == literal_column(f"'{SenderKind.RULE.value}'")  # for the index
    is_counted = or_(Message.outcome.is_(None), Message.outcome != Outcome.LIMIT)
    return is_rule, Message.sender_id == rule_id, is_counted
