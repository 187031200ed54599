"""What WeChat takes as media and lists, in the stricter reading (docs/wechat.md#media)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MEGABYTE = 1_000_000
MOST_OPENIDS_INFO = 100
MOST_OPENIDS_TAGGED = 50
MOST_OPENIDS_BLOCKED = 20
MOST_REMARK_CHARACTERS = 29
MOST_TAG_BYTES = 30
LONGEST_QR_SECONDS = 2_592_000
LARGEST_PERMANENT_SCENE = 100_000
LARGEST_SCENE = 2**32 - 1
MOST_SCENE_CHARACTERS = 64


class MediaKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    THUMB = "thumb"


class MassKind(StrEnum):
    """What a mass send can be; the values are WeChat's message types."""

    TEXT = "text"
    IMAGE = "image"
    ARTICLE = "mpnews"


@dataclass(frozen=True, slots=True)
class UploadLimit:
    """`longest_seconds` is 0 where WeChat names no duration."""

    most_bytes: int
    content_types: frozenset[str]
    longest_seconds: int = 0


UPLOAD_LIMITS = {
    MediaKind.IMAGE: UploadLimit(2 * MEGABYTE, frozenset({"image/png", "image/jpeg", "image/gif"})),
    MediaKind.VOICE: UploadLimit(
        2 * MEGABYTE, frozenset({"audio/amr", "audio/mpeg"}), longest_seconds=60
    ),
    MediaKind.VIDEO: UploadLimit(10 * MEGABYTE, frozenset({"video/mp4"})),
    MediaKind.THUMB: UploadLimit(64_000, frozenset({"image/jpeg"})),
}
