"""A desk with two years behind it, made quickly: agents, customers, conversations, messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from wxdesk.accounts.rules import Mode
from wxdesk.agents.models import Agent, ApiToken
from wxdesk.agents.queries import token_hash
from wxdesk.agents.rules import Role
from wxdesk.bench.event import BenchAccount, make_account
from wxdesk.contacts.models import Contact, ReplyWindow
from wxdesk.contacts.rules import Act, window_of
from wxdesk.conversations.models import Conversation, ConversationTag, ConversationTagging, Message
from wxdesk.conversations.rules import (
    CLOSING_SOON,
    Direction,
    Place,
    Priority,
    SenderKind,
    Status,
)
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.db import Base, insert_rows
from wxdesk.reports.jobs import count_messages
from wxdesk.reports.tallies import has_uncounted
from wxdesk.runtime import Runtime
from wxdesk.search.jobs import index_messages
from wxdesk.search.progress import has_unindexed, position
from wxdesk.sla.ending import quarter_of
from wxdesk.sla.models import SlaClock
from wxdesk.sla.operations import set_policy
from wxdesk.sla.rules import Clock, ClockState, Targets

BATCH = 2_000
AGENTS = 20
TAGS = 10
PROMISE = timedelta(hours=24)
TWO_YEARS = timedelta(days=730)
OPEN_FOR = timedelta(hours=40)
LONG_THREAD = 10_000
ASKED = "我的订单 {number} 三天了还没有发货,能帮我看看吗"
ANSWERED = "您好,订单 {number} 今天下午发出,请留意短信。"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is; each conversation has the same number of messages."""

    conversations: int
    open_ones: int
    messages: int

    @property
    def each(self) -> int:
        return self.messages // self.conversations

    @property
    def customers(self) -> int:
        return self.conversations * 4 // 5

    @property
    def long_thread(self) -> int:
        return min(LONG_THREAD, self.messages)


SIZES = {
    "small": Size(conversations=2_000, open_ones=400, messages=20_000),
    "full": Size(conversations=100_000, open_ones=2_000, messages=1_000_000),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What was made: agents' tokens in the order of their ids (from 1), one long conversation."""

    account: BenchAccount
    tokens: tuple[str, ...]
    long_conversation: int


def openid_of(contact_id: int) -> str:
    return f"oBench{contact_id:022d}"


def make_history(runtime: Runtime, size: Size) -> Desk:
    """Rows with ids from 1 in an empty installation; searchable, with the planner's statistics."""
    account = make_account(runtime, Mode.PLAIN)
    tokens = _agents(runtime)
    with runtime.unit_of_work() as uow:
        set_policy(uow, 1, Targets(int(PROMISE.total_seconds()), int(PROMISE.total_seconds())))
    maker = _Maker(size, runtime.clock())
    insert_many(runtime, Contact, size.customers + 1, maker.contact)
    insert_many(runtime, Conversation, size.conversations + 1, maker.conversation)
    insert_many(runtime, Message, size.messages + size.long_thread, maker.message)
    answers = size.messages // 2
    insert_many(runtime, DeliveryRow, answers, lambda number: maker.delivery(number * 2))
    insert_many(runtime, ReplyWindow, size.open_ones, maker.window)
    insert_many(runtime, SlaClock, size.open_ones, maker.clock)
    _tags(runtime, maker)
    _settle(runtime)
    return Desk(account, tokens, size.conversations + 1)


def insert_many(runtime: Runtime, table: type[Base], count: int, row: Callable[[int], Row]) -> None:
    """`row` is asked for the numbers from 1 to `count`."""
    for start in range(1, count + 1, BATCH):
        rows = [row(number) for number in range(start, min(start + BATCH, count + 1))]
        with runtime.unit_of_work() as uow:
            insert_rows(uow.session, table, rows)


@dataclass(frozen=True, slots=True)
class _Maker:
    """The rows by their number; customers 1 to `open_ones` have the open conversations."""

    size: Size
    now: datetime

    def contact(self, number: int) -> Row:
        is_open = number <= self.size.open_ones
        window = window_of(Act.MESSAGE, self._asked_at(self._first_open + number))
        return {
            "account_id": 1,
            "openid": openid_of(number),
            "remark": f"客户{number}" if number % 5 == 0 else "",
            "first_seen_at": self.now - TWO_YEARS,
            "last_seen_at": self.now,
            "window_closes_at": window.closes_at if is_open else None,
            "window_remaining": window.remaining if is_open else 0,
        }

    def conversation(self, number: int) -> Row:
        opened_at = self._opened_at(number)
        last_at = self._at(number, self.size.each)
        is_open = self._is_open(number)
        return {
            "account_id": 1,
            "contact_id": self._contact_of(number),
            "status": Status.OPEN if is_open else Status.RESOLVED,
            "assignee_id": number // 2 % AGENTS + 1 if number % 2 else None,
            "assigned_at": opened_at if number % 2 else None,
            "opened_at": opened_at,
            "resolved_at": None if is_open else last_at,
            "last_message_id": self._last_message_of(number),
            "last_message_at": last_at,
            **(self._waiting(number) if is_open else self._at_rest(last_at)),
        }

    def message(self, number: int) -> Row:
        """In the order of the conversations; asked and answered by turns, the end is asked."""
        conversation, turn = divmod(number - 1, self.size.each)
        conversation = min(conversation + 1, self.size.conversations + 1)
        is_asked = number % 2 == 0 or conversation > self.size.conversations
        at = self._at(conversation, turn + 1)
        if conversation > self.size.conversations:
            behind = self.size.messages + self.size.long_thread - number
            at = self.now - timedelta(minutes=behind)
        return {
            "account_id": 1,
            "contact_id": self._contact_of(conversation),
            "conversation_id": conversation,
            "direction": Direction.INCOMING if is_asked else Direction.OUTGOING,
            "kind": "text",
            "text": (ASKED if is_asked else ANSWERED).format(number=number),
            "once_key": f"history-{number}" if is_asked else None,
            "sender_kind": SenderKind.CUSTOMER if is_asked else SenderKind.AGENT,
            "sender_id": None if is_asked else conversation % AGENTS + 1,
            "place": Place.CONVERSATION if is_asked else None,
            "created_at": at,
            "received_at": at,
        }

    def delivery(self, number: int) -> Row:
        """Of the answer that stands before the question `number`."""
        conversation = min((number - 1) // self.size.each + 1, self.size.conversations)
        at = self._at(conversation, self.size.each)
        return {
            "message_id": number - 1,
            "contact_id": self._contact_of(conversation),
            "state": Delivery.SENT,
            "attempts": 1,
            "next_attempt_at": at,
            "settled_at": at,
        }

    def window(self, number: int) -> Row:
        asked_at = self._asked_at(self._first_open + number)
        window = window_of(Act.MESSAGE, asked_at)
        return {
            "contact_id": number,
            "act": Act.MESSAGE,
            "message_id": (self._first_open + number) * self.size.each,
            "opened_at": asked_at,
            "closes_at": window.closes_at,
            "quota": window.remaining,
            "used": 0,
        }

    def clock(self, number: int) -> Row:
        """Of those who wait."""
        conversation = self._first_open + number
        asked_at = self._asked_at(conversation)
        deadline_at = asked_at + PROMISE
        is_breached = deadline_at < self.now
        return {
            "conversation_id": conversation,
            "account_id": 1,
            "contact_id": self._contact_of(conversation),
            "clock": Clock.FIRST_RESPONSE,
            "state": ClockState.RUNNING,
            "priority": Priority.NORMAL,
            "started_at": asked_at,
            "started_quarter": quarter_of(asked_at),
            "started_by_id": self._last_message_of(conversation),
            "deadline_at": deadline_at,
            "breached_at": deadline_at if is_breached else None,
            "check_at": FAR_FUTURE if is_breached else deadline_at,
        }

    def tagging(self, number: int) -> Row:
        return {
            "conversation_id": self._first_open + number,
            "tag_id": number % TAGS + 1,
            "tagged_at": self.now,
        }

    @property
    def _first_open(self) -> int:
        """The number of the last conversation that is resolved."""
        return self.size.conversations - self.size.open_ones

    def _is_open(self, number: int) -> bool:
        return number > self._first_open

    def _contact_of(self, conversation: int) -> int:
        if conversation > self.size.conversations:
            return self.size.customers + 1
        if self._is_open(conversation):
            return conversation - self._first_open
        return conversation % self.size.customers + 1

    def _last_message_of(self, conversation: int) -> int:
        if conversation > self.size.conversations:
            return self.size.messages + self.size.long_thread
        return conversation * self.size.each

    def _opened_at(self, number: int) -> datetime:
        if self._is_open(number):
            share = (number - self._first_open) / (self.size.open_ones + 1)
            return self.now - OPEN_FOR * (1 - share) - timedelta(minutes=self.size.each)
        behind = TWO_YEARS * (1 - number / self.size.conversations)
        return self.now - OPEN_FOR - behind - timedelta(hours=1)

    def _at(self, conversation: int, turn: int) -> datetime:
        """When its message number `turn` was written: one a minute."""
        return self._opened_at(conversation) + timedelta(minutes=turn)

    def _asked_at(self, conversation: int) -> datetime:
        return self._at(min(conversation, self.size.conversations), self.size.each)

    def _waiting(self, number: int) -> Row:
        """The clock runs since the last message; most promises hold, some are broken."""
        asked_at = self._asked_at(number)
        due_at = asked_at + PROMISE
        closes_at = window_of(Act.MESSAGE, asked_at).closes_at
        is_closing = closes_at - self.now <= CLOSING_SOON
        is_breached = due_at < self.now
        return {
            "queued_at": asked_at,
            "waiting_since": asked_at,
            "waiting_message_id": self._last_message_of(number),
            "due_at": due_at,
            "is_breached": is_breached,
            "urgency_rank": 0 if is_closing else 1,
            "urgent_at": closes_at if is_closing else due_at,
            "window_check_at": closes_at if is_closing else closes_at - CLOSING_SOON,
            "first_response_deadline_at": due_at,
            "first_response_breached_at": due_at if is_breached else None,
        }

    def _at_rest(self, last_at: datetime) -> Row:
        return {
            "queued_at": last_at,
            "waiting_since": None,
            "waiting_message_id": None,
            "due_at": FAR_FUTURE,
            "is_breached": False,
            "urgency_rank": 1,
            "urgent_at": FAR_FUTURE,
            "window_check_at": FAR_FUTURE,
            "first_response_deadline_at": None,
            "first_response_breached_at": None,
        }


def _agents(runtime: Runtime) -> tuple[str, ...]:
    """Twenty supervisors, who may do all that is measured; returns their tokens."""
    tokens = tuple(f"wxd_bench_{number}" for number in range(1, AGENTS + 1))
    with runtime.unit_of_work() as uow:
        for number, token in enumerate(tokens, 1):
            agent = Agent(
                id=number,
                email=f"agent{number}@bench.wxdesk",
                name=f"客服{number}",
                role=Role.SUPERVISOR,
                locale="zh_CN",
                password_hash="-",  # noqa: S106 -- nobody logs in with it
                created_at=uow.now,
                capacity=500,
            )
            uow.session.add(agent)
            uow.session.flush()
            row = ApiToken(
                agent_id=number, name="bench", token_hash=token_hash(token), created_at=uow.now
            )
            uow.session.add(row)
    return tokens


def _tags(runtime: Runtime, maker: _Maker) -> None:
    def tag(number: int) -> Row:
        return {"name": f"标签{number}", "colour": "blue", "created_at": maker.now}

    insert_many(runtime, ConversationTag, TAGS, tag)
    insert_many(runtime, ConversationTagging, maker.size.open_ones, maker.tagging)


def _has_uncounted(runtime: Runtime) -> bool:
    with runtime.reading() as session:
        return has_uncounted(session)


def _settle(runtime: Runtime) -> None:
    """What a running desk has long done: search index, roll-up, the planner's statistics."""
    with runtime.reading() as session:
        last_id = session.scalar(select(func.max(Message.id))) or 0
    while True:
        index_messages()
        with runtime.reading() as session:
            if position(session) >= last_id and not has_unindexed(session):
                break
    while _has_uncounted(runtime):
        count_messages()
    is_postgresql = runtime.engine.dialect.name == "postgresql"
    with runtime.engine.connect() as connection:
        plain = connection.execution_options(isolation_level="AUTOCOMMIT")
        if is_postgresql:
            plain.execute(text("SET statement_timeout = 0"))
            plain.execute(text("VACUUM ANALYZE"))
