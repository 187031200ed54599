"""What a file is, by its content; pictures made small and voices made playable, or neither."""

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from media.phone import (
    DRAWING,
    EMOTICON,
    FILM,
    PAGE,
    PHOTO,
    SCREENSHOT,
    SONG,
    VOICE,
    WIDE_VOICE,
)
from wxdesk.media import pictures
from wxdesk.media.content import content_type_of
from wxdesk.media.examining import Examined, examine
from wxdesk.media.pictures import NotAPictureError, thumb_of
from wxdesk.media.rules import FileKind
from wxdesk.media.voice import voice_tool


@pytest.fixture
def look_at(tmp_path: Path):
    def look(content: bytes, name: str = "file") -> Examined:
        path = tmp_path / name
        path.write_bytes(content)
        return examine(path)

    return look


def png_of(width: int, height: int, rows: bytes = bytes(1000), colours: int = 2) -> bytes:
    """A PNG that says it is this large; in a few bytes, unless it is given its rows."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    rows = zlib.compress(rows, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int, orientation: int = 1) -> bytes:
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (width, height), "teal").save(made, "JPEG", exif=exif)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PHOTO, "image/jpeg"),
        (SCREENSHOT, "image/png"),
        (EMOTICON, "image/gif"),
        (VOICE, "audio/amr"),
        (WIDE_VOICE, "audio/amr-wb"),
        (SONG, "audio/mpeg"),
        (FILM, "video/mp4"),
        (PAGE, "application/octet-stream"),
        (DRAWING, "application/octet-stream"),
        (b"", "application/octet-stream"),
        (b"%PDF-1.7", "application/octet-stream"),
        (b"PK\x03\x04", "application/octet-stream"),
        (b"MZ\x90", "application/octet-stream"),
    ],
)
def test_type_follows_from_the_content_alone(content: bytes, content_type: str):
    assert content_type_of(content[:8192]) == content_type


@pytest.mark.parametrize("content", [PAGE, DRAWING, b"", b"\x00" * 100])
def test_what_is_not_shown_is_a_plain_file_whatever_its_name_says(look_at, content: bytes):
    found = look_at(content, "holiday.jpg")
    assert (found.kind, found.content_type) == (FileKind.FILE, "application/octet-stream")
    assert found.thumbnail == b""


def test_picture_has_a_size_and_a_small_copy(look_at):
    found = look_at(jpeg_of(1200, 600))
    assert (found.width, found.height) == (1200, 600)
    small = Image.open(io.BytesIO(found.thumbnail))
    assert (small.format, small.size) == ("JPEG", (480, 240))


def test_picture_taken_sideways_is_upright_and_its_copy_has_no_metadata(look_at):
    found = look_at(jpeg_of(1200, 600, orientation=6))
    assert (found.width, found.height) == (600, 1200)
    small = Image.open(io.BytesIO(found.thumbnail))
    assert small.size == (240, 480)
    assert not small.getexif()


def test_transparent_and_moving_pictures_have_small_copies(look_at):
    made = io.BytesIO()
    Image.new("RGBA", (600, 600), (0, 0, 0, 0)).save(made, "PNG")
    small = Image.open(io.BytesIO(look_at(made.getvalue()).thumbnail))
    assert min(small.getpixel((5, 5))) > 250
    assert look_at(EMOTICON).thumbnail


def test_bomb_is_not_unpacked_and_not_shown(look_at):
    found = look_at(png_of(40_000, 40_000))
    assert (found.kind, found.content_type) == (FileKind.FILE, "application/octet-stream")


def test_jpeg_of_thousands_of_scans_is_not_unpacked_and_not_shown(look_at):
    """Each scan costs as much as a whole picture, and a browser would choke on it too."""
    made = io.BytesIO()
    Image.effect_noise((400, 400), 50).save(made, "JPEG", progressive=True)
    data = made.getvalue()
    last = data.rindex(b"\xff\xda")
    assert look_at(data).thumbnail
    scan = data[last:-2]
    found = look_at(data[:last] + scan * 3000 + data[-2:])
    assert (found.kind, found.content_type) == (FileKind.FILE, "application/octet-stream")


def test_picture_that_takes_too_long_is_given_up(look_at, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "BOUNDS", replace(pictures.BOUNDS, run_seconds=0.001))
    assert look_at(PHOTO).kind is FileKind.FILE


def test_large_transparent_picture_is_made_small_in_little_memory(
    look_at, monkeypatch: pytest.MonkeyPatch
):
    """The picture itself is 100 MB; a second copy of it would not fit."""
    content = png_of(5000, 5000, bytes(5000 * (1 + 4 * 5000)), colours=6)
    monkeypatch.setattr(pictures, "BOUNDS", replace(pictures.BOUNDS, memory_bytes=300_000_000))
    assert look_at(content).thumbnail


def test_broken_picture_is_shown_as_far_as_it_goes_without_a_copy(look_at):
    found = look_at(png_of(100, 100))
    assert (found.kind, found.width, found.thumbnail) == (FileKind.IMAGE, 100, b"")


@pytest.mark.parametrize("content", [PHOTO[:20], SCREENSHOT[:20], EMOTICON[:8]])
def test_picture_that_has_no_size_is_a_plain_file(look_at, content: bytes):
    assert look_at(content).kind is FileKind.FILE


def test_webp_is_left_to_the_browser(look_at):
    made = io.BytesIO()
    Image.new("RGB", (50, 50)).save(made, "WEBP")
    found = look_at(made.getvalue())
    assert (found.kind, found.content_type, found.width) == (FileKind.IMAGE, "image/webp", None)


def test_thumb_for_a_card_fits_into_64_kilobytes():
    noise = Image.effect_noise((2000, 2000), 200).convert("RGB")
    made = io.BytesIO()
    noise.save(made, "PNG")
    thumb = thumb_of(made.getvalue(), "image/png")
    assert len(thumb) <= 64_000
    assert Image.open(io.BytesIO(thumb)).format == "JPEG"
    with pytest.raises(NotAPictureError):
        thumb_of(png_of(40_000, 40_000), "image/png")


@pytest.fixture(params=["ffmpeg", "pyav"])
def tool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Each converter in turn: without ffmpeg in PATH the other one is used."""
    if request.param == "pyav":
        monkeypatch.setenv("PATH", str(tmp_path))
    if voice_tool() != request.param:
        pytest.fail("voices need ffmpeg in PATH (apt-get install ffmpeg) and PyAV (pip install av)")
    return request.param


@pytest.mark.parametrize("content", [VOICE, WIDE_VOICE])
def test_voice_becomes_an_mp3_with_duration_and_waveform(look_at, tool: str, content: bytes):
    found = look_at(content)
    assert found.kind is FileKind.VOICE
    assert content_type_of(found.playable) == "audio/mpeg"
    assert found.duration_seconds == pytest.approx(4, abs=1.5)
    assert found.waveform is not None
    assert len(found.waveform) == 64
    assert max(found.waveform) == 100
    assert min(found.waveform) >= 0
    assert found.error_code is None


def test_mp3_is_played_as_it_is(look_at, tool: str):
    found = look_at(SONG)
    assert found.playable == b""
    assert found.duration_seconds
    assert found.waveform


def test_voice_that_breaks_off_is_playable_as_far_as_it_goes(look_at, tool: str):
    whole, half = look_at(VOICE), look_at(VOICE[: len(VOICE) // 2])
    assert 0 < half.duration_seconds < whole.duration_seconds


@pytest.mark.parametrize(
    "content", [b"#!AMR\n" + b"\xff" * 100, b"ID3" + bytes(50), b"OggS" + bytes(99)]
)
def test_voice_that_is_none_can_only_be_downloaded(look_at, tool: str, content: bytes):
    found = look_at(content)
    assert found.playable == b""
    assert found.error_code == "not_playable"
    assert found.error


def test_without_a_converter_voices_can_be_downloaded_and_the_reason_is_said(
    look_at, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.path_importer_cache", {})
    monkeypatch.delitem(__import__("sys").modules, "av", raising=False)
    assert voice_tool() == ""
    found = look_at(VOICE)
    assert (found.kind, found.error_code) == (FileKind.VOICE, "no_voice_tool")
    assert "download" in str(found.error)
