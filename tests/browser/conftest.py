"""A whole wxdesk with the simulator as WeChat, and a real Chromium. Lin and Mei are agents."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from wxdesk import demo
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status
from wxdesk.inbox.operations import resolve
from wxdesk.runtime import build
from wxdesk.settings import load
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving
from wxdesk.supervisor import migrate

SHOP = "gh_demo_chaji"

expect.set_options(timeout=15_000)  # machines are busy at times


class Desk:
    """One installation; customers act through the simulator's control API."""

    def __init__(self, folder: Path, simulator: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.simulator = simulator
        self._environment = {
            "WXDESK_DATA_DIR": str(folder),
            "WXDESK_BIND": f"127.0.0.1:{port}",
            "WXDESK_WECHAT_API_URL": simulator,
        }
        settings = load(self._environment)
        self.runtime = build(replace(settings, wechat_api_url=simulator))
        migrate(self.runtime.engine)
        demo.seed(self.runtime)
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wxdesk", "up"],
            env={**os.environ, **self._environment},
            stderr=subprocess.DEVNULL,
        )
        demo.introduce(self.runtime, self.simulator)

    def stop(self) -> None:
        self._process.terminate()
        assert self._process.wait(60) == 0

    def new_customer(self, name: str) -> str:
        answer = requests.post(
            f"{self.simulator}/sim/accounts/{SHOP}/customers", json={"name": name}, timeout=10
        )
        return answer.json()["openid"]

    def write(self, openid: str, text: str) -> dict[str, object]:
        """The customer writes; returns the bubble with its outcome."""
        url = f"{self.simulator}/sim/customers/{openid}/messages?wait=1"
        answer = requests.post(url, json={"text": text}, timeout=30)
        answer.raise_for_status()
        return answer.json()["message"]

    def phone(self, openid: str) -> list[str]:
        """The texts that the customer sees from the desk."""
        url = f"{self.simulator}/sim/customers/{openid}/messages"
        items = requests.get(url, params={"since": 0}, timeout=10).json()["messages"]
        return [item["text"] for item in items if item["direction"] == "from_desk"]

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, what
            time.sleep(0.1)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serving(Platform()) as simulator:
        made = Desk(tmp_path_factory.mktemp("desk"), simulator)
        yield made
        made.stop()
        made.runtime.engine.dispose()
        made.runtime.redis.close()


@pytest.fixture
def nobody_waits(desk: Desk) -> None:
    """What other stories left open is resolved: counts and alarms begin at nothing."""
    with desk.runtime.unit_of_work() as uow:
        unresolved = select(Conversation.id).where(Conversation.status != Status.RESOLVED)
        for conversation_id in uow.session.scalars(unresolved).all():
            resolve(uow, conversation_id)


@pytest.fixture
def log_in(desk: Desk, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a browser of one's own and log in; fails when a page has an error in its console."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def come_in(email: str, width: int = 1440, height: int = 900) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{desk.url}/login")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", demo.PASSWORD)
        page.click('form[action="/login"] button')
        page.wait_for_url("**/inbox*")
        return page

    yield come_in
    for context in contexts:
        context.close()
    assert problems == []
