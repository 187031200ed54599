"""Files reach people with log-in only, in parts where asked, and can't run anything."""

import pytest
from cast import Api, Browser, Team, hire
from werkzeug.test import TestResponse

from media.phone import DRAWING, FILM, PAGE, PHOTO, VOICE, contents_of
from wxdesk.app import create_app
from wxdesk.media.jobs import fetch
from wxdesk.media.models import Attachment
from wxdesk.media.rules import FileKind
from wxdesk.runtime import Runtime

pytestmark = pytest.mark.one_database


@pytest.fixture
def app(sending: Runtime):
    return create_app(sending)


@pytest.fixture
def runtime(sending: Runtime) -> Runtime:
    return sending


def look(api: Api, path: str, **headers: str) -> TestResponse:
    return api.client.get(path, headers=api.headers | headers, buffered=True)


def test_picture_is_shown_with_headers_that_keep_it_harmless(lin: Api, fetched):
    row = fetched(PHOTO)
    answer = look(lin, f"/media/{row.id}")
    assert answer.data == PHOTO
    headers = answer.headers
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("inline; ")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"].startswith("private")
    assert answer.content_length == len(PHOTO)


def test_thumbnail_is_a_small_jpeg(lin: Api, fetched, runtime: Runtime):
    row = fetched(PHOTO)
    answer = look(lin, f"/media/{row.id}/thumbnail")
    assert answer.data == contents_of(runtime, row.thumbnail_sha256)
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_voice_is_played_as_mp3_and_downloaded_as_it_was(lin: Api, fetched):
    row = fetched(VOICE, FileKind.VOICE)
    played = look(lin, f"/media/{row.id}/play")
    assert played.headers["Content-Type"] == "audio/mpeg"
    assert played.headers["Content-Disposition"].startswith("inline; ")
    whole = look(lin, f"/media/{row.id}")
    assert whole.data == VOICE
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert whole.headers["Content-Disposition"].startswith("attachment; ")


@pytest.mark.parametrize("content", [PAGE, DRAWING])
def test_page_is_only_ever_a_download(lin: Api, fetched, content: bytes):
    row = fetched(content)
    answer = look(lin, f"/media/{row.id}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert look(lin, f"/media/{row.id}/play").status_code == 404
    assert look(lin, f"/media/{row.id}/thumbnail").status_code == 404


def test_name_cannot_leave_its_header(lin: Api, fetched, runtime: Runtime):
    row = fetched(PAGE)
    with runtime.unit_of_work() as uow:
        uow.session.get_one(
            Attachment, row.id
        ).file_name = 'a"; x=\r\nSet-Cookie: b=1;/../发票.html'
    answer = look(lin, f"/media/{row.id}")
    assert "Set-Cookie" not in answer.headers
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="html"; ')
    assert disposition.endswith("filename*=UTF-8''%E5%8F%91%E7%A5%A8.html")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
    ],
)
def test_part_of_a_video_can_be_asked_for(lin: Api, fetched, wanted: str, part: slice):
    row = fetched(FILM, FileKind.VIDEO)
    answer = look(lin, f"/media/{row.id}/play", Range=wanted)
    assert answer.status_code == 206
    assert answer.data == FILM[part]
    assert answer.headers["Content-Range"].endswith(f"/{len(FILM)}")
    assert answer.headers["Content-Type"] == "video/mp4"


def test_part_that_is_not_there_is_refused(lin: Api, fetched):
    row = fetched(FILM, FileKind.VIDEO)
    assert look(lin, f"/media/{row.id}/play", Range="bytes=99999999-").status_code == 416


def test_browser_that_has_the_file_is_not_sent_it_again(lin: Api, fetched):
    row = fetched(PHOTO)
    etag = look(lin, f"/media/{row.id}").headers["ETag"]
    again = look(lin, f"/media/{row.id}", **{"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_file_that_is_not_ready_is_not_found(lin: Api, wang):
    attachment_id = wang.sends(PHOTO)
    for path in ("", "/play", "/thumbnail"):
        assert look(lin, f"/media/{attachment_id}{path}").status_code == 404
    assert look(lin, "/media/99999999").status_code == 404


def test_content_that_is_missing_in_the_store_is_not_found(lin: Api, fetched, runtime: Runtime):
    row = fetched(PHOTO)
    folder = runtime.settings.data_dir / "media"
    (folder / row.sha256[:2] / row.sha256[2:]).unlink()
    assert look(lin, f"/media/{row.id}").status_code == 404


def test_without_log_in_there_are_no_files(app, fetched):
    row = fetched(PHOTO)
    answer = app.test_client().get(f"/media/{row.id}")
    assert answer.status_code == 302
    assert "/login" in answer.headers["Location"]
    refused = app.test_client().get(
        f"/media/{row.id}", headers={"Authorization": "Bearer wxd_unknown"}
    )
    assert refused.status_code in (302, 401)
    assert PHOTO not in refused.data


def test_logged_in_browser_gets_the_file(app, fetched, runtime: Runtime, team: Team):
    row = fetched(PHOTO)
    browser = Browser(app.test_client())
    browser.log_in("lin")
    assert browser.client.get(f"/media/{row.id}", buffered=True).data == PHOTO


def test_files_in_a_bucket_are_served_in_parts_too(
    bucket_url: str, build_runtime, redis_server, wechat, wang
):
    attachment_id = wang.sends(FILM, FileKind.VIDEO)
    runtime = build_runtime(
        WXDESK_REDIS_URL=redis_server.url,
        WXDESK_WECHAT_API_URL=wechat.url,
        WXDESK_MEDIA_URL=bucket_url,
    )
    fetch()
    api = Api(create_app(runtime).test_client(), runtime, hire(runtime).lin)
    assert look(api, f"/media/{attachment_id}").data == FILM
    answer = look(api, f"/media/{attachment_id}/play", Range="bytes=10-19")
    assert (answer.status_code, answer.data) == (206, FILM[10:20])
    assert not list((runtime.settings.data_dir).rglob("media/*"))


def test_store_that_does_not_answer_is_said_so(
    bucket_url: str, build_runtime, redis_server, fetched
):
    row = fetched(PHOTO)
    away = bucket_url.partition("?")[0] + "?endpoint=http://127.0.0.1:9&region=x"
    runtime = build_runtime(WXDESK_REDIS_URL=redis_server.url, WXDESK_MEDIA_URL=away)
    api = Api(create_app(runtime).test_client(), runtime, hire(runtime).lin)
    assert look(api, f"/media/{row.id}").status_code == 503
