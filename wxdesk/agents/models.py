"""The tables of people and of their API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.agents.rules import CAPACITY, AssignmentMode, Presence, Role
from wxdesk.plumbing.db import Base, PrimaryKey, enum_of


class Agent(Base):
    """Anybody who can log in. `session_epoch` grows to end all of the person's sessions.

    `availability` is what the person chose; `presence` what follows from it and from the
    heartbeats of their browsers, since `presence_since`. `assigned_at` is when a conversation was
    last given to them by itself. `invited_until`: they have not chosen a password yet.
    """

    __tablename__ = "agents"

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[Role] = mapped_column(enum_of(Role))
    locale: Mapped[str] = mapped_column(String(10))
    password_hash: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=1)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    capacity: Mapped[int] = mapped_column(default=CAPACITY)
    availability: Mapped[Presence] = mapped_column(enum_of(Presence), default=Presence.ONLINE)
    presence: Mapped[Presence] = mapped_column(
        enum_of(Presence, "agentpresence"), default=Presence.OFFLINE
    )
    presence_since: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    invited_until: Mapped[datetime | None]
    preferences: Mapped[dict[str, Any] | None]


class Team(Base):
    """Agents who share a pool of conversations, and how those are given out.

    `offline_grace_seconds`: so long after an agent went offline their waiting conversations return
    to all; `silent_seconds`: so long may an assigned customer wait for the agent (0: for ever).
    Without a calendar the team works around the clock.
    """

    __tablename__ = "teams"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(60), unique=True)
    mode: Mapped[AssignmentMode] = mapped_column(
        enum_of(AssignmentMode), default=AssignmentMode.OFF
    )
    prefers_last_agent: Mapped[bool] = mapped_column(default=False)
    offline_grace_seconds: Mapped[int] = mapped_column(default=120)
    silent_seconds: Mapped[int] = mapped_column(default=0)
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("business_calendars.id"))
    created_at: Mapped[datetime]


class TeamMember(Base):
    """This agent works in this team."""

    __tablename__ = "team_members"
    __table_args__ = (Index("ix_team_members_agent", "agent_id"),)

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"), primary_key=True)


class PresenceSpan(Base):
    """From when until when an agent was online, away or offline; the running one has no end."""

    __tablename__ = "presence_spans"
    __table_args__ = (
        Index("ix_presence_spans_agent", "agent_id", "began_at"),
        Index("ix_presence_spans_ended", "ended_at"),
    )

    id: Mapped[PrimaryKey]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    presence: Mapped[Presence] = mapped_column(enum_of(Presence, "spanpresence"))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A token for scripts; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[PrimaryKey]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
