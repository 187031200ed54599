"""The tables of conversations and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.conversations.rules import (
    Direction,
    DraftKind,
    Place,
    Priority,
    Returned,
    SenderKind,
    Standing,
    Status,
    standing_of,
)
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of


class Conversation(Base):
    """One matter of one customer, from the first message until it is resolved.

    `episode` counts how often it was opened.
    `due_at` is the earliest deadline of a running clock, FAR_FUTURE when none runs, and
    `queued_at` the time that decides between equal deadlines (oldest unanswered, else latest
    activity): together with the id they are the order of the inbox, so they are never NULL.
    `waiting_message_id` is the message that started the running clock: only an answer recorded
    after it meets that clock. `version` grows with every change that an agent sees.
    `urgency_rank` is 0 while somebody waits and the reply window is about to close, else 1;
    `urgent_at` is when it closes, or `due_at`; `window_check_at` is when that must be judged again.
    A snoozed one without `snoozed_until` sleeps until the customer writes. `returned_*` tells why
    and from whom it came back to all; `merged_into_id` where its messages went.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index(
            "uq_conversations_open_contact",
            "contact_id",
            unique=True,
            sqlite_where=text("status <> 'resolved'"),
            postgresql_where=text("status <> 'resolved'"),
        ),
        Index("ix_conversations_queue", "status", "urgency_rank", "urgent_at", "queued_at", "id"),
        Index("ix_conversations_waiting", "status", "queued_at", "id"),
        Index("ix_conversations_newest", "status", "last_message_at", "id"),
        Index(
            "ix_conversations_priority",
            "status",
            "priority",
            "urgency_rank",
            "urgent_at",
            "queued_at",
            "id",
        ),
        Index(
            "ix_conversations_assignee",
            "status",
            "assignee_id",
            "urgency_rank",
            "urgent_at",
            "queued_at",
            "id",
        ),
        Index(
            "ix_conversations_team",
            "status",
            "team_id",
            "urgency_rank",
            "urgent_at",
            "queued_at",
            "id",
        ),
        Index("ix_conversations_account", "account_id", "status"),
        Index(
            "ix_conversations_breached",
            "status",
            "is_breached",
            "is_spam",
            "urgency_rank",
            "urgent_at",
            "queued_at",
            "id",
            sqlite_where=text("is_breached = 1 AND is_spam = 0"),
            postgresql_where=text("is_breached AND NOT is_spam"),
        ),
        Index(
            "ix_conversations_unanswered",
            "status",
            "is_spam",
            "assignee_id",
            "waiting_since",
            "id",
            sqlite_where=text("status = 'open' AND waiting_since IS NOT NULL AND is_spam = 0"),
            postgresql_where=text("status = 'open' AND waiting_since IS NOT NULL AND NOT is_spam"),
        ),
        Index(
            "ix_conversations_spam",
            "is_spam",
            "status",
            "assignee_id",
            "id",
            sqlite_where=text("is_spam = 1"),
            postgresql_where=text("is_spam"),
        ),
        Index(
            "ix_conversations_unassigned",
            "team_id",
            "assignee_id",
            "status",
            "urgency_rank",
            "urgent_at",
            "queued_at",
            "id",
            sqlite_where=text("assignee_id IS NULL AND status = 'open'"),
            postgresql_where=text("assignee_id IS NULL AND status = 'open'"),
        ),
        Index("ix_conversations_window_check", "window_check_at"),
        Index("ix_conversations_snoozed", "status", "snoozed_until"),
        Index("ix_conversations_check", "is_breached", "due_at"),
        Index("ix_conversations_contact", "contact_id", "id"),
        Index("ix_conversations_resolved", "resolved_at"),
        Index(
            "ix_conversations_merged_into",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    status: Mapped[Status] = mapped_column(enum_of(Status), default=Status.OPEN)
    priority: Mapped[Priority] = mapped_column(enum_of(Priority), default=Priority.NORMAL)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    assigned_at: Mapped[datetime | None]
    returned_reason: Mapped[Returned | None] = mapped_column(enum_of(Returned))
    returned_from_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    is_spam: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    waiting_since: Mapped[datetime | None]
    waiting_message_id: Mapped[int | None] = mapped_column(BigId)
    last_message_id: Mapped[int | None] = mapped_column(BigId)
    last_message_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(default=FAR_FUTURE)
    is_breached: Mapped[bool] = mapped_column(default=False)
    urgency_rank: Mapped[int] = mapped_column(default=1)
    urgent_at: Mapped[datetime] = mapped_column(default=FAR_FUTURE)
    window_check_at: Mapped[datetime] = mapped_column(default=FAR_FUTURE)
    first_response_deadline_at: Mapped[datetime | None]
    first_response_met_at: Mapped[datetime | None]
    first_response_breached_at: Mapped[datetime | None]
    next_response_deadline_at: Mapped[datetime | None]
    next_response_met_at: Mapped[datetime | None]
    next_response_breached_at: Mapped[datetime | None]
    resolution_deadline_at: Mapped[datetime | None]
    resolution_met_at: Mapped[datetime | None]
    resolution_breached_at: Mapped[datetime | None]
    episode: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def standing(self) -> Standing:
        return standing_of(
            self.status, is_assigned=self.assignee_id is not None, is_overdue=self.is_breached
        )


class Message(Base):
    """One message, from or to the customer.

    `once_key` makes an inbound push unique (docs/wechat.md#once). `created_at` is when it was
    written (WeChat's time for incoming), `received_at` when it reached us: the thread's order.
    An automatic answer names rule, version and the matched keyword, and the message it answers.
    `outcome` is which of the rule's replies it was (triage/rules.Outcome); `source` and `sender_id`
    of a message of the desk itself name what sent it ("correction", "broadcast", "campaign").
    An answer that was taken back in the seconds before it left has `undone_at` and is not shown.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("once_key", "account_id"),
        UniqueConstraint("sender_id", "idempotency_key"),
        Index("ix_messages_thread", "contact_id", "received_at", "id"),
        Index("ix_messages_conversation", "conversation_id", "received_at"),
        Index("ix_messages_place", "direction", "place", "set_aside_reason"),
        Index("ix_messages_latest", "contact_id", "id"),
        Index("ix_messages_received", "received_at"),
        Index(
            "ix_messages_rule",
            "sender_id",
            "received_at",
            sqlite_where=text("sender_kind = 'rule'"),
            postgresql_where=text("sender_kind = 'rule'"),
        ),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    direction: Mapped[Direction] = mapped_column(enum_of(Direction))
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text, default="")
    payload: Mapped[dict[str, Any] | None]
    wechat_msg_id: Mapped[str | None] = mapped_column(String(32))
    once_key: Mapped[str | None] = mapped_column(String(64))
    place: Mapped[Place | None] = mapped_column(enum_of(Place))
    set_aside_reason: Mapped[str | None] = mapped_column(String(40))
    sender_kind: Mapped[SenderKind] = mapped_column(enum_of(SenderKind))
    sender_id: Mapped[int | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    rule_version: Mapped[int | None]
    matched: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str | None] = mapped_column(String(20))
    source: Mapped[str | None] = mapped_column(String(20))
    reply_to_id: Mapped[int | None] = mapped_column(BigId)
    part_number: Mapped[int | None]
    part_count: Mapped[int | None]
    undone_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]


class ConversationTag(Base):
    """A tag that agents put on conversations; `colour` is one of rules.COLOURS."""

    __tablename__ = "conversation_tags"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(30), unique=True)
    colour: Mapped[str] = mapped_column(String(20), default="blue")
    created_at: Mapped[datetime]


class ConversationTagging(Base):
    """This conversation has this tag."""

    __tablename__ = "conversation_taggings"
    __table_args__ = (Index("ix_conversation_taggings_tag", "tag_id", "conversation_id"),)

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("conversation_tags.id"), primary_key=True)
    tagged_at: Mapped[datetime]


class Mention(Base):
    """An agent was named in a note; `seen_at` when they opened the conversation after it."""

    __tablename__ = "mentions"
    __table_args__ = (
        UniqueConstraint("message_id", "agent_id"),
        Index("ix_mentions_agent", "agent_id", "seen_at", "id"),
        Index("ix_mentions_conversation", "conversation_id", "agent_id"),
    )

    id: Mapped[PrimaryKey]
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class Draft(Base):
    """What an agent has typed and not sent; one of each kind for each conversation."""

    __tablename__ = "drafts"
    __table_args__ = (
        Index("ix_drafts_conversation", "conversation_id"),
        Index("ix_drafts_updated", "updated_at"),
    )

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    kind: Mapped[DraftKind] = mapped_column(enum_of(DraftKind), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]


class ReadMark(Base):
    """The last message of a customer's thread that an agent has read."""

    __tablename__ = "read_marks"
    __table_args__ = (Index("ix_read_marks_contact", "contact_id"),)

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    message_id: Mapped[int] = mapped_column(BigId)
    read_at: Mapped[datetime]
