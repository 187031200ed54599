"""Makes one picture small with Pillow; a process of its own (media/pictures.py).

Arguments: the file, its format, the most bytes, then side:quality to try one after the other.
Writes `size` ("width height", upright) here, and `small.jpg` if one can be made. Ends with 3
when the file is no picture, or too large a one to be shown.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

NO_PICTURE = 3
SIZE, SMALL = "size", "small.jpg"
MOST_PIXELS = 64_000_000
ROUGHLY = 4  # times the side: what is larger is thinned out first, because a copy of it costs much
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


def shrink(source: str, reader: str, most_bytes: int, tries: Sequence[tuple[int, int]]) -> bool:
    """Write what can be made; False when it is no picture that can be shown."""
    Image.MAX_IMAGE_PIXELS = None  # refused below, and with our own answer
    try:
        with Image.open(source, formats=(reader,)) as image:
            if image.width * image.height > MOST_PIXELS:
                return False
            width, height = _upright_size(image)
            Path(SIZE).write_text(f"{width} {height}", "ascii")
            _write_small(image, most_bytes, tries)
    except UNREADABLE:
        return False
    return True


def _write_small(image: Image.Image, most_bytes: int, tries: Sequence[tuple[int, int]]) -> None:
    """The first that is small enough; nothing for a picture that ends too early."""
    try:
        for side, quality in tries:
            made = _jpeg(image, side, quality)
            if len(made) <= most_bytes:
                Path(SMALL).write_bytes(made)
                return
    except UNREADABLE:
        return


def _upright_size(image: Image.Image) -> tuple[int, int]:
    is_on_its_side = _orientation(image) in (5, 6, 7, 8)
    return (image.height, image.width) if is_on_its_side else (image.width, image.height)


def _orientation(image: Image.Image) -> int:
    """How the camera was held: EXIF's 1 to 8; 1 is upright."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except UNREADABLE:
        return 1


def _jpeg(image: Image.Image, side: int, quality: int) -> bytes:
    """Upright, at most `side` pixels wide and high, without any of the original's metadata."""
    image.draft("RGB", (side * 2, side * 2))
    turn = TURNS.get(_orientation(image))
    small = _thinned_out(image, side * ROUGHLY)
    small = small.convert("RGBA" if _is_transparent(image) else "RGB")
    small.thumbnail((side, side))
    if turn is not None:
        small = small.transpose(turn)
    if small.mode == "RGBA":
        ground = Image.new("RGB", small.size, "white")
        ground.paste(small, mask=small.getchannel("A"))
        small = ground
    made = io.BytesIO()
    small.save(made, "JPEG", quality=quality, optimize=True)
    return made.getvalue()


def _thinned_out(image: Image.Image, side: int) -> Image.Image:
    """At most `side` pixels wide and high, in its own mode: no second copy of a large picture."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, int(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.NEAREST)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _main(source: str, reader: str, most_bytes: str, *tries: str) -> int:
    pairs = [each.partition(":") for each in tries]
    wanted = [(int(side), int(quality)) for side, _, quality in pairs]
    return 0 if shrink(source, reader, int(most_bytes), wanted) else NO_PICTURE


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
