"""Pictures: size, small copies for the thread, and thumbs as WeChat takes them. Pillow."""

from __future__ import annotations

import io
import struct
import threading
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from wxdesk.media.content import PICTURES
from wxdesk.wechat.limits import UPLOAD_LIMITS, MediaKind

MOST_PIXELS = 64_000_000
THUMBNAIL_SIDE = 480
THUMBNAIL_QUALITY = 80
THUMB_SIDES = (520, 400, 300, 200)
THUMB_QUALITIES = (85, 70, 50, 30)
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# what Pillow raises for hostile files
UNREADABLE = (
    *(OSError, ValueError, SyntaxError, EOFError, struct.error, KeyError, IndexError),
    *(TypeError, OverflowError, ZeroDivisionError, MemoryError),
)

Image.MAX_IMAGE_PIXELS = None  # _opened refuses earlier, and with its own answer
_one_at_a_time = threading.Lock()  # a large picture takes 250 MB while it is made small


class NotAPictureError(Exception):
    """It says that it is one, but can't be read, or is too large to be shown."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Size in pixels, upright; `thumbnail` is a JPEG, b"" if none could be made."""

    width: int
    height: int
    thumbnail: bytes


def examine_picture(path: Path, content_type: str) -> Picture | None:
    """Size and a small copy; None where the size is left to the browser (WebP).

    NotAPictureError when it can't be read or has more than 64 million pixels. A picture that
    ends too early has a size but no small copy.
    """
    if content_type == "image/webp":
        return None  # opening one reserves memory for its whole canvas, whatever that is
    try:
        with _one_at_a_time, path.open("rb") as file, _opened(file.read(), content_type) as image:
            width, height = _upright_size(image)
            return Picture(width, height, _thumbnail(image))
    except UNREADABLE as error:
        raise NotAPictureError from error


def thumb_of(data: bytes, content_type: str) -> bytes:
    """A JPEG of at most 64 KB for cards; NotAPictureError if none can be made."""
    if content_type == "image/webp":
        raise NotAPictureError
    most = UPLOAD_LIMITS[MediaKind.THUMB].most_bytes
    try:
        with _one_at_a_time, _opened(data, content_type) as image:
            for side, quality in zip(THUMB_SIDES, THUMB_QUALITIES, strict=True):
                made = _jpeg(image, side, quality)
                if len(made) <= most:
                    return made
    except UNREADABLE as error:
        raise NotAPictureError from error
    raise NotAPictureError


def _opened(data: bytes, content_type: str) -> Image.Image:
    """Reads the header only."""
    image = Image.open(io.BytesIO(data), formats=(PICTURES[content_type],))
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise NotAPictureError
    return image


def _upright_size(image: Image.Image) -> tuple[int, int]:
    is_on_its_side = _orientation(image) in (5, 6, 7, 8)
    return (image.height, image.width) if is_on_its_side else (image.width, image.height)


def _orientation(image: Image.Image) -> int:
    """How the camera was held: EXIF's 1 to 8; 1 is upright."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except UNREADABLE:
        return 1


def _thumbnail(image: Image.Image) -> bytes:
    try:
        return _jpeg(image, THUMBNAIL_SIDE, THUMBNAIL_QUALITY)
    except UNREADABLE:
        return b""


def _jpeg(image: Image.Image, side: int, quality: int) -> bytes:
    """Upright, at most `side` pixels wide and high, without any of the original's metadata."""
    image.draft("RGB", (side * 2, side * 2))
    small = image.convert("RGBA") if _is_transparent(image) else image.convert("RGB")
    small.thumbnail((side, side))
    turn = TURNS.get(_orientation(image))
    if turn is not None:
        small = small.transpose(turn)
    if small.mode == "RGBA":
        ground = Image.new("RGB", small.size, "white")
        ground.paste(small, mask=small.getchannel("A"))
        small = ground
    made = io.BytesIO()
    small.save(made, "JPEG", quality=quality, optimize=True)
    return made.getvalue()


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
