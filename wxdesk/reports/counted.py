"""Rows to count messages by: the tallies, and the messages that are not (rightly) in them.

One statement reads all of it, so that what is counted meanwhile is not missed and not doubled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    and_,
    case,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)

from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, Place, SenderKind
from wxdesk.plumbing.unindexed import unindexed
from wxdesk.reports.local_time import BeginningOf, QuarterOf, is_whole, quarters_of
from wxdesk.reports.models import MessageTally, SenderTally, StaleTally, TallyPosition
from wxdesk.reports.rules import Period

Expression = SQLColumnExpression[Any]
Table = type[MessageTally] | type[SenderTally]
BY_KIND = ("quarter", "account_id", "kind")
BY_SENDER = ("quarter", "account_id", "sender_kind", "sender_id", "rule_version")
SENDER = BY_SENDER[2:]
POSITION = func.coalesce(select(func.max(TallyPosition.message_id)).scalar_subquery(), literal(0))
MOST_NEW = 2**40  # a range without end would seem to hold a third of all to PostgreSQL
STALE = select(StaleTally.quarter)


class Kind(StrEnum):
    """What a message is in a report; the names are those of volumes.Volumes."""

    AUTO_ANSWERED = "auto_answered"
    TO_PEOPLE = "to_people"
    ASIDE = "aside"
    BY_RULES = "by_rules"
    BY_PEOPLE = "by_people"
    BY_SYSTEM = "by_system"


INCOMING = (Kind.AUTO_ANSWERED, Kind.TO_PEOPLE, Kind.ASIDE)
SENT_AS = {
    SenderKind.RULE.value: Kind.BY_RULES.value,
    SenderKind.AGENT.value: Kind.BY_PEOPLE.value,
}


@dataclass(frozen=True, slots=True)
class Counted:
    """One kind of rows: the columns of a tally, how many messages a row stands for, which rows."""

    columns: dict[str, Expression]
    messages: ColumnElement[int]
    where: tuple[ColumnElement[bool], ...]

    def select(self, *columns: Expression) -> Select[Any]:
        """These columns and the sum, grouped by the columns."""
        names = [f"by_{number}" for number in range(len(columns))]
        labelled: list[Any] = [it.label(name) for it, name in zip(columns, names, strict=True)]
        query = select(*labelled, self.messages.label("messages")).where(*self.where)
        return query.group_by(*map(literal_column, names)) if names else query


def counted_in(period: Period, *, with_senders: bool) -> tuple[Counted, ...]:
    """All messages that arrived in the period, each once: tallies, the stale, the newest.

    Only `with_senders` do the rows know who wrote (customers are 0).
    """
    if not (is_whole(period.since) and is_whole(period.until)):
        return (raw_counted(*_arrived_in(period)),)
    quarters = quarters_of(period)
    stale = raw_counted(
        StaleTally.quarter >= quarters.start,
        StaleTally.quarter < quarters.stop,
        Message.received_at >= BeginningOf(StaleTally.quarter),
        Message.received_at < BeginningOf(StaleTally.quarter + 1),
        Message.id <= POSITION,
    )
    stale.columns["quarter"] = StaleTally.quarter
    newest = raw_counted(
        Message.id.between(POSITION + 1, POSITION + MOST_NEW),
        unindexed(Message.received_at) >= period.since,
        unindexed(Message.received_at) < period.until,
    )
    tallies = _by_senders(quarters) if with_senders else (_by_kinds(quarters),)
    return *tallies, stale, newest


def raw_counted(*conditions: ColumnElement[bool]) -> Counted:
    """Messages themselves, as they are tallied."""
    its = Message
    columns: dict[str, Expression] = {
        "quarter": QuarterOf(its.received_at),
        "account_id": its.account_id,
        "kind": _kind_of_message(),
        "sender_kind": type_coerce(its.sender_kind, String),
        "sender_id": func.coalesce(its.sender_id, 0),
        "rule_version": func.coalesce(its.rule_version, 0),
    }
    counts = (its.undone_at.is_(None), its.direction != Direction.INTERNAL)
    return Counted(columns, func.count(), (*counts, *conditions))


def _by_kinds(quarters: range) -> Counted:
    its = MessageTally
    columns: dict[str, Expression] = {name: getattr(its, name) for name in BY_KIND}
    return Counted(columns, _sum(its), _fresh(its, quarters))


def _by_senders(quarters: range) -> tuple[Counted, Counted]:
    """What went out by sender; what came in has none."""
    its = SenderTally
    columns: dict[str, Expression] = {name: getattr(its, name) for name in BY_SENDER}
    columns["kind"] = case(SENT_AS, value=its.sender_kind, else_=Kind.BY_SYSTEM.value)
    incoming = _by_kinds(quarters)
    incoming.columns.update(
        sender_kind=literal(SenderKind.CUSTOMER.value),
        sender_id=literal(0),
        rule_version=literal(0),
    )
    is_incoming = MessageTally.kind.in_([kind.value for kind in INCOMING])
    return (
        Counted(columns, _sum(its), _fresh(its, quarters)),
        Counted(incoming.columns, incoming.messages, (*incoming.where, is_incoming)),
    )


def _sum(its: Table) -> ColumnElement[int]:
    return func.coalesce(func.sum(its.messages), 0)


def _fresh(its: Table, quarters: range) -> tuple[ColumnElement[bool], ...]:
    return its.quarter >= quarters.start, its.quarter < quarters.stop, its.quarter.not_in(STALE)


def _arrived_in(period: Period) -> tuple[ColumnElement[bool], ...]:
    return Message.received_at >= period.since, Message.received_at < period.until


def _kind_of_message() -> ColumnElement[str]:
    its = Message
    is_incoming = its.direction == Direction.INCOMING
    return case(
        (and_(is_incoming, its.place == Place.AUTO_ANSWERED), literal(Kind.AUTO_ANSWERED.value)),
        (and_(is_incoming, its.place == Place.CONVERSATION), literal(Kind.TO_PEOPLE.value)),
        (is_incoming, literal(Kind.ASIDE.value)),
        (its.sender_kind == SenderKind.RULE, literal(Kind.BY_RULES.value)),
        (its.sender_kind == SenderKind.AGENT, literal(Kind.BY_PEOPLE.value)),
        else_=literal(Kind.BY_SYSTEM.value),
    )
