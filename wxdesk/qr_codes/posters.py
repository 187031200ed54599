"""Posters: a QR code, and its label where there is a font for it, on a picture of the marketer's.

What is uploaded is opened as one of three formats only and measured before it is unpacked.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.qr_codes.pictures import BORDER, code_of, modules_of
from wxdesk.words import say

LARGEST_BYTES = 10_000_000
MOST_PIXELS = 16_000_000
LEAST_SIDE = 300
FORMATS = ("PNG", "JPEG", "WEBP")
LEAST_PERCENT, MOST_PERCENT = 10, 90
LEAST_MODULE = 3  # pixels; finer codes are not found by phones
MARGIN = 0.04
LABEL_SIZE = 0.09  # of the code's width
JPEG_QUALITY = 92
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
FONTS = (  # file, and which face of it is simplified Chinese
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
)


class Place(StrEnum):
    """Where on the picture: rows from the top, columns from the left."""

    TOP_LEFT = "top_left"
    TOP = "top"
    TOP_RIGHT = "top_right"
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom_right"


@dataclass(frozen=True, slots=True)
class Layout:
    """`percent` is the code's width, of the shorter side of the picture."""

    place: Place = Place.BOTTOM_RIGHT
    percent: int = 28
    has_label: bool = True


@dataclass(frozen=True, slots=True)
class Poster:
    data: bytes
    content_type: str
    suffix: str


class Backdrop:
    """A picture that codes are put on."""

    def __init__(self, data: bytes) -> None:
        """InvalidInputError "background": no picture of ours, too large, too small."""
        self._is_photo, self._image = _opened(data)

    def with_code(self, url: str, label: str, layout: Layout) -> Poster:
        """A copy with the code; InvalidInputError "percent" when phones could not read it."""
        card = _card(url, label if layout.has_label else "", self._code_pixels(url, layout))
        image = self._image.copy()
        image.paste(card, _corner(image.size, card.size, layout.place))
        file = io.BytesIO()
        if self._is_photo:
            image.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
            return Poster(file.getvalue(), "image/jpeg", ".jpg")
        image.save(file, "PNG")
        return Poster(file.getvalue(), "image/png", ".png")

    def _code_pixels(self, url: str, layout: Layout) -> int:
        if not LEAST_PERCENT <= layout.percent <= MOST_PERCENT:
            raise InvalidInputError(
                "percent",
                say("between %(least)d and %(most)d", least=LEAST_PERCENT, most=MOST_PERCENT),
            )
        shorter, modules = min(self._image.size), modules_of(code_of(url))
        pixels = shorter * layout.percent // 100 // modules * modules
        if pixels < LEAST_MODULE * modules:
            least = -(-LEAST_MODULE * modules * 100 // shorter)
            raise InvalidInputError(
                "percent",
                say("phones could not read so small a code here: at least %(least)d", least=least),
            )
        return pixels


@cache
def font_file() -> tuple[str, int] | None:
    """A font with Chinese characters on this machine; None: labels are left out."""
    return next((each for each in FONTS if Path(each[0]).is_file()), None)


def _opened(data: bytes) -> tuple[bool, Image.Image]:
    """Whether it came as a JPEG, and the picture the right way up, without transparency."""
    if len(data) > LARGEST_BYTES:
        raise _problem(say("a picture has at most %(most)d MB", most=LARGEST_BYTES // 1_000_000))
    try:
        found = Image.open(io.BytesIO(data), formats=FORMATS)
        if found.width * found.height > MOST_PIXELS:
            raise _problem(
                say("a picture has at most %(most)d megapixels", most=MOST_PIXELS // 1_000_000)
            )
        if min(found.size) < LEAST_SIDE:
            raise _problem(say("each side has at least %(least)d pixels", least=LEAST_SIDE))
        upright = ImageOps.exif_transpose(found).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _problem(say("this is no PNG, JPEG or WebP picture")) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _problem(
            say("a picture has at most %(most)d megapixels", most=MOST_PIXELS // 1_000_000)
        ) from error
    plain = Image.new("RGB", upright.size, WHITE)
    plain.paste(upright, mask=upright)
    return found.format == "JPEG", plain


def _card(url: str, label: str, pixels: int) -> Image.Image:
    """The code on white, with its label below."""
    code = code_of(url)
    file = io.BytesIO()
    code.save(file, kind="png", scale=pixels // modules_of(code), border=BORDER)
    drawn = Image.open(file).convert("RGB")
    found = font_file()
    if not label or found is None:
        return drawn
    font = ImageFont.truetype(found[0], max(12, round(pixels * LABEL_SIZE)), index=found[1])
    text = _fitting(label, font, pixels * 0.92)
    ascent, descent = font.getmetrics()
    card = Image.new("RGB", (pixels, pixels + (ascent + descent) * 5 // 4), WHITE)
    card.paste(drawn, (0, 0))
    place = (pixels / 2, pixels + (card.height - pixels) * 0.4)
    ImageDraw.Draw(card).text(place, text, fill=BLACK, font=font, anchor="mm")
    return card


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Cut with an ellipsis where it is too long."""
    if font.getlength(text) <= width:
        return text
    cut = text
    while cut and font.getlength(f"{cut}…") > width:
        cut = cut[:-1]
    return f"{cut.rstrip()}…"


def _corner(picture: tuple[int, int], card: tuple[int, int], place: Place) -> tuple[int, int]:
    """The card's upper left corner, a margin away from the edges, never outside."""
    number = list(Place).index(place)
    margin = round(min(picture) * MARGIN)
    return tuple(  # type: ignore[return-value]
        max(0, min(whole - part, (margin, (whole - part) // 2, whole - part - margin)[step]))
        for whole, part, step in zip(picture, card, (number % 3, number // 3), strict=True)
    )


def _problem(sentence: str) -> InvalidInputError:
    return InvalidInputError("background", sentence)
