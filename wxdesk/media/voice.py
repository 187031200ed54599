"""Voices: made into MP3 once, with duration and waveform. By ffmpeg, else by PyAV, else not.

The work is done by a process of its own with bounded time and memory (media/bounded.py). It reads
one local file, in the format that its content has.
"""

from __future__ import annotations

import array
import importlib.util
import itertools
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from wxdesk.media.bounded import Bounds, run_bounded
from wxdesk.media.content import SOUNDS
from wxdesk.media.rules import NO_TOOL, NOT_PLAYABLE
from wxdesk.media.temporary import temporary_folder
from wxdesk.words import Words, say

LONGEST_SECONDS = 600
BOUNDS = Bounds(
    run_seconds=30.0, cpu_seconds=20, memory_bytes=1_000_000_000, output_bytes=20_000_000
)
HERTZ = 8_000
BYTES_A_SAMPLE = 2
PEAKS = 64
FAINT = 1_600  # of 32,768
MP3, SAMPLES = "voice.mp3", "voice.pcm"


class VoiceError(Exception):
    """It can't be made playable; `code` and `reason` are shown beside the download."""

    def __init__(self, code: str, reason: Words) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Voice:
    """`waveform`: at most 64 peaks from 0 to 100 over the whole duration."""

    mp3: bytes
    duration_seconds: float
    waveform: tuple[int, ...]


def voice_tool() -> str:
    """What converts voices here: "ffmpeg", "pyav", or "" when they can only be downloaded."""
    if shutil.which("ffmpeg"):
        return "ffmpeg"
    return "pyav" if importlib.util.find_spec("av") else ""


def convert_voice(path: Path, content_type: str) -> Voice:
    """MP3, duration and waveform; at most the first ten minutes. Raises VoiceError."""
    tool = voice_tool()
    if not tool:
        raise VoiceError(
            NO_TOOL, say("voices can't be played on this server; download it to listen")
        )
    with temporary_folder() as place:
        command = _command(tool, path.absolute(), SOUNDS[content_type])
        if run_bounded(command, place, BOUNDS) != 0:
            raise _not_playable()
        mp3, samples = _read(place / MP3), _read(place / SAMPLES)
    if len(samples) < BYTES_A_SAMPLE or not mp3:
        raise _not_playable()
    seconds = len(samples) / BYTES_A_SAMPLE / HERTZ
    return Voice(mp3, round(seconds, 2), _waveform(samples))


def _command(tool: str, path: Path, reader: str) -> list[str]:
    if tool == "pyav":
        module = "wxdesk.media.convert_with_av"
        return [sys.executable, "-m", module, str(path), reader, str(LONGEST_SECONDS + 1)]
    return [
        str(shutil.which("ffmpeg")),
        *("-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1"),
        *("-protocol_whitelist", "file,pipe", "-f", reader, "-t", str(LONGEST_SECONDS + 1)),
        *("-i", f"file:{path}"),
        *("-map", "0:a:0", "-map_metadata", "-1", "-ac", "1", "-ar", "16000"),
        *("-c:a", "libmp3lame", "-b:a", "32k", "-f", "mp3", f"file:{MP3}"),
        *("-map", "0:a:0", "-ac", "1", "-ar", str(HERTZ), "-f", "s16le", f"file:{SAMPLES}"),
    ]


def _not_playable() -> VoiceError:
    return VoiceError(
        NOT_PLAYABLE, say("this voice can't be converted for playing; download it to listen")
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _waveform(samples: bytes) -> tuple[int, ...]:
    """Peaks of equal stretches of 16-bit samples; the loudest is 100, unless all is faint."""
    values = array.array("h", samples[: len(samples) // BYTES_A_SAMPLE * BYTES_A_SAMPLE])
    if sys.byteorder == "big":
        values.byteswap()
    count = min(PEAKS, len(values))
    bounds = [len(values) * number // count for number in range(count + 1)]
    parts = [values[start:end] for start, end in itertools.pairwise(bounds)]
    peaks = [max(max(part), -min(part)) for part in parts]
    loudest = max(*peaks, FAINT)
    return tuple(peak * 100 // loudest for peak in peaks)
