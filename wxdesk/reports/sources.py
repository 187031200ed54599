"""Lists behind the figures of clocks and of messages."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, false, or_, select

from wxdesk.conversations.models import Conversation, ConversationTagging, Message
from wxdesk.conversations.rules import Direction, Place, Priority, SenderKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.unindexed import unindexed
from wxdesk.reports.behind import Narrows, Source, source
from wxdesk.reports.clock_figures import (
    RESPONSES,
    fits,
    is_broken,
    started_in,
    still_running,
    timed,
)
from wxdesk.reports.local_time import (
    A_WEEK,
    instant_of,
    midnight,
    quarter_of,
    quarters_of_hour,
)
from wxdesk.reports.rules import Filters, Period
from wxdesk.reports.standing import is_due
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import BreachCause, Clock, ClockState
from wxdesk.words import say

Conditions = list[ColumnElement[bool]]
RUNNING = SlaClock.ended_at.is_(None)
OUTCOMES = ("met", "stopped", "running", "kept", "broken", "undecided", "timed")
OF_CLOCKS = ("clock", "outcome", "policy", "version", "priority", "cause", "assignee")
WHO = ("agent", "team", "account", "tag")
WHEN = ("day", "hour", "from_quarter", "to_quarter")
LAST_QUARTER = 2**22  # in the year 2089
IS_IN = unindexed(Message.direction) == Direction.INCOMING  # in the order of their arrival
IS_OUT = unindexed(Message.direction) == Direction.OUTGOING
MESSAGES: dict[str, Conditions] = {
    "in": [IS_IN, Message.place.in_((Place.AUTO_ANSWERED, Place.CONVERSATION))],
    "auto_answered": [IS_IN, Message.place == Place.AUTO_ANSWERED],
    "to_people": [IS_IN, Message.place == Place.CONVERSATION],
    "by_rules": [IS_OUT, Message.sender_kind == SenderKind.RULE],
    "by_people": [IS_OUT, Message.sender_kind == SenderKind.AGENT],
}


@source("clocks")
def _clocks(filters: Filters, narrows: Narrows, now: datetime) -> Source:
    """Waits that began in the period."""
    narrows.check(*WHO, *WHEN, *OF_CLOCKS)
    its = SlaClock
    where = [*started_in(filters.period, *_clock(narrows)), *fits(filters), *_who(narrows)]
    where += _when(narrows, filters.period)
    where += narrows.is_column("policy", its.policy_id)
    where += narrows.is_column("version", its.policy_version)
    where += narrows.is_column("assignee", its.breach_assignee_id)
    if priority := narrows.choice("priority", *Priority):
        where.append(its.priority == Priority(priority))
    if cause := narrows.choice("cause", *BreachCause):
        where.append(its.breach_cause == BreachCause(cause))
    if outcome := narrows.choice("outcome", *OUTCOMES):
        where.append(_outcome(outcome, filters, now))
    return _of_clocks(where, filters)


@source("waiting")
def _waiting(filters: Filters, narrows: Narrows, now: datetime) -> Source:
    """Who waits now, whatever the period."""
    narrows.check("clock", "breached", "due", "unassigned", *WHO)
    its = SlaClock
    where = [*still_running(*_clock(narrows)), *fits(filters), *_who(narrows)]
    if narrows.number("breached"):
        where.append(is_broken(now))
    if seconds := narrows.number("due"):
        where.append(is_due(now, timedelta(seconds=min(seconds, 10**7))))
    if narrows.number("unassigned"):
        nobody = Conversation.assignee_id.is_(None)
        where.append(its.conversation_id.in_(select(Conversation.id).where(nobody)))
    return _of_clocks(where, filters)


@source("backlog")
def _backlog(filters: Filters, narrows: Narrows, now: datetime) -> Source:
    """Who waited when the quarter `at` began."""
    narrows.check("at", *WHO)
    its = SlaClock
    at = instant_of(min(narrows.number("at") or quarter_of(now), LAST_QUARTER))
    where = [its.clock.in_(RESPONSES), its.started_at < at, *fits(filters), *_who(narrows)]
    return _of_clocks([*where, RUNNING | (its.ended_at >= at)], filters)


@source("messages")
def _messages(filters: Filters, narrows: Narrows, now: datetime) -> Source:
    """Messages that arrived in the period; some never came into a conversation."""
    narrows.check("what", "agent", "account", *WHEN)
    its = Message
    where: Conditions = [*_arrived(narrows, filters.period), its.undone_at.is_(None)]
    where.append(unindexed(its.direction) != Direction.INTERNAL)
    if filters.account_ids:
        where.append(its.account_id.in_(filters.account_ids))
    if filters.agent_ids:
        where += [
            its.sender_kind == SenderKind.AGENT,
            unindexed(its.sender_id).in_(filters.agent_ids),
        ]
    where += narrows.is_column("account", its.account_id)
    if (agent_id := narrows.number("agent")) is not None:
        where += [its.sender_kind == SenderKind.AGENT, unindexed(its.sender_id) == agent_id]
    if what := narrows.choice("what", *MESSAGES):
        where += MESSAGES[what]
    return Source(
        id=its.id,
        at=its.received_at,
        contact_id=its.contact_id,
        where=tuple(where),
        conversation_id=its.conversation_id,
        agent_id=case((its.sender_kind == SenderKind.AGENT, its.sender_id)),
        what=its.kind,
    )


def _of_clocks(where: Conditions, filters: Filters) -> Source:
    its = SlaClock
    return Source(
        id=its.id,
        at=its.started_at,
        contact_id=its.contact_id,
        where=tuple(where),
        conversation_id=its.conversation_id,
        agent_id=its.agent_id,
        what=its.clock,
        state=its.state,
        seconds=timed(filters),
    )


def _clock(narrows: Narrows) -> tuple[Clock, ...]:
    name = narrows.choice("clock", *Clock, "responses", "any")
    if name == "responses":
        return RESPONSES
    return tuple(Clock) if name in (None, "any") else (Clock(name),)


def _outcome(outcome: str, filters: Filters, now: datetime) -> ColumnElement[bool]:
    its = SlaClock
    is_met = its.state == ClockState.MET
    is_promised = its.deadline_at.is_not(None) | its.remaining_seconds.is_not(None)
    return {
        "met": is_met,
        "timed": and_(is_met, timed(filters).is_not(None)),
        "stopped": its.state == ClockState.STOPPED,
        "running": RUNNING,
        "kept": and_(is_met, its.breached_at.is_(None), its.deadline_at.is_not(None)),
        "broken": is_broken(now),
        "undecided": and_(RUNNING, ~is_broken(now), is_promised),
    }[outcome]


def _who(narrows: Narrows) -> Conditions:
    its = SlaClock
    where = narrows.is_column("agent", its.agent_id)
    where += narrows.is_column("team", its.team_id)
    where += narrows.is_column("account", its.account_id)
    tag_id = narrows.number("tag")
    if tag_id == 0:
        where.append(its.conversation_id.not_in(select(ConversationTagging.conversation_id)))
    elif tag_id is not None:
        tagged = select(ConversationTagging.conversation_id)
        where.append(its.conversation_id.in_(tagged.where(ConversationTagging.tag_id == tag_id)))
    return where


def _when(narrows: Narrows, period: Period) -> Conditions:
    """Of clocks: a local day, an hour of the week, or quarters."""
    quarter = SlaClock.started_quarter
    where: Conditions = []
    if (begins := _day(narrows, period)) is not None:
        where += [quarter >= quarter_of(begins[0]), quarter < quarter_of(begins[1])]
    if (hour := narrows.number("hour")) is not None:
        where.append(quarter.in_(list(quarters_of_hour(period, hour % A_WEEK))))
    if (first := narrows.number("from_quarter")) is not None:
        where.append(quarter >= min(first, LAST_QUARTER))
    if (end := narrows.number("to_quarter")) is not None:
        where.append(quarter < min(end, LAST_QUARTER))
    return where


def _arrived(narrows: Narrows, period: Period) -> Conditions:
    """Of messages: the period, or of it a local day, an hour of the week, some quarters."""
    at = Message.received_at
    if (hour := narrows.number("hour")) is not None:
        return [or_(false(), *_spans(list(quarters_of_hour(period, hour % A_WEEK))))]
    where: Conditions = [at >= period.since, at < period.until]
    if (begins := _day(narrows, period)) is not None:
        where += [at >= begins[0], at < begins[1]]
    if (first := narrows.number("from_quarter")) is not None:
        where.append(at >= instant_of(min(first, LAST_QUARTER)))
    if (end := narrows.number("to_quarter")) is not None:
        where.append(at < instant_of(min(end, LAST_QUARTER)))
    return where


def _spans(quarters: list[int]) -> Conditions:
    """Messages of these quarters, neighbours in one: each is a range of the index."""
    at = Message.received_at
    starts = [quarter for quarter in quarters if quarter - 1 not in quarters]
    ends = [quarter + 1 for quarter in quarters if quarter + 1 not in quarters]
    return [
        and_(at >= instant_of(start), at < instant_of(end))
        for start, end in zip(starts, ends, strict=True)
    ]


def _day(narrows: Narrows, period: Period) -> tuple[datetime, datetime] | None:
    text = narrows.given.get("day")
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
        return midnight(day, period.zone), midnight(day + timedelta(days=1), period.zone)
    except (ValueError, OverflowError):
        raise InvalidInputError("day", say("a date like 2026-03-02 is needed")) from None
