"""Recordings become AMR where an encoder is at hand, and phones can play AMR where one decodes."""

from __future__ import annotations

import pytest
import requests
from simulator_bench import Desk, WeChat

from wxdesk.simulator.formats import format_of
from wxdesk.simulator.samples import sample
from wxdesk.simulator.voices import encoder, to_amr, to_wav

SONG = sample("voice.mp3")


def test_recording_becomes_amr_or_stays_as_it_is(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    url = f"{wechat.base}/sim/customers/{wechat.customer()}/messages?wait=1"
    form = {"data": {"kind": "voice"}, "files": {"media": ("voice", SONG)}}
    detail = requests.post(url, timeout=30, **form).json()["message"]["detail"]
    expected = "audio/amr" if encoder() else "audio/mpeg"
    assert detail["content_type"] == expected
    is_amr = b"<![CDATA[amr]]></Format>" in desk.received[-1].body
    assert is_amr is bool(encoder())
    assert wechat.get("/sim/samples")["voice_encoder"] == encoder()


def test_what_is_no_sound_stays_as_it_is() -> None:
    assert to_amr(b"no sound at all") is None
    assert to_wav(b"no sound at all") is None


@pytest.mark.skipif(not encoder(), reason="no AMR encoder on this machine")
def test_amr_keeps_its_length() -> None:
    made = format_of(to_amr(SONG) or b"")
    assert made is not None
    assert made.content_type == "audio/amr"
    assert made.seconds == pytest.approx(4.1, abs=0.3)


@pytest.mark.skipif(to_wav(sample("voice.amr")) is None, reason="nothing here decodes AMR")
def test_voice_of_a_customer_can_be_played(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    openid = wechat.customer()
    detail = wechat.say(openid, "voice")["detail"]
    sound = requests.get(f"{wechat.base}{detail['media_url']}/sound", timeout=20)
    assert sound.content[:4] == b"RIFF"
    picture = wechat.say(openid, "image")["detail"]["media_url"]
    assert requests.get(f"{wechat.base}{picture}/sound", timeout=20).status_code == 404


@pytest.mark.parametrize(
    ("content", "suffix", "seconds"),
    [
        (sample("voice.amr"), "amr", 4.02),
        (sample("voice-wide.amr"), "amr", 4.0),
        (SONG, "mp3", 4.14),
        (sample("video.mp4"), "mp4", 3.0),
        (sample("photo.jpg"), "jpg", None),
        (b"#!AMR\n" + b"\x3c" * 3, "amr", 0.02),
        (b"\xff\xfb\x00", None, None),
        (b"", None, None),
        (b"ID3", "mp3", None),
        (b"\x00\x00\x00\x18ftypisom", "mp4", None),
    ],
)
def test_files_are_known_by_their_bytes(
    content: bytes, suffix: str | None, seconds: float | None
) -> None:
    found = format_of(content)
    assert (found.suffix if found else None) == suffix
    assert (found.seconds if found else None) == seconds
