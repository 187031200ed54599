"""A restarted simulator shows the same phones; a stopped one stops soon."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from simulator_bench import GH, QUICK, Desk, FakeClock, WeChat, eventually

from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving

PROGRAM = """
import sys
from pathlib import Path
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import run
run(Platform(storage=Path(sys.argv[1])), "127.0.0.1", int(sys.argv[2]))
"""


def test_state_survives_a_restart(tmp_path: Path, clock: FakeClock, desk: Desk) -> None:
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        wechat.register(desk.url, mode="safe")
        openid = wechat.customer("王小明")
        wechat.write(openid, "在吗")
        token = wechat.token()
        wechat.send(openid, "在的", token)
        before = wechat.get(f"/sim/customers/{openid}/messages")
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        assert wechat.get(f"/sim/customers/{openid}/messages") == before
        assert [wechat.send(openid, "答", token)["errcode"] for _ in range(5)] == [0] * 4 + [45047]
        fresh = wechat.write(openid, "还在吗")
        assert fresh["id"] > before["since"]


def test_file_is_private_and_written_while_running(
    tmp_path: Path, clock: FakeClock, desk: Desk
) -> None:
    file = tmp_path / "simulator.json"
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        WeChat(url).register(desk.url)
        eventually(file.exists)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert json.loads(file.read_text())["accounts"][0]["original_id"] == GH


def test_interrupted_push_is_marked_after_a_restart(
    tmp_path: Path, clock: FakeClock, desk: Desk
) -> None:
    desk.answer = lambda _received: (500, b"")
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        wechat.register(desk.url)
        openid = wechat.customer()
        wechat.post(f"/sim/customers/{openid}/messages", text="在吗")
        eventually(lambda: desk.received)
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        assert WeChat(url).bubbles(openid)[0]["outcome"] == "interrupted"


def test_broken_file_is_set_aside(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "simulator.json").write_text('{"format": 1, "vers')
    with Platform(clock, tmp_path) as platform:
        assert platform.state.accounts == {}
    assert (tmp_path / "simulator.broken").exists()


OLD_FILE = {
    "format": 1,
    "version": 7,
    "accounts": [
        {
            "original_id": GH,
            "app_id": "wx1",
            "app_secret": "s",
            "token": "t",
            "webhook_url": "http://127.0.0.1:9/",
            "name": "王记小店",
            "slug": "",
            "aes_key": "",
            "mode": "plain",
            "is_verified": True,
        }
    ],
    "tokens": [],
    "customers": [
        {
            "openid": "o" + "w" * 27,
            "original_id": GH,
            "name": "王小明",
            "is_following": True,
            "version": 7,
            "bubbles": {
                "5": {
                    "id": 5,
                    "version": 7,
                    "direction": "to_desk",
                    "kind": "event",
                    "text": "SCAN booth_1",
                    "at": "2026-03-02T01:00:00+00:00",
                    "via": "",
                    "outcome": "success",
                    "attempts": 1,
                    "msg_id": "",
                    "push": "<Event>SCAN</Event>",
                }
            },
            "window": {
                "message": {"left": 4, "closes_at": "2026-03-03T01:00:00+00:00"},
                "event": None,
            },
            "typing_until": None,
        }
    ],
}


def test_file_of_the_first_version_is_read(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "simulator.json").write_text(json.dumps(OLD_FILE))
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        (customer,) = wechat.get("/sim/customers")["customers"]
        assert (customer["name"], customer["replies_left"]) == ("王小明", 4)
        (bubble,) = wechat.bubbles(customer["openid"])
        assert (bubble["text"], bubble["detail"]["event"]) == ("SCAN booth_1", "SCAN")
        refused = {"openid": customer["openid"], "message_id": "5"}
        assert wechat.post("/sim/redeliver", **refused)["field"] == "message_id"
        assert wechat.write(customer["openid"], "在吗")["id"] > 7
    assert json.loads((tmp_path / "simulator.json").read_text())["format"] == 2


@pytest.mark.parametrize(
    "text",
    ['{"format": 3}', '{"format": 2, "version": 1}', "[]", '{"format": 1, "customers": [{}]}'],
)
def test_file_that_cannot_be_read_is_set_aside(
    tmp_path: Path, clock: FakeClock, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "simulator.json").write_text(text)
    with Platform(clock, tmp_path) as platform:
        assert platform.state.accounts == {}
    assert (tmp_path / "simulator.broken").read_text() == text
    assert "simulator state set aside" in caplog.text


def _poll(url: str, seconds: int) -> None:
    with suppress(requests.RequestException):
        requests.get(f"{url}/sim/customers?since=0&wait={seconds}", timeout=30)


def test_server_stops_at_sigterm_with_a_long_poll_open(tmp_path: Path, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(free_port)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(command, env=environment) as process:
        eventually(lambda: _is_up(url))
        poll = threading.Thread(target=_poll, args=(url, 20))
        poll.start()
        WeChat(url).register("http://127.0.0.1:9/")
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - started < 9
        poll.join()
    assert GH in (tmp_path / "simulator.json").read_text()


def _is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/sim/accounts", timeout=1).ok
    except requests.RequestException:
        return False
