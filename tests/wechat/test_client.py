"""Sending a text: accepted, refused, later, or nobody knows."""

import pytest
from cast import APP_ID, APP_SECRET, WANG, WeChat

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.client import Client


@pytest.fixture
def client(redis, console: WeChat) -> Client:
    return Client(redis, console.url, (APP_ID, APP_SECRET))


def refused(client: Client, text: str = "您好") -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        client.send_text(WANG, text)
    return caught.value


def test_a_text_arrives_as_it_was_written(client, console):
    client.send_text(WANG, '您好 😀 "引号" <b>')
    assert console.phone() == ['您好 😀 "引号" <b>']


@pytest.mark.parametrize("code", [45015, 45047, 48001, 40003])
def test_a_refusal_is_permanent_and_keeps_its_code(client, console, code):
    console.spoil("errcode", errcode=code)
    error = refused(client)
    assert (error.code, error.is_permanent, error.is_ambiguous) == (str(code), True, False)


def test_a_busy_wechat_is_neither_permanent_nor_ambiguous(client, console):
    console.spoil("errcode", errcode=-1)
    error = refused(client)
    assert (error.code, error.is_permanent, error.is_ambiguous) == ("-1", False, False)


@pytest.mark.parametrize(
    ("kind", "code"), [("http_500", "http"), ("junk", "junk"), ("drop_connection", "timeout")]
)
def test_an_answer_that_nobody_understands_is_ambiguous(client, console, kind, code):
    client.send_text(WANG, "一")  # the connection is open, as in a running desk
    console.spoil(kind)
    error = refused(client)
    assert (error.code, error.is_ambiguous, error.is_permanent) == (code, True, False)
    assert len(console.calls("custom/send")) <= 2  # and is never repeated by itself


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_replaced_and_the_text_sent_once(client, console, code):
    console.spoil("errcode", errcode=code)
    client.send_text(WANG, "您好")
    assert console.phone() == ["您好"]
    assert len(console.calls("custom/send")) == 2


def test_a_token_that_is_always_refused_costs_a_bounded_number_of_calls(client, console):
    console.spoil("errcode", errcode=40001, times=1000)
    error = refused(client)
    assert error.code == "40001"
    assert not error.is_permanent
    assert len(console.calls("custom/send")) == 2
    assert len(console.calls("stable_token")) <= 3


def test_a_wechat_that_can_not_be_reached_is_not_ambiguous(redis):
    redis.set(f"wxdesk:token:{APP_ID}", "a-token")
    error = refused(Client(redis, "http://127.0.0.1:9", (APP_ID, APP_SECRET)))
    assert (error.code, error.is_ambiguous, error.is_permanent) == ("unreachable", False, False)


def test_the_reply_window_of_wechat_is_reported_in_words(client, console, clock):
    clock.advance(hours=49)
    error = refused(client)
    assert error.code == "45015"
    assert "48-hour" in str(error)


def test_a_time_out_after_sending_is_ambiguous_and_the_text_is_there(client, console, monkeypatch):
    monkeypatch.setattr("wxdesk.wechat.transport.ANSWER_SECONDS", 0.3)
    client.send_text(WANG, "一")  # with the token, which then is there
    console.spoil("timeout_after_accepting", seconds=1)
    error = refused(client, "二")
    assert (error.code, error.is_ambiguous, error.is_permanent) == ("timeout", True, False)
    assert console.phone() == ["一", "二"]
    assert len(console.calls("custom/send")) == 2
