"""The tables of customers, their tags and their reply windows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from wxdesk.contacts.rules import Act, FieldKind, SyncState, TagState, Window, pseudonym
from wxdesk.plumbing.db import Base, BigId, PrimaryKey, enum_of


class Contact(Base):
    """One customer of one official account.

    `window_*` is the state that follows from the open rows of `reply_windows`. `profile_due_at` is
    when WeChat is asked about the customer next; `sync_due_at` when it is told what agents changed
    (remark, tags, blacklist; None when it knows), `synced_at` when it was told last. `forget_at` is
    when the data of a customer who left is removed; `forgotten_at` when that was done.
    `is_indexed`: search knows what there is to find; whoever changes that sets it to false.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("openid", "account_id"),
        Index("ix_contacts_unionid", "unionid"),
        Index("ix_contacts_profile_due", "account_id", "profile_due_at"),
        Index("ix_contacts_sync_due", "account_id", "sync_due_at"),
        Index("ix_contacts_forget", "forget_at"),
        Index(
            "ix_contacts_blacklisted",
            "account_id",
            "id",
            sqlite_where=text("is_blacklisted = 1"),
            postgresql_where=text("is_blacklisted"),
        ),
        Index(
            "ix_contacts_unindexed",
            "id",
            sqlite_where=text("is_indexed = 0"),
            postgresql_where=text("NOT is_indexed"),
        ),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    openid: Mapped[str] = mapped_column(String(64))
    unionid: Mapped[str | None] = mapped_column(String(64))
    remark: Mapped[str] = mapped_column(String(60), default="")
    remark_state: Mapped[SyncState] = mapped_column(enum_of(SyncState), default=SyncState.SYNCED)
    is_following: Mapped[bool] = mapped_column(default=True)
    is_blacklisted: Mapped[bool] = mapped_column(default=False)
    blacklist_state: Mapped[SyncState] = mapped_column(
        enum_of(SyncState, "blackliststate"), default=SyncState.SYNCED
    )
    followed_at: Mapped[datetime | None]
    unfollowed_at: Mapped[datetime | None]
    follow_scene: Mapped[str] = mapped_column(String(40), default="")
    qr_scene: Mapped[str] = mapped_column(String(64), default="")
    profile_at: Mapped[datetime | None]
    profile_due_at: Mapped[datetime | None]
    profile_attempts: Mapped[int] = mapped_column(default=0)
    profile_error: Mapped[str | None] = mapped_column(String(500))
    sync_due_at: Mapped[datetime | None]
    sync_attempts: Mapped[int] = mapped_column(default=0)
    sync_error: Mapped[str | None] = mapped_column(String(500))
    synced_at: Mapped[datetime | None]
    forget_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    window_closes_at: Mapped[datetime | None]
    window_remaining: Mapped[int] = mapped_column(default=0)
    is_spam: Mapped[bool] = mapped_column(default=False)
    is_indexed: Mapped[bool] = mapped_column(default=False)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    @validates("remark")
    def _is_to_be_indexed(self, _name: str, remark: str) -> str:
        if remark != self.remark:
            self.is_indexed = False
        return remark

    @property
    def name(self) -> str:
        return pseudonym(self.id, self.remark)

    @property
    def window(self) -> Window | None:
        if self.window_closes_at is None:
            return None
        return Window(self.window_closes_at, self.window_remaining)


class ReplyWindow(Base):
    """One entry of the ledger: an act of the customer let us send `quota` messages for a while.

    `used` counts the messages sent since; `closed_by` is WeChat's code when it disagreed.
    """

    __tablename__ = "reply_windows"
    __table_args__ = (
        Index("ix_reply_windows_open", "contact_id", "closes_at"),
        Index("ix_reply_windows_ended", "closes_at"),
    )

    id: Mapped[PrimaryKey]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    act: Mapped[Act] = mapped_column(enum_of(Act))
    message_id: Mapped[int | None] = mapped_column(BigId)
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    quota: Mapped[int]
    used: Mapped[int] = mapped_column(default=0)
    closed_by: Mapped[str | None] = mapped_column(String(10))
    corrected_at: Mapped[datetime | None]


class Tag(Base):
    """A tag of an official account's customers, the same at WeChat and here."""

    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("account_id", "name"),
        UniqueConstraint("account_id", "wechat_tag_id"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(30))
    wechat_tag_id: Mapped[int | None]
    count: Mapped[int] = mapped_column(default=0)


class ContactTag(Base):
    """A customer's tag; `adding` and `removing` until WeChat knows, `failed` when it refused."""

    __tablename__ = "contact_tags"
    __table_args__ = (Index("ix_contact_tags_tag", "tag_id", "contact_id"),)

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True)
    state: Mapped[TagState] = mapped_column(enum_of(TagState))
    error: Mapped[str | None] = mapped_column(String(500))


class ContactField(Base):
    """A fact of their own that a company keeps of its customers; `choices` of a choice only."""

    __tablename__ = "contact_fields"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(30), unique=True)
    kind: Mapped[FieldKind] = mapped_column(enum_of(FieldKind))
    choices: Mapped[dict[str, Any] | None]
    position: Mapped[int] = mapped_column(default=0)


class ContactFieldValue(Base):
    """What is known of one customer, as text (dates as YYYY-MM-DD)."""

    __tablename__ = "contact_field_values"
    __table_args__ = (Index("ix_contact_field_values_field", "field_id", "contact_id"),)

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("contact_fields.id"), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class FollowEvent(Base):
    """A customer began or ceased to follow; `scene` of the QR code that brought them, if any.

    Kept when a customer is forgotten: it says when, of which account, and nothing else; without
    `contact_id` when the customer's row was deleted.
    `is_return`: they had followed before. `lasted_seconds` of a follow until its unfollow, None
    while it lasts; both are written by contacts/follows.py.
    """

    __tablename__ = "follow_events"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index("ix_follow_events_day", "account_id", "happened_at"),
        Index("ix_follow_events_contact", "contact_id", "happened_at"),
        Index("ix_follow_events_scene", "account_id", "scene", "happened_at"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    message_id: Mapped[int] = mapped_column(BigId)
    is_follow: Mapped[bool]
    is_return: Mapped[bool]
    lasted_seconds: Mapped[int | None] = mapped_column(BigId)
    scene: Mapped[str] = mapped_column(String(64), default="")
    happened_at: Mapped[datetime]
