"""What every call has in common: repeats, tokens, raw JSON, rid, connections."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cast import APP_ID, WANG
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.wrappers import Response

from wechat.conftest import Trickle
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.client import Client
from wxdesk.wechat.content import Text

BUSY = {"errcode": -1, "errmsg": "system busy"}
ADDRESSES = {"ip_list": ["101.226.103.0/25"]}
HTTP_500 = Response("<html>500", 500)
JUNK = Response("<html>502 Bad Gateway")


def refused(act) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    return caught.value


class TestReads:
    @pytest.mark.parametrize("passing", [BUSY, {"errcode": 45011}, HTTP_500, JUNK])
    def test_a_passing_fault_is_tried_again(self, scripted, script, pauses, passing):
        script.answer("getcallbackip", passing, passing, passing, ADDRESSES)
        assert scripted.callback_addresses() == ["101.226.103.0/25"]
        assert pauses == [0.5, 1.0, 2.0]

    @pytest.mark.parametrize(
        ("passing", "code"), [(BUSY, "-1"), (HTTP_500, "http"), (JUNK, "junk")]
    )
    def test_four_tries_are_enough(self, scripted, script, pauses, passing, code):
        script.answer("getcallbackip", passing)
        error = refused(scripted.callback_addresses)
        assert (error.code, error.is_permanent, error.is_ambiguous) == (code, False, False)
        assert len(script.asked("getcallbackip")) == 4

    @pytest.mark.parametrize("code", [40003, 48001, 45158])
    def test_a_refusal_is_not_tried_again(self, scripted, script, pauses, code):
        script.answer("tags/get", {"errcode": code})
        assert refused(scripted.list_tags).code == str(code)
        assert (len(script.asked("tags/get")), pauses) == (1, [])

    @pytest.mark.parametrize("code", [40001, 40014, 42001, 41001])
    def test_a_token_that_is_always_refused_costs_two_calls(self, scripted, script, pauses, code):
        script.answer("tags/get", {"errcode": code})
        assert refused(scripted.list_tags).code == str(code)
        assert (len(script.asked("tags/get")), pauses) == (2, [])
        assert len(script.asked("stable_token")) == 2

    def test_the_second_try_has_the_new_token(self, scripted, script):
        script.answer("tags/get", {"errcode": 42001}, {"tags": []})
        assert scripted.list_tags() == []
        tokens = [each.query["access_token"] for each in script.asked("tags/get")]
        assert tokens == ["token-1", "token-2"]

    def test_a_wechat_that_nobody_reaches_is_tried_again_too(self, connect, redis, pauses):
        client = connect("http://127.0.0.1:9")
        redis.set(f"wxdesk:token:{APP_ID}", "kept")
        error = refused(client.list_tags)
        assert (error.code, pauses) == ("unreachable", [0.5, 1.0, 2.0])


class TestSends:
    @pytest.mark.parametrize(
        ("fault", "code", "is_ambiguous"),
        [(BUSY, "-1", False), (HTTP_500, "http", True), (JUNK, "junk", True)],
    )
    def test_nothing_is_sent_twice_by_itself(
        self, scripted, script, pauses, fault, code, is_ambiguous
    ):
        script.answer("message/custom/send", fault)
        error = refused(lambda: scripted.send(WANG, Text("您好")))
        assert (error.code, error.is_ambiguous, error.is_permanent) == (code, is_ambiguous, False)
        assert (len(script.asked("custom/send")), pauses) == (1, [])

    def test_too_many_calls_a_minute_say_when_to_try_again(self, scripted, script, clock):
        script.answer("message/custom/send", {"errcode": 45011})
        error = refused(lambda: scripted.send_text(WANG, "您好"))
        assert (error.retry_at - clock()).total_seconds() == 15

    @pytest.mark.parametrize(
        "answer",
        [
            b'{"errcode": "x"}',
            b"[]",
            b"7",
            b"",
            b"null",
            b"[" * 100_000,
            b'{"errcode": [1]}',
            b'{"errcode": 1e999}',
        ],
    )
    def test_an_answer_of_no_known_form_is_ambiguous(self, scripted, script, answer):
        script.answer("message/custom/send", Response(answer, content_type="application/json"))
        error = refused(lambda: scripted.send_text(WANG, "您好"))
        assert (error.code, error.is_ambiguous) == ("junk", True)

    def test_an_endless_answer_is_not_waited_for(self, scripted, script):
        def endless(_request):
            return Response((b" " * 65_536 for _ in range(10_000)), direct_passthrough=True)

        script.answer("message/custom/send", endless)
        error = refused(lambda: scripted.send_text(WANG, "您好"))
        assert (error.code, error.is_ambiguous) == ("timeout", True)

    def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(
        self, scripted, script, monkeypatch
    ):
        monkeypatch.setattr("wxdesk.wechat.transport.WHOLE_ANSWER_SECONDS", 0.2)
        scripted.list_tags()  # there is a token
        slow = Trickle(b" " * 100 + b"{}")
        script.answer("message/custom/send", slow)
        error = refused(lambda: scripted.send_text(WANG, "您好"))
        assert (error.code, error.is_ambiguous, slow.sent < 50) == ("timeout", True, True)

    def test_a_redirect_is_not_followed(self, scripted, script):
        script.answer("message/custom/send", Response(status=302, headers={"Location": "/x"}))
        assert refused(lambda: scripted.send_text(WANG, "您好")).is_ambiguous
        assert script.asked("/x") == []


class TestWire:
    def test_json_is_raw_utf_8(self, scripted, script):
        scripted.send_text(WANG, '您好 😀 "引号" \\u4f60')
        body = script.asked("custom/send")[0].body
        assert "您好 😀".encode() in body
        assert script.asked("custom/send")[0].fields["text"]["content"] == '您好 😀 "引号" \\u4f60'
        assert body.count(b"\\u") == 1  # the one that the agent wrote, as two characters

    def test_what_json_could_only_escape_is_left_out(self, scripted, script):
        scripted.send_text(WANG, "a\x00\x02\x08\x0cb\ud83dc\n\td")
        body = script.asked("custom/send")[0].body
        assert b"\\u" not in body
        assert script.asked("custom/send")[0].fields["text"]["content"] == "abc\n\td"

    def test_the_rid_of_a_refusal_is_kept(self, scripted, script):
        message = "invalid openid rid: 65f2ad3c-1b2c3d4e-0a1b2c3d"
        script.answer("message/custom/send", {"errcode": 40003, "errmsg": message})
        error = refused(lambda: scripted.send_text(WANG, "您好"))
        assert error.rid == "65f2ad3c-1b2c3d4e-0a1b2c3d"

    def test_a_connection_is_used_again(self, scripted, script):
        for _ in range(3):
            scripted.send_text(WANG, "您好")
        assert len({each.port for each in script.seen}) == 1

    def test_a_connection_that_rested_is_not_used_again(self, scripted, script, monkeypatch):
        """WeChat may have closed it: the failure would look as if the text had arrived."""
        scripted.send_text(WANG, "一")
        monkeypatch.setattr("wxdesk.wechat.transport.IDLE_SECONDS", -1.0)
        scripted.send_text(WANG, "二")
        assert len({each.port for each in script.asked("custom/send")}) == 2

    def test_a_secret_in_chinese_is_not_escaped_either(self, redis, script, clock):
        Client(redis, script.url, ("wx1", "密钥"), clock=clock).send_text(WANG, "您好")
        assert "密钥".encode() in script.asked("stable_token")[0].body


class TestRedisAway:
    def test_nothing_is_sent_and_nothing_counted(self, own_redis, script, clock):
        at_once = Retry(NoBackoff(), 0)
        with Redis(unix_socket_path=str(own_redis.socket), retry=at_once) as redis:
            client = Client(redis, script.url, ("wx1", "secret"), clock=clock)
            client.send_text(WANG, "您好")
            own_redis.stop()
            for act in (lambda: client.send_text(WANG, "您好"), client.list_tags):
                error = refused(act)
                assert (error.code, error.is_uncounted) == ("redis", True)
            for act in (client.check_token, client.used_up, client.clear_quota):
                assert refused(act).code == "redis"
        assert len(script.asked("custom/send")) == 1
        assert script.asked("clear_quota/v2") == []


class TestToken:
    def test_the_check_asks_wechat_and_tells_its_time(self, scripted, script, clock):
        def dated(_request):
            response = Response('{"access_token": "t", "expires_in": 7000}')
            response.headers["Date"] = "Mon, 02 Mar 2026 08:58:00 GMT"
            return response

        scripted.list_tags()
        script.answer("stable_token", dated)
        found = scripted.check_token()
        assert found.expires_seconds == 7000
        assert (clock() - found.server_time).total_seconds() == 120

    @pytest.mark.parametrize("code", [40001, 40125, 40013, 40164, 89503])
    def test_wrong_keys_are_permanent(self, scripted, script, code):
        script.answer("stable_token", {"errcode": code, "errmsg": "no rid: 1-2"})
        error = refused(scripted.check_token)
        assert (error.code, error.is_permanent, error.rid) == (str(code), True, "1-2")

    @pytest.mark.parametrize(
        "fields", [{}, {"access_token": "t"}, {"access_token": 5, "expires_in": 7200}]
    )
    def test_an_answer_without_a_token_is_tried_again_later(self, scripted, script, fields):
        script.answer("stable_token", fields)
        error = refused(scripted.check_token)
        assert (error.code, error.is_permanent, error.is_ambiguous) == ("token", False, False)


class TestNotSent:
    """What never left this machine may be tried again without doubt."""

    def test_a_proxy_that_is_away(self, connect, redis, monkeypatch):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "")
        redis.set(f"wxdesk:token:{APP_ID}", "kept")
        error = refused(lambda: connect("http://api.weixin.example").send_text(WANG, "您好"))
        assert (error.code, error.is_ambiguous) == ("unreachable", False)

    def test_a_server_that_can_not_prove_who_it_is(self, connect, redis, tmp_path):
        redis.set(f"wxdesk:token:{APP_ID}", "kept")
        with impostor(tmp_path) as url:
            error = refused(lambda: connect(url).send_text(WANG, "您好"))
        assert (error.code, error.is_ambiguous) == ("unreachable", False)


@contextlib.contextmanager
def impostor(folder):
    """An https server with a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), 1, start, start + timedelta(days=9999)
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection, context.wrap_socket(connection, server_side=True):
                    pass

        thread = threading.Thread(target=shake, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)
