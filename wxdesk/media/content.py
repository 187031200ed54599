"""What a file really is: told by its first bytes, never by its name or by what the sender says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

import filetype

from wxdesk.media.rules import FileKind

HEAD_BYTES = 8192
CHUNK = 1 << 20
UNKNOWN = "application/octet-stream"
AMR_WIDEBAND = b"#!AMR-WB\n"

PICTURES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
}
# content type and the name of ffmpeg's reader
SOUNDS = {
    "audio/amr": "amr",
    "audio/amr-wb": "amr",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/x-wav": "wav",
}
INLINE = frozenset({*PICTURES, "audio/mpeg", "video/mp4"})
SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/amr": ".amr",
    "audio/amr-wb": ".amr",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/x-wav": ".wav",
    "video/mp4": ".mp4",
}


def content_type_of(head: bytes) -> str:
    """The content type by the first 8 KiB; application/octet-stream for all that is not shown.

    HTML, SVG and scripts have no signature, so they are unknown: files to download.
    """
    if head.startswith(AMR_WIDEBAND):
        return "audio/amr-wb"
    if not head:
        return UNKNOWN
    found = filetype.guess_mime(head)
    return found if found in SUFFIXES else UNKNOWN


def kind_of(content_type: str) -> FileKind:
    if content_type in PICTURES:
        return FileKind.IMAGE
    if content_type in SOUNDS:
        return FileKind.VOICE
    return FileKind.VIDEO if content_type == "video/mp4" else FileKind.FILE


def sha256_of(path: Path) -> str:
    """The name of the content in the store, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_head(file: BinaryIO) -> bytes:
    return file.read(HEAD_BYTES)
