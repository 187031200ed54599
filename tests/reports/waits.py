"""Clocks, ratings and presence put straight into the tables: a past that tests of reports need."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wxdesk.accounts.models import Account
from wxdesk.agents.models import PresenceSpan
from wxdesk.agents.rules import Presence
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Place, Priority, SenderKind, Status
from wxdesk.plumbing.clock import EPOCH
from wxdesk.reports.rules import Behind, Figure, Filters, Period, Report, Row, Table
from wxdesk.runtime import Runtime
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import RatingState
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import Clock, ClockState

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)
QUARTER = timedelta(minutes=15)


def local(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant of March 2026 by the clock on the wall in Shanghai; the 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=SHANGHAI).astimezone(UTC)


def days(first: int, last: int, **values: Any) -> Filters:
    """Filters over these days of March 2026, both included, without a comparison."""
    period = Period(local(first), local(last) + timedelta(days=1), SHANGHAI)
    return Filters(period, **({"compares": False} | values))


@dataclass
class Past:
    """Each wait is one conversation of one customer."""

    runtime: Runtime
    account: Account
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def wait(
        self,
        at: datetime,
        took: float | None = None,
        *,
        promise: float | None = 600,
        **values: Any,
    ) -> int:
        """A wait since `at`, answered after `took` seconds (None: still running); the id of it.

        With `promise` seconds it had a deadline; who took longer broke it.
        """
        deadline = None if promise is None else at + timedelta(seconds=promise)
        ended = None if took is None else at + timedelta(seconds=took)
        is_broken = deadline is not None and ended is not None and ended > deadline
        with self.runtime.unit_of_work() as uow:
            conversation = self.conversation(uow, at, is_open=ended is None)
            row: dict[str, Any] = {
                "conversation_id": conversation.id,
                "account_id": conversation.account_id,
                "contact_id": conversation.contact_id,
                "clock": Clock.FIRST_RESPONSE,
                "state": ClockState.RUNNING if ended is None else ClockState.MET,
                "priority": Priority.NORMAL,
                "started_at": at,
                "started_quarter": (at - EPOCH) // QUARTER,
                "deadline_at": deadline,
                "ended_at": ended,
                "ended_quarter": None if ended is None else (ended - EPOCH) // QUARTER,
                "seconds": None if took is None else int(took),
                "breached_at": deadline if is_broken else None,
            }
            clock = SlaClock(**(row | values))
            uow.session.add(clock)
            uow.session.flush()
            return clock.id

    def conversation(self, uow: Any, at: datetime, *, is_open: bool = False) -> Conversation:
        contact = Contact(
            account_id=self.account.id,
            openid=f"oPast{next(self._numbers):023d}",
            first_seen_at=at,
            last_seen_at=at,
        )
        uow.session.add(contact)
        uow.session.flush()
        conversation = Conversation(
            account_id=self.account.id,
            contact_id=contact.id,
            status=Status.OPEN if is_open else Status.RESOLVED,
            opened_at=at,
            last_message_at=at,
            queued_at=at,
            waiting_since=at if is_open else None,
        )
        uow.session.add(conversation)
        uow.session.flush()
        return conversation

    def rating(self, at: datetime, score: int | None = None, **values: Any) -> int:
        with self.runtime.unit_of_work() as uow:
            conversation = self.conversation(uow, at)
            row: dict[str, Any] = {
                "account_id": conversation.account_id,
                "contact_id": conversation.contact_id,
                "conversation_id": conversation.id,
                "resolved_at": at,
                "asked_at": at,
                "state": RatingState.ASKED if score is None else RatingState.RATED,
                "score": score,
                "rated_at": None if score is None else at,
            }
            rating = SatisfactionRating(**(row | values))
            uow.session.add(rating)
            uow.session.flush()
            return rating.id

    def message(self, at: datetime, kind: SenderKind, **values: Any) -> int:
        """A customer's message to people, or an answer of a rule or an agent."""
        is_in = kind is SenderKind.CUSTOMER
        with self.runtime.unit_of_work() as uow:
            conversation = self.conversation(uow, at)
            row: dict[str, Any] = {
                "account_id": conversation.account_id,
                "contact_id": conversation.contact_id,
                "conversation_id": conversation.id,
                "direction": Direction.INCOMING if is_in else Direction.OUTGOING,
                "kind": "text",
                "sender_kind": kind,
                "place": Place.CONVERSATION if is_in else None,
                "created_at": at,
                "received_at": at,
            }
            message = Message(**(row | values))
            uow.session.add(message)
            uow.session.flush()
            return message.id

    def there(
        self, agent_id: int, since: datetime, until: datetime | None, presence: str = "online"
    ) -> None:
        with self.runtime.unit_of_work() as uow:
            span = PresenceSpan(
                agent_id=agent_id, presence=Presence(presence), began_at=since, ended_at=until
            )
            uow.session.add(span)


def figure(report: Report, key: str) -> Figure:
    return next(each for each in report.figures if each.key == key)


def value(report: Report, key: str) -> Any:
    return figure(report, key).value


def table(report: Report, key: str) -> Table:
    return next(each for each in report.tables if each.key == key)


def cells(report: Report, key: str) -> list[dict[str, Any]]:
    """The rows of a table, by the keys of its columns."""
    its = table(report, key)
    names = [column.key for column in its.columns]
    return [dict(zip(names, row.values, strict=True)) for row in its.rows]


def behind(row: Row, key: str) -> Behind:
    return row.behind[key]
