"""The control API refuses what is wrong and who is foreign; the phone page is served safely."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from simulator_bench import AES_KEY, GH, Desk, WeChat

from wxdesk import simulator
from wxdesk.simulator.gate import is_own_host
from wxdesk.simulator.page_texts import CHINESE, ENGLISH
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.records import MOST_BUBBLES

ACCOUNT = {
    "original_id": GH,
    "app_id": "wx1",
    "app_secret": "s",
    "token": "t",
    "aes_key": AES_KEY,
    "mode": "safe",
    "webhook_url": "http://127.0.0.1:9/",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("original_id", ""),
        ("original_id", "a/b"),
        ("app_secret", None),
        ("token", 7),
        ("aes_key", "short"),
        ("mode", "loud"),
        ("is_verified", "yes"),
        ("webhook_url", "file:///etc/passwd"),
        ("webhook_url", "http://"),
        ("webhook_url", "http://host:99999/"),
        ("webhook_url", "http://host/\r\nX: y"),
    ],
)
def test_wrong_account_is_refused_by_field(wechat: WeChat, field: str, value: Any) -> None:
    body = {**ACCOUNT, field: value}
    answer = requests.post(f"{wechat.base}/sim/accounts", json=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/sim/customers/nobody/messages", {"text": "x"}, "openid"),
        ("/sim/accounts/gh_none/customers", {}, "original_id"),
        ("/sim/faults", {"kind": "meteor"}, "kind"),
        ("/sim/faults", {"kind": "slow", "api": "no/such"}, "api"),
        ("/sim/faults", {"kind": "slow", "seconds": 1e9}, "seconds"),
        ("/sim/faults", {"kind": "slow", "times": 100000}, "times"),
        ("/sim/faults", {"kind": "slow", "times": 0}, "times"),
    ],
)
def test_wrong_request_is_refused_by_field(
    wechat: WeChat, path: str, body: dict[str, Any], field: str
) -> None:
    answer = requests.post(wechat.base + path, json=body, timeout=5)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_wrong_message_is_refused_by_field(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    openid = wechat.customer()
    url = f"{wechat.base}/sim/customers/{openid}"
    wrong = [
        ("/messages", b"[1]", "body"),
        ("/messages", b'{"text": " "}', "text"),
        ("/messages", b'{"text": "\\ud800"}', "text"),
        ("/events", b"{}", "event"),
        ("/raw", b'{"msg_type": "x", "fields": {"a b": "1"}}', "fields"),
        ("/raw", b'{"msg_type": "x", "fields": {"a": null}}', "fields"),
    ]
    for path, body, field in wrong:
        answer = requests.post(url + path, data=body, timeout=5)
        assert (answer.status_code, answer.json()["field"]) == (400, field), path
    assert desk.received == []


def test_chosen_openid_must_look_like_one_and_is_kept(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    path = f"/sim/accounts/{GH}/customers"
    openid = "o" + "Az09_-xyz" * 3
    first = wechat.post(path, openid=openid, name="周婷")
    again = wechat.post(path, openid=openid, name="别人")
    assert (first["openid"], again["name"]) == (openid, "周婷")
    assert wechat.post(path, openid="short")["field"] == "openid"


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("localhost:8090", True),
        ("127.0.0.1", True),
        ("127.9.9.9:80", True),
        ("[::1]:8090", True),
        ("desk.local:8090", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False),
        ("", False),
        ("[", False),
    ],
)
def test_only_loopback_and_configured_hosts_are_own(host: str, is_own: bool) -> None:
    assert is_own_host(host, {"Desk.local"}) is is_own


def test_foreign_host_and_foreign_page_are_refused(wechat: WeChat) -> None:
    url = f"{wechat.base}/sim/accounts"
    rebound = requests.get(url, headers={"Host": "evil.example"}, timeout=5)
    assert rebound.status_code == 403
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        foreign = requests.post(url, json=ACCOUNT, headers={"Origin": origin}, timeout=5)
        assert foreign.status_code == 403
    own = requests.post(url, json=ACCOUNT, headers={"Origin": wechat.base}, timeout=5)
    assert own.status_code == 200


def test_long_poll_returns_when_something_happens(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    openid = wechat.customer()
    path = f"/sim/customers/{openid}/messages"
    since = wechat.get(path)["since"]
    threading.Timer(0.15, lambda: wechat.write(openid, "在吗")).start()
    started = time.monotonic()
    answer = wechat.get(path, since=since, wait=10)
    assert 0.1 < time.monotonic() - started < 8
    assert answer["messages"][0]["text"] == "在吗"
    assert answer["since"] > since


def test_changed_outcome_is_told_again(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    openid = wechat.customer()
    message = wechat.write(openid, "在吗")
    path = f"/sim/customers/{openid}/messages"
    (changed,) = wechat.get(path, since=message["id"])["messages"]
    assert (changed["id"], changed["outcome"]) == (message["id"], "success")
    assert wechat.get(path, since=10**15)["messages"] == [changed]


def test_phone_keeps_the_last_bubbles_only(wechat: WeChat, platform: Platform, desk: Desk) -> None:
    wechat.register(desk.url)
    openid = wechat.customer()
    for number in range(MOST_BUBBLES + 3):
        platform.write(openid, str(number))
    texts = [bubble["text"] for bubble in wechat.bubbles(openid)]
    assert (len(texts), texts[0]) == (MOST_BUBBLES, "3")


def imported_modules() -> list[str]:
    folder = Path(simulator.__file__).parents[1] / "static" / "simulator"
    found = {
        name
        for script in folder.glob("*.js")
        for name in re.findall(r'from "\./([\w.]+)"', script.read_text())
    }
    assert len(found) >= 8
    return sorted(found)


def test_page_has_no_inline_script_and_a_strict_policy(wechat: WeChat) -> None:
    for language, word in (("zh", "发送"), ("en", "Send")):
        page = requests.get(wechat.base + "/", params={"lang": language}, timeout=5)
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert word in page.text
        assert page.text.count("<script") == page.text.count('<script type="module" src=') == 1
        assert "style=" not in page.text
    for name in re.findall(r"/static/([\w.]+)", page.text) + imported_modules():
        assert requests.get(f"{wechat.base}/static/{name}", timeout=5).status_code == 200


def test_both_languages_have_every_text() -> None:
    assert CHINESE.keys() == ENGLISH.keys()
