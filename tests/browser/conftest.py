"""A whole wxdesk with the simulator as WeChat, and a real Chromium. Lin and Mei are agents."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect
from servers import free_port
from sqlalchemy import select

from wxdesk import demo
from wxdesk.agents.queries import find_agent
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status
from wxdesk.inbox.operations import resolve
from wxdesk.runtime import build
from wxdesk.settings import load
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving
from wxdesk.supervisor import migrate

SHOP = "gh_demo_chaji"
LIN, MEI = "lin@demo.wxdesk", "mei@demo.wxdesk"

expect.set_options(timeout=15_000)  # machines are busy at times


class Desk:
    """One installation; customers act through the simulator's control API."""

    def __init__(self, folder: Path, simulator: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.simulator = simulator
        self.log = folder / "stderr.log"
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
        self.undo_within((LIN, MEI), 1)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wxdesk", "up"],
                env={**os.environ, **self._environment},
                stderr=log,
            )
        demo.introduce(self.runtime, self.simulator)

    def stop(self) -> None:
        self._process.terminate()
        assert self._process.wait(60) == 0

    def undo_within(self, emails: Collection[str], seconds: int) -> None:
        """So long can these people take an answer back before it leaves."""
        with self.runtime.unit_of_work() as uow:
            for email in emails:
                agent = find_agent(uow.session, email)
                agent.preferences = {**(agent.preferences or {}), "undo_seconds": seconds}

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

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = 60) -> None:
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport]:
    """What the desk's processes said last stands below a failed test."""
    report = yield
    desk = getattr(item, "funcargs", {}).get("desk")
    if report.failed and isinstance(desk, Desk):
        lines = desk.log.read_text(errors="replace").splitlines()
        report.sections.append(("the desk said last", "\n".join(lines[-60:])))
    return report


@pytest.fixture
def nobody_waits(desk: Desk) -> None:
    """What other stories left open is resolved: counts and alarms begin at nothing."""
    with desk.runtime.unit_of_work() as uow:
        unresolved = select(Conversation.id).where(Conversation.status != Status.RESOLVED)
        for conversation_id in uow.session.scalars(unresolved).all():
            resolve(uow, conversation_id)


class People:
    """Browsers of people who work at the desk. A browser serves one story after another, so that
    it has the desk's files already; of what was done in it nothing is left.
    """

    def __init__(self, desk: Desk, chromium: Browser) -> None:
        self._desk = desk
        self._chromium = chromium
        self._sessions: dict[str, list[Any]] = {}
        self._idle: list[BrowserContext] = []
        self._busy: list[BrowserContext] = []

    def open(self, email: str, width: int, height: int) -> Page:
        """A browser of one's own, logged in, at no page yet. The form is filled in once."""
        if email not in self._sessions:
            first = self._new()
            self._sessions[email] = fill_in_login(first.new_page(), self._desk, email)
            first.close()
        context = self._idle.pop() if self._idle else self._new()
        self._busy.append(context)
        context.add_cookies(self._sessions[email])
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        return page

    def leave(self) -> None:
        """All go home; a browser without a page was thrown away."""
        busy, self._busy = [each for each in self._busy if each.pages], []
        for context in busy:
            context.set_offline(False)
            for page in context.pages:
                page.close()  # some keep things when they go
            context.clear_cookies()
            page = context.new_page()
            cleared = {"origin": self._desk.url, "storageTypes": "local_storage,indexeddb"}
            context.new_cdp_session(page).send("Storage.clearDataForOrigin", cleared)
            page.close()
            self._idle.append(context)

    def _new(self) -> BrowserContext:
        return self._chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")


@pytest.fixture(scope="session")
def people(desk: Desk, chromium: Browser) -> People:
    return People(desk, chromium)


@pytest.fixture
def log_in(desk: Desk, people: People) -> Iterator[Callable[..., Page]]:
    """A browser of one's own, logged in, at the page `at` or at none yet; fails when a page has an
    error in its console.
    """
    problems: list[str] = []

    def come_in(email: str, width: int = 1440, height: int = 900, at: str = "") -> Page:
        page = people.open(email, width, height)
        page.on("pageerror", lambda error: problems.append(str(error)))
        if at:
            page.goto(f"{desk.url}{at}")
        return page

    yield come_in
    people.leave()
    assert problems == []


def fill_in_login(page: Page, desk: Desk, email: str) -> list[Any]:
    """The cookies of the session."""
    page.goto(f"{desk.url}/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", demo.PASSWORD)
    page.click('form[action="/login"] button')
    page.wait_for_url("**/inbox*")
    return page.context.cookies()
