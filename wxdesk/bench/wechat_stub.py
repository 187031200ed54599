"""A WeChat that takes every answer at once: for loads in which the desk alone is measured."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = {"access_token": "bench", "expires_in": 7200}
TAKEN = {"errcode": 0, "errmsg": "ok"}


@contextlib.contextmanager
def taking_everything() -> Iterator[tuple[str, Counter[str]]]:
    """The address, and how often each text was sent (grows while the block runs)."""
    texts: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(TOKEN)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "stable_token" in self.path:
                self._answer(TOKEN)
                return
            if "custom/send" in self.path:
                texts[json.loads(body).get("text", {}).get("content", "")] += 1
            self._answer(TAKEN)

        def _answer(self, values: dict[str, object]) -> None:
            body = json.dumps(values).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_values: object) -> None:
            """Nothing: the figures are the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", texts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
