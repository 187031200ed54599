"""Serve the simulator: in the foreground until SIGTERM, or in a thread for a test."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from wxdesk.simulator.app import create_app
from wxdesk.simulator.platform import Platform

POLL_SECONDS = 0.1
TEST_POLL_SECONDS = 0.01


class _QuietHandler(WSGIRequestHandler):
    """Logs no requests (their URLs hold tokens) and sends small answers at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet; GET /sim/calls shows what was called."""


def run(platform: Platform, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then close the platform; call it in the main thread."""
    platform.allowed_hosts.add(host)
    server = _server(platform, host, port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: _stop_soon(server))
    try:
        server.serve_forever(poll_interval=POLL_SECONDS)
    finally:
        platform.close()
        server.server_close()


@contextmanager
def serving(platform: Platform) -> Iterator[str]:
    """Serve on a free loopback port and give the base URL; closes the platform at the end."""
    server = _server(platform, "127.0.0.1", 0)
    thread = threading.Thread(
        target=server.serve_forever, args=(TEST_POLL_SECONDS,), name="simulator", daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        platform.close()
        server.server_close()


def _server(platform: Platform, host: str, port: int) -> BaseWSGIServer:
    server = make_server(
        host, port, create_app(platform), threaded=True, request_handler=_QuietHandler
    )
    name = "127.0.0.1" if host in ("", "0.0.0.0") else host  # noqa: S104 (no binding here)
    name = f"[{name}]" if ":" in name else name
    platform.state.address = f"http://{name}:{server.server_port}"
    return server


def _stop_soon(server: BaseWSGIServer) -> None:
    """`shutdown` waits for the serving loop, so it can't run in a handler on that thread."""
    threading.Thread(target=server.shutdown, name="simulator-stop", daemon=True).start()
