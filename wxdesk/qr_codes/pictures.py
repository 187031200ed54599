"""A QR code as a picture, drawn here from its address: WeChat's own picture says the same.

So archives and posters need no call, are sharp at any size, and work while WeChat is away.
"""

from __future__ import annotations

import io

import segno

BORDER = 4  # white modules around a code, without which phones do not find it
USUAL_PIXELS = 860  # what WeChat recommends for print up to 30 cm; SVG has no limit
LARGEST_PIXELS = 3_000


def code_of(url: str) -> segno.QRCode:
    """With medium error correction, so that a scratch or a fold does no harm."""
    return segno.make_qr(url, error="m")


def modules_of(code: segno.QRCode) -> int:
    """How many modules wide and high it is, with its border."""
    return int(code.symbol_size(border=BORDER)[0])


def png_of(url: str, pixels: int = USUAL_PIXELS) -> bytes:
    """About so many pixels wide: each module is a whole number of them."""
    code = code_of(url)
    scale = max(1, round(min(pixels, LARGEST_PIXELS) / modules_of(code)))
    file = io.BytesIO()
    code.save(file, kind="png", scale=scale, border=BORDER)
    return file.getvalue()


def svg_of(url: str) -> bytes:
    """For printers: sharp at any size."""
    file = io.BytesIO()
    code_of(url).save(file, kind="svg", scale=10, border=BORDER, light="white")
    return file.getvalue()
