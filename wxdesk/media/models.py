"""The tables of attachments, and of contents in the store that nobody may need any more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.media.rules import FileKind, FileRole, FileState
from wxdesk.plumbing.db import Base, PrimaryKey, enum_of


class Attachment(Base):
    """A file that a customer sent (fetched from WeChat by `media_id`), or that an agent attached.

    Contents lie in the media store under their SHA-256 in hex (`sha256`; `playable_sha256` is the
    MP3 of a voice, `thumbnail_sha256` a small picture). `message_id` is None until an agent has
    sent it; `is_kept` when a rule answers with it. `uploaded_*` is the copy at WeChat that outgoing
    messages name; it ends after 3 days. The row is the work: state, attempts and next attempt of
    the fetch are here; `crashes` counts those whose process ended in the middle.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_message", "message_id", "role"),
        Index("ix_attachments_due", "state", "account_id", "next_attempt_at"),
        Index("ix_attachments_sha256", "sha256"),
        Index("ix_attachments_playable", "playable_sha256"),
        Index("ix_attachments_thumbnail", "thumbnail_sha256"),
        Index("ix_attachments_created", "message_id", "created_at"),
    )

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    role: Mapped[FileRole] = mapped_column(enum_of(FileRole))
    kind: Mapped[FileKind] = mapped_column(enum_of(FileKind))
    state: Mapped[FileState] = mapped_column(enum_of(FileState))
    media_id: Mapped[str | None] = mapped_column(String(200))
    source_url: Mapped[str | None] = mapped_column(String(1000))
    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(40))
    last_error: Mapped[str | None] = mapped_column(String(500))
    sha256: Mapped[str | None] = mapped_column(String(64))
    playable_sha256: Mapped[str | None] = mapped_column(String(64))
    thumbnail_sha256: Mapped[str | None] = mapped_column(String(64))
    content_type: Mapped[str | None] = mapped_column(String(100))
    file_name: Mapped[str | None] = mapped_column(String(200))
    size_bytes: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration_seconds: Mapped[float | None]
    waveform: Mapped[dict[str, Any] | None]
    uploaded_media_id: Mapped[str | None] = mapped_column(String(200))
    uploaded_at: Mapped[datetime | None]
    is_kept: Mapped[bool] = mapped_column(default=False)
    attached_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]


class Leftover(Base):
    """Contents in the store that may belong to no row: looked at from `check_at` on.

    Every content is noted here before it is stored, so that none is lost sight of when a process
    dies in between, and none is deleted while it is being stored again (media/leftovers.py).
    """

    __tablename__ = "media_leftovers"
    __table_args__ = (Index("ix_media_leftovers_check", "check_at"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    check_at: Mapped[datetime]
    is_deleting: Mapped[bool] = mapped_column(default=False)
