"""Calls of other systems: signed, once each, retried within limits, never into our own network."""

import hashlib
import hmac
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cast import Browser, FakeClock, Team
from servers import RedisServer
from sqlalchemy import select

from tests.notifications.receiver import Receiver, receiving, self_signed
from wxdesk.app import create_app
from wxdesk.notifications import calling, jobs
from wxdesk.notifications.calling import Outcome, post, secret_of
from wxdesk.notifications.models import WebhookCall
from wxdesk.notifications.operations import call_webhook, claim_call
from wxdesk.notifications.rules import MOST_TRIES, CallProblem, CallState, is_public, url_problem
from wxdesk.plumbing.clock import utc_now
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.runtime import Runtime

BODY = {"conversation_id": 7, "stage": "w1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def desk(
    runtime: Runtime, build_runtime: Callable[..., Runtime], redis_server: RedisServer
) -> Runtime:
    """A desk that may call addresses of its own network; started after the usual one."""
    return build_runtime(WXDESK_REDIS_URL=redis_server.url, WXDESK_ALLOW_PRIVATE_WEBHOOKS="yes")


def call(runtime: Runtime, url: str, key: str = "clock:1:w1") -> None:
    with runtime.unit_of_work() as uow:
        call_webhook(uow, url, "sla.warning", BODY, key)


def rows(runtime: Runtime) -> list[WebhookCall]:
    with runtime.reading() as session:
        return list(session.scalars(select(WebhookCall).order_by(WebhookCall.id)))


def only_row(runtime: Runtime) -> WebhookCall:
    (row,) = rows(runtime)
    return row


def test_a_call_carries_its_event_and_a_signature_that_the_other_side_can_check(desk, receiver):
    call(desk, receiver.url + "?team=a%20b")
    jobs.send_webhooks()
    (got,) = receiver.calls
    assert got.path == "/hook?team=a%20b"
    assert got.json["event"] == got.headers["X-Wxdesk-Event"] == "sla.warning"
    assert got.json["data"] == BODY
    assert got.json["created_at"] == "2026-03-02T09:00:00.000Z"
    stamp, digest = (
        part.partition("=")[2] for part in got.headers["X-Wxdesk-Signature"].split(",")
    )
    secret = secret_of(desk.settings.secret_key).encode()
    expected = hmac.new(secret, f"{stamp}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert digest == expected
    assert int(stamp) == int(desk.clock().timestamp())
    row = only_row(desk)
    assert (row.state, row.last_status, row.attempts) == (CallState.SENT, 204, 1)


def test_the_same_event_is_called_once_however_often_it_is_noted(desk, receiver):
    for _ in range(3):
        call(desk, receiver.url)
    jobs.send_webhooks()
    jobs.send_webhooks()
    assert len(receiver.calls) == 1


def test_a_refused_call_is_tried_again_later_with_the_same_delivery_number(
    desk, receiver, clock: FakeClock
):
    receiver.answers = [500, 204]
    call(desk, receiver.url)
    jobs.send_webhooks()
    row = only_row(desk)
    assert (row.state, row.last_status, row.last_error) == (CallState.QUEUED, 500, "status")
    jobs.send_webhooks()
    assert len(receiver.calls) == 1  # not before its time
    clock.advance(seconds=5)
    jobs.send_webhooks()
    assert only_row(desk).state is CallState.SENT
    first, second = receiver.calls
    assert first.json == second.json
    assert first.headers["X-Wxdesk-Delivery"] == second.headers["X-Wxdesk-Delivery"]


def test_a_call_that_is_never_taken_ends_after_eight_tries(desk, receiver, clock: FakeClock):
    receiver.usual = 503
    call(desk, receiver.url)
    for _ in range(MOST_TRIES + 3):
        jobs.send_webhooks()
        clock.advance(hours=7)
    assert len(receiver.calls) == MOST_TRIES == 8
    assert only_row(desk).state is CallState.FAILED


def test_a_redirect_is_not_followed(desk, receiver):
    receiver.usual = 302
    call(desk, receiver.url)
    jobs.send_webhooks()
    assert [got.path for got in receiver.calls] == ["/hook"]
    assert only_row(desk).last_error == CallProblem.REDIRECT


@pytest.mark.one_database
def test_a_silent_host_is_given_up_after_five_seconds_and_holds_up_nobody_else(
    desk, receiver, monkeypatch: pytest.MonkeyPatch
):
    assert calling.SECONDS == 5.0
    monkeypatch.setattr(calling, "SECONDS", 0.5)  # nobody waits that long here
    receiver.is_silent = True
    call(desk, receiver.url, "a")
    call(desk, receiver.url, "b")
    with receiving() as other:
        call(desk, other.url, "c")
        jobs.send_webhooks()
        assert len(other.calls) == 1
    assert len(receiver.calls) == 1  # the second call of the silent host waits for the next run
    first, second, third = rows(desk)
    assert first.last_error == CallProblem.TIMEOUT
    assert (second.attempts, third.state) == (0, CallState.SENT)


@pytest.mark.one_database
@pytest.mark.parametrize("is_tls", [False, True])
@pytest.mark.parametrize(
    "drips",
    [
        [b"HTTP/1.1 200 OK", *[b"K"] * 40, b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n", *[b"X-A: y\r\n"] * 40, b"\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 40,
    ],
    ids=["status", "headers", "continue"],
)
def test_a_host_that_answers_drop_by_drop_is_given_up_in_the_same_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, drips: list[bytes], *, is_tls: bool
):
    monkeypatch.setattr(calling, "SECONDS", 1.0)
    certificate = self_signed(tmp_path, utc_now()) if is_tls else None
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with receiving(certificate) as slow:
        slow.drips = drips
        started_at = time.monotonic()
        outcome = post(slow.url, {"id": 1, "event": "x"}, "s", utc_now(), is_private_allowed=True)
        assert time.monotonic() - started_at < 3
        assert len(slow.calls) == 1
    assert outcome == Outcome(CallProblem.TIMEOUT)


def test_a_private_address_is_not_called_unless_the_operator_allows_it(runtime, receiver):
    call(runtime, receiver.url)
    jobs.send_webhooks()
    assert receiver.calls == []
    row = only_row(runtime)
    assert (row.state, row.last_error) == (CallState.FAILED, CallProblem.PRIVATE)


def test_a_name_that_leads_to_a_private_address_is_not_called_either(runtime, receiver):
    call(runtime, receiver.url.replace("127.0.0.1", "localhost"))
    jobs.send_webhooks()
    assert receiver.calls == []
    assert only_row(runtime).last_error == CallProblem.PRIVATE


@pytest.mark.one_database
def test_a_certificate_that_nobody_vouches_for_is_refused(desk, tmp_path: Path):
    with receiving(self_signed(tmp_path, utc_now())) as other:
        call(desk, other.url)
        jobs.send_webhooks()
        assert other.calls == []
    assert only_row(desk).last_error == CallProblem.CERTIFICATE


@pytest.mark.one_database
def test_a_call_over_tls_is_taken(desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    certificate = self_signed(tmp_path, utc_now())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with receiving(certificate) as other:
        call(desk, other.url)
        jobs.send_webhooks()
        assert len(other.calls) == 1
    assert only_row(desk).state is CallState.SENT


def test_nobody_at_the_address_is_said_so(desk):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    call(desk, f"http://127.0.0.1:{port}/")
    jobs.send_webhooks()
    assert only_row(desk).last_error == CallProblem.UNREACHABLE


def test_a_name_that_cannot_be_resolved_is_said_so(desk):
    envelope = {"id": 1, "event": "x"}
    for host in ("no-such-host.invalid", "a" * 70 + ".example"):
        outcome = post(f"http://{host}/", envelope, "s", desk.clock(), is_private_allowed=True)
        assert outcome.problem is CallProblem.UNREACHABLE


def test_two_processes_never_make_the_same_call(desk, receiver):
    call(desk, receiver.url)
    call_id = only_row(desk).id
    with desk.unit_of_work() as uow:
        assert claim_call(uow, call_id) is not None
    with desk.unit_of_work() as uow:
        assert claim_call(uow, call_id) is None


def test_a_call_whose_process_was_killed_is_taken_up_again(desk, receiver, clock: FakeClock):
    call(desk, receiver.url)
    with desk.unit_of_work() as uow:
        claim_call(uow, only_row_id(desk))
    jobs.send_webhooks()
    assert receiver.calls == []
    clock.advance(seconds=61)
    jobs.send_webhooks()
    assert len(receiver.calls) == 1


def only_row_id(runtime: Runtime) -> int:
    return only_row(runtime).id


def test_settled_calls_are_kept_for_thirty_days(desk, receiver, clock: FakeClock):
    call(desk, receiver.url)
    jobs.send_webhooks()
    clock.advance(days=29)
    jobs.prune()
    assert len(rows(desk)) == 1
    clock.advance(days=2)
    jobs.prune()
    assert rows(desk) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/a b",
        "https://exa\\mple.com/",
        "https://[::1",
        "https://example.com/" + "x" * 500,
        "javascript:alert(1)",
        "https://例子.com/hook",
        "https://example.com/挂钩",
        "https://example.com/?team=é",
    ],
)
def test_what_is_no_plain_address_is_refused_when_it_is_entered(runtime, url):
    assert url_problem(url)
    with pytest.raises(InvalidInputError):
        call(runtime, url)


@pytest.mark.parametrize("url", ["https://example.com/hook?a=b", "http://10.0.0.1:8080/x"])
def test_a_plain_address_is_taken(url):
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("2606:4700:4700::1111", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::7f00:1", False),
        ("::ffff:0:7f00:1", False),
        ("::ffff:192.88.99.1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
        ("192.0.0.8", False),
        ("192.0.0.9", False),
        ("192.88.99.1", False),
        ("192.0.1.1", True),
        ("2003::1", True),
    ],
)
def test_only_addresses_of_the_internet_are_public(address, is_good):
    assert is_public(address) is is_good


@pytest.mark.one_database
def test_the_page_shows_what_failed_and_why_and_a_click_tries_it_again(desk, receiver, team: Team):
    browser = Browser(create_app(desk).test_client())
    receiver.answers = [400]
    call(desk, receiver.url)
    with desk.unit_of_work() as uow:
        uow.session.get_one(WebhookCall, only_row_id(desk)).attempts = MOST_TRIES - 1
    jobs.send_webhooks()
    browser.log_in("zhou")
    page = browser.get("/settings/webhooks").text
    assert receiver.url in page
    assert "answered with an error (HTTP 400)" in page
    assert secret_of(desk.settings.secret_key) not in page  # that is for administrators
    browser.post(f"/settings/webhooks/{only_row_id(desk)}/retry")
    jobs.send_webhooks()
    assert only_row(desk).state is CallState.SENT
    assert browser.post(f"/settings/webhooks/{only_row_id(desk)}/retry").status_code == 404


@pytest.mark.one_database
def test_administrators_see_the_secret_and_agents_nothing(desk, team: Team):
    app = create_app(desk)
    admin, lin = Browser(app.test_client()), Browser(app.test_client())
    admin.log_in("admin")
    assert secret_of(desk.settings.secret_key) in admin.get("/settings/webhooks").text
    lin.log_in("lin")
    assert lin.get("/settings/webhooks").status_code == 403
