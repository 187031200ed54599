"""Ninety days of a desk for the reports: conversations, messages, clocks, ratings, presence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from wxdesk.accounts.operations import create_account
from wxdesk.accounts.rules import AccountForm, Mode
from wxdesk.agents.models import Agent, ApiToken, PresenceSpan, Team, TeamMember
from wxdesk.agents.queries import token_hash
from wxdesk.agents.rules import Presence, Role
from wxdesk.bench.history import insert_many
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, ConversationTag, ConversationTagging, Message
from wxdesk.conversations.rules import Direction, Place, Priority, SenderKind, Status
from wxdesk.plumbing.clock import EPOCH, FAR_FUTURE
from wxdesk.runtime import Runtime
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import RatingState
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import BreachCause, Clock, ClockState
from wxdesk.triage.operations import create_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Match

TOKEN = "bench-token"  # noqa: S105 -- of a throw-away instance
DAYS = 90
ACCOUNTS, AGENTS, TEAMS, TAGS = 3, 20, 3, 10
EACH = 10  # messages of a conversation
CLOCKS = (Clock.RESOLUTION, Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE)
STILL_OPEN = timedelta(hours=3)
QUARTER = timedelta(minutes=15)
TARGETS = {Clock.FIRST_RESPONSE: 300, Clock.NEXT_RESPONSE: 600, Clock.RESOLUTION: 14_400}
BUSY_FROM, BUSY_HOURS = 1, 14  # UTC: a day in China

Row = dict[str, Any]


def make_history(runtime: Runtime, messages: int) -> None:
    """Rows with ids from 1 in an empty installation, without the roll-ups."""
    maker = _Maker(runtime.clock(), messages // EACH)
    _people(runtime, maker.now)
    insert_many(runtime, Contact, maker.conversations, maker.contact)
    insert_many(runtime, Conversation, maker.conversations, maker.conversation)
    insert_many(runtime, Message, maker.conversations * EACH, maker.message)
    insert_many(runtime, SlaClock, maker.conversations * len(CLOCKS), maker.clock)
    insert_many(runtime, ConversationTagging, maker.conversations // 3, maker.tagging)
    insert_many(runtime, SatisfactionRating, maker.conversations // 2, maker.rating)
    insert_many(runtime, PresenceSpan, AGENTS * DAYS * 4, maker.span)


def settle(runtime: Runtime) -> None:
    """What the database does by itself within minutes: statistics, and the visibility map."""
    if runtime.engine.dialect.name == "postgresql":
        with runtime.engine.connect() as connection:
            plain = connection.execution_options(isolation_level="AUTOCOMMIT")
            plain.execute(text("SET statement_timeout = 0"))
            plain.execute(text("VACUUM ANALYZE"))


@dataclass(frozen=True, slots=True)
class _Maker:
    """The rows by their number; chance is a hash of the number, so that a run can be repeated."""

    now: datetime
    conversations: int

    def contact(self, number: int) -> Row:
        return {
            "account_id": self._account(number),
            "openid": f"oBench{number:022d}",
            "remark": f"客户{number}" if number % 5 == 0 else "",
            "first_seen_at": self._opened_at(number),
            "last_seen_at": self.now,
        }

    def conversation(self, number: int) -> Row:
        opened_at = self._opened_at(number)
        is_open = self._is_open(number)
        last_at = min(opened_at + timedelta(minutes=EACH), self.now)
        return {
            "account_id": self._account(number),
            "contact_id": number,
            "status": Status.OPEN if is_open else Status.RESOLVED,
            "team_id": self._team(number),
            "assignee_id": self._agent(number),
            "assigned_at": opened_at,
            "opened_at": opened_at,
            "resolved_at": None if is_open else last_at,
            "last_message_id": number * EACH,
            "last_message_at": last_at,
            "queued_at": last_at,
            "due_at": FAR_FUTURE,
            "urgent_at": FAR_FUTURE,
            "window_check_at": FAR_FUTURE,
        }

    def message(self, number: int) -> Row:
        """First what a rule answers, then four turns with a person."""
        conversation, turn = (number - 1) // EACH + 1, (number - 1) % EACH
        at = min(self._opened_at(conversation) + timedelta(minutes=turn), self.now)
        is_asked, is_ruled = turn % 2 == 0, turn < 2
        sender = SenderKind.RULE if is_ruled else SenderKind.AGENT
        writer = conversation % 5 + 1 if is_ruled else self._agent(conversation)
        place = Place.AUTO_ANSWERED if is_ruled else Place.CONVERSATION
        return {
            "account_id": self._account(conversation),
            "contact_id": conversation,
            "conversation_id": conversation,
            "direction": Direction.INCOMING if is_asked else Direction.OUTGOING,
            "kind": "text",
            "text": "我的订单三天了还没有发货" if is_asked else "今天下午发出,请留意短信。",
            "once_key": f"history-{number}" if is_asked else None,
            "sender_kind": SenderKind.CUSTOMER if is_asked else sender,
            "sender_id": None if is_asked else writer,
            "rule_version": 1 if is_ruled and not is_asked else None,
            "place": place if is_asked else None,
            "created_at": at,
            "received_at": at,
        }

    def clock(self, number: int) -> Row:
        conversation, kind = (number - 1) // len(CLOCKS) + 1, CLOCKS[(number - 1) % len(CLOCKS)]
        started_at = self._opened_at(conversation)
        if kind is Clock.NEXT_RESPONSE:
            started_at = min(started_at + timedelta(minutes=4), self.now)
        seconds = self._took(number, kind)
        ended_at = started_at + timedelta(seconds=seconds)
        is_running = ended_at > self.now or (
            self._is_open(conversation) and kind is Clock.RESOLUTION
        )
        if is_running and kind is Clock.NEXT_RESPONSE:  # one response clock at a time
            is_running, ended_at = False, self.now
        deadline_at = started_at + timedelta(seconds=TARGETS[kind])
        is_breached = (self.now if is_running else ended_at) > deadline_at
        agent_id = self._agent(conversation)
        is_after = kind is Clock.FIRST_RESPONSE and _chance(number, 4) < 0.2
        return {
            "conversation_id": conversation,
            "account_id": self._account(conversation),
            "contact_id": conversation,
            "team_id": self._team(conversation),
            "clock": kind,
            "episode": 1,
            "state": ClockState.RUNNING if is_running else ClockState.MET,
            "priority": Priority.NORMAL,
            "started_at": started_at,
            "started_quarter": (started_at - EPOCH) // QUARTER,
            "started_by_id": (conversation - 1) * EACH + 1,
            "deadline_at": deadline_at,
            "check_at": FAR_FUTURE,
            "paused_seconds": 0,
            "ended_at": None if is_running else ended_at,
            "ended_quarter": None if is_running else (ended_at - EPOCH) // QUARTER,
            "agent_id": None if is_running else agent_id,
            "seconds": None if is_running else seconds,
            "business_seconds": None if is_running or number % 7 == 0 else seconds // 2,
            "handling_seconds": None if is_running else seconds // 3,
            "breached_at": deadline_at if is_breached else None,
            "breach_noticed_at": deadline_at if is_breached else None,
            "breach_cause": list(BreachCause)[number % 5] if is_breached else None,
            "breach_assignee_id": agent_id if is_breached else None,
            "after_message_id": (conversation - 1) * EACH + 2 if is_after else None,
            "after_rule_id": conversation % 5 + 1 if is_after else None,
            "after_rule_version": 1 if is_after else None,
            "after_seconds": int(_chance(number, 5) * 1200) if is_after else None,
        }

    def tagging(self, number: int) -> Row:
        return {"conversation_id": number * 3, "tag_id": number % TAGS + 1, "tagged_at": self.now}

    def rating(self, number: int) -> Row:
        conversation = number * 2
        asked_at = self._opened_at(conversation) + timedelta(minutes=EACH)
        is_rated = _chance(number, 6) < 0.6
        return {
            "account_id": self._account(conversation),
            "contact_id": conversation,
            "conversation_id": conversation,
            "resolved_at": asked_at,
            "agent_id": self._agent(conversation),
            "team_id": self._team(conversation),
            "state": RatingState.RATED if is_rated else RatingState.ASKED,
            "score": number % 5 + 1 if is_rated else None,
            "comment": "",
            "asked_at": asked_at,
            "rated_at": asked_at + timedelta(minutes=2) if is_rated else None,
        }

    def span(self, number: int) -> Row:
        """Four a day and agent: online, away, online, offline."""
        day, part = divmod((number - 1) // AGENTS, 4)
        begin = self.now - timedelta(days=DAYS - day)
        kinds = (Presence.ONLINE, Presence.AWAY, Presence.ONLINE, Presence.OFFLINE)
        hours = (0, 3, 4, 8, 24)
        return {
            "agent_id": (number - 1) % AGENTS + 1,
            "presence": kinds[part],
            "began_at": begin + timedelta(hours=hours[part]),
            "ended_at": begin + timedelta(hours=hours[part + 1]),
        }

    def _opened_at(self, number: int) -> datetime:
        """By day evenly, by hour of the day as customers write."""
        days, rest = divmod((number - 1) / self.conversations * DAYS, 1)
        hour = BUSY_FROM + rest * BUSY_HOURS
        midnight = (self.now - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0)
        at = midnight + timedelta(days=days + 1, hours=hour)
        return min(at, self.now - timedelta(seconds=self.conversations - number))

    def _is_open(self, number: int) -> bool:
        return self.now - self._opened_at(number) < STILL_OPEN

    def _took(self, number: int, kind: Clock) -> int:
        """From 5 seconds to some hours; most are short."""
        longest = {Clock.RESOLUTION: 80_000, Clock.FIRST_RESPONSE: 9_000}.get(kind, 6_000)
        return int(5 * math.exp(_chance(number, 1) * math.log(longest / 5)))

    def _account(self, conversation: int) -> int:
        return conversation % ACCOUNTS + 1

    def _team(self, conversation: int) -> int | None:
        return conversation % (TEAMS + 1) or None

    def _agent(self, conversation: int) -> int:
        return int(_chance(conversation, 2) * AGENTS) + 1


def _chance(number: int, salt: int) -> float:
    """0 <= chance < 1, by the number."""
    mixed = (number * 2_654_435_761 + salt * 40_503_000_001) % 2**32
    mixed ^= mixed >> 15
    return (mixed * 2_246_822_519 % 2**32) / 2**32


def _people(runtime: Runtime, now: datetime) -> None:
    for number in range(1, ACCOUNTS + 1):
        _account(runtime, number)
    with runtime.unit_of_work() as uow:
        for number in range(1, TEAMS + 1):
            uow.session.add(Team(id=number, name=f"组{number}", created_at=now))
        for number in range(1, AGENTS + 1):
            agent = Agent(
                id=number,
                email=f"agent{number}@bench.wxdesk",
                name=f"客服{number}",
                role=Role.SUPERVISOR,
                locale="zh_CN",
                password_hash="-",  # noqa: S106 -- nobody logs in with it
                created_at=now,
                presence=Presence.ONLINE,
            )
            uow.session.add(agent)
        uow.session.flush()
        uow.session.add(
            ApiToken(agent_id=1, name="bench", token_hash=token_hash(TOKEN), created_at=now)
        )
        for number in range(1, AGENTS + 1):
            uow.session.add(TeamMember(team_id=number % TEAMS + 1, agent_id=number))
        tags = [{"name": f"标签{number}", "created_at": now} for number in range(1, TAGS + 1)]
        uow.session.execute(insert(ConversationTag), tags)


def _account(runtime: Runtime, number: int) -> None:
    with runtime.unit_of_work() as uow:
        form = AccountForm(
            slug=f"bench-{number}",
            name=f"公众号{number}",
            original_id=f"gh_bench_{number}",
            app_id=f"wxbench{number:09d}",
            app_secret="secret",  # noqa: S106
            token="benchToken123",  # noqa: S106
            aes_key="B" * 43,
            mode=Mode.PLAIN,
        )
        row = create_account(uow, runtime.vault, form)
        for rule in range(2):
            words = RuleForm(
                row.id, f"规则{rule}", Match.CONTAINS, f"词{rule}", "答", is_active=True
            )
            create_rule(uow, words, None, is_seen=True)
