"""The table of official accounts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.accounts.rules import AccountType, Mode
from wxdesk.plumbing.db import Base, PrimaryKey, enum_of


class Account(Base):
    """One official account. `sealed_*` columns hold Fernet texts (plumbing/vault.py).

    `config_version` grows with each change of the account or of its rules: every process compares
    it a few times a second and reloads what changed (intake/directory.py).
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
    mode: Mapped[Mode] = mapped_column(enum_of(Mode))
    account_type: Mapped[AccountType] = mapped_column(enum_of(AccountType))
    is_verified: Mapped[bool]
    config_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
