"""The table of official accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.accounts.rules import (
    CALLS_PER_MINUTE,
    REOPEN_WITHIN_HOURS,
    SLOTS_FOR_PEOPLE,
    AccountType,
    Mode,
    TemplateKind,
)
from wxdesk.plumbing.db import Base, PrimaryKey, enum_of


class Account(Base):
    """One official account. `sealed_*` columns hold Fernet texts (plumbing/vault.py).

    `config_version` grows with each change of the account or of its rules: every process compares
    it a few times a second and reloads what changed (intake/directory.py). The previous keys are
    still taken until `previous_keys_until`, so that a rotation loses nothing. `messages_refused_at`
    is set when WeChat said 48001: answers then leave as passive replies. `problem_*` is the last
    thing that only an admin can mend. `needs_approval`: what goes to many (rules, campaigns,
    corrections, broadcasts) is begun by a second person who may approve.
    """

    __tablename__ = "accounts"

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    original_id: Mapped[str] = mapped_column(String(64), unique=True)
    app_id: Mapped[str] = mapped_column(String(64))
    sealed_app_secret: Mapped[str]
    sealed_token: Mapped[str]
    sealed_aes_key: Mapped[str | None]
    sealed_previous_token: Mapped[str | None]
    sealed_previous_aes_key: Mapped[str | None]
    previous_keys_until: Mapped[datetime | None]
    mode: Mapped[Mode] = mapped_column(enum_of(Mode))
    account_type: Mapped[AccountType] = mapped_column(enum_of(AccountType))
    is_verified: Mapped[bool]
    messages_refused_at: Mapped[datetime | None]
    slots_for_people: Mapped[int] = mapped_column(default=SLOTS_FOR_PEOPLE)
    is_passive_counted: Mapped[bool] = mapped_column(default=True)
    calls_per_minute: Mapped[int] = mapped_column(default=CALLS_PER_MINUTE)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    reopen_within_hours: Mapped[int] = mapped_column(default=REOPEN_WITHIN_HOURS)
    asks_rating: Mapped[bool] = mapped_column(default=False)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    problem_code: Mapped[str | None] = mapped_column(String(40))
    problem: Mapped[str | None] = mapped_column(String(500))
    problem_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_result: Mapped[dict[str, Any] | None]
    config_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class MessageTemplate(Base):
    """A template or subscription message that the account may send, as WeChat described it."""

    __tablename__ = "message_templates"
    __table_args__ = (UniqueConstraint("account_id", "template_id"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[TemplateKind] = mapped_column(enum_of(TemplateKind))
    template_id: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)
    example: Mapped[str] = mapped_column(Text, default="")
    refreshed_at: Mapped[datetime]
