"""Uploads are checked as WeChat checks them, and every file is gone after three days."""

from __future__ import annotations

import pytest
import requests
from simulator_bench import Desk, WeChat

from wxdesk.simulator.samples import sample, sample_names

PHOTO, SCREENSHOT = sample("photo.jpg"), sample("screenshot.png")
VOICE, SONG, FILM, THUMB = (
    sample(name) for name in ("voice.amr", "voice.mp3", "video.mp4", "thumb.jpg")
)


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    return wechat.customer()


def fetch(wechat: WeChat, media_id: str, path: str = "media/get") -> requests.Response:
    query = {"access_token": wechat.token(), "media_id": media_id}
    answer = requests.get(f"{wechat.base}/cgi-bin/{path}", params=query, timeout=10)
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize(
    ("kind", "content", "content_type"),
    [
        ("image", PHOTO, "image/jpeg"),
        ("image", SCREENSHOT, "image/png"),
        ("image", sample("emoticon.gif"), "image/gif"),
        ("voice", VOICE, "audio/amr"),
        ("voice", SONG, "audio/mpeg"),
        ("thumb", THUMB, "image/jpeg"),
    ],
)
def test_uploaded_file_comes_back_as_it_was(
    wechat: WeChat, openid: str, kind: str, content: bytes, content_type: str
) -> None:
    uploaded = wechat.upload(kind, content)
    media_id = uploaded["thumb_media_id" if kind == "thumb" else "media_id"]
    assert (uploaded["type"], uploaded["created_at"]) == (kind, 1772413200)
    answer = fetch(wechat, media_id)
    assert answer.content == content
    assert answer.headers["Content-Type"] == content_type
    assert media_id in answer.headers["Content-disposition"]


def test_video_is_fetched_from_an_address_without_a_token(wechat: WeChat, openid: str) -> None:
    answer = fetch(wechat, wechat.media("video", FILM)).json()
    assert requests.get(answer["video_url"], timeout=10).content == FILM


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [
        ("hologram", PHOTO, 40004),
        ("", PHOTO, 40004),
        ("image", b"", 40006),
        ("image", b"GIF plain text", 40005),
        ("image", VOICE, 40005),
        ("voice", PHOTO, 40005),
        ("video", PHOTO, 40005),
        ("thumb", SCREENSHOT, 40005),
        ("thumb", PHOTO + bytes(65 * 1024), 45001),
        ("voice", VOICE + bytes(2 * 1024 * 1024), 45001),
        ("image", PHOTO + bytes(10 * 1024 * 1024), 45001),
        ("image", PHOTO + bytes(13 * 1024 * 1024), 45001),
        ("voice", VOICE[:6] + VOICE[6:] * 16, 45007),
    ],
)
def test_unfit_upload_is_refused(
    wechat: WeChat, openid: str, kind: str, content: bytes, errcode: int
) -> None:
    assert wechat.upload(kind, content)["errcode"] == errcode


def test_upload_without_a_file_is_refused(wechat: WeChat, openid: str) -> None:
    assert wechat.api("media/upload", {}, type="image")["errcode"] == 41005
    assert wechat.api("media/upload", type="image")["errcode"] == 43002


def test_file_is_gone_after_three_days(wechat: WeChat, openid: str) -> None:
    media_id = wechat.media("image", PHOTO)
    wechat.write(openid, "在吗")
    wechat.advance(days=2, hours=23, minutes=59)
    wechat.write(openid, "在吗")
    assert fetch(wechat, media_id).content == PHOTO
    assert wechat.send_kind(openid, "image", {"media_id": media_id}) == 0
    wechat.advance(minutes=1)
    assert fetch(wechat, media_id).json()["errcode"] == 40007
    assert wechat.send_kind(openid, "image", {"media_id": media_id}) == 40007


def test_what_a_customer_sent_is_gone_after_three_days_too(wechat: WeChat, openid: str) -> None:
    wechat.say(openid, "voice")
    media_id = wechat.bubbles(openid)[0]["detail"]["media_id"]
    assert fetch(wechat, media_id).content == VOICE
    assert fetch(wechat, media_id, "media/get/jssdk").content == VOICE
    wechat.advance(days=3)
    assert fetch(wechat, media_id).json()["errcode"] == 40007


def test_files_of_another_account_are_unknown(wechat: WeChat, openid: str, desk: Desk) -> None:
    media_id = wechat.media("image", PHOTO)
    wechat.register(desk.url, original_id="gh_other", app_id="wxother")
    given = {"grant_type": "client_credential", "appid": "wxother", "secret": "app-secret"}
    token = wechat.post("/cgi-bin/stable_token", **given)["access_token"]
    assert wechat.api("media/get", token=token, media_id=media_id)["errcode"] == 40007
    assert wechat.api("media/get", media_id="")["errcode"] == 41006


def test_picture_of_an_article_has_an_address_and_no_id(wechat: WeChat, openid: str) -> None:
    url = f"{wechat.base}/cgi-bin/media/uploadimg"
    query = {"access_token": wechat.token()}
    answer = requests.post(url, params=query, files={"media": ("a.jpg", PHOTO)}, timeout=10)
    assert requests.get(answer.json()["url"], timeout=10).content == PHOTO
    voice = requests.post(url, params=query, files={"media": ("a.amr", VOICE)}, timeout=10)
    assert voice.json()["errcode"] == 40005


def test_samples_are_small_files_of_every_kind() -> None:
    names = sample_names()
    assert {name.rpartition(".")[2] for name in names} == {"jpg", "png", "gif", "amr", "mp3", "mp4"}
    assert sum(len(sample(name)) for name in names) < 200_000
