"""Pictures: size, small copies for the thread, and thumbs as WeChat takes them.

Pillow works in a process of its own with bounded time and memory (media/shrink_with_pillow.py).
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wxdesk.media.bounded import Bounds, run_bounded
from wxdesk.media.content import PICTURES
from wxdesk.media.temporary import temporary_folder
from wxdesk.wechat.limits import UPLOAD_LIMITS, MediaKind

logger = logging.getLogger(__name__)

BOUNDS = Bounds(
    run_seconds=20.0, cpu_seconds=10, memory_bytes=1_000_000_000, output_bytes=2_000_000
)
AT_ONCE = 2
THUMBNAIL = ((480, 80),)  # longest side, quality
THUMBS = ((520, 85), (400, 70), (300, 50), (200, 30))
MOST_THUMBNAIL_BYTES = 1_000_000
START_OF_SCAN = b"\xff\xda"
MOST_SCANS = 100  # of a JPEG: ten are usual, and each costs as much as a whole picture
MODULE = "wxdesk.media.shrink_with_pillow"
NO_PICTURE, SIZE, SMALL = 3, "size", "small.jpg"  # as that module says

_few_at_a_time = threading.BoundedSemaphore(AT_ONCE)  # a large one takes 400 MB for a moment


class NotAPictureError(Exception):
    """It says that it is one, but can't be read, or is too large or too costly to be shown."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Size in pixels, upright; `thumbnail` is a JPEG, b"" if none could be made."""

    width: int
    height: int
    thumbnail: bytes = field(repr=False)


def examine_picture(path: Path, content_type: str) -> Picture | None:
    """Size and a small copy; None where the size is left to the browser (WebP).

    NotAPictureError when it can't be read, has more than 64 million pixels, or takes more than
    seconds to unpack. A picture that ends too early has a size but no small copy.
    """
    if content_type == "image/webp":
        return None  # opening one reserves memory for its whole canvas, whatever that is
    return _shrunk(path, content_type, MOST_THUMBNAIL_BYTES, THUMBNAIL)


def thumb_of(data: bytes, content_type: str) -> bytes:
    """A JPEG of at most 64 KB for cards; NotAPictureError if none can be made."""
    if content_type == "image/webp":
        raise NotAPictureError
    most = UPLOAD_LIMITS[MediaKind.THUMB].most_bytes
    with temporary_folder() as folder:
        path = folder / "file"
        path.write_bytes(data)
        thumb = _shrunk(path, content_type, most, THUMBS).thumbnail
    if not thumb:
        raise NotAPictureError
    return thumb


def _shrunk(
    path: Path, content_type: str, most_bytes: int, tries: Sequence[tuple[int, int]]
) -> Picture:
    if content_type == "image/jpeg" and path.read_bytes().count(START_OF_SCAN) > MOST_SCANS:
        raise NotAPictureError
    wanted = [f"{side}:{quality}" for side, quality in tries]
    arguments = [str(path.absolute()), PICTURES[content_type], str(most_bytes), *wanted]
    with _few_at_a_time, temporary_folder() as place:
        code = run_bounded([sys.executable, "-m", MODULE, *arguments], place, BOUNDS)
        if code != 0:
            if code != NO_PICTURE:
                logger.warning("a picture was given up: its process ended with code %d", code)
            raise NotAPictureError
        width, height = (place / SIZE).read_text("ascii").split()
        small = place / SMALL
        return Picture(int(width), int(height), small.read_bytes() if small.exists() else b"")
