"""What kinds of files there are, in which states, and when a failed fetch is tried again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

KEPT_AT_WECHAT = timedelta(days=3)
UPLOAD_GOOD_FOR = timedelta(days=2, hours=12)
CLAIM_LASTS = timedelta(minutes=5)
UNSENT_KEPT = timedelta(hours=24)
ACCOUNT_PAUSE = timedelta(minutes=5)
MOST_CRASHES = 3
PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
LONGEST_MEDIA_ID = 200
LONGEST_URL = 1000


class FileKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"


class FileRole(StrEnum):
    """`wideband` is the 16 kHz version of a voice message."""

    CONTENT = "content"
    THUMBNAIL = "thumbnail"
    WIDEBAND = "wideband"


class FileState(StrEnum):
    """`gone`: WeChat has deleted it, or refused it for good."""

    WAITING = "waiting"
    FETCHING = "fetching"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"


class FoundFile(NamedTuple):
    """A file that a push names; `source_url` is another way to the same picture."""

    kind: FileKind
    role: FileRole
    media_id: str | None
    source_url: str | None


MEGABYTE = 1_000_000
MOST_BYTES = {
    FileKind.IMAGE: 25 * MEGABYTE,
    FileKind.VOICE: 5 * MEGABYTE,
    FileKind.VIDEO: 50 * MEGABYTE,
    FileKind.FILE: 50 * MEGABYTE,
}
PARTS: dict[str, tuple[tuple[FileKind, FileRole, str, str], ...]] = {
    "image": ((FileKind.IMAGE, FileRole.CONTENT, "MediaId", "PicUrl"),),
    "voice": (
        (FileKind.VOICE, FileRole.CONTENT, "MediaId", ""),
        (FileKind.VOICE, FileRole.WIDEBAND, "MediaId16K", ""),
    ),
    "video": (
        (FileKind.VIDEO, FileRole.CONTENT, "MediaId", ""),
        (FileKind.IMAGE, FileRole.THUMBNAIL, "ThumbMediaId", ""),
    ),
    "miniprogrampage": ((FileKind.IMAGE, FileRole.THUMBNAIL, "ThumbMediaId", "ThumbUrl"),),
}
PARTS["shortvideo"] = PARTS["video"]

NO_TOOL = "no_voice_tool"
NOT_PLAYABLE = "not_playable"
CRASHED = "crashed"
NOT_AGAIN = frozenset({"too_large"})
READY_BUT_AGAIN = frozenset({NO_TOOL, CRASHED})


def files_of(kind: str, fields: Mapping[str, object]) -> list[FoundFile]:
    """The files that a message of this kind names (docs/wechat.md#media); [] for all others."""
    found = []
    for file_kind, role, id_name, url_name in PARTS.get(kind, ()):
        media_id = _text(fields.get(id_name), LONGEST_MEDIA_ID)
        url = _text(fields.get(url_name), LONGEST_URL)
        if media_id or url:
            found.append(FoundFile(file_kind, role, media_id, url))
    return found


def _text(value: object, longest: int) -> str | None:
    """What is too long for its column is no id that WeChat gave."""
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        return None
    return value


def next_attempt(attempts: int, now: datetime, created_at: datetime) -> datetime | None:
    """When to try again after this many failures; None when WeChat has deleted it by now.

    The last try is at the end of the three days, because nobody knows when they began.
    """
    gone_at = created_at + KEPT_AT_WECHAT
    if now >= gone_at:
        return None
    pause = PAUSES[min(attempts, len(PAUSES)) - 1] if attempts > 0 else PAUSES[0]
    return min(now + pause, gone_at)


def may_retry(state: FileState, attempts: int, error_code: str | None) -> bool:
    """Whether a person's "try again" could change anything."""
    if error_code in NOT_AGAIN:
        return False
    if state is FileState.READY:
        return error_code in READY_BUT_AGAIN
    return state is FileState.FAILED or (state is FileState.WAITING and attempts > 0)
