"""The small picture that WeChat asks for with every video: a play mark on a dark ground."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw

SIZE = (480, 270)
GROUND, RING, MARK = "#20262e", "#46515e", "#e8ecf0"


@cache
def poster() -> bytes:
    """A JPEG far below 64 KB; the same for every video."""
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    x, y = SIZE[0] // 2, SIZE[1] // 2
    draw.ellipse((x - 52, y - 52, x + 52, y + 52), fill=RING)
    draw.polygon([(x - 18, y - 30), (x - 18, y + 30), (x + 34, y)], fill=MARK)
    made = io.BytesIO()
    image.save(made, "JPEG", quality=85)
    return made.getvalue()
