"""Media: whole files up, whole files down, and nothing from strange places."""

import io

import pytest
from werkzeug.wrappers import Response

from wechat.conftest import Trickle
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.addresses import check_address, is_public
from wxdesk.wechat.limits import UPLOAD_LIMITS, MediaKind
from wxdesk.wechat.media_calls import safe_name

PICTURE = bytes(range(256)) * 40
MOST = 20_000


def file_of(data: bytes, **headers: str) -> Response:
    answer = Response(data, content_type=headers.pop("content_type", "image/jpeg"))
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = value
    return answer


def refused(act) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    return caught.value


class TestUpload:
    def test_the_file_arrives_whole(self, scripted, script, clock):
        script.answer("media/upload", {"type": "image", "media_id": "m1", "created_at": 1})
        found = scripted.upload(MediaKind.IMAGE, "照片.jpg", PICTURE, "image/jpeg")
        assert (found.media_id, found.uploaded_at) == ("m1", clock())
        (seen,) = script.asked("media/upload")
        assert seen.query["type"] == "image"
        assert seen.form["media"] == ("照片.jpg", "image/jpeg", PICTURE)

    def test_the_second_try_with_a_new_token_has_the_whole_file_again(self, scripted, script):
        script.answer("media/upload", {"errcode": 42001}, {"media_id": "m2"})
        scripted.upload(MediaKind.VOICE, "a.amr", PICTURE, "audio/amr")
        sizes = [len(each.form["media"][2]) for each in script.asked("media/upload")]
        assert sizes == [len(PICTURE)] * 2

    @pytest.mark.parametrize("fault", [{"errcode": -1}, Response("no", 502), Response("junk")])
    def test_a_failed_upload_may_be_tried_again_and_is_not_by_itself(
        self, scripted, script, pauses, fault
    ):
        script.answer("media/upload", fault)
        error = refused(lambda: scripted.upload(MediaKind.VOICE, "a.amr", PICTURE, "audio/amr"))
        assert (error.is_permanent, error.is_ambiguous, pauses) == (False, False, [])
        assert len(script.asked("media/upload")) == 1

    def test_a_thumb_has_another_name_for_its_id(self, scripted, script):
        script.answer("media/upload", {"type": "thumb", "thumb_media_id": "t1"})
        assert scripted.upload(MediaKind.THUMB, "a.jpg", b"x", "image/jpeg").media_id == "t1"

    @pytest.mark.parametrize("kind", list(MediaKind))
    def test_a_file_over_the_limit_is_refused_before_it_is_sent(self, scripted, script, kind):
        data = bytes(UPLOAD_LIMITS[kind].most_bytes + 1)
        error = refused(lambda: scripted.upload(kind, "a", data, "x/y"))
        assert (error.code, error.is_permanent) == ("45001", True)
        assert refused(lambda: scripted.upload(kind, "a", b"", "x/y")).code == "44001"
        assert script.seen == []

    def test_a_name_without_an_ending_gets_one(self, scripted, script):
        script.answer("media/upload", {"media_id": "m"})
        scripted.upload(MediaKind.VIDEO, "", b"x", "video/mp4")
        assert script.asked("media/upload")[0].form["media"][0] == "video.mp4"

    def test_an_answer_without_an_id_is_an_error(self, scripted, script):
        script.answer("media/upload", {"type": "image"})
        error = refused(lambda: scripted.upload(MediaKind.IMAGE, "a.jpg", b"x", "image/jpeg"))
        assert (error.code, error.is_ambiguous) == ("junk", False)


class TestDownload:
    def test_the_file_comes_whole_with_kind_and_name(self, scripted, script):
        answer = file_of(PICTURE, Content_Disposition='attachment; filename="m1.jpg"')
        script.answer("media/get", answer)
        into = io.BytesIO(b"kept")
        into.seek(4)
        found = scripted.download("m1", into, most_bytes=MOST)
        assert (found.content_type, found.file_name) == ("image/jpeg", "m1.jpg")
        assert found.size_bytes == len(PICTURE)
        assert into.getvalue() == b"kept" + PICTURE
        assert script.asked("media/get")[0].query["media_id"] == "m1"

    @pytest.mark.parametrize("kind", ["application/json; encoding=utf-8", "text/plain"])
    def test_an_error_in_a_file_s_place_is_an_error(self, scripted, script, kind):
        body = '{"errcode":40007,"errmsg":"invalid media_id rid: ab-12"}'
        script.answer("media/get", Response(body, content_type=kind))
        into = io.BytesIO()
        error = refused(lambda: scripted.download("gone", into, most_bytes=MOST))
        assert (error.code, error.rid, into.getvalue()) == ("40007", "ab-12", b"")

    def test_a_refused_token_is_replaced(self, scripted, script):
        script.answer("media/get", {"errcode": 40001}, file_of(PICTURE))
        into = io.BytesIO()
        scripted.download("m1", into, most_bytes=MOST)
        assert (into.getvalue(), script.tokens) == (PICTURE, 2)

    def test_a_file_that_breaks_off_is_an_error_and_may_be_fetched_anew(self, scripted, script):
        short = file_of(PICTURE[:100], Content_Length="10240", Connection="close")
        script.answer("media/get", short, file_of(PICTURE))
        into = io.BytesIO()
        error = refused(lambda: scripted.download("m1", into, most_bytes=MOST))
        assert (error.code, error.is_permanent, error.is_ambiguous) == ("timeout", False, False)
        into.seek(0)
        scripted.download("m1", into, most_bytes=MOST)
        assert into.getvalue() == PICTURE

    @pytest.mark.parametrize("is_announced", [True, False])
    def test_too_large_a_file_is_not_fetched(self, scripted, script, is_announced):
        data = bytes(MOST + 1)
        pieces = Response(data[n : n + 999] for n in range(0, len(data), 999))
        pieces.content_type = "video/mp4"
        script.answer("media/get", file_of(data) if is_announced else pieces)
        into = io.BytesIO()
        error = refused(lambda: scripted.download("m1", into, most_bytes=MOST))
        assert (error.code, error.is_permanent) == ("too_large", True)
        assert len(into.getvalue()) <= MOST
        assert len(script.asked("media/get")) == 1

    def test_a_file_that_comes_byte_by_byte_is_not_waited_for(self, scripted, script, monkeypatch):
        monkeypatch.setattr("wxdesk.wechat.transport.WHOLE_FILE_SECONDS", 0.2)
        slow = Trickle(b"x" * 100)
        script.answer("media/get", slow)
        error = refused(lambda: scripted.download("m1", io.BytesIO(), most_bytes=MOST))
        assert (error.code, slow.sent < 50) == ("timeout", True)

    def test_an_empty_file_is_no_file(self, scripted, script):
        script.answer("media/get", file_of(b""))
        assert (
            refused(lambda: scripted.download("m1", io.BytesIO(), most_bytes=MOST)).code == "junk"
        )


class TestVideo:
    def test_the_address_of_a_video_is_followed_without_the_token(self, scripted, script):
        script.answer("media/get", {"video_url": f"{script.url}/videos/1.mp4"})
        script.answer("/videos/1.mp4", file_of(PICTURE, content_type="video/mp4"))
        into = io.BytesIO()
        found = scripted.download("v1", into, most_bytes=MOST)
        assert (found.content_type, into.getvalue()) == ("video/mp4", PICTURE)
        assert script.asked("/videos/1.mp4")[0].query == {}

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:9/x",
            "http://169.254.169.254/latest/meta-data",
            "http://localhost/x",
            "file:///etc/passwd",
            "ftp://video.qq.com/x",
            "https://example.com/x",
            "https://qq.com.example.com/x",
            "https://notqq.com/x",
            "https://video.qq.com@example.com/x",
            "//video.qq.com/x",
            "http://[::1]/x",
            "http://[",
            f"http://{'x' * 300}.qq.com/x",
            "http://..qq.com/x",
            "nonsense",
        ],
    )
    def test_no_other_address_is_asked(self, scripted, script, url):
        script.answer("media/get", {"video_url": url})
        error = refused(lambda: scripted.download("v1", io.BytesIO(), most_bytes=MOST))
        assert (error.code, error.is_permanent) == ("junk", True)
        assert len(script.asked("media/get")) == 1

    def test_a_redirect_is_not_followed(self, scripted, script):
        script.answer("media/get", {"video_url": f"{script.url}/videos/1.mp4"})
        away = Response(status=302, headers={"Location": f"{script.url}/secret"})
        script.answer("/videos/1.mp4", away)
        error = refused(lambda: scripted.download("v1", io.BytesIO(), most_bytes=MOST))
        assert error.code == "junk"
        assert script.asked("/secret") == []

    def test_a_name_that_can_not_be_resolved_now_is_asked_later(self, scripted, script):
        script.answer("media/get", {"video_url": "http://no-such-host.invalid.qq.com/x"})
        error = refused(lambda: scripted.download("v1", io.BytesIO(), most_bytes=MOST))
        assert (error.code, error.is_permanent) == ("unreachable", False)


class TestAddresses:
    API = "http://127.0.0.1:8080"

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:6379\\@x.qq.com/",
            "http://x.qq.com\\@127.0.0.1:6379/",
            "http://127.0.0.1:6379/",
            "http://127.0.0.1:6379?x.qq.com",
            "http://127.0.0.1:6379#.qq.com",
            "http://user@127.0.0.1:8080/x",
            "https://127.0.0.1:8080/x",
            "http://video.qq.com:6379/x",
            "http://video.qq.com:0/x",
            "http://@video.qq.com/x",
            "http://127.0.0.1%2f.qq.com/x",
            "http://video.qq.com /x",
            "http://video.qq.com\t/x",
            "",
        ],
    )
    def test_what_could_lead_elsewhere_is_refused(self, url):
        with pytest.raises(ValueError, match=r"address|character|host"):
            check_address(url, self.API, (".qq.com",))

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x?y", "HTTP://127.0.0.1:8080/x"])
    def test_the_api_itself_may_be_asked(self, url):
        check_address(url, self.API, (".qq.com",))

    def test_a_name_of_wechat_that_leads_into_our_own_network_is_refused(self):
        """`localhost` stands for a name whose owner points it at our network."""
        for url in ("http://localhost/x", "https://localhost:443/x"):
            with pytest.raises(ValueError, match="public"):
                check_address(url, self.API, ("localhost",))

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "169.254.169.254",
            "224.0.0.1",
            "100.64.0.1",
            "::1",
            "fe80::1%eth0",
            "fc00::1",
            "::ffff:127.0.0.1",
        ],
    )
    def test_our_own_network_is_not_public(self, address):
        assert not is_public(address)

    @pytest.mark.parametrize("address", ["203.205.254.157", "240e::1", "::ffff:203.205.254.157"])
    def test_an_address_of_the_internet_is_public(self, address):
        assert is_public(address)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.jpg", "a.jpg"),
        ('a"\r\nX: y.jpg', "aX y.jpg"),
        ("照片 1.jpg", "照片 1.jpg"),
        ("...", ""),
        ("x" * 300 + ".jpg", "x" * 96 + ".jpg"),
    ],
)
def test_a_file_name_is_made_safe(name, safe):
    assert safe_name(name) == safe
