"""Converts one voice with PyAV where there is no ffmpeg; a process of its own (media/voice.py).

Arguments: the file, its format, the most seconds. Writes voice.mp3 and voice.pcm here.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from pathlib import Path
from typing import Any

MP3_HERTZ, SAMPLES_HERTZ = 16_000, 8_000
MP3_BITS = 32_000


def convert(source: str, reader: str, most_seconds: float) -> None:
    """Decode once, write an MP3 for playing and plain samples for the waveform."""
    av: Any = importlib.import_module("av")
    for_mp3 = av.AudioResampler("s16p", "mono", MP3_HERTZ)
    for_samples = av.AudioResampler("s16", "mono", SAMPLES_HERTZ)
    left = int(most_seconds * SAMPLES_HERTZ)
    with (
        av.open(source, format=reader) as voice,
        av.open("voice.mp3", "w", format="mp3") as mp3,
        Path("voice.pcm").open("wb") as samples,
    ):
        stream = mp3.add_stream("libmp3lame", rate=MP3_HERTZ, layout="mono")
        stream.bit_rate = MP3_BITS
        for frame in itertools.chain(_decoded(av, voice), (None,)):
            for part in for_mp3.resample(frame):
                mp3.mux(stream.encode(part))
            for part in for_samples.resample(frame):
                samples.write(bytes(part.planes[0])[: part.samples * 2])
                left -= part.samples
            if left <= 0:
                break
        mp3.mux(stream.encode(None))


def _decoded(av: Any, voice: Any) -> Any:
    """Frames up to where the file breaks off."""
    try:
        yield from voice.decode(audio=0)
    except av.error.InvalidDataError:
        return


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2], float(sys.argv[3]))
