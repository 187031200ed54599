"""What follows from a file's content: its kind, what is shown of it, and what is kept beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from wxdesk.media.content import (
    UNKNOWN,
    content_type_of,
    kind_of,
    read_head,
    sha256_of,
)
from wxdesk.media.pictures import NotAPictureError, examine_picture
from wxdesk.media.rules import FileKind
from wxdesk.media.voice import VoiceError, convert_voice


@dataclass(frozen=True, slots=True)
class Examined:
    """A file and its derived contents: `playable` is an MP3, `thumbnail` a JPEG, or b"".

    `error_code` and `error` say why a voice can't be played; the file itself is good.
    """

    path: Path
    kind: FileKind
    content_type: str
    size_bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    waveform: tuple[int, ...] | None = None
    playable: bytes = field(default=b"", repr=False)
    thumbnail: bytes = field(default=b"", repr=False)
    error_code: str | None = None
    error: str | None = None


def examine(path: Path) -> Examined:
    """Look at a local file; whatever is not what it seems to be is a plain file."""
    with path.open("rb") as file:
        content_type = content_type_of(read_head(file))
    found = Examined(
        path=path,
        kind=kind_of(content_type),
        content_type=content_type,
        size_bytes=path.stat().st_size,
        sha256=sha256_of(path),
    )
    if found.kind is FileKind.IMAGE:
        return _with_picture(found)
    return _with_sound(found) if found.kind is FileKind.VOICE else found


def _with_picture(found: Examined) -> Examined:
    try:
        picture = examine_picture(found.path, found.content_type)
    except NotAPictureError:
        return replace(found, kind=FileKind.FILE, content_type=UNKNOWN)
    if picture is None:
        return found
    return replace(found, width=picture.width, height=picture.height, thumbnail=picture.thumbnail)


def _with_sound(found: Examined) -> Examined:
    try:
        voice = convert_voice(found.path, found.content_type)
    except VoiceError as error:
        return replace(found, error_code=error.code, error=error.reason)
    return replace(
        found,
        duration_seconds=voice.duration_seconds,
        waveform=voice.waveform,
        playable=b"" if found.content_type == "audio/mpeg" else voice.mp3,
    )
