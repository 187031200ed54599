"""Turn a recording of a browser into AMR, as WeChat's own phones send it, when that is possible."""

from __future__ import annotations

import importlib
import importlib.util
import io
import shutil
import subprocess
from functools import lru_cache
from typing import Any

ENCODERS = ("libopencore_amrnb", "amr_nb")
SECONDS = 20
MOST_SECONDS_OF_VOICE = 60


@lru_cache
def encoder() -> str:
    """What makes AMR here: "ffmpeg", "av" (PyAV), or "" when nothing can."""
    if _ffmpeg_encoder():
        return "ffmpeg"
    return "av" if importlib.util.find_spec("av") is not None and _av_encoder() else ""


def to_amr(recording: bytes) -> bytes | None:
    """AMR-NB of any sound file; None when there is no encoder or the sound can't be read."""
    kind = encoder()
    if kind == "ffmpeg":
        return _by_ffmpeg(recording)
    return _by_av(recording) if kind == "av" else None


@lru_cache
def _ffmpeg_encoder() -> str:
    program = shutil.which("ffmpeg")
    if program is None:
        return ""
    command = [program, "-hide_banner", "-encoders"]
    try:
        found = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    listed = found.stdout.decode(errors="replace")
    return next((name for name in ENCODERS if f" {name} " in listed), "")


def _by_ffmpeg(recording: bytes) -> bytes | None:
    program = shutil.which("ffmpeg") or "ffmpeg"
    command = [program, "-v", "error", "-i", "pipe:0", "-t", str(MOST_SECONDS_OF_VOICE), "-vn"]
    command += ["-ar", "8000", "-ac", "1", "-c:a", _ffmpeg_encoder(), "-b:a", "12.2k"]
    command += ["-f", "amr", "pipe:1"]
    try:
        done = subprocess.run(  # noqa: S603 (fixed arguments; the sound comes by pipe)
            command, input=recording, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout.startswith(b"#!AMR\n") else None


def _av_encoder() -> str:
    av: Any = importlib.import_module("av")
    return next((name for name in ENCODERS if name in av.codecs_available), "")


def _by_av(recording: bytes) -> bytes | None:
    av: Any = importlib.import_module("av")
    made = io.BytesIO()
    try:
        with av.open(io.BytesIO(recording)) as source, av.open(made, "w", format="amr") as target:
            stream = target.add_stream(_av_encoder(), rate=8000, layout="mono")
            stream.bit_rate = 12_200
            resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
            fifo = av.AudioFifo()
            for frame in source.decode(audio=0):
                for part in resampler.resample(frame):
                    part.pts = None
                    fifo.write(part)
            while (part := fifo.read(160, partial=False)) is not None:
                target.mux(stream.encode(part))
            target.mux(stream.encode(None))
    except (av.FFmpegError, IndexError, ValueError):
        return None
    return made.getvalue()


@lru_cache(maxsize=32)
def to_wav(sound: bytes) -> bytes | None:
    """WAV of a voice that browsers can't play; None when nothing here can decode it."""
    program = shutil.which("ffmpeg")
    if program is None:
        return _wav_by_av(sound) if importlib.util.find_spec("av") is not None else None
    command = [program, "-v", "error", "-i", "pipe:0", "-t", str(MOST_SECONDS_OF_VOICE)]
    command += ["-f", "wav", "pipe:1"]
    try:
        done = subprocess.run(  # noqa: S603 (fixed arguments; the sound comes by pipe)
            command, input=sound, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout.startswith(b"RIFF") else None


def _wav_by_av(sound: bytes) -> bytes | None:
    av: Any = importlib.import_module("av")
    made = io.BytesIO()
    try:
        with av.open(io.BytesIO(sound)) as source, av.open(made, "w", format="wav") as target:
            rate = source.streams.audio[0].rate
            stream = target.add_stream("pcm_s16le", rate=rate, layout="mono")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            for frame in source.decode(audio=0):
                for part in resampler.resample(frame):
                    part.pts = None
                    target.mux(stream.encode(part))
            target.mux(stream.encode(None))
    except (av.FFmpegError, IndexError, ValueError):
        return None
    return made.getvalue()
