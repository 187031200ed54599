"""The island's modules in a real Chromium, without a desk: one page, one small server of files."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

STATIC = Path(__file__).resolve().parents[2] / "wxdesk" / "static"
CHROMIUM = "chromium"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Tab:
    """A page whose modules a test may call.

    It lives in a thread of its own: another Playwright may be running in the thread of the tests.
    """

    def __init__(self, url: str) -> None:
        path = shutil.which(CHROMIUM)
        if path is None:
            pytest.fail("chromium is not installed: these tests use a real browser")
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._open, path, url).result()

    def _open(self, path: str, url: str) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"]
        )
        self._page = self._browser.new_page()
        self._page.goto(url)

    def call(self, module: str, expression: str, argument: Any = None) -> Any:
        """The value of `expression`, in which `m` is the module and `x` the argument."""
        script = (
            f'async (x) => {{ const m = await import("/inbox/{module}.js"); return {expression}; }}'
        )
        return self._thread.submit(self._page.evaluate, script, argument).result()

    def close(self) -> None:
        self._thread.submit(self._shut).result()
        self._thread.shutdown()

    def _shut(self) -> None:
        self._browser.close()
        self._playwright.stop()


@pytest.fixture(scope="session")
def tab() -> Iterator[Tab]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(STATIC)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made = Tab(f"http://127.0.0.1:{server.server_port}/img/wxdesk.svg")
    yield made
    made.close()
    server.shutdown()
    thread.join()
    server.server_close()
