"""What an uploaded file really is: its kind by its first bytes, its length in seconds if known."""

from __future__ import annotations

from dataclasses import dataclass

AMR_NB_HEADER, AMR_WB_HEADER = b"#!AMR\n", b"#!AMR-WB\n"
AMR_NB_BYTES = (12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0)
AMR_WB_BYTES = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0)
AMR_FRAME_SECONDS = 0.02
MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
MP3_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MP3_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@dataclass(frozen=True, slots=True)
class Format:
    """`seconds` is None when it is not known; `suffix` has no dot."""

    suffix: str
    content_type: str
    seconds: float | None = None


def format_of(content: bytes) -> Format | None:
    """None for a file that no WeChat call takes."""
    if content.startswith(AMR_WB_HEADER):
        return Format("amr", "audio/amr-wb", _amr_seconds(content, 9, AMR_WB_BYTES))
    if content.startswith(AMR_NB_HEADER):
        return Format("amr", "audio/amr", _amr_seconds(content, 6, AMR_NB_BYTES))
    for head, found in _SIGNATURES:
        if content.startswith(head):
            return found
    if content[4:8] == b"ftyp":
        return Format("mp4", "video/mp4", _mp4_seconds(content))
    if content.startswith(b"ID3") or _mp3_frame(content, 0) is not None:
        return Format("mp3", "audio/mpeg", _mp3_seconds(content))
    return None


_SIGNATURES = (
    (b"\xff\xd8\xff", Format("jpg", "image/jpeg")),
    (b"\x89PNG\r\n\x1a\n", Format("png", "image/png")),
    (b"GIF87a", Format("gif", "image/gif")),
    (b"GIF89a", Format("gif", "image/gif")),
    (b"OggS", Format("ogg", "audio/ogg")),
    (b"\x1aE\xdf\xa3", Format("webm", "audio/webm")),
)


def _amr_seconds(content: bytes, start: int, sizes: tuple[int, ...]) -> float:
    place, frames = start, 0
    while place < len(content):
        place += 1 + sizes[content[place] >> 3 & 15]
        frames += 1
    return round(frames * AMR_FRAME_SECONDS, 2)


def _mp3_frame(content: bytes, place: int) -> tuple[int, float] | None:
    """Bytes and seconds of the MPEG layer III frame that starts here."""
    head = content[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, rate, kbits = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or rate == 3 or kbits in (0, 15):
        return None
    hertz = MP3_RATES[version][rate]
    bits = (MP3_KBITS_1 if version == 3 else MP3_KBITS_2)[kbits] * 1000
    samples = 1152 if version == 3 else 576
    return samples // 8 * bits // hertz + (head[2] >> 1 & 1), samples / hertz


def _mp3_seconds(content: bytes) -> float | None:
    place = 0
    if content.startswith(b"ID3") and len(content) > 10:
        tag = content[6:10]
        place = 10 + (tag[0] << 21 | tag[1] << 14 | tag[2] << 7 | tag[3])
    seconds = 0.0
    while frame := _mp3_frame(content, place):
        place, seconds = place + frame[0], seconds + frame[1]
    return round(seconds, 2) or None


def _mp4_seconds(content: bytes) -> float | None:
    """From the movie header; None when it is not found."""
    place = content.find(b"mvhd")
    head = content[place + 4 : place + 36]
    if place < 0 or len(head) < 32:
        return None
    start, wide = (20, 8) if head[0] == 1 else (12, 4)
    scale = int.from_bytes(head[start : start + 4], "big")
    length = int.from_bytes(head[start + 4 : start + 4 + wide], "big")
    return round(length / scale, 2) if scale else None
