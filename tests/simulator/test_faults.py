"""Ordered faults spoil API calls, and every call is logged."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from simulator_bench import APP_ID, SECRET, Desk, WeChat


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    openid = wechat.customer()
    wechat.write(openid, "在吗")
    return openid


def send(wechat: WeChat, openid: str, token: str, timeout: float = 5) -> requests.Response:
    body: dict[str, Any] = {
        "touser": openid,
        "msgtype": "text",
        "text": {"content": "hello"},
    }
    url = f"{wechat.base}/cgi-bin/message/custom/send?access_token={token}"
    return requests.post(url, json=body, timeout=timeout)


def answers(wechat: WeChat, openid: str) -> int:
    return sum(b["direction"] == "from_desk" for b in wechat.bubbles(openid))


def test_fault_is_used_up_after_its_times(wechat: WeChat, openid: str) -> None:
    token = wechat.token()
    wechat.post("/sim/faults", api="custom/send", kind="errcode", errcode=-1, times=2)
    codes = [wechat.send(openid, "你好", token)["errcode"] for _ in range(3)]
    assert codes == [-1, -1, 0]
    assert wechat.get("/sim/faults")["faults"] == []


def test_fault_for_one_api_leaves_the_others_alone(wechat: WeChat, openid: str) -> None:
    wechat.post("/sim/faults", api="custom/send", kind="errcode", errcode=45009, times=1)
    token = wechat.token()
    assert wechat.send(openid, "你好", token)["errcode"] == 45009


def test_broken_answers_leave_the_message_unsent(wechat: WeChat, openid: str) -> None:
    token = wechat.token()
    for kind in ("http_500", "junk", "drop_connection"):
        wechat.post("/sim/faults", api="*", kind=kind, times=1)
    assert send(wechat, openid, token).status_code == 500
    junk = send(wechat, openid, token)
    assert (junk.status_code, junk.text[:6]) == (200, "<html>")
    with pytest.raises(requests.ConnectionError):
        send(wechat, openid, token)
    assert answers(wechat, openid) == 0


def test_timeout_after_accepting_still_shows_the_message(wechat: WeChat, openid: str) -> None:
    token = wechat.token()
    wechat.post(
        "/sim/faults", api="custom/send", kind="timeout_after_accepting", seconds=5, times=1
    )
    with pytest.raises(requests.Timeout):
        send(wechat, openid, token, timeout=0.3)
    assert answers(wechat, openid) == 1


def test_slow_answer_comes_in_the_end(wechat: WeChat, openid: str) -> None:
    token = wechat.token()
    wechat.post("/sim/faults", api="custom/send", kind="slow", seconds=0.2, times=1)
    started = time.monotonic()
    assert send(wechat, openid, token).json()["errcode"] == 0
    assert time.monotonic() - started >= 0.2


def test_faults_can_be_cleared(wechat: WeChat, openid: str) -> None:
    wechat.post("/sim/faults", api="*", kind="http_500", times=1000)
    requests.delete(f"{wechat.base}/sim/faults", timeout=5)
    assert wechat.send(openid, "你好")["errcode"] == 0


def test_calls_are_logged_without_secrets(wechat: WeChat, openid: str) -> None:
    wechat.get("/cgi-bin/token", grant_type="client_credential", appid=APP_ID, secret=SECRET)
    wechat.send(openid, "你好")
    calls = wechat.get("/sim/calls")["calls"]
    assert [call["api"] for call in calls] == ["token", "stable_token", "custom/send"]
    assert SECRET not in str(calls)
    (sent,) = wechat.get("/sim/calls", api="custom/send", limit=5)["calls"]
    assert (sent["errcode"], sent["openid"]) == (0, openid)
    assert "你好" in sent["body"]
