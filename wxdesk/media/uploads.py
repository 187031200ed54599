"""What an agent attaches, held against WeChat's limits before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from wxdesk.media.content import HEAD_BYTES, SUFFIXES, content_type_of, kind_of
from wxdesk.media.examining import Examined, examine
from wxdesk.media.rules import MEGABYTE, NO_TOOL, FileKind
from wxdesk.media.temporary import temporary_folder
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.wechat.limits import UPLOAD_LIMITS, MediaKind, UploadLimit
from wxdesk.wechat.media_calls import safe_name
from wxdesk.words import say

MEDIA_KINDS = {
    FileKind.IMAGE: MediaKind.IMAGE,
    FileKind.VOICE: MediaKind.VOICE,
    FileKind.VIDEO: MediaKind.VIDEO,
}
SAME_SUFFIXES = {".jpeg": ".jpg", ".jpe": ".jpg", ".m4v": ".mp4"}


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file as it was sent; `file_name` is what the browser said, and is not trusted."""

    account_id: int
    agent_id: int
    file_name: str
    data: bytes = field(repr=False)


@contextmanager
def prepared(upload: NewUpload) -> Iterator[Examined]:
    """The looked-at file, on disk for the length of the block.

    InvalidInputError when WeChat would not take it. May run a converter for some seconds, so it
    is called outside of transactions.
    """
    if not upload.data:
        raise InvalidInputError("file", say("the file is empty"))
    content_type = content_type_of(upload.data[:HEAD_BYTES])
    _refuse_above(_limit(kind_of(content_type), content_type).most_bytes, len(upload.data))
    with temporary_folder() as folder:
        path = folder / "file"
        path.write_bytes(upload.data)
        found = examine(path)
        _check(found)
        yield found


def stored_name(file_name: str, found: Examined) -> str:
    """A safe name whose ending is that of the content: WeChat goes by it."""
    name = safe_name(file_name) or found.kind.value
    suffix = PurePosixPath(name).suffix.lower()
    right = SUFFIXES[found.content_type]
    return name if SAME_SUFFIXES.get(suffix, suffix) == right else f"{name}{right}"


def _check(found: Examined) -> None:
    """What only a look at the whole file shows: broken ones are of another kind by now."""
    limit = _limit(found.kind, found.content_type)
    if limit.longest_seconds:
        _check_duration(found, limit.longest_seconds)


def _limit(file_kind: FileKind, content_type: str) -> UploadLimit:
    kind = MEDIA_KINDS.get(file_kind)
    limit = UPLOAD_LIMITS[kind] if kind else None
    if limit is None or content_type not in limit.content_types:
        raise InvalidInputError(
            "file",
            say("WeChat takes PNG, JPG and GIF pictures, MP3 and AMR voices, and MP4 videos"),
        )
    return limit


def _refuse_above(most: int, size: int) -> None:
    if size > most:
        raise InvalidInputError(
            "file", say("WeChat takes at most %(most)d MB of this", most=most // MEGABYTE)
        )


def _check_duration(found: Examined, longest_seconds: int) -> None:
    if found.error_code == NO_TOOL:
        raise InvalidInputError(
            "file", say("voices can't be checked on this server, because ffmpeg is missing")
        )
    if found.duration_seconds is None:
        raise InvalidInputError("file", say("the voice can't be read; is the file whole?"))
    if found.duration_seconds > longest_seconds:
        raise InvalidInputError(
            "file", say("WeChat takes voices of at most %(most)d seconds", most=longest_seconds)
        )
