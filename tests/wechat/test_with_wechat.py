"""Every call against the simulated WeChat, which keeps its limits and its books."""

import io
import struct
import zlib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from cast import APP_ID, APP_SECRET, ORIGINAL_ID, TOKEN, WANG

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.content import Choice, Image, Menu, NewsCard, Text, Video, Voice
from wxdesk.wechat.limits import UPLOAD_LIMITS, MediaKind

LI = "oLi000000000000000000000000"
AMR = b"#!AMR\n" + b"\x3c" * 32 * 50  # a second
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(2_000)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(500) + b"\xff\xd9"
MOST = 1_000_000


def png(noise: bytes) -> bytes:
    """A grey picture of one line."""
    rows = zlib.compress(b"\x00" + noise)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", len(noise), 1, 8, 0, 0, 0, 0)), (b"IDAT", rows)]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in [*chunks, (b"IEND", b"")]
    )
    return b"\x89PNG\r\n\x1a\n" + body


PNG = png(bytes(range(256)))


@pytest.fixture
def client(connect, console):
    return connect(console.url)


@pytest.fixture
def limit(console):
    """Set limits of the account at WeChat."""

    def set_limits(**limits: object) -> None:
        console.control(
            "accounts",
            original_id=ORIGINAL_ID,
            app_id=APP_ID,
            app_secret=APP_SECRET,
            token=TOKEN,
            webhook_url="http://127.0.0.1:9/",
            **limits,
        )

    return set_limits


def refused(act) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    return caught.value


class TestMedia:
    @pytest.mark.parametrize(
        ("kind", "name", "data", "content_type"),
        [
            (MediaKind.IMAGE, "照片.png", PNG, "image/png"),
            (MediaKind.VOICE, "a.amr", AMR, "audio/amr"),
            (MediaKind.VIDEO, "a.mp4", MP4, "video/mp4"),
            (MediaKind.THUMB, "a.jpg", JPEG, "image/jpeg"),
        ],
    )
    def test_what_goes_up_comes_down_whole(self, client, kind, name, data, content_type):
        uploaded = client.upload(kind, name, data, content_type)
        into = io.BytesIO()
        found = client.download(uploaded.media_id, into, most_bytes=MOST)
        assert (into.getvalue(), found.size_bytes) == (data, len(data))
        assert found.content_type == content_type

    def test_a_file_is_gone_after_three_days(self, client, clock):
        uploaded = client.upload(MediaKind.IMAGE, "a.png", PNG, "image/png")
        clock.now = uploaded.uploaded_at + timedelta(days=3, seconds=1)
        error = refused(lambda: client.download(uploaded.media_id, io.BytesIO(), most_bytes=MOST))
        assert (error.code, error.is_permanent) == ("40007", False)  # an upload may help

    def test_what_is_no_picture_is_refused_by_wechat(self, client):
        error = refused(lambda: client.upload(MediaKind.IMAGE, "a.png", b"text", "image/png"))
        assert (error.code, error.is_permanent) == ("40005", True)

    def test_our_limits_are_not_above_wechat_s(self, client):
        for kind, limit in UPLOAD_LIMITS.items():
            data = bytes(limit.most_bytes)  # of no type: the size is judged first
            error = refused(lambda kind=kind, data=data: client.upload(kind, "a", data, "x/y"))
            assert error.code == "40005", kind

    def test_every_kind_of_message_is_taken(self, client, console):
        picture = client.upload(MediaKind.IMAGE, "a.png", PNG, "image/png").media_id
        voice = client.upload(MediaKind.VOICE, "a.amr", AMR, "audio/amr").media_id
        video = client.upload(MediaKind.VIDEO, "a.mp4", MP4, "video/mp4").media_id
        thumb = client.upload(MediaKind.THUMB, "a.jpg", JPEG, "image/jpeg").media_id
        client.send(WANG, Image(picture))
        client.send(WANG, Voice(voice))
        client.send(WANG, Video(video, "标题", "说明", thumb))
        client.send(WANG, NewsCard("标题", "说明", "https://a/", "https://a/p.jpg"))
        client.send(WANG, Menu("满意吗?", (Choice("1", "满意"), Choice("2", "不")), "谢谢"))
        assert len(console.phone()) == 5
        assert refused(lambda: client.send(WANG, Text("六"))).code == "45047"

    def test_a_file_that_wechat_does_not_know_says_upload_again(self, client):
        assert refused(lambda: client.send(WANG, Image("gone"))).code == "40007"


class TestUsers:
    def test_a_follower_is_known_and_a_remark_kept(self, client, console):
        client.set_remark(WANG, "老王")
        found = client.user_info(WANG)
        assert (found.is_following, found.openid, found.remark) == (True, WANG, "老王")
        assert client.users_info([WANG]) == [found]

    def test_tags_are_made_given_taken_and_deleted(self, client):
        tag = client.create_tag("广东")
        client.tag_customers(tag.id, [WANG])
        assert client.user_info(WANG).tag_ids == (tag.id,)
        assert [(each.name, each.count) for each in client.list_tags() if each.id == tag.id] == [
            ("广东", 1)
        ]
        client.rename_tag(tag.id, "广东省")
        client.untag_customers(tag.id, [WANG])
        assert client.user_info(WANG).tag_ids == ()
        client.delete_tag(tag.id)
        assert tag.id not in {each.id for each in client.list_tags()}

    def test_a_second_tag_of_one_name_is_refused(self, client):
        client.create_tag("广东")
        assert refused(lambda: client.create_tag("广东")).code == "45157"
        assert refused(lambda: client.create_tag("广" * 11)).code == "45158"

    def test_a_blocked_customer_gets_nothing(self, client, console):
        client.block([WANG])
        assert client.list_blocked()[0] == [WANG]
        assert refused(lambda: client.send_text(WANG, "您好")).code == "43019"
        client.unblock([WANG])
        assert client.list_blocked() == ([], "")
        client.send_text(WANG, "您好")

    def test_a_stranger_is_refused(self, client):
        assert refused(lambda: client.user_info(LI)).code == "40003"


class TestAccount:
    def test_the_keys_are_good_and_the_addresses_known(self, client):
        assert client.check_token().expires_seconds > 300
        assert client.callback_addresses()

    def test_a_used_up_quota_holds_until_it_is_cleared(self, client, console, limit, clock):
        limit(daily_limits={"/cgi-bin/message/custom/send": 1})
        client.send_text(WANG, "一")
        assert client.quota_of("message/custom/send").remaining == 0
        for _ in range(3):
            error = refused(lambda: client.send_text(WANG, "二"))
            assert (error.code, error.is_uncounted) == ("45009", True)
        assert len(console.calls("custom/send")) == 2
        client.clear_quota()
        client.send_text(WANG, "二")
        assert console.phone() == ["一", "二"]

    def test_a_used_up_quota_ends_by_itself_at_midnight_in_beijing(self, client, limit, clock):
        limit(daily_limits={"/cgi-bin/message/custom/send": 1})
        client.send_text(WANG, "一")
        clock.now = refused(lambda: client.send_text(WANG, "二")).retry_at
        client.send_text(WANG, "二")

    def test_only_ten_clearings_a_month(self, client):
        for _ in range(10):
            client.clear_quota()
        assert refused(client.clear_quota).code == "48006"

    def test_our_pace_keeps_us_below_wechat_s(self, connect, console, limit, redis):
        limit(minute_limits={"/cgi-bin/message/custom/send": 3})
        paced = connect(console.url, calls_per_minute=3)
        paced.send_text(WANG, "一")
        assert {refused(lambda: paced.send_text(WANG, "二")).code for _ in range(4)} == {"pace"}
        unpaced = connect(console.url)
        codes = [refused(lambda: unpaced.send_text(WANG, "")).code for _ in range(3)]
        assert codes[-1] == "45011"

    def test_a_code_leads_to_its_picture(self, client, clock):
        code = client.create_qr_code("shop-1", expires_seconds=600)
        assert code.expires_at == clock() + timedelta(seconds=600)
        picture = requests.get(client.qr_image_url(code.ticket), timeout=10)
        assert picture.headers["Content-Type"].startswith("image/")
        assert urlsplit(code.url).scheme in ("http", "https")
        assert client.create_qr_code(7, expires_seconds=None).expires_at is None


class TestTemplates:
    def test_a_template_message_is_sent(self, client, console):
        template = client.list_templates()[0]
        names = [part.partition(".DATA")[0] for part in template.content.split("{{")[1:]]
        message_id = client.send_template(WANG, template.id, dict.fromkeys(names, "1"))
        assert message_id.isdigit()
        assert refused(lambda: client.send_template(WANG, "no such", {})).code == "40037"

    def test_a_notice_needs_the_customer_s_leave(self, client):
        template = client.list_subscription_templates()[0]
        assert template.title
        error = refused(lambda: client.send_subscription(WANG, template.id, {"thing1": "杯子"}))
        assert error.is_permanent


def test_typing_is_shown_after_a_message_only(client, console):
    client.send_text(WANG, "您好")
    client.set_typing(WANG, is_typing=True)
    assert refused(lambda: client.set_typing(WANG, is_typing=True)).code == "45081"
    client.set_typing(WANG, is_typing=False)
