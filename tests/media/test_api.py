"""Attaching files over HTTP: held against WeChat's limits, kept until they are sent."""

import struct
from pathlib import Path

import pytest
from cast import Api, Browser, Team, customer_writes, hire
from urllib3 import encode_multipart_formdata
from werkzeug.test import TestResponse

from media.phone import DRAWING, EMOTICON, FILM, PAGE, PHOTO, SONG, VOICE, WIDE_VOICE, row_of
from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.conversations.models import Message
from wxdesk.media.jobs import fetch
from wxdesk.media.models import Attachment
from wxdesk.media.operations import bind
from wxdesk.media.queries import list_files
from wxdesk.media.rules import FileState
from wxdesk.plumbing.errors import ConflictError, NotFoundError
from wxdesk.runtime import Runtime

pytestmark = pytest.mark.one_database


@pytest.fixture
def question(runtime: Runtime, account: Account) -> Message:
    return customer_writes(runtime, account)


@pytest.fixture
def path(question: Message) -> str:
    return f"/conversations/{question.conversation_id}/attachments"


def form_of(content: bytes, name: str = "a.bin") -> dict[str, object]:
    """The body of a form with one file, as a browser makes it."""
    body, content_type = encode_multipart_formdata({"file": (name, content)})
    return {"data": body, "content_type": content_type}


def attach(api: Api, path: str, content: bytes, name: str = "a.bin") -> TestResponse:
    return api.client.post(f"/api/v1{path}", headers=api.headers, **form_of(content, name))


def reason_of(answer: TestResponse) -> str:
    assert answer.status_code == 422, answer.text
    assert answer.json["field"] == "file"
    return answer.json["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "content_type"),
    [
        (PHOTO, "image", "image/jpeg"),
        (EMOTICON, "image", "image/gif"),
        (SONG, "voice", "audio/mpeg"),
        (VOICE, "voice", "audio/amr"),
        (FILM, "video", "video/mp4"),
    ],
)
def test_file_that_wechat_takes_is_kept(
    lin: Api, path: str, content: bytes, kind: str, content_type: str
):
    answer = attach(lin, path, content, "发票.bin")
    assert answer.status_code == 201
    file = answer.json
    assert set(file) == {
        "id",
        "role",
        "state",
        "kind",
        "content_type",
        "size_bytes",
        "file_name",
        "width",
        "height",
        "duration_seconds",
        "waveform",
        "url",
        "play_url",
        "thumbnail_url",
        "error",
        "may_retry",
        "next_attempt_at",
    }
    assert (file["role"], file["state"], file["kind"]) == ("content", "ready", kind)
    assert (file["content_type"], file["size_bytes"]) == (content_type, len(content))
    assert file["file_name"].startswith("发票.bin.")
    assert (file["error"], file["may_retry"], file["next_attempt_at"]) == (None, False, None)
    assert (file["thumbnail_url"] is not None) == (kind == "image")
    assert (file["play_url"] is not None) == (kind != "image")
    shown = lin.client.get(file["url"], headers=lin.headers, buffered=True)
    assert shown.data == content


@pytest.mark.parametrize("content", [PAGE, DRAWING, b"%PDF-1.7", b"plain", WIDE_VOICE])
def test_file_that_wechat_does_not_take_is_refused_whatever_its_name(
    lin: Api, path: str, content: bytes
):
    assert "WeChat takes PNG, JPG and GIF" in reason_of(attach(lin, path, content, "photo.jpg"))


def test_empty_file_is_refused(lin: Api, path: str):
    assert reason_of(attach(lin, path, b"")) == "the file is empty"


def test_request_without_a_file_is_refused(lin: Api, path: str):
    assert "multipart" in reason_of(lin.post(path, {"file": "x"}))


@pytest.mark.parametrize(
    ("content", "most"),
    [(PHOTO + bytes(2_000_000), 2), (SONG + bytes(2_000_000), 2), (FILM + bytes(10_000_000), 10)],
)
def test_file_above_wechats_size_is_refused_with_the_limit(
    lin: Api, path: str, content: bytes, most: int
):
    assert f"at most {most} MB" in reason_of(attach(lin, path, content))


def test_file_above_wechats_size_is_not_unpacked(
    lin: Api, path: str, monkeypatch: pytest.MonkeyPatch
):
    def look(_path: Path) -> None:
        pytest.fail("looked at")

    monkeypatch.setattr("wxdesk.media.uploads.examine", look)
    assert "at most 2 MB" in reason_of(attach(lin, path, PHOTO + bytes(2_000_000)))


def test_request_above_eleven_megabytes_is_not_even_read(lin: Api, path: str):
    answer = attach(lin, path, bytes(12 * 1024 * 1024))
    assert answer.status_code == 413


def test_other_addresses_still_take_one_megabyte_only(lin: Api, question: Message):
    answer = lin.post(
        f"/conversations/{question.conversation_id}/messages", {"text": "x" * 1_100_000}
    )
    assert answer.status_code == 413


def test_voice_of_more_than_a_minute_is_refused(lin: Api, path: str):
    assert "at most 60 seconds" in reason_of(attach(lin, path, VOICE[:6] + VOICE[6:] * 16))
    assert "at most 60 seconds" in reason_of(attach(lin, path, SONG * 16))


def test_voice_that_is_broken_is_refused(lin: Api, path: str):
    assert "can't be read" in reason_of(attach(lin, path, b"#!AMR\n" + b"\xff" * 100))


def test_bomb_is_refused(lin: Api, path: str):
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + bytes(100)
    assert reason_of(attach(lin, path, bomb))


def test_without_a_converter_voices_are_refused_with_the_reason(
    lin: Api, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(__import__("sys").modules, "av", raising=False)
    assert "ffmpeg is missing" in reason_of(attach(lin, path, VOICE))


def test_marketer_may_not_attach(chen: Api, path: str):
    assert attach(chen, path, PHOTO).status_code == 403


def test_unknown_conversation_is_not_found(lin: Api):
    assert attach(lin, "/conversations/999999/attachments", PHOTO).status_code == 404


def test_browser_attaches_with_its_csrf_token_and_not_without(
    app, browser: Browser, team: Team, path: str
):
    browser.log_in("lin")
    big = FILM + bytes(3_000_000)
    url = f"/api/v1{path}"
    refused = browser.client.post(url, **form_of(big))
    assert refused.status_code == 400
    taken = browser.client.post(url, **form_of(big), headers={"X-CSRFToken": browser.csrf})
    assert taken.status_code == 201


def test_stranger_is_turned_away_before_the_file_is_read(app, path: str):
    answer = app.test_client().post(f"/api/v1{path}", **form_of(PHOTO))
    assert answer.status_code == 401


def test_file_is_bound_to_one_message_of_its_agent(
    lin: Api, path: str, runtime: Runtime, question: Message, team: Team, account: Account
):
    file_id = attach(lin, path, PHOTO).json["id"]
    other = customer_writes(runtime, account, "noch was?")
    with pytest.raises(ConflictError), runtime.unit_of_work() as uow:
        bind(uow, file_id, question.id, team.mei)
    with runtime.unit_of_work() as uow:
        assert bind(uow, file_id, question.id, team.lin).message_id == question.id
    with pytest.raises(ConflictError), runtime.unit_of_work() as uow:
        bind(uow, file_id, other.id, team.lin)
    with pytest.raises(NotFoundError), runtime.unit_of_work() as uow:
        bind(uow, 999_999, question.id, team.lin)
    with runtime.reading() as session:
        found = list_files(session, [question.id, other.id])
    assert [view.id for view in found[question.id]] == [file_id]
    assert other.id not in found


def test_failed_file_can_be_fetched_again_by_hand(wang, sending: Runtime):
    attachment_id = wang.sends(media_id="never-there", source_url="http://example.com/x")
    fetch()
    assert row_of(sending, attachment_id).state is FileState.FAILED
    api = Api(create_app(sending).test_client(), sending, hire(sending).lin)
    with sending.unit_of_work() as uow:
        row = uow.session.get_one(Attachment, attachment_id)
        row.media_id, row.source_url = wang.uploads(PHOTO, row.kind), None
    with sending.reading() as session:
        shown = list_files(session, [wang.messages[0].id])[wang.messages[0].id][0]
    assert (shown.error_code, shown.may_retry) == ("address", True)
    answer = api.post(f"/attachments/{attachment_id}/retry")
    assert (answer.status_code, answer.json["state"]) == (200, "waiting")
    fetch()
    assert row_of(sending, attachment_id).state is FileState.READY
    assert api.post(f"/attachments/{attachment_id}/retry").status_code == 409
    assert api.post("/attachments/999999/retry").status_code == 404
